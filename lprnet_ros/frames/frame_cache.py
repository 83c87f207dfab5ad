"""Pairs frames with their detections, by the exact stamp only.

A detector publishes later than the camera, and under load a frame can also arrive
after its own detections.  Both therefore wait for each other, for a limited time
and in a limited number.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import Generic, TypeVar

FrameType = TypeVar("FrameType")
FoundType = TypeVar("FoundType")
Stamp = tuple[int, int]
"""Seconds and nanoseconds of a frame."""


@dataclass(frozen=True)
class Pair(Generic[FrameType, FoundType]):
    """A frame and what was found in it."""

    stamp: Stamp
    frame: FrameType
    found: FoundType


class FrameCache(Generic[FrameType, FoundType]):
    """Keeps frames and detections until their partner arrives.

    Args:
        capacity: maximum number of waiting frames, and of waiting detections; the oldest is dropped.
        longest_wait_seconds: how long each waits.

    Attributes:
        counts: what was not paired or arrived out of order:

            ``frame_alone``, ``detections_alone``: waited too long, or were dropped for newer ones;
            ``frame_twice``, ``detections_twice``: their stamp is waiting or was paired before;
            ``out_of_order``: pairs that are older than the previous pair.
    """

    def __init__(self, capacity: int, longest_wait_seconds: float) -> None:
        if capacity < 1 or not longest_wait_seconds > 0:
            raise ValueError(
                f"capacity is {capacity} and longest_wait_seconds {longest_wait_seconds}, "
                "expected at least 1 and above 0"
            )
        self._capacity = capacity
        self._longest_wait = longest_wait_seconds
        self._frames: OrderedDict[Stamp, tuple[float, FrameType]] = OrderedDict()
        self._found: OrderedDict[Stamp, tuple[float, FoundType]] = OrderedDict()
        self._paired: OrderedDict[Stamp, float] = OrderedDict()
        self._latest: Stamp | None = None
        self.counts: Counter[str] = Counter()

    def __len__(self) -> int:
        """Return how many frames and detections wait."""
        return len(self._frames) + len(self._found)

    def add_frame(self, stamp: Stamp, frame: FrameType, now: float) -> Pair[FrameType, FoundType] | None:
        """Add a frame.

        Args:
            stamp: of the frame.
            frame: the frame.
            now: seconds of a monotonic clock.

        Returns:
            The pair, if its detections are already waiting.
        """
        self.advance(now)
        if stamp in self._frames or stamp in self._paired:
            self.counts["frame_twice"] += 1
            return None
        partner = self._found.pop(stamp, None)
        if partner is not None:
            return self._pair(stamp, frame, partner[1], now)
        self._frames[stamp] = (now, frame)
        if len(self._frames) > self._capacity:
            self._frames.popitem(last=False)
            self.counts["frame_alone"] += 1
        return None

    def add_found(self, stamp: Stamp, found: FoundType, now: float) -> Pair[FrameType, FoundType] | None:
        """Add the detections of a frame; arguments and result are those of ``add_frame``."""
        self.advance(now)
        if stamp in self._found or stamp in self._paired:
            self.counts["detections_twice"] += 1
            return None
        partner = self._frames.pop(stamp, None)
        if partner is not None:
            return self._pair(stamp, partner[1], found, now)
        self._found[stamp] = (now, found)
        if len(self._found) > self._capacity:
            self._found.popitem(last=False)
            self.counts["detections_alone"] += 1
        return None

    def advance(self, now: float) -> None:
        """Drop and count what has waited too long."""
        oldest = now - self._longest_wait
        while self._frames and next(iter(self._frames.values()))[0] < oldest:
            self._frames.popitem(last=False)
            self.counts["frame_alone"] += 1
        while self._found and next(iter(self._found.values()))[0] < oldest:
            self._found.popitem(last=False)
            self.counts["detections_alone"] += 1
        while self._paired and next(iter(self._paired.values())) < oldest:
            self._paired.popitem(last=False)

    def _pair(
        self, stamp: Stamp, frame: FrameType, found: FoundType, now: float
    ) -> Pair[FrameType, FoundType]:
        self._paired[stamp] = now
        if len(self._paired) > 2 * self._capacity:
            self._paired.popitem(last=False)
        if self._latest is not None and stamp < self._latest:
            self.counts["out_of_order"] += 1
        self._latest = stamp
        return Pair(stamp, frame, found)
