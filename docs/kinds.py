"""``python docs/kinds.py``: draws ``docs/kinds.jpg``, each kind of plate, to compare with real ones."""

import sys
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lprnet_ros.images.drawing import draw_text
from lprnet_ros.plates.kinds import plate_kinds
from lprnet_ros.training.glyphs import default_font, glyphs_from_font
from lprnet_ros.training.renderer import ALL_KINDS, MARGIN, PlateRenderer, random_text_of

PATH = Path(__file__).with_suffix(".jpg")
_CELL, _COLUMNS = (270, 170), 4
_INK, _GREY = (40, 36, 32), (238, 236, 232)


def sheet() -> np.ndarray:
    """Draw the sheet: name, and whether the bundled network reads the kind."""
    generator = np.random.default_rng(7)
    renderer = PlateRenderer([glyphs_from_font(default_font())], [], generator)
    read = {kind.name for kind in plate_kinds("ga36")}
    rows = -(-len(ALL_KINDS) // _COLUMNS)
    picture = np.full((rows * _CELL[1], _COLUMNS * _CELL[0], 3), _GREY, np.uint8)
    for index, kind in enumerate(ALL_KINDS.values()):
        drawn = renderer.draw_kind(kind, random_text_of(generator, kind)).image[
            MARGIN - 2 : 2 - MARGIN, MARGIN - 2 : 2 - MARGIN
        ]
        row, column = divmod(index, _COLUMNS)
        x, y = column * _CELL[0] + 15, row * _CELL[1] + 12
        picture[y : y + drawn.shape[0], x : x + drawn.shape[1]] = drawn
        words = kind.name.replace("_", " ") + (": read" if kind.name in read else "")
        draw_text(picture, words, (x, y + drawn.shape[0] + 8), height=18, colour=_INK)
    return picture


if __name__ == "__main__":
    cv2.imwrite(str(PATH), sheet(), [cv2.IMWRITE_JPEG_QUALITY, 88])
