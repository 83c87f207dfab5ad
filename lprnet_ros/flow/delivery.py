"""Delivers results in the order of their camera's crops, whichever worker finishes first."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Iterable
from typing import Generic

from lprnet_ros.flow.job import Job, Picture, Result

Deliver = Callable[[Job[Picture], Result], None]


class InOrderDelivery(Generic[Picture, Result]):
    """Holds a result back until all earlier results of its camera are delivered.

    Args:
        deliver: called with each crop and its result, one at a time, from the
            thread that completed the order.
        report: takes a sentence for the log where ``deliver`` raises: one reading
            that cannot be published must not hold the others up.
    """

    def __init__(self, deliver: Deliver[Picture, Result], report: Callable[[str], None]) -> None:
        self._deliver, self._report = deliver, report
        self._lock = threading.Lock()
        self._next: dict[str, int] = {}
        self._early: dict[tuple[str, int], tuple[Job[Picture], Result]] = {}
        self._is_closed = False

    def complete(self, results: Iterable[tuple[Job[Picture], Result]]) -> None:
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
        """Stop delivering; no delivery is in progress when this returns."""
        with self._lock:
            self._is_closed = True
            self._early.clear()
