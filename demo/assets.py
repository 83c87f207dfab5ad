"""Makes the pictures that the package ships: the glyph atlas, the cover's title, the demonstration crops.

    python -m assets

Both come from the open font alone, so anyone gets the same files.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
from cover import TITLE_PATH
from PIL import Image, ImageDraw, ImageFont

from lprnet_ros.images.drawing import ATLAS_PATH, CELL, COLUMNS
from lprnet_ros.plates.alphabet import CHINESE_PLATES, PROVINCES
from lprnet_ros.plates.kinds import plate_kinds
from lprnet_ros.training.camera import Camera
from lprnet_ros.training.glyphs import default_font, glyphs_from_font
from lprnet_ros.training.renderer import PlateRenderer, random_plate_text

DEMO_FOLDER = Path(__file__).parents[2] / "demo" / "crops"
# chosen among 150: read with certainty, and far off when red and blue are swapped
SELF_TEST_PATH = Path(__file__).parents[2] / "demo" / "self_test" / "晋G63317.png"
_STRENGTH = 0.35  # a good camera in daylight
_SEED = 20261122
_TITLE = "车牌识别"  # licence plate recognition
_TITLE_SIZE = 128


def make_atlas(path: Path = ATLAS_PATH) -> None:
    """Draw every character of the alphabet into one grey picture."""
    rows = -(-len(CHINESE_PLATES) // COLUMNS)
    atlas = Image.new("L", (COLUMNS * CELL, rows * CELL), 0)
    face = ImageFont.truetype(str(default_font()), round(CELL * 0.84))
    for index, character in enumerate(CHINESE_PLATES.characters):
        row, column = divmod(index, COLUMNS)
        middle = (column * CELL + CELL // 2, row * CELL + CELL // 2)
        ImageDraw.Draw(atlas).text(middle, character, fill=255, font=face, anchor="mm")
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.asarray(atlas), [cv2.IMWRITE_PNG_COMPRESSION, 9])


def make_cover_title(path: Path = TITLE_PATH) -> None:
    """Draw the cover's Chinese title, white on black, as tight as its ink."""
    face = ImageFont.truetype(str(default_font()), _TITLE_SIZE)
    left, top, right, bottom = face.getbbox(_TITLE)
    picture = Image.new("L", (int(right - left), int(bottom - top)), 0)
    ImageDraw.Draw(picture).text((-left, -top), _TITLE, fill=255, font=face)
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.asarray(picture), [cv2.IMWRITE_PNG_COMPRESSION, 9])


def make_demo_crops(folder: Path = DEMO_FOLDER) -> None:
    """Render one plate for each province: blue, green, yellow and blue in turn."""
    named = {kind.name: kind for kind in plate_kinds("ga36")}
    kinds = [named[name] for name in ("blue", "new_energy_small", "yellow", "blue")]
    numbers = np.random.default_rng(_SEED)  # of its own: another way of drawing keeps the numbers
    generator = np.random.default_rng(_SEED + 1)
    renderer = PlateRenderer([glyphs_from_font(default_font())], [], generator)
    camera = Camera(generator, _STRENGTH)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    for index, province in enumerate(PROVINCES):
        kind = kinds[index % len(kinds)]
        plate = renderer.draw(province + random_plate_text(numbers, kind)[1:], kind.colour)
        crop = camera.photograph(plate.image, plate.quad, crop_error=0.04)
        cv2.imwrite(str(folder / f"{plate.text}.png"), crop)


def make_self_test(path: Path = SELF_TEST_PATH) -> None:
    """Render the plate that a model reads when it is opened: straight, clean and blue."""
    generator = np.random.default_rng(_SEED)
    renderer = PlateRenderer([glyphs_from_font(default_font())], [], generator)
    plate = renderer.draw(path.stem, "blue")
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), Camera(generator, 0.0).photograph(plate.image, plate.quad))


if __name__ == "__main__":
    make_atlas()
    make_cover_title()
    make_demo_crops()
    make_self_test()
    sys.exit(0)
