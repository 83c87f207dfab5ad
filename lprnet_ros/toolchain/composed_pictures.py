"""Whole pictures with plates, drawn around crops: what a finder is calibrated and compared with.

Nothing in them is a photograph, so they may be published; they hold the contrasts of one: sky, road,
houses, cars with windows and lamps, plates of 20 to 220 pixels width that are tilted, dimmed and blurred.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.images.geometry import Quad, rotated_box

Image = npt.NDArray[np.uint8]

_SMALLEST, _LARGEST = 20.0, 220.0
_MOST_CARS = 3
_LIGHT = (0.45, 1.15)
_ROOM = 4.0
"""Between the middles of two cars, in plate widths of the larger one."""


@dataclass(frozen=True)
class ComposedPicture:
    """A drawn picture.

    Attributes:
        path: of the crop that its first plate is.
        picture: BGR, uint8, height x width x 3.
        quads: of its plates, in pixels.
    """

    path: Path
    picture: Image
    quads: tuple[Quad, ...]

    def read(self) -> Image:
        """Return the picture."""
        return self.picture


def compose(
    crops: Sequence[tuple[Path, Image]], count: int, size: tuple[int, int], seed: int = 0
) -> list[ComposedPicture]:
    """Draw pictures in which each crop is on a car in turn.

    Args:
        crops: at least one, with its path; BGR, uint8.
        count: how many pictures.
        size: their width and height.
        seed: the same one draws the same pictures.
    """
    return [
        _compose([crops[(index + more) % len(crops)] for more in range(_MOST_CARS)], size, [seed, index])
        for index in range(count)
    ]


def _compose(
    crops: Sequence[tuple[Path, Image]], size: tuple[int, int], seed: Sequence[int]
) -> ComposedPicture:
    generator = np.random.default_rng(seed)
    picture = _street(size, generator)
    largest = max(_SMALLEST, min(_LARGEST, 0.45 * size[0], size[1]))
    quads: list[Quad] = []
    places: list[tuple[float, float, float]] = []
    for _, crop in crops[: int(generator.integers(1, _MOST_CARS + 1))]:
        width = float(np.exp(generator.uniform(np.log(_SMALLEST), np.log(largest))))
        x, y = generator.uniform((width, size[1] * 0.4), (size[0] - width, size[1] - 0.4 * width))
        if any(abs(x - u) + abs(y - v) < _ROOM * max(width, other) for u, v, other in places):
            continue
        places.append((x, y, width))
        _draw_car(picture, x, y, width, generator)
        quads.append(_draw_plate(picture, crop, x, y, width, generator))
    light = generator.uniform(*_LIGHT)
    blurred = cv2.GaussianBlur(picture, (0, 0), generator.uniform(0.3, 1.0)).astype(np.float32)
    noisy = blurred * light + generator.normal(0, generator.uniform(1, 6), blurred.shape)
    return ComposedPicture(crops[0][0], np.clip(noisy, 0, 255).astype(np.uint8), tuple(quads))


def _street(size: tuple[int, int], generator: np.random.Generator) -> Image:
    """Draw sky, houses and a road."""
    width, height = size
    horizon = int(generator.uniform(0.25, 0.5) * height)
    picture = np.empty((height, width, 3), np.uint8)
    rise = np.linspace(0, 1, horizon)[:, None, None]
    picture[:horizon] = generator.uniform(120, 230, 3) * (1 - rise) + generator.uniform(160, 255, 3) * rise
    fall = np.linspace(0, 1, height - horizon)[:, None, None]
    road = generator.uniform(60, 130)
    picture[horizon:] = road * (1 - 0.3 * fall) + generator.normal(0, 6, 3)
    for _ in range(generator.integers(3, 9)):
        left, top = int(generator.uniform(-60, width)), int(generator.uniform(0, horizon))
        right, colour = left + int(generator.uniform(40, 200)), generator.uniform(40, 220, 3)
        cv2.rectangle(picture, (left, top), (right, horizon + 10), colour.tolist(), -1)
        step = int(generator.uniform(9, 26))
        for x in range(left + step // 2, right - step // 2, step):
            for y in range(top + step // 2, horizon - step // 2, step):
                pane = (colour * generator.uniform(0.3, 1.2)).tolist()
                cv2.rectangle(picture, (x, y), (x + step // 2, y + step // 2), pane, -1)
    vanishing = (int(generator.uniform(0, width)), horizon)
    for x in np.linspace(-width, 2 * width, int(generator.integers(3, 8))):
        cv2.line(
            picture, vanishing, (int(x), height), generator.uniform(150, 240, 3).tolist(), 2, cv2.LINE_AA
        )
    return picture


def _draw_car(picture: Image, x: float, y: float, width: float, generator: np.random.Generator) -> None:
    """Draw the rear of a car whose plate has its middle at x, y."""
    colour = (
        generator.uniform(10, 240, 3)
        if generator.random() < 0.4
        else np.repeat(generator.uniform(15, 240), 3)
    )

    def box(left: float, top: float, right: float, bottom: float, filled: npt.NDArray[np.float64]) -> None:
        corners = [(int(x + u * width), int(y + v * width)) for u, v in ((left, top), (right, bottom))]
        cv2.rectangle(picture, corners[0], corners[1], filled.tolist(), -1, cv2.LINE_AA)

    box(-2.0, 0.7, 2.0, 0.95, np.full(3, 25.0))  # its shadow
    box(-1.9, -1.3, 1.9, 0.6, colour)
    box(-1.5, -2.3, 1.5, -1.2, 0.9 * colour)
    box(-1.35, -2.15, 1.35, -1.25, generator.uniform(10, 90, 3))  # the window
    lamp = np.array([40.0, 40.0, generator.uniform(120, 250)])
    box(-1.85, -0.9, -1.15, -0.4, lamp)
    box(1.15, -0.9, 1.85, -0.4, lamp)
    box(-1.95, 0.25, 1.95, 0.6, 0.6 * colour)  # the bumper


def _draw_plate(
    picture: Image, crop: Image, x: float, y: float, width: float, generator: np.random.Generator
) -> Quad:
    height, across = crop.shape[:2]
    box = rotated_box((x, y), width, width * height / across, generator.normal(0, 0.08))
    shifts = generator.normal(0, 0.015 * width, (4, 2))
    corners = (np.array(box) + shifts).astype(np.float32)
    edges = np.array([[0, 0], [across, 0], [across, height], [0, height]], np.float32) - 0.5
    matrix = cv2.getPerspectiveTransform(edges, corners - 0.5)
    shape = picture.shape[1], picture.shape[0]
    shrunk = max(0.3, 0.4 * across / width)
    smooth = cv2.GaussianBlur(crop, (0, 0), shrunk)  # so that a small one does not flicker
    plate = cv2.warpPerspective(
        smooth, matrix, shape, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    cover = cv2.warpPerspective(np.full((height, across), 255, np.uint8), matrix, shape)
    share = cover[..., None].astype(np.float32) / 255
    light = generator.uniform(0.7, 1.1)
    picture[:] = np.clip(plate * light * share + picture * (1 - share), 0, 255).astype(np.uint8)
    first, second, third, fourth = ((float(u), float(v)) for u, v in corners)
    return first, second, third, fourth
