"""One worker of a pool: a thread that opens a reader, and reads crops with it until it is given up."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Iterable, Sequence
from typing import Protocol

from lprnet_ros.flow.job import CropReader, Job, ReadingFailedError, ReadResult, WorkerLostError
from lprnet_ros.reading.rules import ReadingRules

_LONGEST_PAUSE_SECONDS = 10.0
"""Between two tries to replace a reader; the first follows at once."""

_GRACE_SECONDS = 0.5
"""A reader that notices itself that it hangs does so first."""


class Employer(Protocol):
    """What a worker needs of its pool.

    Attributes:
        rules: how crops are read; may change at any time.
        closed: set when the pool ends.
    """

    rules: ReadingRules
    closed: threading.Event

    def open_reader(self, rules: ReadingRules) -> CropReader:
        """Open a reader; whatever it raises is told."""
        ...

    def take(self) -> list[Job]:
        """Wait for crops; none where the pool ends."""
        ...

    def complete(self, results: Iterable[tuple[Job, ReadResult]]) -> None:
        """Take results in."""
        ...

    def lose(self, jobs: Sequence[Job], why: str) -> None:
        """Take the crops back over which a reader was lost."""
        ...

    def report(self, sentence: str) -> None:
        """Take a sentence for the log."""
        ...

    def report_replacement(self, problem: str) -> None:
        """Take in why a lost reader could not be replaced; nothing where it was."""
        ...


class Worker:
    """A thread with its reader.

    Args:
        pool: whose crops it reads.
        timeout_seconds: how long one crop may take before the worker counts as hung.

    Attributes:
        opened: set when the first reader was opened, or could not be.
        error: why it could not be; None where it was.
    """

    def __init__(self, pool: Employer, timeout_seconds: float) -> None:
        self.opened = threading.Event()
        self.error: Exception | None = None
        self._pool = pool
        self._timeout_seconds = timeout_seconds
        self._lock = threading.Lock()
        self._reader: CropReader | None = None
        self._jobs: list[Job] = []
        self._deadline: float | None = None  # when its crops have to be read; None while it reads none
        self._is_given_up = False  # it hung; whatever it still does counts no more
        self._thread = threading.Thread(target=self._run, name="lpr worker", daemon=True)

    @property
    def has_reader(self) -> bool:
        """Whether it can read."""
        return self._reader is not None

    @property
    def is_alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    def start(self, *, is_first: bool) -> None:
        """Start the thread; where it is the first of its kind an error of opening ends it."""
        if not is_first:
            self.opened.set()
        self._thread.start()

    def join(self, seconds: float) -> None:
        """Wait so long for the thread to end."""
        if self.is_alive and self._thread is not threading.current_thread():
            self._thread.join(seconds)

    def abandon(self) -> None:
        """Free what can be freed while the thread hangs."""
        reader = self._reader
        if reader is not None and self.is_alive:
            reader.abandon()

    def give_up_if_late(self) -> list[Job] | None:
        """Give the worker up where it hangs; return the crops over which it does, else None."""
        with self._lock:
            if self._deadline is None or time.monotonic() < self._deadline:
                return None
            self._is_given_up = True
            return self._jobs

    def _run(self) -> None:
        if not self.opened.is_set():
            try:
                self._reader = self._pool.open_reader(self._pool.rules)
            except Exception as error:  # noqa: BLE001 - raised again where the pool is made
                self.error = error
                return
            finally:
                self.opened.set()
        while not self._is_given_up and not self._pool.closed.is_set():
            reader = self._reader if self._reader is not None else self._reopen()
            if reader is not None:
                self._read_some(reader)
        if self._reader is not None:
            self._reader.close()

    def _read_some(self, reader: CropReader) -> None:
        """Wait for crops, read and deliver them."""
        jobs = self._pool.take()
        if not jobs:
            return
        with self._lock:
            self._jobs = jobs
            self._deadline = time.monotonic() + self._timeout_seconds * len(jobs) + _GRACE_SECONDS
        lost: WorkerLostError | None = None
        results: list[ReadResult] = []
        try:
            results = reader.read([job.crop for job in jobs], self._pool.rules)
            if len(results) != len(jobs):
                raise ValueError(f"{len(results)} results for {len(jobs)} crops")
        except WorkerLostError as error:
            lost = error
        except Exception as error:  # noqa: BLE001 - a bug in reading must not end the worker
            self._pool.report(f"reading failed, which is a bug:\n{traceback.format_exc()}")
            results = [ReadingFailedError(repr(error)) for _ in jobs]
        with self._lock:
            if self._is_given_up:
                return
            self._deadline = None
            if lost is not None:
                self._reader = None
        if lost is None:
            self._pool.complete(zip(jobs, results, strict=True))
            return
        reader.close()
        if not self._pool.closed.is_set():
            self._pool.lose(jobs, str(lost))

    def _reopen(self) -> CropReader | None:
        """Open a new reader, again and again until that succeeds or the pool ends."""
        pause = 0.0
        while not self._pool.closed.wait(pause):
            try:
                self._reader = self._pool.open_reader(self._pool.rules)
            except Exception as error:  # noqa: BLE001 - whatever it is, the next try may succeed
                self._pool.report_replacement(f"a worker cannot be replaced: {error}")
                pause = min(_LONGEST_PAUSE_SECONDS, 2 * pause + 0.5)
                continue
            self._pool.report_replacement("")
            return self._reader
        return None
