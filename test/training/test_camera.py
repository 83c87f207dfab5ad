import numpy as np
import pytest

from lprnet_ros.training.camera import HEIGHT, WIDTH, Camera
from lprnet_ros.training.renderer import PlateRenderer


@pytest.fixture
def plate(style, generator):
    return PlateRenderer([style], [], generator).draw("京A12345", "blue")


def test_every_photograph_has_the_networks_size(plate, generator):
    camera = Camera(generator)
    for _ in range(300):
        crop = camera.photograph(plate.image, plate.quad)
        assert crop.shape == (HEIGHT, WIDTH, 3)
        assert crop.dtype == np.uint8


def test_a_stronger_camera_changes_the_picture_more(plate):
    def spread(strength):
        camera = Camera(np.random.default_rng(1), strength)
        crops = np.stack([camera.photograph(plate.image, plate.quad) for _ in range(60)]).astype(np.float32)
        return crops.std(axis=0).mean()

    assert spread(0.0) < spread(0.3) < spread(1.0)


def test_the_same_seed_takes_the_same_photograph(plate):
    first, second = (Camera(np.random.default_rng(5)).photograph(plate.image, plate.quad) for _ in range(2))
    assert np.array_equal(first, second)


def test_a_tiny_picture_can_be_photographed(generator):
    whole = np.array([[0, 0], [2, 0], [2, 1], [0, 1]], np.float32)
    camera = Camera(generator)
    for _ in range(50):
        assert camera.photograph(np.zeros((1, 2, 3), np.uint8), whole).shape == (HEIGHT, WIDTH, 3)
