"""Writes plate numbers on pictures; OpenCV's own fonts have no Chinese characters.

The glyphs are drawn once from Noto Sans CJK Bold (SIL Open Font License) into
``assets/glyph_atlas.png`` by ``python -m assets``, so that
nothing but OpenCV is needed here.
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
ATLAS_PATH = Path(__file__).parent / "assets" / "glyph_atlas.png"


@functools.lru_cache(maxsize=1)
def _atlas() -> npt.NDArray[np.uint8]:
    image = cv2.imread(str(ATLAS_PATH), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise FileNotFoundError(f"{ATLAS_PATH} is missing; install the package again")
    return np.asarray(image, dtype=np.uint8)


def draw_text(
    image: npt.NDArray[np.uint8],
    text: str,
    origin: tuple[int, int],
    *,
    height: int = 24,
    colour: tuple[int, int, int] = (255, 255, 255),
) -> None:
    """Write characters of the alphabet on a picture, in place.

    Args:
        image: BGR, uint8.
        text: characters of the plate alphabet; others leave a gap.
        origin: x and y of the top left corner, in pixels; what lies outside the
            picture is not drawn.
        height: height of a character in pixels, at least 1.
        colour: blue, green, red, 0..255.
    """
    atlas = _atlas()
    x, y = origin
    for character in text:
        is_wide = not character.isascii()
        width = height if is_wide else max(1, round(height * 0.62))
        if character in CHINESE_PLATES.characters:
            row, column = divmod(CHINESE_PLATES.characters.index(character), COLUMNS)
            cell = atlas[row * CELL : (row + 1) * CELL, column * CELL : (column + 1) * CELL]
            glyph = np.asarray(
                cv2.resize(cell, (height, height), interpolation=cv2.INTER_AREA), dtype=np.uint8
            )
            inset = (height - width) // 2
            _blend(image, glyph[:, inset : inset + width], x, y, colour)
        x += width


def _blend(
    image: npt.NDArray[np.uint8], mask: npt.NDArray[np.uint8], x: int, y: int, colour: tuple[int, int, int]
) -> None:
    top, left = max(0, -y), max(0, -x)
    region = image[max(0, y) : max(0, y + mask.shape[0]), max(0, x) : max(0, x + mask.shape[1])]
    part = mask[top : top + region.shape[0], left : left + region.shape[1], None].astype(np.float32) / 255.0
    if part.size:
        region[:] = (region * (1.0 - part) + np.array(colour, dtype=np.float32) * part).astype(np.uint8)
