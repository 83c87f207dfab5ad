"""Workers that read crops side by side; one that dies is replaced, and no crop is lost with it."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from lprnet_ros.flow.crop_queue import CropQueue
from lprnet_ros.flow.delivery import Deliver, InOrderDelivery
from lprnet_ros.flow.job import Job, Picture, Reader, Result, WorkerLostError
from lprnet_ros.reading.plate_reading import ReadingFailedError
from lprnet_ros.reading.recognizer import ReadingRules

ReaderType = TypeVar("ReaderType")
OpenReader = Callable[[ReadingRules], ReaderType]

_ATTEMPTS = 2
_OPENING_SECONDS = 60.0
"""How long a reader may take to open when the pool is made."""

_LONGEST_PAUSE_SECONDS = 10.0
"""Between two tries to replace a reader; the first follows at once."""

_ENDING_SECONDS = 0.3
"""What the workers get to release their readers, after the time that their crops get."""

_GRACE_SECONDS = 0.5
"""A reader that can end its own hang does so before its worker counts as hung."""


@dataclass(frozen=True)
class PoolSettings:
    """How a pool works.

    Attributes:
        workers: how many read side by side, from 1.
        depth: crops of one camera that may wait.
        policy: ``newest`` or ``all``, see ``CropQueue``.
        timeout_seconds: how long one crop may take before its worker counts as hung.
        largest_batch: crops that a worker takes at once at most.
        work: what it works on, for its texts.
        hang_advice: what to do about a worker thread that hangs.
    """

    workers: int = 1
    depth: int = 5
    policy: str = "newest"
    timeout_seconds: float = 2.0
    largest_batch: int = 8
    work: str = "crop"
    hang_advice: str = "restart the node, or set worker_kind to process"


@dataclass(frozen=True)
class PoolStatus:
    """What a pool has been through.

    Attributes:
        workers: how many there should be.
        ready: how many there are.
        replaced: workers lost and replaced, or being replaced.
        retried: crops that were given to a second worker.
        problem: why the latest replacement failed, or that workers hang; empty where all is well.
    """

    workers: int = 0
    ready: int = 0
    replaced: int = 0
    retried: int = 0
    problem: str = ""


class _Worker(Generic[Picture, Result]):
    """A thread and the reader that it opened.

    Attributes:
        reader: None until it is opened, and while a lost one is being replaced.
        opened: set when the first reader was opened, or could not be.
        error: why it could not be; None where it was.
        deadline: when its crops have to be read, by ``time.monotonic``; None while it reads none.
    """

    def __init__(self, run: Callable[[_Worker[Picture, Result]], None]) -> None:
        self.reader: Reader[Picture, Result] | None = None
        self.opened = threading.Event()
        self.error: Exception | None = None
        self.deadline: float | None = None
        self.thread = threading.Thread(target=run, args=(self,), name="lpr worker", daemon=True)

    @property
    def is_ready(self) -> bool:
        return self.reader is not None and not self.is_overdue

    @property
    def is_overdue(self) -> bool:
        deadline = self.deadline
        return deadline is not None and time.monotonic() > deadline


class WorkerPool(Generic[Picture, Result]):
    """Reads crops with several readers and delivers the results in order.

    A reader in another process ends its own hang, and is replaced.  A reader in a thread of this
    process cannot be ended: while it hangs, ``status`` names the problem.

    Args:
        open_reader: opens one reader; called in each worker's own thread, again
            whenever a reader has to be replaced.
        rules: how crops are read.
        deliver: takes each crop with its result; called from one thread at a time.
        report: takes sentences for the log.
        settings: how the pool works.

    Attributes:
        rules: the same; may be replaced at any time, and is used from the next crop on.
        submit: lets a crop be read; see ``CropQueue.put``.
        wait_until_taken: see ``CropQueue``.

    Raises:
        Exception: what ``open_reader`` raised, from the first worker that failed.
        WorkerLostError: a reader did not open in a minute.
    """

    def __init__(
        self,
        open_reader: OpenReader[Reader[Picture, Result]],
        rules: ReadingRules,
        deliver: Deliver[Picture, Result | ReadingFailedError],
        report: Callable[[str], None],
        settings: PoolSettings,
    ) -> None:
        self.rules = rules
        self._open_reader, self._report = open_reader, report
        self._settings = settings
        self._queue: CropQueue[Picture] = CropQueue(
            depth=settings.depth,
            policy=settings.policy,
            workers=settings.workers,
            largest_batch=settings.largest_batch,
            may_wait=self._may_wait,
        )
        self._delivery: InOrderDelivery[Picture, Result | ReadingFailedError] = InOrderDelivery(
            deliver, report
        )
        self.submit = self._queue.put
        self.wait_until_taken = self._queue.wait_until_taken
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._is_ending = False
        self._replaced = self._retried = 0
        self._problem = ""
        self._workers: list[_Worker[Picture, Result]] = [_Worker(self._run) for _ in range(settings.workers)]
        self._start()

    def status(self) -> PoolStatus:
        """Return how the pool is."""
        hung = sum(worker.is_overdue for worker in self._workers)
        problem = (
            f"{hung} of {len(self._workers)} workers have had no answer from the runtime in "
            f"{self._settings.timeout_seconds:g} s a {self._settings.work}: {self._settings.hang_advice}"
        )
        with self._lock:
            return PoolStatus(
                workers=len(self._workers),
                ready=sum(worker.is_ready for worker in self._workers),
                replaced=self._replaced,
                retried=self._retried,
                problem=problem if hung else self._problem,
            )

    def waiting(self) -> int:
        """Return how many crops wait for a worker."""
        return len(self._queue)

    def stop_waiting(self) -> None:
        """Let no sender wait any more: the end is near.  May be called by a signal handler."""
        self._is_ending = True

    def discard(self, seconds: float) -> list[Job[Picture]]:
        """Drop what waits, and let what is being read be finished and delivered.

        Args:
            seconds: how long to wait for that.

        Returns:
            The crops that were dropped.
        """
        cleared = self._queue.clear()
        retries = [job for job in cleared if job.ticket >= 0]  # their cameras' later crops wait for them
        self._delivery.complete((job, ReadingFailedError("the node was stopped")) for job in retries)
        end = time.monotonic() + seconds
        while self._delivery.delivered() < self._queue.taken() and time.monotonic() < end:
            time.sleep(0.002)
        return [job for job in cleared if job.ticket < 0]

    def close(self, seconds: float = 1.0) -> None:
        """End all workers; when this returns, nothing is delivered any more.

        Args:
            seconds: how long to wait for those that are busy; then a process is
                killed, and a thread that hangs is left behind.
        """
        self._closed.set()
        self._queue.close()
        started = [worker for worker in self._workers if worker.thread is not threading.current_thread()]
        for patience in (seconds, _ENDING_SECONDS):
            end = time.monotonic() + patience
            for worker in started:
                worker.thread.join(max(0.0, end - time.monotonic()))
            for worker in started:
                kill = getattr(worker.reader, "kill", None)
                if kill is not None and worker.thread.is_alive():
                    kill()
        self._delivery.close()

    def _may_wait(self) -> bool:
        """Tell whether a sender may wait; for a model that does not open again it would wait for ever."""
        if self._is_ending:
            return False
        is_hopeful = not self._problem and not any(worker.is_overdue for worker in self._workers)
        return is_hopeful or any(worker.is_ready for worker in self._workers)

    def _start(self) -> None:
        """Open all readers at once, and fail where one fails."""
        for worker in self._workers:
            worker.thread.start()
        end = time.monotonic() + _OPENING_SECONDS
        error: Exception | None = None
        for worker in self._workers:
            in_time = worker.opened.wait(max(0.0, end - time.monotonic()))
            slow = WorkerLostError(f"the model did not open in {_OPENING_SECONDS:g} s")
            error = error or (worker.error if in_time else slow)
        if error is not None:
            self.close()
            raise error

    def _run(self, worker: _Worker[Picture, Result]) -> None:
        """What each worker's thread does: open a reader, and read crops with it until the pool ends."""
        try:
            worker.reader = self._open_reader(self.rules)
        except Exception as error:  # noqa: BLE001 - raised again where the pool is made
            worker.error = error
            return
        finally:
            worker.opened.set()
        while not self._closed.is_set():
            if worker.reader is None:
                self._reopen(worker)
            elif jobs := self._queue.take():
                self._read(worker, worker.reader, jobs)
        if worker.reader is not None:
            worker.reader.close()

    def _read(
        self,
        worker: _Worker[Picture, Result],
        reader: Reader[Picture, Result],
        jobs: list[Job[Picture]],
    ) -> None:
        """Read crops, and deliver the results."""
        results: Sequence[Result | ReadingFailedError]
        worker.deadline = time.monotonic() + self._settings.timeout_seconds * len(jobs) + _GRACE_SECONDS
        try:
            results = reader.read_batch([job.crop for job in jobs], self.rules)
            if len(results) != len(jobs):
                raise ValueError(f"{len(results)} results for {len(jobs)} crops")
        except WorkerLostError as error:
            worker.reader = None
            reader.close()
            if not self._closed.is_set():
                self._lose(jobs, str(error))
            return
        except Exception as error:  # noqa: BLE001 - a bug in reading must not end the worker
            self._report(f"reading failed, which is a bug:\n{traceback.format_exc()}")
            results = [ReadingFailedError(repr(error)) for _ in jobs]
        finally:
            worker.deadline = None
        self._delivery.complete(zip(jobs, results, strict=True))

    def _lose(self, jobs: Sequence[Job[Picture]], why: str) -> None:
        """Give the crops of a lost reader to another one; a crop that was lost twice has failed."""
        self._report(f"a worker is replaced: {why}")
        for job in jobs:
            job.attempts += 1
        again = [job for job in jobs if job.attempts < _ATTEMPTS]
        with self._lock:
            self._replaced += 1
            self._retried += len(again)
        self._queue.put_again(again)
        failure = ReadingFailedError(f"lost twice; {why}")
        self._delivery.complete((job, failure) for job in jobs if job.attempts >= _ATTEMPTS)

    def _reopen(self, worker: _Worker[Picture, Result]) -> None:
        """Open a new reader, again and again until that succeeds or the pool ends."""
        pause = 0.0
        while worker.reader is None and not self._closed.wait(pause):
            problem = ""
            try:
                worker.reader = self._open_reader(self.rules)
            except Exception as error:  # noqa: BLE001 - whatever it is, the next try may succeed
                problem = f"a worker cannot be replaced: {error}"
                pause = min(_LONGEST_PAUSE_SECONDS, 2 * pause + 0.5)
                self._report(problem)
            with self._lock:
                if problem or all(each.reader is not None for each in self._workers):
                    self._problem = problem
