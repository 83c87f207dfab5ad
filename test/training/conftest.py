import cv2
import numpy as np
import pytest

from lprnet_ros.images.drawing import ATLAS_PATH, CELL, COLUMNS, GLYPHS, RAISED
from lprnet_ros.plates.alphabet import DIGITS, LETTERS, PROVINCES
from lprnet_ros.training.glyphs import FOREIGN_CHARACTERS, GLYPH_HEIGHT, GLYPH_WIDTH, GlyphStyle
from lprnet_ros.training.renderer import PlateRenderer


@pytest.fixture(scope="session")
def style():
    """A glyph style cut out of the atlas that the package ships: needs neither a font nor PIL."""
    atlas = cv2.imread(str(ATLAS_PATH), cv2.IMREAD_GRAYSCALE)
    masks = {}
    for character in PROVINCES + DIGITS + LETTERS:
        row, column = divmod(GLYPHS.index(character), COLUMNS)
        cell = atlas[1 + row * CELL : 1 + (row + 1) * CELL, column * CELL : (column + 1) * CELL]
        cell = np.roll(cell, RAISED, axis=0)  # to the middle, where plates have their characters
        masks[character] = cv2.resize(cell, (GLYPH_WIDTH, GLYPH_HEIGHT))
    masks |= {
        character: np.full((GLYPH_HEIGHT, GLYPH_WIDTH), 255, np.uint8) for character in FOREIGN_CHARACTERS
    }
    return GlyphStyle("atlas", masks, for_green=True)


@pytest.fixture
def generator():
    return np.random.default_rng(7)


@pytest.fixture(scope="session")
def crop_of(style):
    """A function that draws a plate with its corners at given fractions of a crop."""

    def draw(text, colour, corners, *, seed=7, size=(188, 48), grain=3.0):
        generator = np.random.default_rng(seed)
        plate = PlateRenderer([style], [], generator).draw(text, colour)
        quad = np.array(corners, np.float32) * np.array(size, np.float32)
        matrix = cv2.getPerspectiveTransform(plate.quad, quad)
        crop = cv2.warpPerspective(plate.image, matrix, size, borderMode=cv2.BORDER_REPLICATE)
        noisy = crop + generator.normal(0, grain, crop.shape)
        return np.clip(noisy, 0, 255).astype(np.uint8), quad

    return draw
