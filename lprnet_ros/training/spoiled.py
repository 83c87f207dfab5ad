"""Plates that must not pass as whole: cut by the edge, painted over, or turned."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.plates.alphabet import UNREADABLE
from lprnet_ros.training.glyphs import GLYPH_HEIGHT
from lprnet_ros.training.lettering import layout_of, pixels, plate_size

Image = npt.NDArray[np.uint8]
Quad = npt.NDArray[np.float32]

_LEAST_VISIBLE = 0.7  # share of a character's width that must be seen for it to be read
_CUTS = (0.02, 0.36)  # in plate widths


def cut_off(quad: Quad, text: str, generator: np.random.Generator) -> tuple[Quad, str]:
    """Let an edge of the crop run through a plate.

    Args:
        quad: the plate's corners, 4 x 2, from top left clockwise.
        text: its 7 or 8 characters.
        generator: the source of all randomness.

    Returns:
        The quad of what is seen, with a margin on the other three sides; and the text that is seen,
        with ``UNREADABLE`` for what the edge took.
    """
    layout = layout_of(text)
    lefts = np.array([cell.left for cell in layout.cells])
    widths = np.array([cell.width for cell in layout.cells])
    cut = generator.uniform(*_CUTS)
    margin = generator.uniform(-0.01, 0.07)
    top, bottom = generator.uniform(-0.04, 0.09, size=2)
    if generator.random() < 0.6:
        seen = np.clip(((1 - cut) * layout.width - lefts) / widths, 0, 1) >= _LEAST_VISIBLE
        rest = "".join(character for character, is_seen in zip(text, seen, strict=True) if is_seen)
        shown, left, right = rest + UNREADABLE * (not seen.all()), -margin, 1 - cut
    else:
        seen = np.clip((lefts + widths - cut * layout.width) / widths, 0, 1) >= _LEAST_VISIBLE
        rest = "".join(character for character, is_seen in zip(text, seen, strict=True) if is_seen)
        shown, left, right = UNREADABLE * (not seen.all()) + rest, cut, 1 + margin
    corners = np.array([[left, -top], [right, -top], [right, 1 + bottom], [left, 1 + bottom]], np.float32)
    unit = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    matrix = cv2.getPerspectiveTransform(unit, quad.astype(np.float32))
    return np.asarray(cv2.perspectiveTransform(corners[None], matrix)[0], np.float32), shown


def paint_over(image: Image, quad: Quad, text: str, generator: np.random.Generator) -> tuple[Image, str]:
    """Cover one character with a flat colour, mostly that of the ground.

    Args:
        image: BGR, uint8, height x width x 3.
        quad: the plate's corners in it, 4 x 2, from top left clockwise.
        text: its 7 or 8 characters.
        generator: the source of all randomness.

    Returns:
        A copy of the picture, and the text with ``UNREADABLE`` in place of the character.
    """
    place = int(generator.integers(len(text)))
    cell = layout_of(text).cells[place]
    left, right = pixels(cell.left) - 2, pixels(cell.left + cell.width) + 2
    top, bottom = pixels(cell.top) - 3, pixels(cell.top) + GLYPH_HEIGHT + 3
    width, height = plate_size(text)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, quad.astype(np.float32))
    box = np.array([[[left, top], [right, top], [right, bottom], [left, bottom]]], np.float32)
    outline = np.round(cv2.perspectiveTransform(box, matrix)[0]).astype(np.int32)
    low = np.maximum(np.floor(quad.min(axis=0)).astype(int), 0)
    high = np.ceil(quad.max(axis=0)).astype(int)
    plate = image[low[1] : high[1], low[0] : high[0]]
    is_ground = generator.random() < 0.7 and plate.size > 0
    shade = np.median(plate.reshape(-1, 3), axis=0) if is_ground else generator.uniform(0, 255, size=3)
    covered = image.copy()
    cv2.fillConvexPoly(covered, outline, shade.tolist(), cv2.LINE_AA)
    return covered, text[:place] + UNREADABLE + text[place + 1 :]


def turn(image: Image, generator: np.random.Generator) -> Image:
    """Turn a crop as no plate hangs: upside down, mirrored, or by quarters; of the same size."""
    chance = generator.random()
    if chance < 0.45:
        turned = cv2.flip(image, 0)
    elif chance < 0.65:
        turned = cv2.rotate(image, cv2.ROTATE_180)
    elif chance < 0.8:
        turned = cv2.flip(image, 1)
    else:
        quarter = cv2.ROTATE_90_CLOCKWISE if chance < 0.9 else cv2.ROTATE_90_COUNTERCLOCKWISE
        turned = cv2.resize(cv2.rotate(image, quarter), image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(turned, np.uint8)
