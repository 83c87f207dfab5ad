"""``lpr_benchmark``: the source project's table of threads, delay and frames a second."""

from __future__ import annotations

import argparse
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from bench.ros_benchmark import add_ros_options, benchmark_ros
from bench.ros_soak import add_soak_options, soak
from lprnet_ros.board.hrt_log import print_hrt_logs
from lprnet_ros.cli.common import add_model_options, open_recognizer, run
from lprnet_ros.reading.recognizer import PlateRecognizer
from lprnet_ros.sources.labelled import read_image

_WARM_UP = 20


@dataclass(frozen=True)
class BenchmarkRow:
    """One line of the table.

    Attributes:
        threads: crops in flight at once.
        frames: crops read.
        total_ms: sum of the delays of all crops.
        average_ms: mean delay of a crop.
        median_ms: median delay of a crop.
        fps: crops a second of wall time.
    """

    threads: int
    frames: int
    total_ms: float
    average_ms: float
    median_ms: float
    fps: float


def main(arguments: list[str] | None = None) -> int:
    """Measure the runtime, preprocessing and decoding, without ROS.

    Args:
        arguments: the command line; None is this process's.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(
        prog="lpr_benchmark", description="Measure how fast a model reads crops."
    )
    parser.add_argument(
        "--threads", type=int, nargs="+", default=[1, 2, 4, 8], help="crops in flight at once"
    )
    parser.add_argument("--frames", type=int, default=200, help="crops to read for each line of the table")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_ros_options(parser)
    add_soak_options(parser)
    parser.add_argument(
        "--hrt",
        nargs="+",
        type=Path,
        metavar="LOG",
        help="show logs of hrt_model_exec perf, and measure nothing",
    )
    add_model_options(parser)
    options = parser.parse_args(arguments)
    if options.hrt:
        return run(lambda: print_hrt_logs(options.hrt, as_json=options.json))
    if options.frames < 1 or min(options.threads) < 1:
        parser.error("--frames and --threads are at least 1")
    if options.soak is not None:
        if options.soak < 1 or options.rate <= 0.0:
            parser.error("--soak and --rate are above 0")
        return run(lambda: soak(options))
    return run(lambda: benchmark_ros(options) if options.ros else _benchmark(options))


def _benchmark(options: argparse.Namespace) -> int:
    recognizer = open_recognizer(options)
    rows = [measure(recognizer, threads, options.frames) for threads in options.threads]
    if options.json:
        model = {"model": recognizer.manifest.name, "runtime": recognizer.runtime.name}
        print(json.dumps(model | {"rows": [asdict(row) for row in rows]}))
    else:
        print("| threads | frames | total delay (ms) | average delay (ms) | median delay (ms) | FPS |")
        print("|---|---|---|---|---|---|")
        for row in rows:
            delays = f"{row.total_ms:.2f} | {row.average_ms:.3f} | {row.median_ms:.3f}"
            print(f"| {row.threads} | {row.frames} | {delays} | {row.fps:.1f} |")
    recognizer.close()
    return 0


def measure(recognizer: PlateRecognizer, threads: int, frames: int) -> BenchmarkRow:
    """Read crops with a number of threads.

    The crop is the picture of the model's self-test; a model without one gets
    random pictures.  No crop is looked at twice.
    """
    recognizer.set_rules(replace(recognizer.rules, second_look=False))
    picture = recognizer.manifest.self_test.image
    if picture is not None:
        crops = [read_image(picture)]
    else:
        crops = list(np.random.default_rng(0).integers(0, 256, size=(16, 24, 94, 3), dtype=np.uint8))

    def read(index: int) -> float:
        started = time.perf_counter()
        recognizer.read(crops[index % len(crops)])
        return (time.perf_counter() - started) * 1e3

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(read, range(_WARM_UP)))
        started = time.perf_counter()
        delays = list(pool.map(read, range(frames)))
        seconds = time.perf_counter() - started
    total = sum(delays)
    return BenchmarkRow(threads, frames, total, total / frames, float(np.median(delays)), frames / seconds)


if __name__ == "__main__":
    sys.exit(main())
