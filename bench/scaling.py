"""How worker processes scale where the library holds the GIL, as the board's do.

``python bench/scaling.py`` prints plates a second for 1, 2 and 4 processes with a stand-in for hbm_runtime
that holds the GIL for 3.7 ms an inference (the time of the board's BPU), and the same with threads.  On two
busy cores four processes read 3.7 times as many plates as one, four threads as many as one.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "test" / "helpers"))

from board_model import PYTHON_PATH, spelled_crop, write_model

from lprnet_ros.flow.job import CropJob, Job, Source
from lprnet_ros.flow.pool import PoolSettings, WorkerPool
from lprnet_ros.flow.process_reader import ProcessReader, ReaderSetup
from lprnet_ros.images.crop_image import CropImage
from lprnet_ros.reading.recognizer import PlateRecognizer, ReadingRules

MICROSECONDS = 3700
RULES = ReadingRules(decoder="greedy", second_look=False)


def plates_a_second(model: Path, kind: str, workers: int, seconds: float) -> float:
    """Read crops as fast as they go for some seconds, after a warm-up; return how many a second."""

    def open_reader(rules: ReadingRules) -> PlateRecognizer | ProcessReader:
        setup = ReaderSetup(model, "hbm", rules=rules)
        return setup.open() if kind == "thread" else ProcessReader(setup, timeout_seconds=30.0)

    done = 0

    def deliver(_: CropJob, result: object) -> None:
        nonlocal done
        assert getattr(result, "text", result) == "京A12345"
        done += 1

    pool = WorkerPool(open_reader, RULES, deliver, print, PoolSettings(workers, 50, "all", 30.0))
    crop = CropImage(spelled_crop("京A12345"))
    is_over = threading.Event()

    def send() -> None:
        while not is_over.is_set():
            pool.submit(Job(Source("a", 0, 0, "", 0.0), crop))

    sender = threading.Thread(target=send)
    sender.start()
    time.sleep(0.3)
    before, started = done, time.perf_counter()
    time.sleep(seconds)
    rate = (done - before) / (time.perf_counter() - started)
    is_over.set()
    pool.stop_waiting()
    sender.join()
    pool.close()
    return rate


def main() -> None:
    """Measure and print."""
    os.environ["LPR_TEST_MICROSECONDS"] = str(MICROSECONDS)
    sys.path[:0] = PYTHON_PATH.split(":")
    with tempfile.TemporaryDirectory() as folder:
        model = write_model(Path(folder))
        for kind in ("process", "thread"):
            rates = {workers: plates_a_second(model, kind, workers, 4.0) for workers in (1, 2, 4)}
            scale = {workers: rate / rates[1] for workers, rate in rates.items()}
            print(kind, *(f"{n}: {rates[n]:.0f} plates/s (x {scale[n]:.2f})" for n in rates), sep="  ")


if __name__ == "__main__":
    main()
