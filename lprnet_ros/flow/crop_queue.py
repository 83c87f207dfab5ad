"""Crops waiting for a worker: a bounded queue per camera, served round robin."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Generic

from lprnet_ros.flow.job import Job, Picture

POLICIES = ("newest", "all")
"""What a full queue does: ``newest`` drops its oldest crop, ``all`` lets the sender wait."""

_LOOK_SECONDS = 0.05


class CropQueue(Generic[Picture]):
    """Bounded queues, one a camera, between the subscriptions and the workers.

    Args:
        depth: crops of one camera that may wait, from 1.
        policy: ``newest`` or ``all``.
        workers: how many share the work; each takes its share of what waits.
        largest_batch: crops that a worker takes at once at most.
        may_wait: tells whether the policy ``all`` lets the sender wait; while it does not,
            a full queue drops its oldest.  Asked every 50 ms while a sender waits.

    Raises:
        ValueError: there is no such policy, or a number is below 1.
    """

    def __init__(
        self,
        *,
        depth: int,
        policy: str = "newest",
        workers: int = 1,
        largest_batch: int = 8,
        may_wait: Callable[[], bool] = lambda: True,
    ) -> None:
        if policy not in POLICIES:
            raise ValueError(f"queue policy is {policy!r}, expected one of {', '.join(POLICIES)}")
        if min(depth, workers, largest_batch) < 1:
            raise ValueError("depth, workers and largest_batch are at least 1")
        self._depth, self._policy, self._may_wait = depth, policy, may_wait
        self._workers, self._largest_batch = workers, largest_batch
        self._lock = threading.Lock()
        self._has_room = threading.Condition(self._lock)
        self._has_crops = threading.Condition(self._lock)
        self._waiting: dict[str, deque[Job[Picture]]] = {}
        self._count = 0  # of the crops in all of them
        self._turn: deque[str] = deque()  # cameras with crops, the next one first
        self._retries: deque[Job[Picture]] = deque()
        self._tickets: dict[str, int] = {}
        self._is_closed = False

    def __len__(self) -> int:
        return self._count

    def taken(self) -> int:
        """Return how many crops workers have taken so far, each counted once."""
        with self._lock:
            return sum(self._tickets.values())

    def put(self, job: Job[Picture]) -> Job[Picture] | None:
        """Add a crop.

        With the policy ``all`` this waits until its camera's queue has room, the
        queue is closed, or nobody may wait any more.

        Returns:
            The crop that was dropped for it: the camera's oldest, or with a
            closed queue the crop itself; None where none was.
        """
        camera = job.source.topic
        with self._lock:
            while not self._is_closed:
                waiting = self._waiting.setdefault(camera, deque())
                if len(waiting) < self._depth:
                    if not waiting:
                        self._turn.append(camera)
                    waiting.append(job)
                    self._count += 1
                    self._has_crops.notify()
                    return None
                if self._policy == "newest" or not self._may_wait():
                    waiting.append(job)
                    return waiting.popleft()
                self._has_room.wait(_LOOK_SECONDS)
        return job

    def put_again(self, jobs: Iterable[Job[Picture]]) -> None:
        """Put the crops of a lost worker back: they are taken first, one at a time, and keep their order."""
        with self._lock:
            self._retries.extend(jobs)
            self._has_crops.notify_all()

    def take(self) -> list[Job[Picture]]:
        """Wait for crops and take a worker's share of them, the cameras in turn.

        Returns:
            At least one crop; none where the queue was closed.
        """
        with self._lock:
            while not (self._retries or self._count):
                if self._is_closed:
                    return []
                self._has_crops.wait()
            if self._retries:
                return [self._retries.popleft()]
            share = min(self._largest_batch, -(-self._count // self._workers))
            jobs = [self._next() for _ in range(share)]
            self._has_room.notify_all()
            return jobs

    def wait_until_taken(self, camera: str, seconds: float) -> bool:
        """Wait until no crop of a camera waits; return whether that came to pass in so many seconds."""
        with self._lock:
            return self._has_room.wait_for(lambda: not self._waiting.get(camera), seconds)

    def clear(self) -> list[Job[Picture]]:
        """Remove and return everything that waits, retries included."""
        with self._lock:
            jobs = [*self._retries, *(job for waiting in self._waiting.values() for job in waiting)]
            self._retries.clear()
            self._waiting.clear()
            self._turn.clear()
            self._count = 0
            self._has_room.notify_all()
            return jobs

    def close(self) -> None:
        """Make ``take`` return nothing once the queue is empty, and end every waiting ``put``."""
        with self._lock:
            self._is_closed = True
            self._has_room.notify_all()
            self._has_crops.notify_all()

    def _next(self) -> Job[Picture]:
        camera = self._turn.popleft()
        waiting = self._waiting[camera]
        job = waiting.popleft()
        self._count -= 1
        if waiting:
            self._turn.append(camera)
        job.ticket = self._tickets.get(camera, 0)
        self._tickets[camera] = job.ticket + 1
        return job
