"""Workers that read crops side by side; one that dies or hangs is replaced, and loses nothing."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lprnet_ros.flow.crop_queue import CropQueue
from lprnet_ros.flow.delivery import Deliver, InOrderDelivery
from lprnet_ros.flow.job import CropReader, Job, ReadingFailedError, ReadResult, WorkerLostError
from lprnet_ros.flow.worker import Worker
from lprnet_ros.reading.rules import ReadingRules

OpenReader = Callable[[ReadingRules], CropReader]

_ATTEMPTS = 2
_SUPERVISION_SECONDS = 0.1
_OPENING_SECONDS = 60.0
"""How long a reader may take to open when the pool is made."""

_ENDING_SECONDS = 0.3
"""What the workers get to release their readers, after the time that their crops get."""

_MOST_HUNG_THREADS = 8
"""Threads that hang and cannot be ended; with more of them the runtime is given up."""


@dataclass(frozen=True)
class PoolSettings:
    """How a pool works.

    Attributes:
        workers: how many read side by side, from 1.
        depth: crops of one camera that may wait.
        policy: ``newest`` or ``all``, see ``CropQueue``.
        timeout_seconds: how long one crop may take before its worker counts as hung.
    """

    workers: int = 1
    depth: int = 5
    policy: str = "newest"
    timeout_seconds: float = 2.0


@dataclass(frozen=True)
class PoolStatus:
    """What a pool has been through.

    Attributes:
        workers: how many there should be.
        ready: how many there are.
        replaced: workers lost and replaced, or being replaced.
        retried: crops that were given to a second worker.
        problem: why the latest replacement failed; empty where none is missing.
    """

    workers: int = 0
    ready: int = 0
    replaced: int = 0
    retried: int = 0
    problem: str = ""


class WorkerPool:
    """Reads crops with several readers and delivers the results in order.

    Args:
        open_reader: opens one reader; called in each worker's own thread, again
            whenever a worker has to be replaced.
        rules: how crops are read.
        deliver: takes each crop with its result; called from one thread at a time.
        report: takes sentences for the log.
        settings: how the pool works.

    Attributes:
        rules: the same; may be replaced at any time, and is used from the next crop on.
        closed: set when the pool ends.
        open_reader, report, take, complete: for the workers.

    Raises:
        Exception: what ``open_reader`` raised, from the first worker that failed.
        WorkerLostError: a reader did not open in a minute.
    """

    def __init__(
        self,
        open_reader: OpenReader,
        rules: ReadingRules,
        deliver: Deliver,
        report: Callable[[str], None],
        settings: PoolSettings,
    ) -> None:
        self.rules = rules
        self.closed = threading.Event()
        self.open_reader = open_reader
        self.report = report
        self._deliver_one = deliver
        self._settings = settings
        self._queue = CropQueue(depth=settings.depth, policy=settings.policy, workers=settings.workers)
        self._delivery = InOrderDelivery(self._deliver)
        self.take, self.complete = self._queue.take, self._delivery.complete
        self._lock = threading.Lock()
        self._is_ending = False
        self._replaced = self._retried = 0
        self._problem = ""
        self._workers: list[Worker] = []
        self._hung: list[Worker] = []
        self._supervisor = threading.Thread(target=self._supervise, name="lpr supervisor", daemon=True)
        self._start()

    def submit(self, job: Job) -> Job | None:
        """Let a crop be read; return the crop that was dropped for it (see ``CropQueue.put``), or None."""
        return self._queue.put(job)

    def status(self) -> PoolStatus:
        """Return how the pool is."""
        with self._lock:
            return PoolStatus(
                workers=self._settings.workers,
                ready=sum(worker.has_reader for worker in self._workers),
                replaced=self._replaced,
                retried=self._retried,
                problem=self._problem,
            )

    def waiting(self) -> int:
        """Return how many crops wait for a worker."""
        return len(self._queue)

    def stop_waiting(self) -> None:
        """Let no sender wait any more: the end is near.  May be called by a signal handler."""
        self._is_ending = True
        self._queue.may_wait = False

    def discard(self, seconds: float) -> list[Job]:
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
        self.closed.set()
        self._queue.close()
        with self._lock:
            workers = [*self._workers, *self._hung]
        for patience in (seconds, _ENDING_SECONDS):
            end = time.monotonic() + patience
            for worker in workers:
                worker.join(max(0.0, end - time.monotonic()))
            for worker in workers:
                worker.abandon()
        self._delivery.close()
        self._supervisor.join(_ENDING_SECONDS)

    def lose(self, jobs: Sequence[Job], why: str) -> None:
        """Give the crops of a lost worker to another one; a crop that was lost twice has failed."""
        self.report(f"a worker is replaced: {why}")
        for job in jobs:
            job.attempts += 1
        again = [job for job in jobs if job.attempts < _ATTEMPTS]
        with self._lock:
            self._replaced += 1
            self._retried += len(again)
        self._queue.put_again(again)
        failure = ReadingFailedError(f"lost twice; {why}")
        self.complete((job, failure) for job in jobs if job.attempts >= _ATTEMPTS)

    def report_replacement(self, problem: str) -> None:
        """Take in why a worker's reader could not be replaced; nothing where it was."""
        with self._lock:
            if problem or all(worker.has_reader for worker in self._workers):
                self._problem = problem
        if problem:
            self.report(problem)

    def _start(self) -> None:
        """Open all readers at once, and fail where one fails."""
        workers = [self._add_worker(is_first=True) for _ in range(self._settings.workers)]
        self._supervisor.start()
        end = time.monotonic() + _OPENING_SECONDS
        error: Exception | None = None
        for worker in workers:
            in_time = worker.opened.wait(max(0.0, end - time.monotonic()))
            slow = WorkerLostError(f"the model did not open in {_OPENING_SECONDS:g} s")
            error = error or (worker.error if in_time else slow)
        if error is not None:
            self.close()
            raise error

    def _add_worker(self, *, is_first: bool) -> Worker:
        worker = Worker(self, self._settings.timeout_seconds)
        with self._lock:
            self._workers.append(worker)
        worker.start(is_first=is_first)
        return worker

    def _supervise(self) -> None:
        """Replace the workers that hang in this process, where no thread can be ended."""
        while not self.closed.wait(_SUPERVISION_SECONDS):
            for worker in list(self._workers):
                jobs = worker.give_up_if_late()
                if jobs is not None:
                    with self._lock:
                        self._workers.remove(worker)
                        self._hung.append(worker)
                    worker.abandon()
                    self.lose(jobs, f"no answer in {self._settings.timeout_seconds:g} s a crop")
            self._fill_up()
            with self._lock:
                can_read = any(worker.has_reader for worker in self._workers)
                # a sender that waits for a model that does not open again would wait for ever
                self._queue.may_wait = not self._is_ending and (can_read or not self._problem)

    def _fill_up(self) -> None:
        """Start workers for those that were given up, as long as not too many hang."""
        with self._lock:
            self._hung = [worker for worker in self._hung if worker.is_alive]
            missing = self._settings.workers - len(self._workers)
            may_start = _MOST_HUNG_THREADS - len(self._hung)
            if missing > 0 >= may_start:
                self._problem = f"{len(self._hung)} threads hang in the runtime: restart the node"
        for _ in range(min(missing, may_start)):
            self._add_worker(is_first=False)

    def _deliver(self, job: Job, result: ReadResult) -> None:
        try:
            self._deliver_one(job, result)
        except Exception:  # noqa: BLE001 - one reading that cannot be published must not hold the others up
            self.report(f"a reading could not be published, which is a bug:\n{traceback.format_exc()}")
