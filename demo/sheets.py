"""The demonstration's pictures: readings as the node published them, and rows of pictures with a legend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lprnet_ros.images.camera_frame import Picture
from lprnet_ros.images.drawing import draw_text, text_width
from lprnet_ros.pictures.annotation import draw_mark
from lprnet_ros.reading.plate_reading import PlateReading, Seen, Verdict

_MARGIN, _LETTERS = 12, 22  # pixels
_GROUND, _INK = (56, 50, 44), (225, 225, 225)
_LEGEND = (
    (True, "accepted"),
    (False, "not accepted, and why"),
    (None, "0.998: confidence, the probability of the whole text"),
)


def reading_of(values: dict[str, Any]) -> PlateReading:
    """Return the reading that a message on ``~/reading`` tells of."""
    corners = [(float(x), float(y)) for x, y in values.get("place", {}).get("quad", [])]
    quad = (corners[0], corners[1], corners[2], corners[3]) if len(corners) == 4 else None
    verdict = Verdict.ACCEPTED if values["accepted"] else Verdict(values["rejection"])
    return PlateReading(values["text"], values["confidence"], verdict=verdict, seen=Seen(quad))


def sheet(cards: Sequence[Picture], columns: int, titles: Sequence[str] = ()) -> Picture:
    """Lay pictures of one size out in rows, each below its title, and a legend below all; BGR, uint8."""
    height, width = cards[0].shape[:2]
    above = _LETTERS + _MARGIN // 2 if titles else 0
    down, across = height + above + _MARGIN, width + _MARGIN
    rows = -(-len(cards) // columns)
    size = (rows * down + 3 * _MARGIN + _LETTERS, columns * across + _MARGIN, 3)
    drawn = np.full(size, _GROUND, np.uint8)
    for index, card in enumerate(cards):
        y, x = _MARGIN + index // columns * down, _MARGIN + index % columns * across
        if titles:
            draw_text(drawn, titles[index], (x, y), height=_LETTERS, colour=_INK)
        drawn[y + above : y + above + height, x : x + width] = card
    x, y = _MARGIN, rows * down + 2 * _MARGIN
    for accepted, words in _LEGEND:
        if accepted is not None:
            draw_mark(drawn, accepted, (x, y), _LETTERS)
            x += _LETTERS + _LETTERS // 3
        draw_text(drawn, words, (x, y), height=_LETTERS, colour=_INK)
        x += text_width(words, _LETTERS) + 2 * _LETTERS
    return drawn
