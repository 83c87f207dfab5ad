"""``lpr_benchmark --ros``: what the live node carries over DDS, and the runtime alone beside it.

The load generator gets the first core, the node the others; the runtime alone
is measured on the node's cores while an echo node keeps the generator as busy.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.process_tree import cpu_seconds
from bench.ros_plot import draw
from bench.ros_rig import ECHO, NODE, RosRig, affinity, answer, ask, tell
from bench.ros_rows import RosRow, markdown
from bench.sustained import Trial, find_sustained
from lprnet_ros.cli.common import open_recognizer
from lprnet_ros.models.manifest import ManifestError
from lprnet_ros.reading.preprocess import preprocess
from lprnet_ros.reading.recognizer import PlateRecognizer
from lprnet_ros.sources.labelled import read_image

_QUIET_RATE = 100.0
_QUIET_SECONDS = 5.0
_PROBE_SECONDS = 3.0
_ALONE_SECONDS = 5.0
_NODE_PARAMETERS = ("qos_profile:=reliable", "subscription_depth:=2000", "queue_depth:=2000")


class RosBenchmark:
    """Measures rows.

    Args:
        recognizer: reads with the model under test, in this process.
        seconds: how long a rate must hold.
        frames: frames a second of each camera.
        shared: whether the node may use the generator's core too.

    Raises:
        ManifestError: the model has no picture of a plate.
    """

    def __init__(
        self, recognizer: PlateRecognizer, *, seconds: float, frames: float, shared: bool = False
    ) -> None:
        picture = recognizer.manifest.self_test.image
        if picture is None:
            raise ManifestError(f"{recognizer.manifest.path.name} has no picture in its self-test to send")
        self._recognizer = recognizer
        self._picture = picture
        self._seconds, self._frames = seconds, frames
        self.rig = RosRig(picture, shared=shared)

    def measure(self, workers: int, cameras: int) -> RosRow:
        """Measure one row.

        Raises:
            LabelledDataError: a process did not come up; its own message stands above.
        """
        topics = [f"/lpr_benchmark/camera_{number}" for number in range(1, cameras + 1)]
        network, recognizer = self._measure_alone(workers, topics)
        manifest = self._recognizer.manifest
        parameters = [f"image_topics:=[{','.join(topics)}]", f"workers:={workers}", *_NODE_PARAMETERS]
        parameters += [f"model:={manifest.path}", f"decoder:={self._recognizer.rules.decoder}"]
        parameters += [f"runtime:={self._recognizer.runtime.name}", "second_look:=false", "consensus:=false"]
        with ExitStack() as stack:
            node = stack.enter_context(self.rig.node("lpr_node", NODE, parameters))
            generator = stack.enter_context(self.rig.generator(NODE, topics))

            def run_trial(rate: float, seconds: float) -> Trial:
                before = cpu_seconds(node.pid)
                answer = ask(generator, rate=rate, seconds=seconds, frames=self._frames)
                readings = max(1, answer["read"])
                cpu_us = (cpu_seconds(node.pid) - before) / readings * 1e6
                inference_cpu_us = answer.pop("inference_cpu_seconds") / readings * 1e6
                trial = Trial(**answer, cpu_us=cpu_us, inference_cpu_us=inference_cpu_us)
                print(_sentence(trial), file=sys.stderr, flush=True)
                return trial

            quiet = run_trial(_QUIET_RATE, _QUIET_SECONDS)
            sustained = find_sustained(
                run_trial, 0.8 * recognizer, seconds=self._seconds, probe_seconds=_PROBE_SECONDS
            )
        again = self._measure_alone(workers, topics)
        return RosRow(workers, cameras, sustained, quiet, max(network, again[0]), max(recognizer, again[1]))

    def _measure_alone(self, workers: int, topics: list[str]) -> tuple[float, float]:
        """Measure runtime and recognizer on the node's cores, the generator as busy as with a node."""
        reader, manifest = self._recognizer, self._recognizer.manifest
        crop = read_image(self._picture)
        tensor = preprocess(crop, manifest.input)
        threads = max(1, min(workers, len(self.rig.node_cores)))
        rates = []
        with ExitStack() as stack:
            parameters = [f"image_topics:=[{','.join(topics)}]"]
            stack.enter_context(self.rig.node("load_echo", ECHO, parameters, self.rig.generator_cores))
            generator = stack.enter_context(self.rig.generator(ECHO, topics))
            stack.enter_context(affinity(self.rig.node_cores))
            for work in (lambda: reader.runtime.infer(tensor), lambda: reader.read(crop)):
                tell(generator, rate=1000.0, seconds=_ALONE_SECONDS + 1.0, frames=self._frames)
                rates.append(_repeat(work, threads, _ALONE_SECONDS))
                answer(generator)
        print(f"alone: {rates[0]:.0f} inferences, {rates[1]:.0f} crops a second", file=sys.stderr, flush=True)
        return rates[0], rates[1]


def _repeat(work: Any, threads: int, seconds: float) -> float:
    """Let threads repeat something for a while; return how often a second they did together."""
    counts = [0] * threads
    started = time.perf_counter()
    end = started + seconds

    def run(place: int) -> None:
        while time.perf_counter() < end:
            work()
            counts[place] += 1

    running = [threading.Thread(target=run, args=(place,)) for place in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return sum(counts) / (time.perf_counter() - started)


def _sentence(trial: Trial) -> str:
    verdict = "kept up" if trial.is_kept_up else "not kept up"
    return (
        f"{trial.rate:.0f} a second for {trial.sending_seconds:.0f} s: {verdict}, {trial.read} of "
        f"{trial.sent} read, {trial.dropped} dropped, p50 {trial.p50_ms:.1f} ms, p99 {trial.p99_ms:.1f} ms, "
        f"CPU {trial.cpu_us:.0f} us a plate, {trial.cpu_us - trial.inference_cpu_us:.0f} of it no inference"
    )


def add_ros_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--ros`` and what goes with it to a parser."""
    group = parser.add_argument_group("the live node over DDS")
    group.add_argument("--ros", action="store_true", help="measure lpr_node with a real publisher")
    group.add_argument(
        "--workers", type=int, nargs="+", default=[1, 2, 4, 8], help="of the node; as many cameras send"
    )
    group.add_argument(
        "--shared", action="store_true", help="let the node use all cores, the load generator's too"
    )
    group.add_argument("--seconds", type=float, default=30.0, help="how long a rate must hold")
    group.add_argument(
        "--camera-frames", type=float, default=50.0, help="frames a second; a frame's crops come together"
    )
    group.add_argument("--output", type=Path, help="write NAME.json and NAME.svg here")


def benchmark_ros(options: argparse.Namespace) -> int:
    """Measure the rows that the options ask for, and print them."""
    recognizer = open_recognizer(options)
    recognizer.set_rules(replace(recognizer.rules, second_look=False))
    benchmark = RosBenchmark(
        recognizer, seconds=options.seconds, frames=options.camera_frames, shared=options.shared
    )
    rows = [benchmark.measure(workers, max(1, workers)) for workers in options.workers]
    header = {
        "model": recognizer.manifest.name,
        "runtime": recognizer.runtime.name,
        "decoder": recognizer.rules.decoder,
        "node_cores": len(benchmark.rig.node_cores),
        "camera_frames": options.camera_frames,
    }
    text = json.dumps(header | {"rows": [row.as_dict() for row in rows]}, indent=1)
    if options.output is not None:
        options.output.with_suffix(".json").write_text(text + "\n", encoding="utf-8")
        options.output.with_suffix(".svg").write_text(draw(rows), encoding="utf-8")
    print(text if options.json else markdown(rows))
    recognizer.close()
    return 0 if all(row.sustained.is_kept_up for row in rows) else 1
