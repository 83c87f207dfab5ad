"""Results leave in the order in which the crops of their camera were taken, whoever is done first."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from lprnet_ros.flow.job import Job
from lprnet_ros.reading.recognizer import ReadResult

Deliver = Callable[[Job, ReadResult], None]


class InOrderDelivery:
    """Holds results back until those before them have left.

    Args:
        deliver: called with each crop and its result, one at a time, from the
            thread that completed the order.
    """

    def __init__(self, deliver: Deliver) -> None:
        self._deliver = deliver
        self._lock = threading.Lock()
        self._next: dict[str, int] = {}
        self._early: dict[tuple[str, int], tuple[Job, ReadResult]] = {}
        self._is_closed = False

    def complete(self, results: Iterable[tuple[Job, ReadResult]]) -> None:
        """Take results in, and deliver all that are due now."""
        with self._lock:
            if self._is_closed:
                return
            for job, result in results:
                self._early[job.source.topic, job.ticket] = job, result
                self._deliver_due(job.source.topic)

    def delivered(self) -> int:
        """Return how many crops were delivered; waits for the one that just is."""
        with self._lock:
            return sum(self._next.values())

    def close(self) -> None:
        """Deliver nothing more: when this returns no delivery is under way, and none begins."""
        with self._lock:
            self._is_closed = True
            self._early.clear()

    def _deliver_due(self, camera: str) -> None:
        while (due := self._early.pop((camera, self._next.get(camera, 0)), None)) is not None:
            self._next[camera] = self._next.get(camera, 0) + 1
            self._deliver(*due)
