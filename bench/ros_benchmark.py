"""``lpr_benchmark --ros``: the crops a second that the live node reads over DDS, and the runtime alone.

The load generator gets the first core, the node the others; the runtime alone is measured on the node's
cores while an echo node keeps the generator equally busy.  Run as a program, this file writes the table
of docs/ros_benchmark.json into the Markdown files that show it.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bench.ros_rig import (
    ECHO,
    ECHO_MODULE,
    NODE,
    NODE_MODULE,
    NODE_PARAMETERS,
    RosRig,
    affinity,
    answer,
    ask,
    camera_topics,
    cpu_seconds,
    crop_to_send,
    tell,
)
from bench.sustained import Trial, find_sustained
from lprnet_ros.cli.common import open_recognizer
from lprnet_ros.reading.preprocess import preprocess
from lprnet_ros.reading.recognizer import PlateRecognizer
from lprnet_ros.sources.labelled import read_image

_QUIET_RATE = 100.0
_QUIET_SECONDS = 5.0
_PROBE_SECONDS = 3.0
_ALONE_SECONDS = 5.0


@dataclass(frozen=True)
class RosRow:
    """The measurements for one number of workers and cameras.

    Attributes:
        workers, cameras: of the node.
        sustained: the trial that held.
        quiet: a trial at 100 crops a second.
        network_alone: inferences a second of the runtime on the node's cores, the same input again and again.
        recognizer_alone: crops a second of preprocessing, runtime and decoding on the node's cores.
    """

    workers: int
    cameras: int
    sustained: Trial
    quiet: Trial
    network_alone: float
    recognizer_alone: float

    @property
    def sustained_rate(self) -> float:
        """Plates a second that the node keeps up with."""
        return self.sustained.plates_a_second

    def as_dict(self) -> dict[str, Any]:
        """Return all of it, and what follows from it, for JSON."""
        sustained, quiet = self.sustained, self.quiet
        return {
            "workers": self.workers,
            "cameras": self.cameras,
            "plates_a_second": sustained.plates_a_second,
            "seconds": sustained.sending_seconds,
            "is_kept_up": sustained.is_kept_up,
            "network_alone": self.network_alone,
            "recognizer_alone": self.recognizer_alone,
            "of_network_alone": sustained.plates_a_second / self.network_alone,
            "of_recognizer_alone": sustained.plates_a_second / self.recognizer_alone,
            "not_inference_cpu_us": sustained.cpu_us - sustained.inference_cpu_us,
            "quiet_not_inference_cpu_us": quiet.cpu_us - quiet.inference_cpu_us,
            "sustained": asdict(sustained),
            "quiet": asdict(quiet),
        }


def load_rows(path: Path) -> list[RosRow]:
    """Read rows that ``--output`` wrote."""
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    return [
        RosRow(
            row["workers"],
            row["cameras"],
            Trial(**row["sustained"]),
            Trial(**row["quiet"]),
            row["network_alone"],
            row["recognizer_alone"],
        )
        for row in rows
    ]


def markdown(rows: Sequence[RosRow], *, chinese: bool = False) -> str:
    """Return the rows as a table, for README.md or for README_cn.md."""
    english = (
        "| workers, cameras | plates a second | of the recognizer alone | of the network alone | p50, "
        "p99 (ms) | at 100 a second: p50, p99 (ms) | CPU a plate (us) | of it no inference (us) |"
    )
    heading = (
        "| 工作单元数、相机数 | 每秒车牌数 | 占单独识别器的比例 | 占单独网络的比例 | p50、p99（ms） "
        "| 每秒 100 张时 p50、p99（ms） | 每张 CPU（us） | 其中非推理（us） |"
    )
    of = "/" if chinese else "of"
    lines = [heading if chinese else english, "|---|---|---|---|---|---|---|---|"]
    for row in rows:
        all_of_it, sustained, quiet = row.as_dict(), row.sustained, row.quiet
        lines.append(
            f"| {row.workers}, {row.cameras} | {sustained.plates_a_second:.0f} "
            f"| {all_of_it['of_recognizer_alone']:.0%} {of} {row.recognizer_alone:.0f} "
            f"| {all_of_it['of_network_alone']:.0%} {of} {row.network_alone:.0f} "
            f"| {sustained.p50_ms:.1f}, {sustained.p99_ms:.1f} | {quiet.p50_ms:.1f}, {quiet.p99_ms:.1f} "
            f"| {sustained.cpu_us:.0f} | {all_of_it['not_inference_cpu_us']:.0f} |"
        )
    return "\n".join(lines)


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
        self._recognizer = recognizer
        self._picture = crop_to_send(recognizer.manifest)
        self._seconds, self._frames = seconds, frames
        self.rig = RosRig(self._picture, shared=shared)

    def measure(self, workers: int, cameras: int) -> RosRow:
        """Measure one row.

        Raises:
            LabelledDataError: a process did not come up; its own message stands above.
        """
        topics = camera_topics(cameras)
        network, recognizer = self._measure_alone(workers, topics)
        manifest = self._recognizer.manifest
        parameters = [f"image_topics:=[{','.join(topics)}]", f"workers:={workers}", *NODE_PARAMETERS]
        parameters += [f"model:={manifest.path.resolve()}", f"decoder:={self._recognizer.rules.decoder}"]
        parameters += [f"runtime:={self._recognizer.runtime.name}", "second_look:=false", "consensus:=false"]
        with ExitStack() as stack:
            node = stack.enter_context(self.rig.node(NODE_MODULE, NODE, parameters))
            generator = stack.enter_context(self.rig.generator(NODE, topics))

            def run_trial(rate: float, seconds: float) -> Trial:
                before = cpu_seconds(node)
                trial = Trial(**ask(generator, rate=rate, seconds=seconds, frames=self._frames))
                cpu_us = (cpu_seconds(node) - before) / max(1, trial.read) * 1e6
                trial = replace(trial, cpu_us=cpu_us)
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
            stack.enter_context(self.rig.node(ECHO_MODULE, ECHO, parameters, self.rig.generator_cores))
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
    print(text if options.json else markdown(rows))
    recognizer.close()
    return 0 if all(row.sustained.is_kept_up for row in rows) else 1
