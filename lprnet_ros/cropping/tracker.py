"""Follows plates from frame to frame: which of those found now are those found before."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lprnet_ros.finding.found_plate import FoundPlate
from lprnet_ros.images.geometry import Quad, is_clockwise, is_convex

MOST_PLATES = 64
"""Plates that are followed at once; those missed most often, then the newest, are given up."""

LONGEST_UNSEEN = 1.0
"""Seconds after which a plate is given up that was not found ..."""

LEAST_MISSED = 3
"""... this many times in a row, too."""

_FARTHEST = 1.5
"""Widths of a plate, at most, from where it was expected; twice or half the size counts as one width."""

_STEADY = 0.02
"""Share of a plate's width, and a pixel, by which corners tremble; less than that is believed by half."""

_SAME_SHAPE = 0.5
"""Share of a plate's width by which a corner may move against the centre; beyond it the corners were ordered
anew, since the plate was taken to stand on its head or no longer is."""

_SHORTEST_STEP = 1e-3
"""Seconds; no movement is measured over less."""

_Corners = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FollowedPlate:
    """A plate in one frame.

    Attributes:
        quad: its corners in pixels of the frame, from the plate's own top left.
        score: how surely it is a plate, 0..1; of the last find.
        rows: of characters, 1 or 2; of the last find.
        track_id: from 1; no other plate of the tracker ever has the same.
    """

    quad: Quad
    score: float
    rows: int
    track_id: int


class _Track:
    """One plate: where it is now, and how each of its corners moves, in pixels a second."""

    def __init__(self, found: FoundPlate, track_id: int) -> None:
        self.track_id = track_id
        self.corners: _Corners = np.array(found.quad, np.float64)
        self.velocity: _Corners | None = None
        self.score, self.rows = found.score, found.rows
        self.missed = 0
        self._since = 0.0  # the last find, in seconds

    def move(self, seconds: float) -> None:
        self._since += seconds
        if self.velocity is not None:
            self.corners = self.corners + self.velocity * seconds

    def take(self, found: FoundPlate, corners: _Corners) -> None:
        """Correct place and movement by a find; the track has moved to the same time already."""
        apart = corners - self.corners
        _, _, width = _centre_and_width(corners)
        is_steady = self.velocity is not None and float(np.abs(apart).max()) <= 1.0 + _STEADY * width
        believed, quickness = (0.5, 0.15) if is_steady else (1.0, 0.5)
        self.corners = self.corners + believed * apart
        if np.abs(apart - apart.mean(axis=0)).max() > _SAME_SHAPE * width:
            self.velocity = None
        elif abs(self._since) >= _SHORTEST_STEP:
            change = apart / self._since
            self.velocity = change if self.velocity is None else self.velocity + quickness * change
        self.score, self.rows, self.missed = found.score, found.rows, 0
        self._since = 0.0

    def is_gone(self) -> bool:
        return self.missed >= LEAST_MISSED and abs(self._since) > LONGEST_UNSEEN

    def plate(self) -> FollowedPlate:
        first, second, third, fourth = ((float(x), float(y)) for x, y in self.corners)
        return FollowedPlate((first, second, third, fourth), self.score, self.rows, self.track_id)


class PlateTracker:
    """Follows the plates of one camera, each corner with constant velocity.

    Seconds may be below 0, for a frame that was overtaken: places and movements run backwards as well.
    """

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._next_id = 1

    def __len__(self) -> int:
        """Return how many plates are followed."""
        return len(self._tracks)

    def start_again(self) -> None:
        """Follow nothing any more: the next frame has nothing to do with the last one."""
        self._tracks.clear()

    def see(self, found: Sequence[FoundPlate], seconds: float) -> list[FollowedPlate]:
        """Take in what was found in a frame.

        Args:
            found: the plates, best first; those after the first 64 are left out.
            seconds: from the frame before to this one.

        Returns:
            As many plates, in the same order.
        """
        self._move(seconds)
        found = found[:MOST_PLATES]
        places = [np.array(one.quad, np.float64) for one in found]
        matched = self._match(places)
        for track in self._tracks:
            track.missed += 1
        seen = []
        for number, one in enumerate(found):
            if number in matched:
                track = matched[number]
                track.take(one, places[number])
            else:
                track = _Track(one, self._next_id)
                self._next_id += 1
                self._tracks.append(track)
            seen.append(track.plate())
        kept = [track for track in self._tracks if not track.is_gone()]
        self._tracks = sorted(kept, key=lambda track: track.missed)[:MOST_PLATES]
        return seen

    def predict(self, seconds: float) -> list[FollowedPlate]:
        """Return where the plates are in a frame in which nothing was searched.

        Args:
            seconds: from the frame before to this one.

        Returns:
            The plates of the last find whose movement is known.
        """
        self._move(seconds)
        known = [one.plate() for one in self._tracks if not one.missed and one.velocity is not None]
        return [one for one in known if is_convex(one.quad) and is_clockwise(one.quad)]

    def _move(self, seconds: float) -> None:
        for track in self._tracks:
            track.move(seconds)

    def _match(self, places: Sequence[_Corners]) -> dict[int, _Track]:
        """Return the track of each find that has one: the nearest pairs first."""
        if not places or not self._tracks:
            return {}
        x, y, width = np.array([_centre_and_width(corners) for corners in places]).T[:, :, None]
        there = np.array([_centre_and_width(track.corners) for track in self._tracks])
        distance = np.hypot(x - there[:, 0], y - there[:, 1]) / ((width + there[:, 2]) / 2)
        distance += np.abs(np.log2(width / there[:, 2]))
        matched: dict[int, _Track] = {}
        while float(distance.min()) <= _FARTHEST:
            number, which = np.unravel_index(int(distance.argmin()), distance.shape)
            matched[int(number)] = self._tracks[int(which)]
            distance[number, :] = distance[:, which] = np.inf
        return matched


def _centre_and_width(corners: _Corners) -> tuple[float, float, float]:
    """Return x and y of the centre, and the width, at least one pixel."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = corners.tolist()
    width = (math.hypot(bx - ax, by - ay) + math.hypot(cx - dx, cy - dy)) / 2
    return (ax + bx + cx + dx) / 4, (ay + by + cy + dy) / 4, max(width, 1.0)
