"""Crops that know who they are, readers that misbehave when told to, and a place for the results."""

from __future__ import annotations

import threading
import time

import numpy as np

from lprnet_ros.flow.job import Job, Source, WorkerLostError
from lprnet_ros.images.crop_image import CropImage
from lprnet_ros.reading.plate_reading import PlateReading, ReadingFailedError

PATIENCE_SECONDS = 120.0
"""How long anything may take on a loaded machine before a test gives up."""


def job(camera: str = "a", number: int = 0) -> Job:
    """A crop that carries its camera and number in its source and in its pixels."""
    pixels = np.frombuffer(f"{camera} {number}".encode(), np.uint8)
    return Job(Source(camera, number, 0, f"{camera} {number}", 0.0), CropImage(pixels))


def name_of(crop: CropImage) -> str:
    """What a reader can see of a crop: its camera and number."""
    return crop.pixels.tobytes().decode()


def names(jobs: list[Job]) -> list[str]:
    return [each.source.frame_id for each in jobs]


def wait_until(condition, what: str, seconds: float = PATIENCE_SECONDS) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds:g} s in vain: {what}"
        time.sleep(0.002)


class Collector:
    """Takes results, one at a time, as a node would."""

    def __init__(self) -> None:
        self.results = []
        self.reports: list[str] = []
        self._busy = threading.Lock()
        self._more = threading.Condition()

    def deliver(self, job: Job, result) -> None:
        assert self._busy.acquire(blocking=False), "two results were delivered at the same time"
        with self._more:
            self.results.append((job, result))
            self._more.notify_all()
        self._busy.release()

    def report(self, sentence: str) -> None:
        self.reports.append(sentence)

    def wait_for(self, count: int, seconds: float = PATIENCE_SECONDS) -> None:
        with self._more:
            is_there = self._more.wait_for(lambda: len(self.results) >= count, seconds)
        assert is_there, f"{len(self.results)} of {count} results in {seconds:g} s; told: {self.reports}"

    def texts(self, camera: str) -> list[str]:
        """What was read on a camera's crops, in the order of delivery; a failure is ``failed``."""
        return [_text(result) for job, result in self.results if job.source.topic == camera]

    def failures(self) -> dict[str, str]:
        """The message of each crop that could not be read."""
        return {
            job.source.frame_id: str(result)
            for job, result in self.results
            if isinstance(result, ReadingFailedError)
        }


def _text(result) -> str:
    return result.text if isinstance(result, PlateReading) else "failed"


class Backend:
    """What all readers of one test share: what they do with which crop, and what became of them.

    Attributes:
        faults: what happens to a crop, by its name; each entry is used up, the last of
            ``always`` is not: ``raise``, ``lose``, ``hang``, ``too few``, ``too many``, ``None``.
        always: the same, never used up.
        opening: exceptions for the next openings of a reader.
        seconds: that each crop takes.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.faults: dict[str, list[str]] = {}
        self.always: dict[str, str] = {}
        self.opening: list[Exception] = []
        self.readers: list[FakeReader] = []
        self.read: list[tuple[str, ...]] = []
        self.rules_used = []
        self.release = threading.Event()
        """Set, it lets every hung reader go on."""

    def open(self, rules) -> FakeReader:
        if self.opening:
            raise self.opening.pop(0)
        reader = FakeReader(self)
        self.readers.append(reader)
        return reader


class FakeReader:
    """A CropReader that answers each crop with its name, or does what its backend says."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._busy = threading.Lock()
        self.closed = self.killed = 0

    def read_batch(self, crops, rules):
        assert self._busy.acquire(blocking=False), "two threads used one reader"
        try:
            return self._read(crops, rules)
        finally:
            self._busy.release()

    def _read(self, crops, rules):
        assert not self.closed
        backend, called = self._backend, [name_of(crop) for crop in crops]
        backend.read.append(tuple(called))
        backend.rules_used += [(name, rules) for name in called]
        results = [PlateReading(name, 1.0) for name in called]
        for name in called:
            if backend.seconds:
                time.sleep(backend.seconds)
            fault = backend.faults[name].pop(0) if backend.faults.get(name) else backend.always.get(name)
            if fault == "raise":
                raise RuntimeError(f"the backend cannot read {name}")
            if fault == "lose":
                raise WorkerLostError(f"died of {name}")
            if fault == "hang":
                backend.release.wait()
            if fault == "too few":
                return results[:-1]
            if fault == "too many":
                return [*results, *results]
            if fault == "None":
                return None
        return results

    def close(self) -> None:
        assert self._busy.acquire(blocking=False), "closed while it reads"
        self.closed += 1
        self._busy.release()

    def kill(self) -> None:
        self.killed += 1
