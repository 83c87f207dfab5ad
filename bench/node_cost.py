"""``python -m bench.node_cost``: CPU time that the node's main process needs a plate, beside the inference.

With either executor of rclpy, and with the reader in a thread or in a process of its own (there all that
is left is to receive a crop, to hand it over and to publish its reading).  ``--checkout FOLDER`` measures
another checkout too, in turns with this one, so that both see the same machine.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from contextlib import ExitStack
from pathlib import Path

from bench.ros_rig import NODE, NODE_PARAMETERS, ROOT, RosRig, ask, camera_topics, crop_to_send, module_of
from bench.sustained import Trial
from lprnet_ros.models.find import bundled_model
from lprnet_ros.models.load import load_manifest

_FRAMES = 50.0


def main_process_us(rig: RosRig, checkout: Path, parameters: list[str], rate: float, seconds: float) -> float:
    """Send a picture at a rate; return the CPU time of the main process a plate, without inference."""
    topics = camera_topics(1)
    chosen = [f"image_topics:=[{topics[0]}]", "second_look:=false", "consensus:=false", *NODE_PARAMETERS]
    with ExitStack() as stack:
        node = stack.enter_context(rig.node(module_of(checkout), NODE, [*chosen, *parameters]))
        generator = stack.enter_context(rig.generator(NODE, topics))
        before = node.cpu_times()
        trial = Trial(**ask(generator, rate=rate, seconds=seconds, frames=_FRAMES))
        after = node.cpu_times()
    used = (after.user + after.system - before.user - before.system) / max(1, trial.read) * 1e6
    return used if "worker_kind:=process" in parameters else used - trial.inference_cpu_us


def main() -> int:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--checkout", type=Path, help="compare with the node of another checkout")
    parser.add_argument("--rate", type=float, default=600.0, help="crops a second (default: 600)")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each measurement (default: 8)")
    parser.add_argument("--rounds", type=int, default=5, help="the median counts (default: 5)")
    options = parser.parse_args()
    picture = crop_to_send(load_manifest(bundled_model()))
    rigs = {tree: RosRig(picture, checkout=tree) for tree in (ROOT, options.checkout) if tree is not None}
    print("executor  reader   " + "".join(f"{tree.resolve().name:>16}" for tree in rigs) + "  (us a plate)")
    for executor in ("events", "single"):
        for kind in ("thread", "process"):
            parameters = [f"executor:={executor}", f"worker_kind:={kind}"]
            found: dict[Path, list[float]] = {tree: [] for tree in rigs}
            for _ in range(options.rounds):
                for tree, rig in rigs.items():
                    found[tree].append(main_process_us(rig, tree, parameters, options.rate, options.seconds))
            row = "".join(f"{statistics.median(values):16.0f}" for values in found.values())
            print(f"{executor:10}{kind:9}{row}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
