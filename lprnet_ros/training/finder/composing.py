"""Composes the pictures that a finder is trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.training.finder.painting import paint, quad_for
from lprnet_ros.training.finder.pictures import TrainingPicture
from lprnet_ros.training.finder.plate_bank import FlatPlate
from lprnet_ros.training.finder.sensing import sense
from lprnet_ros.training.finder.taught_cells import TaughtPlate

Image = npt.NDArray[np.uint8]
Rectangle = tuple[int, int, int, int]
"""x, y, width, height."""

_GREY = 127
_LARGEST_ENLARGEMENT = 3.0
_SMALLEST_PART = 64
"""Pixels; a smaller part of a mosaic is not split any further."""


@dataclass(frozen=True)
class SceneShares:
    """How often what is composed, 0..1.

    Attributes:
        background: of parts without a car.
        replaced: of plates on cars that another plate covers.
        foreign: of these, plates and boards that are no Chinese plate.
        pasted: of parts without a car that get a plate.
        signs: of parts that get a sign or a foreign plate beside their plates.
        stacked: of painted plates with another board right above or below, as cross-border plates have.
        turned: of parts at any angle.
    """

    background: float = 0.22
    replaced: float = 0.5
    foreign: float = 0.12
    pasted: float = 0.5
    signs: float = 0.25
    stacked: float = 0.12
    turned: float = 0.04


@dataclass(frozen=True)
class Ingredients:
    """What scenes are made of.

    Attributes:
        pictures: with labelled plates.
        weights: how often each is drawn; they sum to 1.
        background: pictures without a plate.
        real: flat plates cut out of pictures.
        rendered: drawn ones, of every kind.
        foreign: what must not be found.
    """

    pictures: Sequence[TrainingPicture]
    weights: npt.NDArray[np.float64]
    background: Sequence[TrainingPicture]
    real: Sequence[FlatPlate]
    rendered: Sequence[FlatPlate]
    foreign: Sequence[FlatPlate]


class SceneComposer:
    """Draws training pictures with known plates.

    Args:
        ingredients: pictures and plates.
        shares: how often what is composed.
        generator: the source of all randomness.
    """

    def __init__(self, ingredients: Ingredients, shares: SceneShares, generator: np.random.Generator) -> None:
        self._parts = ingredients
        self._shares = shares
        self._generator = generator

    def compose(self, height: int, width: int) -> tuple[Image, list[TaughtPlate]]:
        """Compose one picture, BGR, uint8, and tell where its plates are."""
        generator = self._generator
        scene = np.full((height, width, 3), _GREY, np.uint8)
        plate_width = float(np.exp(generator.uniform(np.log(12), np.log(0.75 * width))))
        plates = self._fill(scene, (0, 0, width, height), plate_width)
        return sense(scene, generator), plates

    def _fill(self, scene: Image, part: Rectangle, plate_width: float) -> list[TaughtPlate]:
        """Fill a part of the scene with a picture, or with several where it is too small."""
        generator = self._generator
        is_background = generator.random() < self._shares.background
        if is_background:
            source = self._parts.background[int(generator.integers(len(self._parts.background)))]
            height, width = source.levels[0].shape[:2]
            scale = float(np.exp(generator.uniform(np.log(0.4), np.log(2.0)))) * part[2] / width
            anchor = generator.uniform(0, 1, size=2) * (width, height)
        else:
            pictures = self._parts.pictures
            source = pictures[int(generator.choice(len(pictures), p=self._parts.weights))]
            height, width = source.levels[0].shape[:2]
            plate = source.plates[int(generator.integers(len(source.plates)))].quad if source.plates else None
            if plate is None:
                scale, anchor = part[2] / width, np.array([width / 2, height / 2])
            else:
                scale = min(
                    plate_width / max(1.0, float(np.hypot(*(plate[1] - plate[0])))), _LARGEST_ENLARGEMENT
                )
                anchor = plate.mean(axis=0)
        if width * scale < 0.6 * part[2] and height * scale < 0.9 * part[3] and part[2] >= 2 * _SMALLEST_PART:
            return self._split(scene, part, plate_width)
        matrix = self._placed(part, scale, anchor, is_background)
        view = scene[part[1] : part[1] + part[3], part[0] : part[0] + part[2]]
        self._warp(source, matrix, view)
        seen = [_as_seen(_moved(each, matrix), part[2], part[3]) for each in source.plates]
        plates = self._changed(view, [each for each in seen if each is not None])
        if is_background and generator.random() < self._shares.pasted:
            plates += self._pasted(view, plate_width)
        if generator.random() < self._shares.signs:
            self._signs(view, plates)
        offset = np.array([part[0], part[1]], np.float32)
        return [TaughtPlate(each.quad + offset, each.rows, each.weight, each.is_known) for each in plates]

    def _split(self, scene: Image, part: Rectangle, plate_width: float) -> list[TaughtPlate]:
        x, y, width, height = part
        share = self._generator.uniform(0.35, 0.65)
        if width >= height:
            first = round(width * share)
            parts = [(x, y, first, height), (x + first, y, width - first, height)]
        else:
            first = round(height * share)
            parts = [(x, y, width, first), (x, y + first, width, height - first)]
        plates = []
        for each in parts:
            plates += self._fill(scene, each, plate_width * float(np.exp(self._generator.normal(0, 0.3))))
        return plates

    def _placed(
        self, part: Rectangle, scale: float, anchor: npt.NDArray[np.float64], is_background: bool
    ) -> npt.NDArray[np.float64]:
        """Return the 2 x 3 matrix from a picture to a part of the scene: scaled, turned, slightly sheared."""
        generator = self._generator
        angle = np.radians(generator.normal(0, 5))
        if generator.random() < self._shares.turned:
            angle = generator.uniform(-np.pi, np.pi)
        stretch = float(np.exp(generator.normal(0, 0.08)))
        shear = generator.normal(0, 0.05)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        linear = scale * turn @ np.array([[stretch, shear], [0, 1 / stretch]])
        reach = 0.5 if is_background else 0.42
        target = (0.5 + generator.uniform(-reach, reach, size=2)) * (part[2], part[3])
        return np.column_stack([linear, target - linear @ anchor])

    def _warp(self, source: TrainingPicture, matrix: npt.NDArray[np.float64], view: Image) -> None:
        """Draw a picture into a part of the scene, over one without a plate or over one colour."""
        generator = self._generator
        size = view.shape[1], view.shape[0]
        chance = generator.random()
        if chance < 0.55:
            behind = self._parts.background[int(generator.integers(len(self._parts.background)))].levels[1]
            view[:] = cv2.resize(behind, size, interpolation=cv2.INTER_AREA)
        elif chance < 0.8:
            view[:] = generator.integers(0, 256, size=3)
        image, linear = _seen_at(source, matrix)
        cv2.warpAffine(
            image, linear, size, dst=view, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_TRANSPARENT
        )

    def _changed(self, view: Image, plates: Sequence[TaughtPlate]) -> list[TaughtPlate]:
        """Cover some plates with others, or with what is no plate."""
        generator, shares = self._generator, self._shares
        changed = []
        for plate in plates:
            if not plate.is_known or generator.random() >= shares.replaced:
                changed.append(plate)
                continue
            if generator.random() < shares.foreign:
                self._paint_one(view, self._parts.foreign, plate.quad, plate.rows)
                continue
            flat, quad = self._paint_one(view, self._any_plates(), plate.quad, plate.rows)
            changed.append(TaughtPlate(quad, flat.rows))  # painted: exact whatever the label was
        return changed

    def _any_plates(self) -> Sequence[FlatPlate]:
        return (
            self._parts.real if self._generator.random() < 0.4 and self._parts.real else self._parts.rendered
        )

    def _paint_one(
        self, view: Image, bank: Sequence[FlatPlate], place: npt.NDArray[np.float32], rows: int
    ) -> tuple[FlatPlate, npt.NDArray[np.float32]]:
        flat = bank[int(self._generator.integers(len(bank)))]
        quad = self._askew(quad_for(flat, place, rows))
        if flat.rows and self._generator.random() < self._shares.stacked:
            self._stack(view, quad)
        paint(view, flat, quad, self._generator)
        return flat, quad

    def _stack(self, view: Image, quad: npt.NDArray[np.float32]) -> None:
        """Paint a board that is no plate of China right above or below the place of one."""
        generator = self._generator
        flat = self._parts.foreign[int(generator.integers(len(self._parts.foreign)))]
        down = (quad[2] + quad[3] - quad[0] - quad[1]) / 2
        gap = np.float32(1 + abs(generator.normal(0, 0.12))) * (1 if generator.random() < 0.5 else -1)
        wide = np.float32(generator.uniform(0.75, 1.15))
        place = quad + gap * down
        middle = place.mean(axis=0)
        paint(view, flat, np.asarray(middle + (place - middle) * wide, np.float32), generator)

    def _askew(self, quad: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Move the corners, each by itself, of a quad that is a little larger."""
        height = float(np.hypot(*(quad[3] - quad[0])))
        middle = quad.mean(axis=0)
        larger = middle + (quad - middle) * np.float32(self._generator.uniform(1.0, 1.12))
        return (larger + self._generator.normal(0, 0.06 * height, size=(4, 2))).astype(np.float32)

    def _pasted(self, view: Image, plate_width: float) -> list[TaughtPlate]:
        """Paste a plate somewhere, most of them in a frame."""
        bank = self._any_plates()
        flat = bank[int(self._generator.integers(len(bank)))]
        quad = self._somewhere(view, min(plate_width, 0.8 * view.shape[1]), flat.aspect)
        if self._generator.random() < 0.7:
            self._holder(view, quad)
        paint(view, flat, quad, self._generator)
        seen = _as_seen(TaughtPlate(quad, flat.rows), view.shape[1], view.shape[0])
        return [seen] if seen is not None else []

    def _holder(self, view: Image, quad: npt.NDArray[np.float32]) -> None:
        """Draw a board around a place, larger than the plate and of one colour."""
        share = np.float32(self._generator.uniform(1.05, 1.8))
        centre = quad.mean(axis=0)
        board = np.round(centre + (quad - centre) * np.array([min(share, 1.3), share], np.float32))
        shade = [
            int(value) for value in self._generator.integers(0, 256) + self._generator.normal(0, 12, size=3)
        ]
        cv2.fillConvexPoly(view, board.astype(np.int32), shade, cv2.LINE_AA)

    def _signs(self, view: Image, plates: Sequence[TaughtPlate]) -> None:
        generator = self._generator
        for _ in range(int(generator.integers(1, 4))):
            flat = self._parts.foreign[int(generator.integers(len(self._parts.foreign)))]
            width = float(np.exp(generator.uniform(np.log(12), np.log(0.6 * view.shape[1]))))
            quad = self._somewhere(view, width, flat.aspect)
            if not any(_touch(quad, plate.quad) for plate in plates):
                paint(view, flat, quad, generator)

    def _somewhere(self, view: Image, width: float, aspect: float) -> npt.NDArray[np.float32]:
        generator = self._generator
        height = width / aspect
        flat = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (width / 2, height / 2)
        flat[:, 1] *= 1 + np.array([-1, 1, 1, -1]) * generator.normal(0, 0.06)
        flat[:, 0] += flat[:, 1] * generator.normal(0, 0.12)
        flat[:, 0] *= generator.uniform(0.6, 1.0)
        angle = np.radians(generator.normal(0, 8))
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        centre = generator.uniform(0.05, 0.95, size=2) * (view.shape[1], view.shape[0])
        return np.asarray(flat @ turn + centre, np.float32)


def _seen_at(
    source: TrainingPicture, matrix: npt.NDArray[np.float64]
) -> tuple[Image, npt.NDArray[np.float64]]:
    """Return a picture shrunk near to the size at which a matrix shows it, and the matrix for that."""
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    level = 0 if scale > 0.7 else 1 if scale > 0.35 else 2
    linear = matrix.copy()
    linear[:, :2] *= 2**level
    image = source.levels[level]
    if scale * 2**level < 0.5:
        share = scale * 2**level * 1.3
        size = max(2, round(image.shape[1] * share)), max(2, round(image.shape[0] * share))
        linear[:, 0] *= image.shape[1] / size[0]
        linear[:, 1] *= image.shape[0] / size[1]
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    return image, linear


def _moved(plate: TaughtPlate, matrix: npt.NDArray[np.float64]) -> TaughtPlate:
    quad = (plate.quad @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
    return TaughtPlate(quad, plate.rows, plate.weight, plate.is_known)


def _as_seen(plate: TaughtPlate, width: int, height: int) -> TaughtPlate | None:
    """Return a plate as a picture shows it: known where it is whole, doubtful where cut, None outside."""
    low, high = plate.quad.min(axis=0), plate.quad.max(axis=0)
    inside = np.minimum(high, (width, height)) - np.maximum(low, 0)
    if (inside <= 0).any():
        return None
    share = float(np.prod(inside) / max(1e-6, float(np.prod(high - low))))
    if share < 0.05:
        return None
    is_large = float(np.hypot(*(plate.quad[1] - plate.quad[0]))) >= 8
    return TaughtPlate(plate.quad, plate.rows, plate.weight, plate.is_known and share > 0.85 and is_large)


def _touch(first: npt.NDArray[np.float32], second: npt.NDArray[np.float32]) -> bool:
    gap = np.maximum(first.min(axis=0) - second.max(axis=0), second.min(axis=0) - first.max(axis=0))
    return bool((gap < 4).all())
