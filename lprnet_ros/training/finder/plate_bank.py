"""Flat plates of every kind to paint into pictures: drawn, real, and what only looks like a plate."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.plates.alphabet import DIGITS, LETTERS
from lprnet_ros.plates.kinds import Cell
from lprnet_ros.sources.labelled import read_image
from lprnet_ros.training.glyphs import GlyphStyle
from lprnet_ros.training.renderer import ALL_KINDS, MARGIN, PlateRenderer, random_text_of

Image = npt.NDArray[np.uint8]

_TWO_ROWS = (
    tuple(kind.name for kind in ALL_KINDS.values() if len(kind.layout.rows) == 2)
    + (
        "yellow_two_rows",
        "trailer",
    )
    * 3
)
_RARE = ("hong_kong", "macao", "embassy", "aviation", "army", "police", "armed_police", "emergency")
_REAL_MARGIN = 0.06  # around the plates of shared/data/plates, on each side
_PIXELS_PER_MM = 0.5
_GREEN, _WHITE = (90, 120, 20), (235, 240, 235)

_PLATE_GROUNDS = ((190, 70, 20), (20, 170, 235), (150, 190, 120), (230, 230, 230), (35, 35, 35))
"""Blue, yellow, green, white and black; blue, green, red."""
_FOREIGN_GROUNDS = (  # of plates of other countries
    ((235, 235, 235), (30, 30, 30)),
    ((235, 235, 235), (120, 40, 20)),
    ((40, 200, 245), (30, 30, 30)),
    ((60, 60, 60), (235, 235, 235)),
    ((60, 40, 170), (240, 240, 240)),
    ((140, 90, 40), (240, 240, 240)),
)


@dataclass(frozen=True)
class FlatPlate:
    """A plate seen from the front, or something that is none.

    Attributes:
        image: BGR, uint8; what lies around the plate is part of it.
        inset: room around the plate, in pixels: left and right, above and below.
        rows: 1 or 2; 0 is no Chinese plate.
        aspect: width of the plate, divided by its height.
    """

    image: Image
    inset: tuple[float, float]
    rows: int
    aspect: float


def rendered_plates(
    styles: Sequence[GlyphStyle], count: int, generator: np.random.Generator
) -> list[FlatPlate]:
    """Draw plates of every kind, two fifths of them with two rows."""
    renderer = PlateRenderer(styles, [], generator)
    plates = []
    for _ in range(count):
        chance = generator.random()
        if chance < 0.4:
            plates.append(_kind(renderer, _TWO_ROWS, generator))
        elif chance < 0.54:
            plates.append(_kind(renderer, _RARE, generator))
        else:
            plates.append(_flat(renderer.render().image, 1, int(generator.integers(0, 8))))
    return plates


def _kind(renderer: PlateRenderer, names: Sequence[str], generator: np.random.Generator) -> FlatPlate:
    kind = ALL_KINDS[names[int(generator.integers(len(names)))]]
    image = renderer.draw_kind(kind, random_text_of(generator, kind)).image
    plate = _flat(image, len(kind.layout.rows), int(generator.integers(0, 8)))
    return _worn(plate, generator) if plate.rows == 2 else plate


def _flat(image: Image, rows: int, room: int) -> FlatPlate:
    """Cut a drawn plate out, with some pixels of what is around it."""
    height, width = image.shape[0] - 2 * MARGIN, image.shape[1] - 2 * MARGIN
    edge = MARGIN - room
    image = np.ascontiguousarray(image[edge : image.shape[0] - edge, edge : image.shape[1] - edge])
    return FlatPlate(image, (room, room), rows, width / height)


def real_plates(index: Path) -> list[FlatPlate]:
    """Load the crops of a CSV with the role ``train``, cut along the plate's edges with known room."""
    plates = []
    with index.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if row["role"] != "train":
                continue
            image = read_image(index.parent / row["file"])
            height, width = image.shape[:2]
            inset = (
                width * _REAL_MARGIN / (1 + 2 * _REAL_MARGIN),
                height * _REAL_MARGIN / (1 + 2 * _REAL_MARGIN),
            )
            aspect = (width - 2 * inset[0]) / (height - 2 * inset[1])
            plates.append(FlatPlate(image, inset, int(row["rows"]), aspect))
    return plates


def foreign_plates(
    styles: Sequence[GlyphStyle], count: int, generator: np.random.Generator
) -> list[FlatPlate]:
    """Draw plates of other countries, shop signs, stickers and blank boards."""
    return [
        _foreign(styles, generator) if generator.random() < 0.55 else _sign(styles, generator)
        for _ in range(count)
    ]


def _worn(plate: FlatPlate, generator: np.random.Generator) -> FlatPlate:
    """Cover a plate with bolts and with dirt: half of them, as on lorries, a good deal of it."""
    image, (height, width) = plate.image.astype(np.float32), plate.image.shape[:2]
    for x, y in ((0.26, 0.06), (0.74, 0.06), (0.26, 0.94), (0.74, 0.94)):
        if generator.random() < 0.6:
            shade = [float(generator.uniform(20, 220))] * 3
            cv2.circle(image, (round(x * width), round(y * height)), int(generator.integers(2, 6)), shade, -1)
    dirt = generator.uniform(0, 1, size=(int(generator.integers(2, 6)), int(generator.integers(3, 9))))
    much = generator.uniform(0.0, 0.75) if generator.random() < 0.5 else 0.1
    cover = cv2.resize(dirt**2, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 1)[:, :, None] * much
    mud = np.array((70, 90, 105)) * generator.uniform(0.4, 1.5)
    mixed = np.clip(image * (1 - cover) + mud * cover, 0, 255).astype(np.uint8)
    return FlatPlate(mixed, plate.inset, plate.rows, plate.aspect)


def _foreign(styles: Sequence[GlyphStyle], generator: np.random.Generator) -> FlatPlate:
    """Draw one long plate (Europe) or one of 2 to 1 (America)."""
    style = styles[int(generator.integers(len(styles)))]
    ground, paint = _FOREIGN_GROUNDS[int(generator.integers(len(_FOREIGN_GROUNDS)))]
    is_long = generator.random() < 0.6
    width, height = (260, 55) if is_long else (int(generator.integers(150, 170)), 80)
    coverage = np.zeros((height, width), np.uint8)
    count = int(generator.integers(5, 9))
    left, right = (0.13 if is_long else 0.05) * width, 0.96 * width
    step = (right - left) / count
    gap = int(generator.integers(1, count))
    top, tall = (0.13, 0.74) if is_long else (generator.uniform(0.2, 0.35), 0.45)
    for number in range(count):
        if number == gap and generator.random() < 0.7:
            continue
        character = _pick(LETTERS + DIGITS, generator)
        cell = Cell(left + number * step + 0.08 * step, top * height, 0.84 * step, tall * height)
        _put(coverage, style.masks[character], cell, 1.0)
    plate = _painted(coverage, ground, paint, 0, width / height, generator)
    if is_long and generator.random() < 0.7:
        plate.image[:, : round(0.1 * width)] = (150, 50, 10)
    if not is_long:
        shade = [int(value) for value in generator.integers(0, 256, size=3)]
        cv2.rectangle(plate.image, (width // 5, 4), (width - width // 5, round(0.14 * height)), shade, -1)
    return plate


def _sign(styles: Sequence[GlyphStyle], generator: np.random.Generator) -> FlatPlate:
    """Draw a board with a few characters, with many small ones, or with none."""
    style = styles[int(generator.integers(len(styles)))]
    names = list(style.masks)
    lines = int(generator.integers(0, 4))
    count = int(generator.choice([1, 2, 3, 4, 10, 12, 14]))
    size = int(generator.integers(14, 40))
    width = max(60, round(count * size * generator.uniform(0.6, 1.3)))
    height = max(24, round(max(1, lines) * size * generator.uniform(1.2, 1.8)))
    coverage = np.zeros((height, width), np.uint8)
    for line in range(lines):
        for number in range(count):
            cell = Cell(
                (number + 0.1) * width / count,
                (line + 0.15) * height / lines,
                0.8 * width / count,
                0.7 * height / lines,
            )
            _put(coverage, style.masks[names[int(generator.integers(len(names)))]], cell, 1.0)
    ground = generator.integers(0, 256, size=3)
    if generator.random() < 0.4:  # in the colour of a plate
        ground = np.array(_PLATE_GROUNDS[int(generator.integers(len(_PLATE_GROUNDS)))])
    if lines == 0 and generator.random() < 0.5:  # an awning, a fence, a flag
        stripe = int(generator.integers(3, 25))
        for left in range(0, width, 2 * stripe):
            coverage[:, left : left + stripe] = 255
    paint = (ground + generator.integers(90, 166, size=3)) % 256
    return _painted(coverage, ground, paint, 0, width / height, generator)


def _put(coverage: Image, mask: Image, cell: Cell, pixels: float = _PIXELS_PER_MM) -> None:
    x, y, width, height = (max(0, round(value * pixels)) for value in cell)
    glyph = np.asarray(
        cv2.resize(mask, (max(1, width), max(1, height)), interpolation=cv2.INTER_AREA), np.uint8
    )
    region = coverage[y : y + height, x : x + width]
    np.maximum(region, glyph[: region.shape[0], : region.shape[1]], out=region)


def _painted(
    coverage: Image,
    ground: npt.ArrayLike,
    paint: npt.ArrayLike,
    rows: int,
    aspect: float,
    generator: np.random.Generator,
) -> FlatPlate:
    weight = coverage.astype(np.float32)[:, :, None] / 255
    below = np.asarray(ground, np.float32) + generator.normal(0, 14, size=3)
    above = np.asarray(paint, np.float32) + generator.normal(0, 10, size=3)
    image = np.clip(below * (1 - weight) + above * weight, 0, 255).astype(np.uint8)
    return FlatPlate(image, (0.0, 0.0), rows, aspect)


def _pick(characters: str, generator: np.random.Generator) -> str:
    return characters[int(generator.integers(len(characters)))]
