"""Crops that wait for a worker: a bounded queue for each camera, all cameras served in turn."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections import deque
from collections.abc import Iterable

from lprnet_ros.flow.job import Job

POLICIES = ("newest", "all")
"""What a full queue does: ``newest`` drops its oldest crop, ``all`` lets the sender wait."""

_LOOK_SECONDS = 0.05


class CropQueue:
    """Bounded queues, one a camera, between the subscriptions and the workers.

    Args:
        depth: crops of one camera that may wait, from 1.
        policy: ``newest`` or ``all``.
        workers: how many share the work; each takes its share of what waits.
        largest_batch: crops that a worker takes at once at most.

    Attributes:
        may_wait: whether the policy ``all`` lets the sender wait; while it is false a
            full queue drops its oldest.  May be set at any time, by a signal handler too.

    Raises:
        ValueError: there is no such policy, or a number is below 1.
    """

    def __init__(
        self, *, depth: int, policy: str = "newest", workers: int = 1, largest_batch: int = 8
    ) -> None:
        if policy not in POLICIES:
            raise ValueError(f"queue policy is {policy!r}, expected one of {', '.join(POLICIES)}")
        if min(depth, workers, largest_batch) < 1:
            raise ValueError("depth, workers and largest_batch are at least 1")
        self.may_wait = True
        self._depth, self._policy = depth, policy
        self._workers, self._largest_batch = workers, largest_batch
        self._lock = threading.Lock()
        self._has_room = threading.Condition(self._lock)
        self._waiting: dict[str, deque[Job]] = {}
        self._turn: deque[str] = deque()  # cameras with crops, the next one first
        self._retries: deque[Job] = deque()
        self._tickets: dict[str, int] = {}
        self._tokens: queue.SimpleQueue[None] = queue.SimpleQueue()  # one a waiting crop: wakes one worker
        self._is_closed = False

    def __len__(self) -> int:
        with self._lock:
            return self._count()

    def taken(self) -> int:
        """Return how many crops workers have taken so far, each counted once."""
        with self._lock:
            return sum(self._tickets.values())

    def put(self, job: Job) -> Job | None:
        """Add a crop.

        With the policy ``all`` this waits until its camera's queue has room, the
        queue is closed, or nobody may wait any more.

        Returns:
            The crop that was dropped for it: the camera's oldest, or with a
            closed queue the crop itself; None where none was.
        """
        camera = job.source.topic
        with self._lock:
            if self._is_closed:
                return job
            while len(waiting := self._of(camera)) >= self._depth:
                if self._policy == "newest" or not self.may_wait:
                    dropped = waiting.popleft()
                    waiting.append(job)
                    return dropped
                self._has_room.wait(_LOOK_SECONDS)
                if self._is_closed:
                    return job
            if not waiting:
                self._turn.append(camera)
            waiting.append(job)
        self._tokens.put(None)
        return None

    def put_again(self, jobs: Iterable[Job]) -> None:
        """Give crops of a lost worker back: they come first, one at a time, and keep their place in order."""
        for job in jobs:
            with self._lock:
                self._retries.append(job)
            self._tokens.put(None)

    def take(self) -> list[Job]:
        """Wait for crops and take a worker's share of them, the cameras in turn.

        Returns:
            At least one crop; none where the queue was closed.
        """
        while True:
            self._tokens.get()
            with self._lock:
                if self._retries:
                    return [self._retries.popleft()]
                count = self._count()
                if count:
                    return self._take(min(self._largest_batch, -(-count // self._workers)))
                if self._is_closed:
                    return []

    def clear(self) -> list[Job]:
        """Take all that waits out, retries included; the crops are the caller's."""
        with self._lock:
            jobs = [*self._retries, *(job for waiting in self._waiting.values() for job in waiting)]
            self._retries.clear()
            self._waiting.clear()
            self._turn.clear()
            self._has_room.notify_all()
            return jobs

    def close(self) -> None:
        """Let every worker's ``take`` return nothing once nothing waits, and every waiting ``put`` return."""
        with self._lock:
            self._is_closed = True
            self._has_room.notify_all()
        for _ in range(self._workers):
            self._tokens.put(None)

    def _of(self, camera: str) -> deque[Job]:
        waiting = self._waiting.get(camera)
        if waiting is None:
            waiting = self._waiting[camera] = deque()
        return waiting

    def _count(self) -> int:
        return sum(map(len, self._waiting.values()))

    def _take(self, share: int) -> list[Job]:
        jobs = []
        for _ in range(share):
            camera = self._turn.popleft()
            waiting = self._waiting[camera]
            job = waiting.popleft()
            if waiting:
                self._turn.append(camera)
            job.ticket = self._tickets.get(camera, 0)
            self._tickets[camera] = job.ticket + 1
            jobs.append(job)
        with contextlib.suppress(queue.Empty):  # a sender has not come that far: its token wakes one in vain
            for _ in range(share - 1):
                self._tokens.get_nowait()
        if self._policy == "all":
            self._has_room.notify_all()
        return jobs
