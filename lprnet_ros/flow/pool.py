"""Workers that read crops side by side; one that dies or hangs is replaced, and loses nothing."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from lprnet_ros.flow.crop_queue import CropQueue
from lprnet_ros.flow.delivery import Deliver, InOrderDelivery
from lprnet_ros.flow.job import CropReader, Job, ReadingFailedError, ReadResult, WorkerLostError
from lprnet_ros.rules import ReadingRules

OpenReader = Callable[[ReadingRules], CropReader]

_ATTEMPTS = 2
_SUPERVISION_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 10.0
"""Between two tries to replace a worker; the first follows at once."""

_GRACE_SECONDS = 0.5
"""A reader that notices itself that it hangs does so first."""

_OPENING_SECONDS = 60.0
"""How long a reader may take to open when the pool is made."""

_ENDING_SECONDS = 0.5
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


class _Worker:
    """A thread with its reader.

    Attributes:
        deadline: when its crops have to be read, by ``time.monotonic``; None while it reads none.
        jobs: the crops that it reads.
        is_given_up: it hung; whatever it still does counts no more.
    """

    def __init__(self) -> None:
        self.reader: CropReader | None = None
        self.thread: threading.Thread | None = None
        self.jobs: list[Job] = []
        self.deadline: float | None = None
        self.is_given_up = False


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
        self._open_reader = open_reader
        self._deliver_one = deliver
        self._report = report
        self._settings = settings
        self._queue = CropQueue(depth=settings.depth, policy=settings.policy, workers=settings.workers)
        self._delivery = InOrderDelivery(self._deliver)
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._is_ending = False
        self._replaced = self._retried = 0
        self._problem = ""
        self._workers: list[_Worker] = []
        self._hung: list[_Worker] = []
        self._start()

    def submit(self, job: Job) -> Job | None:
        """Let a crop be read; return the crop that was dropped for it (see ``CropQueue.put``), or None."""
        return self._queue.put(job)

    def status(self) -> PoolStatus:
        """Return how the pool is."""
        with self._lock:
            return PoolStatus(
                workers=self._settings.workers,
                ready=sum(worker.reader is not None for worker in self._workers),
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
        self._closed.set()
        self._queue.close()
        with self._lock:
            workers = [*self._workers, *self._hung]
        _join(workers, seconds)
        for worker in workers:
            reader = worker.reader
            if reader is not None and worker.thread is not None and worker.thread.is_alive():
                reader.abandon()
        _join(workers, _ENDING_SECONDS)
        self._delivery.close()
        self._supervisor.join(_ENDING_SECONDS)

    def _start(self) -> None:
        """Open all readers at once, and fail where one fails."""
        errors: list[BaseException] = []
        opened = [threading.Event() for _ in range(self._settings.workers)]
        for event in opened:
            self._add_worker(event, errors)
        self._supervisor = threading.Thread(target=self._supervise, name="lpr supervisor", daemon=True)
        self._supervisor.start()
        end = time.monotonic() + _OPENING_SECONDS
        for event in opened:
            if not event.wait(max(0.0, end - time.monotonic())):
                errors.append(WorkerLostError(f"the model did not open in {_OPENING_SECONDS:g} s"))
                break
        if errors:
            self.close()
            raise errors[0]

    def _add_worker(
        self, opened: threading.Event | None = None, errors: list[BaseException] | None = None
    ) -> None:
        worker = _Worker()
        worker.thread = threading.Thread(
            target=self._run, args=(worker, opened, errors), name="lpr worker", daemon=True
        )
        with self._lock:
            self._workers.append(worker)
        worker.thread.start()

    def _run(
        self, worker: _Worker, opened: threading.Event | None, errors: list[BaseException] | None
    ) -> None:
        if opened is not None and errors is not None:
            try:
                worker.reader = self._open_reader(self.rules)
            except Exception as error:  # noqa: BLE001 - raised again where the pool is made
                errors.append(error)
                return
            finally:
                opened.set()
        while not worker.is_given_up and not self._closed.is_set():
            reader = worker.reader if worker.reader is not None else self._reopen(worker)
            if reader is not None:
                self._read_some(worker, reader)
        if worker.reader is not None:
            worker.reader.close()

    def _read_some(self, worker: _Worker, reader: CropReader) -> None:
        """Wait for crops, read and deliver them."""
        jobs = self._queue.take()
        if not jobs:
            return
        with self._lock:
            worker.jobs = jobs
            worker.deadline = time.monotonic() + self._settings.timeout_seconds * len(jobs) + _GRACE_SECONDS
        lost: WorkerLostError | None = None
        results: list[ReadResult] = []
        try:
            results = reader.read([job.crop for job in jobs], self.rules)
            if len(results) != len(jobs):
                raise ValueError(f"{len(results)} results for {len(jobs)} crops")
        except WorkerLostError as error:
            lost = error
        except Exception as error:  # noqa: BLE001 - a bug in reading must not end the worker
            self._report(f"reading failed, which is a bug:\n{traceback.format_exc()}")
            results = [ReadingFailedError(repr(error)) for _ in jobs]
        with self._lock:
            if worker.is_given_up:
                return
            worker.deadline = None
            if lost is not None:
                worker.reader = None
        if lost is None:
            self._delivery.complete(zip(jobs, results, strict=True))
            return
        reader.close()
        if not self._closed.is_set():
            self._lose(jobs, str(lost))

    def _lose(self, jobs: list[Job], why: str) -> None:
        """Give the crops of a lost worker to another one; a crop that was lost twice has failed."""
        self._report(f"a worker is replaced: {why}")
        for job in jobs:
            job.attempts += 1
        again = [job for job in jobs if job.attempts < _ATTEMPTS]
        failed = [job for job in jobs if job.attempts >= _ATTEMPTS]
        with self._lock:
            self._replaced += 1
            self._retried += len(again)
        self._queue.put_again(again)
        self._delivery.complete((job, ReadingFailedError(f"lost twice; {why}")) for job in failed)

    def _reopen(self, worker: _Worker) -> CropReader | None:
        """Open a new reader for a worker, again and again until that succeeds or the pool is closed."""
        pause = 0.0
        while not self._closed.wait(pause):
            try:
                reader = self._open_reader(self.rules)
            except Exception as error:  # noqa: BLE001 - whatever it is, the next try may succeed
                with self._lock:
                    self._problem = f"a worker cannot be replaced: {error}"
                self._report(self._problem)
                pause = min(_LONGEST_PAUSE_SECONDS, 2 * pause + 0.5)
                continue
            with self._lock:
                worker.reader = reader
                if all(other.reader is not None for other in self._workers):
                    self._problem = ""
            return reader
        return None

    def _supervise(self) -> None:
        """Replace the workers that hang in this process, where no thread can be ended."""
        while not self._closed.wait(_SUPERVISION_SECONDS):
            now = time.monotonic()
            with self._lock:
                hung = [w for w in self._workers if w.deadline is not None and w.deadline < now]
                for worker in hung:
                    worker.is_given_up = True
                    self._workers.remove(worker)
                self._hung += hung
            for worker in hung:
                if worker.reader is not None:
                    worker.reader.abandon()
                self._lose(worker.jobs, f"no answer in {self._settings.timeout_seconds:g} s a crop")
            self._fill_up()
            with self._lock:
                can_read = any(worker.reader is not None for worker in self._workers)
                # a sender that waits for a model that does not open again would wait for ever
                self._queue.may_wait = not self._is_ending and (can_read or not self._problem)

    def _fill_up(self) -> None:
        """Start workers for those that were given up, as long as not too many hang."""
        with self._lock:
            self._hung = [w for w in self._hung if w.thread is not None and w.thread.is_alive()]
            missing = self._settings.workers - len(self._workers)
            may_start = _MOST_HUNG_THREADS - len(self._hung)
            if missing > 0 >= may_start:
                self._problem = f"{len(self._hung)} threads hang in the runtime: restart the node"
        for _ in range(min(missing, may_start)):
            self._add_worker()

    def _deliver(self, job: Job, result: ReadResult) -> None:
        try:
            self._deliver_one(job, result)
        except Exception:  # noqa: BLE001 - one reading that cannot be published must not hold the others up
            self._report(f"a reading could not be published, which is a bug:\n{traceback.format_exc()}")


def _join(workers: list[_Worker], seconds: float) -> None:
    """Wait so long for the threads of workers to end, all together."""
    end = time.monotonic() + seconds
    for worker in workers:
        if worker.thread is not None and worker.thread is not threading.current_thread():
            worker.thread.join(max(0.0, end - time.monotonic()))
