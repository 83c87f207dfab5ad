import cv2
import numpy as np
import pytest

from lprnet_ros.alphabet import CHINESE_PLATES, DIGITS, LETTERS, PROVINCES
from lprnet_ros.glyph_atlas import ATLAS_PATH, CELL, COLUMNS
from lprnet_ros.training.glyphs import FOREIGN_CHARACTERS, GLYPH_HEIGHT, GLYPH_WIDTH, GlyphStyle


@pytest.fixture(scope="session")
def style():
    """A glyph style cut out of the atlas that the package ships: needs neither a font nor PIL."""
    atlas = cv2.imread(str(ATLAS_PATH), cv2.IMREAD_GRAYSCALE)
    masks = {}
    for character in PROVINCES + DIGITS + LETTERS:
        row, column = divmod(CHINESE_PLATES.characters.index(character), COLUMNS)
        cell = atlas[row * CELL : (row + 1) * CELL, column * CELL : (column + 1) * CELL]
        masks[character] = cv2.resize(cell, (GLYPH_WIDTH, GLYPH_HEIGHT))
    masks |= {
        character: np.full((GLYPH_HEIGHT, GLYPH_WIDTH), 255, np.uint8) for character in FOREIGN_CHARACTERS
    }
    return GlyphStyle("atlas", masks, for_green=True)


@pytest.fixture
def generator():
    return np.random.default_rng(7)
