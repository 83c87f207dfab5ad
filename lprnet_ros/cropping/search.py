"""Searches a camera's frames for plates, or some regions of them, and follows what is found."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Protocol

from lprnet_ros.cropping.continuity import Continuity
from lprnet_ros.cropping.detection import Detection
from lprnet_ros.cropping.locator import LocatedFrame
from lprnet_ros.cropping.regions import Region
from lprnet_ros.cropping.tracker import FollowedPlate, PlateTracker
from lprnet_ros.finding.found_plate import FoundPlate
from lprnet_ros.frames.frame_cache import Stamp
from lprnet_ros.images.camera_frame import Frame
from lprnet_ros.images.geometry import Box, Point, Quad, bounding_box

_ROOM = 1.0
"""Share of a region's width that is searched on each side of it too: where a region fits its plate, the
finder sees the plate at a size that it knows, and what it is on ..."""

_MOST_ROOM = 0.3
"""... but not more than this of the frame's width: no plate is as large as a large region."""


class Finder(Protocol):
    """Finds plates in pictures, as ``finding.finder.PlateFinder`` does."""

    def find(self, frame: Frame, within: Sequence[Box] = ()) -> list[FoundPlate]:
        """Search the whole frame or parts of it; return each plate once, best first."""


class FoundPlates:
    """Plates are where a finder finds them; a :class:`~lprnet_ros.cropping.locator.PlateLocator`.

    Args:
        finder: searches a frame.
        regions: parts of the frame that are searched, with some room around each; a plate counts whose centre
            lies in one of them.  Without regions the whole frame is searched.
        find_every: the finder sees every n-th frame; in between, plates move on as they did before.

    Attributes:
        counts: for ``finder``: frames that were ``searched``, plates that were ``found`` in them, and
            of these, those ``outside_regions``.
    """

    def __init__(self, finder: Finder, regions: Sequence[Region] = (), *, find_every: int = 1) -> None:
        if find_every < 1:
            raise ValueError(f"find_every is {find_every}, expected at least 1")
        self._finder = finder
        self._regions = regions
        self._find_every = find_every
        self._until_find = 0
        self._continuity = Continuity()
        self._tracker = PlateTracker()
        self._is_alone = False
        self._counts: Counter[str] = Counter()
        self.counts: Mapping[str, Counter[str]] = {"finder": self._counts}

    def add_frame(self, stamp: Stamp, frame: Frame, frame_id: str, now: float) -> LocatedFrame:
        """Return the frame with its plates."""
        step = self._continuity.step(stamp, frame, now)
        if step is None:
            self._tracker.start_again()
            self._until_find = 0
        regions = [region.in_frame(*frame.size) for region in self._regions]
        if self._until_find > 0:
            self._until_find -= 1
            plates = self._tracker.predict(step or 0.0)
        else:
            found = self._search(frame, regions)
            self._until_find = self._find_every - 1
            plates = self._tracker.see(found, step or 0.0)
        # nothing can be followed through a folder of photographs: there, readings are compared by their text
        is_followed = step is not None or not self._is_alone
        self._is_alone = step is None
        inside = [one for one in plates if not regions or any(_holds(r, _centre(one.quad)) for r in regions)]
        self._counts["outside_regions"] += len(plates) - len(inside)
        return LocatedFrame(
            stamp, frame, frame_id, [_detection(one, is_followed=is_followed) for one in inside]
        )

    def advance(self, now: float) -> None:
        """Do nothing: no frame waits."""

    def _search(self, frame: Frame, regions: Sequence[Detection]) -> list[FoundPlate]:
        parts = [part for region in regions if (part := _surroundings(region.box, *frame.size)).area > 0]
        if regions and not parts:
            return []
        found = self._finder.find(frame, parts)
        self._counts["searched"] += 1
        self._counts["found"] += len(found)
        return found


def _surroundings(box: Box, width: int, height: int) -> Box:
    """Return what is searched for the plates of a region; empty where the region lies out of the frame."""
    if box.clipped(width, height).area == 0:
        return Box(0.0, 0.0, 0.0, 0.0)
    room = min(_ROOM * box.width, _MOST_ROOM * width)
    return Box(box.x - room, box.y - room, box.width + 2 * room, box.height + 2 * room).clipped(width, height)


def _centre(quad: Quad) -> Point:
    return math.fsum(x for x, _ in quad) / 4, math.fsum(y for _, y in quad) / 4


def _holds(region: Detection, point: Point) -> bool:
    """Tell whether a point lies in a region, or on its edge."""
    x, y = point
    if region.quad is None:
        box = region.box
        return box.x <= x <= box.right and box.y <= y <= box.bottom
    corners = region.quad
    return all(
        (bx - ax) * (y - ay) >= (by - ay) * (x - ax)
        for (ax, ay), (bx, by) in zip(corners, (*corners[1:], corners[0]), strict=True)
    )


def _detection(plate: FollowedPlate, *, is_followed: bool) -> Detection:
    return Detection(
        box=bounding_box(plate.quad),
        quad=plate.quad,
        label="plate",
        score=plate.score,
        track_id=plate.track_id if is_followed else 0,
        rows=plate.rows,
    )
