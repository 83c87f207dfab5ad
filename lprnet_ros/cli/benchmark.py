"""``lpr_benchmark``: the source project's table of threads, delay and frames a second."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from lprnet_ros.board.hrt_log import ARTICLE, ARTICLE_SOURCE, read_hrt_log
from lprnet_ros.cli.common import add_model_options, load_bench, open_recognizer, parse, run
from lprnet_ros.reading.recognizer import PlateRecognizer
from lprnet_ros.sources.labelled import read_image
from lprnet_ros.text.console import program

_WARM_UP = 20


@dataclass(frozen=True)
class BenchmarkRow:
    """One line: crops in flight at once, crops read, sum, mean and median of their delays, crops a second."""

    threads: int
    frames: int
    total_ms: float
    average_ms: float
    median_ms: float
    fps: float


@program("lpr_benchmark")
def main(arguments: list[str] | None = None) -> int:
    """Measure the runtime, preprocessing and decoding; with ``--ros`` or ``--soak`` the live node."""
    parser = argparse.ArgumentParser(
        prog="lpr_benchmark", description="Measure how fast a model reads crops."
    )
    parser.add_argument(
        "--threads", type=int, nargs="+", default=[1, 2, 4, 8], help="crops in flight at once"
    )
    parser.add_argument("--frames", type=int, default=200, help="crops to read for each line of the table")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--hrt",
        nargs="+",
        type=Path,
        metavar="LOG",
        help="only show logs of hrt_model_exec perf, the board's own benchmark, beside the article's table",
    )
    _add_ros_options(parser)
    add_model_options(parser)
    options = parse(parser, arguments)
    if options.frames < 1 or min(options.threads) < 1:
        parser.error("--frames and --threads are at least 1")
    if options.soak is not None and (options.soak < 1 or options.rate <= 0.0):
        parser.error("--soak and --rate are above 0")
    if options.hrt:
        return run("lpr_benchmark", lambda: _show_hrt_logs(options))
    if options.soak is not None:
        return run("lpr_benchmark", lambda: int(load_bench("soak", "--soak").soak(options)))
    if options.ros:
        return run("lpr_benchmark", lambda: int(load_bench("ros_benchmark", "--ros").benchmark_ros(options)))
    return run("lpr_benchmark", lambda: _benchmark(options))


def _add_ros_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the live node over DDS (needs ROS 2 and a checkout of the repository)")
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
    group.add_argument("--output", type=Path, help="also write NAME.json")
    group.add_argument("--soak", type=int, metavar="PLATES", help="send so many, and watch the node's memory")
    group.add_argument("--rate", type=float, default=1000.0, help="crops a second for --soak")


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
    random pictures.  Each crop is read once, without a second look.
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

    def read_all(count: int) -> list[float]:
        indices = iter(range(count))  # shared: each thread takes the next one
        with ThreadPoolExecutor(threads) as pool:
            try:
                shares = [pool.submit(lambda: [read(index) for index in indices]) for _ in range(threads)]
                return [delay for share in shares for delay in share.result()]
            finally:
                deque(indices, maxlen=0)  # after Ctrl-C or an error no thread finds another

    read_all(_WARM_UP)
    started = time.perf_counter()
    delays = read_all(frames)
    seconds = time.perf_counter() - started
    total = sum(delays)
    return BenchmarkRow(threads, frames, total, total / frames, float(np.median(delays)), frames / seconds)


def _show_hrt_logs(options: argparse.Namespace) -> int:
    rows = sorted((row for path in options.hrt for row in read_hrt_log(path)), key=lambda row: row.threads)
    if options.json:
        article = {"article": [asdict(row) for row in ARTICLE], "article_source": ARTICLE_SOURCE}
        print(json.dumps({"rows": [asdict(row) for row in rows], **article}, ensure_ascii=False))
        return 0
    print("| source | threads | frames | total delay (ms) | average delay (ms) | FPS |")
    print("|---|---|---|---|---|---|")
    for row in (*rows, *ARTICLE):
        delays = f"{row.total_ms:.2f} | {row.average_ms:.3f}"
        print(f"| {row.source} | {row.threads} | {row.frames} | {delays} | {row.fps:.2f} |")
    print(f"\narticle: {ARTICLE_SOURCE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
