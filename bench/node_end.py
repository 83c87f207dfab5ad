"""``python -m bench.node_end``: how soon lpr_node ends after SIGTERM while crops stream in.

The goal: it and its workers are gone within 2 seconds, whatever kind the workers are.
"""

from __future__ import annotations

import time

import psutil

from bench.ros_rig import NODE, NODE_MODULE, NODE_PARAMETERS, RosRig, camera_topics, crop_to_send, tell
from lprnet_ros.models.find import bundled_model
from lprnet_ros.models.load import load_manifest

KINDS = {
    "no workers": ("workers:=0",),
    "two threads": ("workers:=2", "worker_kind:=thread"),
    "two processes": ("workers:=2", "worker_kind:=process"),
}


def measure(rig: RosRig, parameters: tuple[str, ...]) -> float:
    """Start a node, end it in the middle of a stream of crops, and return the seconds that this takes."""
    topics = camera_topics(1)
    settings = [f"image_topics:=[{','.join(topics)}]", *NODE_PARAMETERS, *parameters]
    with rig.node(NODE_MODULE, NODE, settings) as node, rig.generator(NODE, topics) as generator:
        tell(generator, rate=300.0, seconds=4.0, frames=50.0)
        time.sleep(1.0)
        processes = [node, *node.children(recursive=True)]
        started = time.perf_counter()
        node.terminate()
        psutil.wait_procs(processes)
        return time.perf_counter() - started


def main() -> None:
    """Print the seconds for each kind of worker."""
    rig = RosRig(crop_to_send(load_manifest(bundled_model())))
    for kind, parameters in KINDS.items():
        print(f"{kind}: ended after {measure(rig, parameters):.2f} s", flush=True)


if __name__ == "__main__":
    main()
