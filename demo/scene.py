"""Draws a filmed scene: three cars drive up to a camera above a road.  Nothing in it was photographed.

The plates lie in ``demo/plates``, drawn by ``demo/assets.py`` with the project's renderer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.sources.labelled import read_image

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Colour = tuple[float, float, float]

PLATES = Path(__file__).resolve().parent / "plates"
SIZE = (1280, 720)
RATE = 10.0
FRAMES = 60

_FOCAL, _HORIZON, _CAMERA_HEIGHT = 1150.0, 210.0, 2.2  # pixels, pixels from the top, metres
_CAR_WIDTH, _CAR_HEIGHT = 1.8, 1.5  # metres
_DRAWN = (960, 800)  # a car's own picture
_PLATE_WIDTH, _PLATE_ASPECT = 0.44 / 1.8, 440 / 140
_INK = (28, 26, 25)


@dataclass(frozen=True)
class Car:
    """One car of the scene.

    Attributes:
        plate: its text, and the name of its picture.
        paint: blue, green, red, 0..255.
        lane: metres to the right of the camera.
        start: metres from the camera in the first frame.
        speed: metres a second, towards the camera.
    """

    plate: str
    paint: Colour
    lane: float
    start: float
    speed: float


CARS = (
    Car("京A7K358", (150, 60, 40), -1.9, 13.0, 2.6),
    Car("沪AD61952", (225, 222, 218), 1.7, 16.0, 2.2),
    Car("粤B63K27", (50, 45, 165), -1.7, 24.0, 3.2),
)


def film() -> Iterator[Image]:
    """Yield the frames, BGR, uint8, 720 x 1280 x 3."""
    generator = np.random.default_rng(20261201)
    street = _street(generator)
    grain = generator.normal(0.0, 3.0, street.shape).astype(np.float32)
    cars = [(car, _drawn_car(car)) for car in CARS]
    for number in range(FRAMES):
        frame = street.copy()
        placed = [(car.start - car.speed * number / RATE, car, picture) for car, picture in cars]
        for distance, car, picture in sorted(placed, key=lambda each: -each[0]):
            if distance > 3.2:
                _place(frame, picture, car.lane, distance)
        frame = np.asarray(cv2.GaussianBlur(frame, (0, 0), 0.8), np.float32)
        frame += np.roll(grain, tuple(generator.integers(0, SIZE[1], 2)), axis=(0, 1))
        yield np.clip(frame, 0, 255).astype(np.uint8)


def _street(generator: np.random.Generator) -> Floats:
    width, height = SIZE
    horizon = int(_HORIZON)
    picture = np.empty((height, width, 3), np.float32)
    down = np.linspace(0.0, 1.0, horizon, dtype=np.float32)[:, None, None]
    picture[:horizon] = np.array((235, 205, 170)) * (1 - down) + np.array((240, 232, 222)) * down
    x = 0
    while x < width:  # houses and trees at the end of the road
        wide, high = int(generator.integers(50, 150)), int(generator.integers(35, 130))
        shade = np.array((150, 158, 165)) + generator.normal(0, 12) + generator.normal(0, 5, 3)
        cv2.rectangle(picture, (x, horizon - high), (x + wide, horizon), shade.tolist(), -1)
        for row in range(horizon - high + 10, horizon - 10, 18):
            for column in range(x + 8, x + wide - 12, 20):
                cv2.rectangle(picture, (column, row), (column + 9, row + 9), (shade * 0.72).tolist(), -1)
        x += wide
    for _ in range(70):
        middle = int(generator.integers(0, width)), horizon - int(generator.integers(0, 22))
        green = np.array((70, 105, 80)) * generator.uniform(0.7, 1.15)
        cv2.circle(picture, middle, int(generator.integers(8, 26)), green.tolist(), -1, cv2.LINE_AA)
    depth = np.linspace(0.0, 1.0, height - horizon, dtype=np.float32)[:, None, None]
    picture[horizon:] = np.array((122, 120, 118)) * (1 - depth) + np.array((96, 95, 94)) * depth
    grain = generator.normal(0, 9, (height - horizon, width, 1)).astype(np.float32)
    picture[horizon:] += cv2.GaussianBlur(grain, (0, 0), 1.2)[:, :, None] * 2
    for side in (-1, 1):
        verge = [_at(side * 4.4, 900), _at(side * 4.4, 2), _at(side * 99, 2), _at(side * 3000, 900)]
        cv2.fillPoly(picture, [np.array(verge, np.int32)], (88, 128, 108), cv2.LINE_AA)
        _stripe(picture, side * 3.9, 2.0, 300.0)
    for start in np.arange(2.5, 60.0, 4.5):
        _stripe(picture, 0.0, float(start), float(start) + 2.2)
    return picture


def _stripe(picture: Floats, across: float, near: float, far: float) -> None:
    corners = [
        _at(across - 0.07, near),
        _at(across + 0.07, near),
        _at(across + 0.07, far),
        _at(across - 0.07, far),
    ]
    cv2.fillPoly(picture, [np.array(corners, np.int32)], (215, 218, 220), cv2.LINE_AA)


def _at(across: float, distance: float, height: float = 0.0) -> tuple[float, float]:
    """Return where a place on the road, or above it, is seen."""
    scale = _FOCAL / distance
    return SIZE[0] / 2 + across * scale, _HORIZON + (_CAMERA_HEIGHT - height) * scale


def _place(frame: Floats, car: Image, lane: float, distance: float) -> None:
    """Draw a car's picture, with its shadow, where it stands; turned a little away from the camera."""
    scale = _FOCAL / distance
    left, bottom = _at(lane - _CAR_WIDTH / 2, distance)
    right, top = _at(lane + _CAR_WIDTH / 2, distance, _CAR_HEIGHT)
    room = 0.4 * scale
    x, y = max(0, int(left - room)), max(0, int(top - room))
    part = frame[y : int(bottom + room), x : max(0, int(right + room))]
    if not part.size:
        return
    shadow = np.zeros(part.shape[:2], np.float32)
    middle = round((left + right) / 2 - x), round(bottom - 0.03 * scale - y)
    cv2.ellipse(shadow, middle, (round(0.56 * _CAR_WIDTH * scale), round(0.13 * scale)), 0, 0, 360, 0.75, -1)
    part *= 1.0 - cv2.GaussianBlur(shadow, (0, 0), max(1.0, 0.05 * scale))[:, :, None]
    turn = 0.02 * lane * (bottom - top)  # the side that is nearer is a little higher
    corners = [(left, top + turn), (right, top - turn), (right, bottom - turn / 3), (left, bottom + turn / 3)]
    source = np.array([(0, 0), (_DRAWN[0], 0), _DRAWN, (0, _DRAWN[1])], np.float32)
    matrix = cv2.getPerspectiveTransform(source, np.array(corners, np.float32) - np.array((x, y), np.float32))
    smooth = 0.35 * _DRAWN[0] / (right - left) - 0.35
    shrunk = cv2.GaussianBlur(car, (0, 0), smooth) if smooth > 0.1 else car
    seen = cv2.warpPerspective(shrunk, matrix, part.shape[1::-1], flags=cv2.INTER_LINEAR).astype(np.float32)
    part += (seen[:, :, :3] - part) * (seen[:, :, 3:] / 255.0)


def _drawn_car(car: Car) -> Image:
    """Draw the front of a car with its plate, as BGRA."""
    width, height = _DRAWN
    picture = np.zeros((height, width, 4), np.float32)
    paint = np.array(car.paint, np.float32)

    def fill(points: list[tuple[float, float]], colour: Colour | Floats, round_by: int = 14) -> None:
        mask = np.zeros((height, width), np.uint8)
        cv2.fillPoly(mask, [np.array([(x * width, y * height) for x, y in points], np.int32)], 255)
        mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), round_by), np.uint8)
        cover = np.clip((mask.astype(np.float32) - 110) / 35, 0, 1)[:, :, None]
        shaded = np.append(np.array(colour, np.float32), 255.0)
        picture[:] += (shaded - picture) * cover

    def both(points: list[tuple[float, float]], colour: Colour | Floats, round_by: int = 14) -> None:
        fill(points, colour, round_by)
        fill([(1 - x, y) for x, y in points], colour, round_by)

    both([(0.06, 0.76), (0.22, 0.76), (0.22, 0.99), (0.06, 0.99)], (30, 30, 31))  # tyres
    fill([(0.19, 0.02), (0.81, 0.02), (0.93, 0.40), (0.07, 0.40)], paint * 0.8, 20)  # roof and pillars
    fill([(0.225, 0.055), (0.775, 0.055), (0.865, 0.37), (0.135, 0.37)], (66, 58, 50), 12)  # windscreen
    fill([(0.28, 0.07), (0.48, 0.07), (0.40, 0.35), (0.18, 0.35)], (104, 94, 84), 12)  # the sky in it
    both([(-0.0, 0.30), (0.085, 0.29), (0.10, 0.38), (0.01, 0.385)], paint * 0.7, 8)  # mirrors
    fill([(0.06, 0.36), (0.94, 0.36), (0.985, 0.58), (0.97, 0.90), (0.03, 0.90), (0.015, 0.58)], paint, 22)
    fill([(0.13, 0.385), (0.87, 0.385), (0.90, 0.50), (0.10, 0.50)], np.minimum(255, paint * 1.12 + 22), 16)
    fill([(0.30, 0.545), (0.70, 0.545), (0.66, 0.665), (0.34, 0.665)], _INK, 8)  # grille
    for row in (0.565, 0.595, 0.625):
        fill([(0.32, row), (0.68, row), (0.68, row + 0.012), (0.32, row + 0.012)], (120, 118, 115), 3)
    both([(0.05, 0.52), (0.27, 0.555), (0.25, 0.63), (0.045, 0.615)], (58, 55, 52), 8)  # lamps
    both([(0.07, 0.54), (0.22, 0.565), (0.21, 0.612), (0.07, 0.60)], (238, 236, 228), 7)
    fill([(0.10, 0.80), (0.90, 0.80), (0.87, 0.915), (0.13, 0.915)], (46, 44, 43), 10)  # below the bumper
    fill([(0.05, 0.672), (0.95, 0.672), (0.95, 0.684), (0.05, 0.684)], paint * 0.62, 3)
    shade = np.linspace(1.1, 0.78, height, dtype=np.float32)[:, None, None]
    picture[:, :, :3] = np.clip(picture[:, :, :3] * shade, 0, 255)
    _mount(picture, car.plate)
    return np.clip(picture, 0, 255).astype(np.uint8)


def _mount(picture: Floats, text: str) -> None:
    plate = read_image(PLATES / f"{text}.png").astype(np.float32)
    width = round(_PLATE_WIDTH * _DRAWN[0])
    height = round(width * plate.shape[0] / plate.shape[1])
    left, top = (_DRAWN[0] - width) // 2, round(0.70 * _DRAWN[1])
    frame = 5
    picture[top - frame : top + height + frame, left - frame : left + width + frame, :3] = _INK
    picture[top : top + height, left : left + width, :3] = cv2.resize(
        plate, (width, height), interpolation=cv2.INTER_AREA
    )
