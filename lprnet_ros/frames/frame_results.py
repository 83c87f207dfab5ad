"""Collects the readings of a frame's crops, and returns frames in their order.

The crops of a frame are read one by one, frames without a plate arrive on another
topic, and any of them may be lost.  The numbers that a cropper gives its frames
tell what belongs together; the time to wait for a missing frame is limited.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass, field

from lprnet_ros.frames.frame_cache import Stamp
from lprnet_ros.frames.place import FrameMark, Place
from lprnet_ros.reading.plate_reading import PlateReading, Timings

MOST_STREAMS = 16
"""Maximum number of croppers; the one that was silent longest is forgotten."""

MOST_WAITING = 64
"""Maximum number of waiting frames of one cropper; beyond it the oldest is returned incomplete."""

_FAR_APART = 1024
"""A number this far from the expected one is not a gap: the cropper was restarted."""

PlacedReading = tuple[Place, PlateReading]


@dataclass(frozen=True)
class FrameResult:
    """Everything that was read in one frame.

    Attributes:
        stamp: of the frame.
        mark: which frame it is.
        plates: place and reading of each accepted plate, in the order of the crops, followed
            by those whose picture has not changed.
        timings: of all crops of the frame together, in milliseconds.
        is_complete: whether every crop was answered.
    """

    stamp: Stamp
    mark: FrameMark
    plates: tuple[PlacedReading, ...]
    timings: Timings
    is_complete: bool


@dataclass
class _Gathered:
    """A frame that waits for its crops, or for the frames before it."""

    stamp: Stamp
    mark: FrameMark
    since: float
    answers: dict[int, tuple[Place, PlateReading | None]] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        return len(self.answers) == self.mark.count


@dataclass
class _Stream:
    """The state of one cropper.

    Attributes:
        expected: number of the frame to return next.
        unfinished: smaller numbers of which answers may still arrive: frames that were skipped, or returned
            without all their crops.
        waiting: the frames that have arrived, by number.
        latest: the plates by the number of their place, for places that have not changed.
    """

    expected: int
    unfinished: set[int]
    waiting: dict[int, _Gathered] = field(default_factory=dict)
    latest: OrderedDict[int, PlacedReading] = field(default_factory=OrderedDict)


class FrameResults:
    """Collects answers by frame.

    The numbers of a cropper only rise.  An answer for a frame that was returned with all its crops shows
    that the stream has started again, as in a recording that is played in a loop; so do the results then.

    Args:
        timeout_seconds: how long a frame waits for its crops and for the frames before it.

    Attributes:
        counts: ``incomplete`` frames; ``late`` answers for frames that were already returned;
            answers that came ``twice``; ``contradictory`` marks of one frame.
    """

    def __init__(self, timeout_seconds: float = 0.5) -> None:
        if not timeout_seconds > 0:
            raise ValueError(f"timeout_seconds is {timeout_seconds}, expected more than 0")
        self._timeout = timeout_seconds
        self._streams: OrderedDict[str, _Stream] = OrderedDict()
        self.counts: Counter[str] = Counter()

    def __len__(self) -> int:
        """Return how many frames wait."""
        return sum(len(stream.waiting) for stream in self._streams.values())

    def add(self, place: Place, stamp: Stamp, reading: PlateReading | None, now: float) -> list[FrameResult]:
        """Add the result of one crop.

        Args:
            place: the crop's.
            stamp: of its frame.
            reading: what was read, or None if reading failed.
            now: seconds of a monotonic clock.

        Returns:
            The frames that are now finished, in their order.
        """
        finished, gathered = self._gathered(place.frame, stamp, now)
        if gathered is not None:
            if place.index in gathered.answers:
                self.counts["twice"] += 1
            else:
                gathered.answers[place.index] = (place, reading)
        return finished + self._finish(place.frame.stream, now)

    def add_empty(self, mark: FrameMark, stamp: Stamp, now: float) -> list[FrameResult]:
        """Add a frame of which no crop was published; arguments and result are those of ``add``."""
        finished, _ = self._gathered(mark, stamp, now)
        return finished + self._finish(mark.stream, now)

    def advance(self, now: float) -> list[FrameResult]:
        """Return the frames that have waited long enough."""
        return [result for stream in list(self._streams) for result in self._finish(stream, now)]

    def _gathered(
        self, mark: FrameMark, stamp: Stamp, now: float
    ) -> tuple[list[FrameResult], _Gathered | None]:
        """Return frames that had to make room, and the entry of this one; None if it is refused."""
        finished: list[FrameResult] = []
        stream = self._streams.get(mark.stream)
        before = range(mark.number - MOST_WAITING, mark.number)  # may still arrive if the stream is new
        if stream is not None and _has_started_again(stream, mark.number):
            finished += self._hand_on_all(mark.stream)
            stream, before = None, range(0)
        if stream is None:
            stream = self._streams[mark.stream] = _Stream(mark.number, set(before))
            if len(self._streams) > MOST_STREAMS:
                finished += self._hand_on_all(next(iter(self._streams)))
        self._streams.move_to_end(mark.stream)
        if mark.number < stream.expected:
            self.counts["late"] += 1
            return finished, None
        gathered = stream.waiting.setdefault(mark.number, _Gathered(stamp, mark, now))
        if (gathered.stamp, gathered.mark) != (stamp, mark):
            self.counts["contradictory"] += 1
            return finished, None
        return finished, gathered

    def _finish(self, name: str, now: float) -> list[FrameResult]:
        """Return every frame of a stream that is next in order or overdue."""
        stream = self._streams.get(name)
        finished: list[FrameResult] = []
        while stream is not None and stream.waiting:
            first = min(stream.waiting)
            gathered = stream.waiting[first]
            is_next = first == stream.expected and gathered.is_complete
            is_overdue = now - gathered.since >= self._timeout or len(stream.waiting) > MOST_WAITING
            if not (is_next or is_overdue):
                break
            finished.append(self._hand_on(stream, first))
        return finished

    def _hand_on_all(self, name: str) -> list[FrameResult]:
        stream = self._streams.pop(name)
        return [self._hand_on(stream, number) for number in sorted(stream.waiting)]

    def _hand_on(self, stream: _Stream, number: int) -> FrameResult:
        gathered = stream.waiting.pop(number)
        stream.unfinished.update(range(stream.expected, number + 1))
        stream.expected = number + 1
        if gathered.is_complete:
            stream.unfinished.remove(number)
        else:
            self.counts["incomplete"] += 1
        if len(stream.unfinished) > 2 * _FAR_APART:
            stream.unfinished = {each for each in stream.unfinished if each > number - _FAR_APART}
        answers = [gathered.answers[index] for index in sorted(gathered.answers)]
        plates = [(place, reading) for place, reading in answers if reading is not None and reading.accepted]
        plates += [stream.latest[place] for place in gathered.mark.still if place in stream.latest]
        _remember(stream.latest, answers)
        timings = [reading.timings for _, reading in answers if reading is not None]
        return FrameResult(
            stamp=gathered.stamp,
            mark=gathered.mark,
            plates=tuple(plates),
            timings=Timings(
                # from 0.0: without a crop the sum would be an int, which Humble's messages refuse
                sum((one.preprocess_ms for one in timings), 0.0),
                sum((one.inference_ms for one in timings), 0.0),
                sum((one.decode_ms for one in timings), 0.0),
            ),
            is_complete=gathered.is_complete,
        )


def _has_started_again(stream: _Stream, number: int) -> bool:
    """Tell whether a frame's number cannot belong to the frames that were seen so far."""
    is_again = number < stream.expected - 1 and number not in stream.unfinished  # the last one came twice
    return is_again or abs(number - stream.expected) > _FAR_APART


def _remember(
    latest: OrderedDict[int, PlacedReading], answers: list[tuple[Place, PlateReading | None]]
) -> None:
    for place, reading in answers:
        latest.pop(place.number, None)
        if reading is not None and reading.accepted:
            latest[place.number] = (place, reading)
    while len(latest) > MOST_WAITING:
        latest.popitem(last=False)
