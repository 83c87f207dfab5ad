"""Writes on pictures: plate numbers and plain English; OpenCV's own fonts have no Chinese characters.

The glyphs are drawn once from Noto Sans CJK Bold (SIL Open Font License) into ``assets/glyph_atlas.png``
by ``python demo/assets.py``, so that nothing but OpenCV is needed here.
"""

from __future__ import annotations

import functools
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.plates.alphabet import CHINESE_PLATES

CELL = 32
"""Pixels; height and width of a glyph's cell in the atlas."""
COLUMNS = 17
RAISED = 3
"""Pixels by which glyphs stand above the middle of their cells."""
GLYPHS = "".join(dict.fromkeys([*CHINESE_PLATES.characters, *map(chr, range(ord(" "), 127))]))
"""What can be written, in the order of the atlas's cells: the alphabet of plates, and printable ASCII."""
WIDTH_UNIT = 8
"""The atlas's first line of pixels holds the widths of the glyphs, in pixels of the cells times this."""
ATLAS_PATH = Path(__file__).parent / "assets" / "glyph_atlas.png"


@functools.lru_cache(maxsize=1)
def _atlas() -> dict[str, tuple[npt.NDArray[np.uint8], float]]:
    """Return each glyph in the middle of its cell, and its width as a share of the cell's."""
    image = cv2.imread(str(ATLAS_PATH), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise FileNotFoundError(f"{ATLAS_PATH} is missing; install the package again")
    widths = image[0] / float(CELL * WIDTH_UNIT)
    rows = [np.hsplit(row, COLUMNS) for row in np.vsplit(np.asarray(image[1:], np.uint8), len(image) // CELL)]
    cells = [cell for row in rows for cell in row]
    return {name: (cells[place], float(widths[place])) for place, name in enumerate(GLYPHS)}


def text_width(text: str, height: int) -> int:
    """Return how wide ``draw_text`` writes a text, in pixels."""
    return round(sum(_glyph(character)[1] for character in text) * height)


def draw_text(
    image: npt.NDArray[np.uint8],
    text: str,
    origin: tuple[int, int],
    *,
    height: int = 24,
    colour: tuple[int, int, int] = (255, 255, 255),
) -> None:
    """Write one line on a picture, in place.

    Args:
        image: BGR, uint8.
        text: characters of ``GLYPHS``; others leave a gap.
        origin: x and y of the top left corner, in pixels; what lies outside the
            picture is not drawn.
        height: of the line in pixels, from above a Chinese character to below a g; at least 1.
        colour: blue, green, red, 0..255.
    """
    x = float(origin[0])
    for character in text:
        cell, width = _glyph(character)
        how = cv2.INTER_AREA if height <= CELL else cv2.INTER_CUBIC
        mask = np.asarray(cv2.resize(cell, (height, height), interpolation=how), np.uint8)
        _blend(image, mask, round(x + (width - 1.0) * height / 2), origin[1], colour)
        x += width * height


def _glyph(character: str) -> tuple[npt.NDArray[np.uint8], float]:
    blank, _ = _atlas()[" "]
    return _atlas().get(character, (blank, 0.5 if character.isascii() else 1.0))


def _blend(
    image: npt.NDArray[np.uint8], mask: npt.NDArray[np.uint8], x: int, y: int, colour: tuple[int, int, int]
) -> None:
    top, left = max(0, -y), max(0, -x)
    region = image[max(0, y) : max(0, y + mask.shape[0]), max(0, x) : max(0, x + mask.shape[1])]
    part = mask[top : top + region.shape[0], left : left + region.shape[1], None].astype(np.float32) / 255.0
    if part.size:
        region[:] = (region * (1.0 - part) + np.array(colour, dtype=np.float32) * part).astype(np.uint8)
