"""``python demo/assets.py`` makes the pictures that the package ships: glyph atlas, demo crops, self-test.

They come from the open font alone, so anyone gets the same files.  Needs pip install 'lprnet_ros[training]'.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scene import film

from lprnet_ros.images.drawing import ATLAS_PATH, CELL, COLUMNS, GLYPHS, RAISED, WIDTH_UNIT
from lprnet_ros.plates.alphabet import PROVINCES
from lprnet_ros.plates.kinds import plate_kinds
from lprnet_ros.training.camera import Camera
from lprnet_ros.training.glyphs import default_font, glyphs_from_font
from lprnet_ros.training.renderer import PlateRenderer, random_plate_text

DEMO_FOLDER = Path(__file__).resolve().parent / "crops"
PLATES_FOLDER = Path(__file__).resolve().parent / "plates"
STREET_PATH = Path(__file__).resolve().parent / "street.jpg"
SCENE_PLATES = {"京A7K358": "blue", "沪AD61952": "green", "粤B63K27": "blue"}
# chosen among 150: read with certainty, and far off when red and blue are swapped
SELF_TEST_PATH = Path(__file__).resolve().parent / "self_test" / "晋G63317.png"
_STRENGTH = 0.35  # a good camera in daylight
_SEED = 20261122


def make_atlas() -> None:
    """Draw every glyph into one grey picture, below a line of their widths."""
    rows = -(-len(GLYPHS) // COLUMNS)
    atlas = Image.new("L", (COLUMNS * CELL, 1 + rows * CELL), 0)
    face = ImageFont.truetype(str(default_font()), round(CELL * 0.84))
    for index, character in enumerate(GLYPHS):
        row, column = divmod(index, COLUMNS)
        cell = Image.new("L", (CELL, CELL), 0)
        middle = (CELL // 2, CELL // 2 - RAISED)  # there is room for the foot of a g
        ImageDraw.Draw(cell).text(middle, character, fill=255, font=face, anchor="mm")
        atlas.paste(cell, (column * CELL, 1 + row * CELL))
        atlas.putpixel((index, 0), min(255, round(face.getlength(character) * WIDTH_UNIT)))
    cv2.imwrite(str(ATLAS_PATH), np.asarray(atlas), [cv2.IMWRITE_PNG_COMPRESSION, 9])


def make_demo_crops() -> None:
    """Render one plate for each province: blue, green, yellow and blue in turn."""
    named = {kind.name: kind for kind in plate_kinds("ga36")}
    kinds = [named[name] for name in ("blue", "new_energy_small", "yellow", "blue")]
    numbers = np.random.default_rng(_SEED)  # of its own: another way of drawing keeps the numbers
    generator = np.random.default_rng(_SEED + 1)
    renderer = PlateRenderer([glyphs_from_font(default_font())], [], generator)
    camera = Camera(generator, _STRENGTH)
    for old in DEMO_FOLDER.glob("*.png"):
        old.unlink()
    for index, province in enumerate(PROVINCES):
        kind = kinds[index % len(kinds)]
        plate = renderer.draw(province + random_plate_text(numbers, kind)[1:], kind.colour)
        crop = camera.photograph(plate.image, plate.quad, crop_error=0.04)
        cv2.imwrite(str(DEMO_FOLDER / f"{plate.text}.png"), crop)


def make_self_test() -> None:
    """Render the plate that a model reads when it is opened: straight, clean and blue."""
    generator = np.random.default_rng(_SEED)
    renderer = PlateRenderer([glyphs_from_font(default_font())], [], generator)
    plate = renderer.draw(SELF_TEST_PATH.stem, "blue")
    cv2.imwrite(str(SELF_TEST_PATH), Camera(generator, 0.0).photograph(plate.image, plate.quad))


def make_scene_plates() -> None:
    """Render the plates of the filmed scene: straight and clean; ``demo/scene.py`` films them."""
    renderer = PlateRenderer([glyphs_from_font(default_font())], [], np.random.default_rng(_SEED + 2))
    PLATES_FOLDER.mkdir(exist_ok=True)
    for text, colour in SCENE_PLATES.items():
        plate = renderer.draw(text, colour)
        left, top = plate.quad.min(axis=0).round().astype(int)
        right, bottom = plate.quad.max(axis=0).round().astype(int)
        cv2.imwrite(str(PLATES_FOLDER / f"{text}.png"), plate.image[top:bottom, left:right])


def make_street() -> None:
    """Take one frame of the filmed scene: a picture to try things with."""
    frame = next(itertools.islice(film(), 30, None))
    cv2.imwrite(str(STREET_PATH), frame, [cv2.IMWRITE_JPEG_QUALITY, 90])


if __name__ == "__main__":
    make_scene_plates()
    make_street()
    make_atlas()
    make_demo_crops()
    make_self_test()
