"""Results leave in the order in which the crops of their camera were taken, whoever is done first."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Iterable

from lprnet_ros.flow.job import Job
from lprnet_ros.reading.recognizer import ReadResult

Deliver = Callable[[Job, ReadResult], None]


class InOrderDelivery:
    """Holds results back until those before them have left.

    Args:
        deliver: called with each crop and its result, one at a time, from the
            thread that completed the order.
        report: takes a sentence for the log where ``deliver`` raises: one reading
            that cannot be published must not hold the others up.
    """

    def __init__(self, deliver: Deliver, report: Callable[[str], None]) -> None:
        self._deliver, self._report = deliver, report
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
                camera = job.source.topic
                self._early[camera, job.ticket] = job, result
                while (due := self._early.pop((camera, self._next.get(camera, 0)), None)) is not None:
                    self._next[camera] = self._next.get(camera, 0) + 1
                    try:
                        self._deliver(*due)
                    except Exception:  # noqa: BLE001 - see report
                        self._report(
                            f"a reading could not be published, which is a bug:\n{traceback.format_exc()}"
                        )

    def delivered(self) -> int:
        """Return how many crops were delivered; waits for the one that just is."""
        with self._lock:
            return sum(self._next.values())

    def close(self) -> None:
        """Deliver nothing more: when this returns no delivery is under way, and none begins."""
        with self._lock:
            self._is_closed = True
            self._early.clear()
