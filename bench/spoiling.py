"""Crops that must not be accepted as another plate: real ones, spoiled, and what is no civil plate at all."""

from __future__ import annotations

import csv
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.evaluation.background import random_windows, text_like_windows
from lprnet_ros.plates.alphabet import DIGITS, LETTERS
from lprnet_ros.sources.labelled import LabelledCrop, read_image, read_labelled
from lprnet_ros.training.camera import Camera
from lprnet_ros.training.glyphs import default_font, glyphs_from_font, load_glyph_styles
from lprnet_ros.training.registration import register_plate
from lprnet_ros.training.renderer import PlateRenderer
from lprnet_ros.training.spoiled import paint_over

Image = npt.NDArray[np.uint8]
Quad = npt.NDArray[np.float32]

CUTS = (0.05, 0.08, 0.11, 0.14, 0.20)
SINGLE_ROW = frozenset({"blue", "green", "green_large", "yellow", ""})
_LEAST_CORRELATION = 0.6  # of a plate that counts as found; the others are taken to fill their crop
_OLD_ARMY = "军空海北沈兰济南广成"
_CAMERA_STRENGTH = 0.5


class Plate(NamedTuple):
    """A picture, where the plate lies in it (from top left clockwise), its text and its file."""

    image: Image
    quad: Quad
    label: str
    file: str


class Sample(NamedTuple):
    """A picture, the only text that may be read there (empty: none), and where it comes from."""

    image: Image
    label: str
    file: str


Way = Callable[[Plate], Image]


def cut(image: Image, quad: Quad, share: float, side: str) -> Image:
    """Cut a share of the plate's width away at one side, along the picture's columns."""
    left, right = float(quad[[0, 3], 0].mean()), float(quad[[1, 2], 0].mean())
    if side == "right":
        return image[:, : max(2, round(right - share * (right - left)))]
    return image[:, min(image.shape[1] - 2, round(left + share * (right - left))) :]


def from_the_side(image: Image) -> Image:
    """Look at a plate that is 100 pixels wide from the front from 72 degrees to its side."""
    front, side = (100, 34), (31, 34)
    seen = cv2.resize(image, front, interpolation=cv2.INTER_AREA)
    corners = np.array([[0, 0], [front[0], 0], [front[0], front[1]], [0, front[1]]], np.float32)
    far = np.array([[0, 0], [side[0], 0.12 * side[1]], [side[0], 0.88 * side[1]], [0, side[1]]], np.float32)
    blurred = cv2.GaussianBlur(seen, (0, 0), sigmaX=1.3, sigmaY=0.3)
    matrix = cv2.getPerspectiveTransform(corners, far)
    return np.asarray(cv2.warpPerspective(blurred, matrix, side, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def darken(image: Image, generator: np.random.Generator) -> Image:
    """Leave a twelfth of the light, and the noise of a sensor."""
    noisy = image / 12.0 + generator.normal(0.0, 1.5, size=image.shape)
    return np.clip(np.round(noisy), 0, 255).astype(np.uint8)


def spoilings(seed: int) -> dict[str, Way]:
    """Name the ways to spoil a crop."""
    generator = np.random.default_rng(seed)
    turns: dict[str, Callable[[Image], object]] = {
        "flipped": lambda image: cv2.flip(image, 0),
        "mirrored": lambda image: cv2.flip(image, 1),
        "turned 90": lambda image: cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE),
        "turned 180": lambda image: cv2.rotate(image, cv2.ROTATE_180),
        "turned 270": lambda image: cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE),
    }
    ways: dict[str, Way] = {"whole": lambda plate: plate.image}
    for side in ("right", "left"):
        for share in CUTS:
            ways[f"{side} {share:.0%}"] = functools.partial(_cut, share=share, side=side)
    for name, turn in turns.items():
        ways[name] = functools.partial(_turned, turn=turn)
    ways["yaw of 72 degrees"] = lambda plate: from_the_side(plate.image)
    ways["hardly any light"] = lambda plate: darken(plate.image, generator)
    ways["painted"] = lambda plate: paint_over(plate.image, plate.quad, plate.label, generator)[0]
    return ways


def _cut(plate: Plate, share: float, side: str) -> Image:
    return cut(plate.image, plate.quad, share, side)


def _turned(plate: Plate, turn: Callable[[Image], object]) -> Image:
    return np.ascontiguousarray(turn(plate.image), dtype=np.uint8)


def choose(paths: Sequence[Path], role: str) -> list[LabelledCrop]:
    """Return the single-row crops of a role with exact labels."""
    return [
        crop
        for path in paths
        for crop in read_labelled(path)
        if crop.columns.get("role") == role
        and crop.columns.get("kind", "") in SINGLE_ROW
        and crop.columns.get("set") != "special"
        and not crop.columns.get("set", "").endswith("_pseudo")
    ]


def load_plates(
    crops: Sequence[LabelledCrop], glyphs: Path | None, corrections: Mapping[str, str]
) -> Iterator[Plate]:
    """Read crops and find their plates: with glyphs, else the plate fills the crop but for its margin.

    Args:
        crops: of one row.
        glyphs: folder of glyph pictures, or None.
        corrections: other labels by the crops' file names.
    """
    styles = load_glyph_styles(glyphs) if glyphs is not None else []
    for crop in crops:
        image, label = crop.read(), corrections.get(crop.path.name, crop.label)
        height, width = image.shape[:2]
        margin = 0.06 / 1.12 if "kind" in crop.columns else 0.0  # as that set was cut out
        low, high = margin, 1 - margin
        corners = np.array([[low, low], [high, low], [high, high], [low, high]], np.float32)
        quad = corners * np.array([width, height], np.float32)
        found = register_plate(image, label, styles) if styles else None
        if found is not None and found.correlation >= _LEAST_CORRELATION:
            quad = found.quad
        yield Plate(image, quad, label, crop.path.name)


def patches(index: Path, role: str, count: int, seed: int) -> dict[str, list[Sample]]:
    """Cut patches out of pictures without a Chinese plate: half like text, half anywhere."""
    generator = np.random.default_rng(seed)
    with index.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["role"] == role]
    each = -(-count // (2 * len(rows)))
    found: dict[str, list[Sample]] = {}
    for row in rows:
        picture = read_image(index.parent / row["file"])
        text_like = found.setdefault(f"text: {row['what']}", [])
        text_like += [Sample(window, "", row["file"]) for window in text_like_windows(picture, each)]
        anywhere = found.setdefault("random patches", [])
        anywhere += [Sample(window, "", row["file"]) for window in random_windows(picture, each, generator)]
    return found


def rendered(count: int, seed: int) -> dict[str, list[Sample]]:
    """Draw plates for which there is no class or no kind: of the army until 2004, and foreign ones.

    Raises:
        GlyphError: the font is missing.
    """
    generator = np.random.default_rng(seed)
    renderer = PlateRenderer([glyphs_from_font(default_font())], [], generator)
    camera = Camera(generator, _CAMERA_STRENGTH)

    def draw(text: str, colour: str) -> Sample:
        plate = renderer.draw(text, colour)
        return Sample(camera.photograph(plate.image, plate.quad), "", text)

    def pick(characters: str, length: int) -> str:
        return "".join(characters[int(i)] for i in generator.integers(len(characters), size=length))

    army = [_OLD_ARMY[i % len(_OLD_ARMY)] + pick(LETTERS, 1) + pick(DIGITS, 5) for i in range(count)]
    foreign = [pick(LETTERS + DIGITS, 7) for _ in range(count)]
    colours = ("white", "yellow", "blue", "black")
    return {
        "old army, rendered": [draw(text, "white") for text in army],
        "foreign, rendered": [draw(text, colours[i % len(colours)]) for i, text in enumerate(foreign)],
    }


def as_grey(image: Image) -> Image:
    """Take the colours out."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)
