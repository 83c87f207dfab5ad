"""The filmed scene: its cars carry plates that can be read once they are near, and leave the picture."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import numpy as np
import pytest

from lprnet_ros.finding.found_plate import FoundPlate
from lprnet_ros.images.camera_frame import BgrFrame
from lprnet_ros.pictures.found_reading import read_found
from lprnet_ros.reading.recognizer import PlateRecognizer

DEMO = Path(__file__).resolve().parents[2] / "demo"


@pytest.fixture(scope="module")
def scene():
    sys.path.insert(0, str(DEMO))
    import scene as module  # noqa: PLC0415 - a script of the demonstration

    yield module
    sys.path.remove(str(DEMO))


def plate_in(scene, car, number):
    """Where a car's plate is seen; the small turn of the car is left to the reader."""
    distance = car.start - car.speed * number / scene.RATE
    half, height = 0.22, 0.14
    corners = [
        scene._at(car.lane + across, distance, up)
        for across, up in ((-half, 0.45), (half, 0.45), (half, 0.45 - height), (-half, 0.45 - height))
    ]
    return FoundPlate(tuple(corners), 1.0)


def test_every_frame_is_another_and_each_car_shows_a_plate_that_can_be_read(scene):
    frames = list(scene.film())
    assert len(frames) == scene.FRAMES
    assert all(frame.shape == (720, 1280, 3) and frame.dtype == np.uint8 for frame in frames)
    assert all((one != other).any() for one, other in itertools.pairwise(frames))
    recognizer = PlateRecognizer.open()
    for car in scene.CARS:
        number = min(scene.FRAMES - 2, int((car.start - 5.0) / car.speed * scene.RATE))
        frame = frames[number]
        (reading,) = read_found(
            recognizer, BgrFrame(lambda frame=frame: frame), [plate_in(scene, car, number)]
        )
        assert reading.text == car.plate
    recognizer.close()


def test_the_film_is_the_same_each_time(scene):
    first, second = (next(iter(scene.film())) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_every_plate_of_the_scene_is_shipped(scene):
    assert {path.stem for path in scene.PLATES.glob("*.png")} == {car.plate for car in scene.CARS}
