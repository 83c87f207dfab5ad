"""Who says where the plates of a frame are: fixed regions, or a detector's topic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from lprnet_ros.cropping.detection import Detection, DetectionFilter
from lprnet_ros.cropping.regions import Region
from lprnet_ros.frames.frame_cache import FrameCache, Pair, Stamp
from lprnet_ros.images.camera_frame import Frame


@dataclass(frozen=True)
class LocatedFrame:
    """A frame whose plates are known.

    Attributes:
        stamp: of the frame.
        frame: the picture.
        frame_id: the camera's own.
        detections: where its plates are; possibly none.
    """

    stamp: Stamp
    frame: Frame
    frame_id: str
    detections: Sequence[Detection]


class PlateLocator(Protocol):
    """Finds the plates of one camera's frames; times are seconds of a clock that does not run backwards.

    Attributes:
        counts: frames and detections that were left out, by reason, for each part of the locator.
    """

    counts: Mapping[str, Counter[str]]

    def add_frame(self, stamp: Stamp, frame: Frame, frame_id: str, now: float) -> LocatedFrame | None:
        """Take a frame in; return it with its plates, or None while they are not known."""
        ...

    def advance(self, now: float) -> None:
        """Let time pass: forget what has waited too long."""
        ...


class FixedRegions:
    """Plates are where the user said, in every frame; a :class:`PlateLocator`.

    Args:
        regions: places in a fixed camera's frames.
    """

    def __init__(self, regions: Sequence[Region]) -> None:
        self._regions = regions
        self.counts: Mapping[str, Counter[str]] = {}

    def add_frame(self, stamp: Stamp, frame: Frame, frame_id: str, now: float) -> LocatedFrame:  # noqa: ARG002 - of the protocol
        """Return the frame with its plates."""
        width, height = frame.size
        detections = [region.in_frame(width, height) for region in self._regions]
        return LocatedFrame(stamp, frame, frame_id, detections)

    def advance(self, now: float) -> None:
        """Do nothing: no frame waits."""


class DetectorTopic:
    """Plates are where a detector's messages say; a :class:`PlateLocator`.

    Args:
        chosen: which detections are plates.
        capacity: frames that wait for their detections, and as many detections for their frame.
        longest_wait_seconds: how long each waits.
    """

    def __init__(self, chosen: DetectionFilter, capacity: int, longest_wait_seconds: float) -> None:
        self._chosen = chosen
        self._cache: FrameCache[tuple[Frame, str], list[Detection]] = FrameCache(
            capacity, longest_wait_seconds
        )
        self._left_out: Counter[str] = Counter()
        self.counts: Mapping[str, Counter[str]] = {
            "detections": self._left_out,
            "pairing": self._cache.counts,
        }

    def add_frame(self, stamp: Stamp, frame: Frame, frame_id: str, now: float) -> LocatedFrame | None:
        """Return the frame with its plates, where its detections wait already."""
        return _located(self._cache.add_frame(stamp, (frame, frame_id), now))

    def add_detections(
        self, stamp: Stamp, detections: Iterable[Detection], now: float
    ) -> LocatedFrame | None:
        """Take in what was detected in the frame of a stamp; return that frame, where it waits already."""
        return _located(self._cache.add_found(stamp, self._chosen.select(detections, self._left_out), now))

    def advance(self, now: float) -> None:
        """Forget frames and detections that have waited too long."""
        self._cache.advance(now)


def _located(pair: Pair[tuple[Frame, str], list[Detection]] | None) -> LocatedFrame | None:
    return LocatedFrame(pair.stamp, *pair.frame, pair.found) if pair is not None else None
