"""Draws what was read into a picture: for each plate an outline and a label, readable on light and dark."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from lprnet_ros.images.camera_frame import Picture
from lprnet_ros.images.drawing import draw_text, text_width
from lprnet_ros.images.geometry import Box
from lprnet_ros.images.single_pixel import widen_single_pixel
from lprnet_ros.reading.plate_reading import PlateReading

_GREEN, _ORANGE, _INK, _WHITE = (110, 230, 110), (60, 165, 255), (24, 20, 16), (255, 255, 255)
_CROP, _CAPTION = (376, 96), 24
_SHARPEST = 34
"""Pixels; the glyphs of ``draw_text`` are not drawn for more."""


def annotate(picture: Picture, plates: Sequence[PlateReading]) -> Picture:
    """Draw what was read: accepted ones solid and green with a tick, others dashed and orange with a cross.

    Args:
        picture: BGR, uint8, height x width x 3.
        plates: read in it; a crop's own reading is written below the enlarged crop.

    Returns:
        A new picture: BGR, uint8.
    """
    if any(plate.quad is None for plate in plates):
        (width, _), (high, wide) = _CROP, picture.shape[:2]
        return captioned(picture, plates[0], (width, max(24, min(2 * width, round(width * high / wide)))))
    drawn = picture.copy()
    for plate in plates:
        _outline(drawn, plate)
    taken: list[Box] = []
    for plate in plates:  # over every outline
        taken.append(_label(drawn, plate, taken))
    return drawn


def captioned(crop: Picture, plate: PlateReading, size: tuple[int, int] = _CROP, note: str = "") -> Picture:
    """Show all of a crop, enlarged, with its reading below.

    Args:
        crop: BGR, uint8, height x width x 3.
        plate: read in it.
        size: width and height into which the crop is fitted.
        note: more words for the line.

    Returns:
        BGR, uint8, as wide as ``size`` and 48 pixels higher.
    """
    (width, height), shown = size, widen_single_pixel(crop)
    scale = min(width / shown.shape[1], height / shown.shape[0])
    across, down = (max(1, round(side * scale)) for side in (shown.shape[1], shown.shape[0]))
    drawn = np.full((height + 2 * _CAPTION, width, 3), _INK, np.uint8)
    x, y = (width - across) // 2, (height - down) // 2
    drawn[y : y + down, x : x + across] = cv2.resize(shown, (across, down), interpolation=cv2.INTER_CUBIC)
    letters = min(_CAPTION, _CAPTION * width // _write(None, plate, (0, 0), _CAPTION, note))
    _write(drawn, plate, (0, height + _CAPTION - letters // 2), letters, note)
    return drawn


def _outline(drawn: Picture, plate: PlateReading) -> None:
    corners = np.array(plate.quad or ()).round().astype(np.int32)
    least = min(cv2.minAreaRect(corners)[1])
    thickness = max(1, min(round(_unit(drawn) / 9), round(least / 6)))
    cv2.polylines(drawn, [corners], True, _INK, thickness + 2, cv2.LINE_AA)
    if plate.accepted:
        cv2.polylines(drawn, [corners], True, _GREEN, thickness, cv2.LINE_AA)
        return
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        pieces = 2 * max(1, round(math.dist(start, end) / (8 * thickness))) + 1
        points = np.linspace(start, end, pieces + 1).round().astype(int).tolist()
        for first, last in zip(points[::2], points[1::2], strict=True):
            cv2.line(drawn, first, last, _ORANGE, thickness, cv2.LINE_AA)


def _label(drawn: Picture, plate: PlateReading, taken: Sequence[Box]) -> Box:
    """Write the reading above the plate, or below it where there is no room; return where."""
    size = _unit(drawn)
    width, height = _write(None, plate, (0, 0), size), size + size // 2
    most_left, most_top = max(0, drawn.shape[1] - width - 1), max(0, drawn.shape[0] - height - 1)
    xs, ys = zip(*(plate.quad or ()), strict=True)
    left = round(min(max((min(xs) + max(xs) - width) / 2, 0), most_left))
    tops = round(min(ys)) - height - size // 3, round(max(ys)) + size // 3
    free = [
        top
        for top in tops
        if 0 <= top <= most_top and not any(_overlap(Box(left, top, width, height), box) for box in taken)
    ]
    top = free[0] if free else min(max(tops[0], 0), most_top)
    cv2.rectangle(drawn, (left, top), (left + width, top + height), _INK, -1)
    cv2.rectangle(drawn, (left, top), (left + width, top + height), _colour(plate), max(1, size // 16))
    _write(drawn, plate, (left, top + size // 4), size)
    return Box(left, top, width, height)


def _overlap(one: Box, other: Box) -> bool:
    across = min(one.right, other.right) - max(one.x, other.x)
    return across > 0 and min(one.bottom, other.bottom) - max(one.y, other.y) > 0


def _write(
    drawn: Picture | None, plate: PlateReading, origin: tuple[int, int], size: int, note: str = ""
) -> int:
    """Write mark, text and confidence in one line, ``size`` pixels high; return its width."""
    gap, colour = size // 3, _colour(plate)
    words = [f"{plate.confidence:.3f}"] if plate.text else []
    words += [] if plate.accepted else [plate.verdict.value.replace("_", " ")]
    parts = [(plate.text, _WHITE), (" ".join(words) + (f", {note}" if note else ""), colour)]
    x, y = origin[0] + gap, origin[1]
    if drawn is not None:
        draw_mark(drawn, plate.accepted, (x, y), size)
    x += size
    for text, ink in parts:
        x += gap if text else 0
        if drawn is not None:
            draw_text(drawn, text, (x, y), height=size, colour=ink)
        x += text_width(text, size)
    return x + gap - origin[0]


def draw_mark(drawn: Picture, accepted: bool, origin: tuple[int, int], size: int) -> None:
    """Draw a tick or a cross, ``size`` pixels high and wide, in place; ``origin`` is its top left."""
    tick, cross = [(0.1, 0.5, 0.4, 0.8, 0.95, 0.15)], [(0.15, 0.15, 0.8, 0.8), (0.15, 0.8, 0.8, 0.15)]
    for stroke in tick if accepted else cross:
        points = (np.reshape(stroke, (-1, 2)) * size + origin).round().astype(np.int32)
        ink = _GREEN if accepted else _ORANGE
        cv2.polylines(drawn, [points], False, ink, max(2, size // 8), cv2.LINE_AA)


def _colour(plate: PlateReading) -> tuple[int, int, int]:
    return _GREEN if plate.accepted else _ORANGE


def _unit(drawn: Picture) -> int:
    """Return the height of a label's letters."""
    return int(max(14, min(_SHARPEST, min(drawn.shape[:2]) / 22)))
