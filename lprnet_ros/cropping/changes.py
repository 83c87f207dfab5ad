"""Remembers what was sent last, so that a picture that has not changed is not sent again."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.frames.place import number_of_place
from lprnet_ros.images.camera_frame import Picture
from lprnet_ros.images.geometry import Box

_WIDTH, _HEIGHT = 48, 12
_SAME_PLACE_PIXELS = 2.0
"""Boxes whose edges all agree within this are the same place: as exact as a place on the frame must be."""

MOST_PLACES = 64
"""Places that are remembered; the one that was seen longest ago is forgotten."""

Thumbnail = npt.NDArray[np.float32]


@dataclass
class _Place:
    serial: int
    number: int
    box: Box
    thumbnail: Thumbnail
    sent: float
    seen: int


@dataclass(frozen=True)
class Change:
    """What the memory says of one place in a frame.

    Attributes:
        place: the number that its last changed picture was given.
        is_changed: whether its picture is new, or old enough to be sent again.
    """

    place: int
    is_changed: bool


class ChangeMemory:
    """Tells which places of a frame show something new.

    Two pictures are compared as thumbnails, after taking the mean difference
    off: a camera that adapts to the light changes all cells alike.

    Args:
        threshold: mean grey levels by which one cell of the thumbnail must differ; 0 or
            less calls every picture changed.
        refresh_seconds: an unchanged picture is sent again after this time.
    """

    def __init__(self, threshold: float, refresh_seconds: float) -> None:
        self._threshold = threshold
        self._refresh = refresh_seconds
        self._places: list[_Place] = []
        self._frame = 0
        self._next_serial = 0

    def next_frame(self) -> None:
        """Begin a frame: each place can be named once in it."""
        self._frame += 1

    def judge(
        self, box: Box, thumbnail: Thumbnail, now: float, *, rows: int = 0, score: float = 1.0
    ) -> Change:
        """Compare one place of the present frame with what was sent of it, and remember it.

        Args:
            box: where it is.
            thumbnail: what it looks like; see ``thumbnail_of``.
            now: seconds, of a clock that does not run backwards.
            rows: of the plate, and its score; its number says them (``number_of_place``).
            score: see rows.
        """
        place = self._find(box)
        if place is None:
            number = number_of_place(self._next_serial, rows, score)
            place = _Place(self._next_serial, number, box, thumbnail, now, self._frame)
            self._next_serial += 1
            self._places.append(place)
            if len(self._places) > MOST_PLACES:
                self._places.remove(min(self._places, key=lambda one: one.seen))
            return Change(place.number, is_changed=True)
        place.seen = self._frame
        is_old = now - place.sent >= self._refresh
        if not is_old and difference(place.thumbnail, thumbnail) < self._threshold:
            return Change(place.number, is_changed=False)
        place.box, place.thumbnail, place.sent = box, thumbnail, now
        place.number = number_of_place(place.serial, rows, score)
        return Change(place.number, is_changed=True)

    def _find(self, box: Box) -> _Place | None:
        """Return the nearest place within reach that this frame has not named yet."""
        nearest, smallest = None, _SAME_PLACE_PIXELS
        for place in self._places:
            distance = _distance(place.box, box)
            if place.seen != self._frame and distance <= smallest:
                nearest, smallest = place, distance
        return nearest


def thumbnail_of(grey: Picture) -> Thumbnail:
    """Return a small picture for comparing.

    Args:
        grey: uint8, height x width, not empty.

    Returns:
        float32, 12 x 48; each cell is the mean of the pixels below it.
    """
    small = cv2.resize(grey, (_WIDTH, _HEIGHT), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def difference(first: Thumbnail, second: Thumbnail) -> float:
    """Return the greatest difference of two cells in grey levels, apart from the mean difference of all."""
    apart = first - second
    return float(np.abs(apart - apart.mean()).max())


def _distance(first: Box, second: Box) -> float:
    return max(
        abs(first.x - second.x),
        abs(first.y - second.y),
        abs(first.right - second.right),
        abs(first.bottom - second.bottom),
    )
