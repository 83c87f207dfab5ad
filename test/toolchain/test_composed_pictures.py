"""Drawn pictures: the same seed the same ones, and the plates lie where they are said to be."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from lprnet_ros.images.geometry import is_clockwise, is_convex
from lprnet_ros.sources.labelled import list_images, read_image
from lprnet_ros.toolchain.composed_pictures import compose

ROOT = Path(__file__).resolve().parents[2]
SIZE = (640, 384)


@pytest.fixture(scope="module")
def crops():
    return [(path, read_image(path)) for path in list_images(ROOT / "demo" / "crops")[:6]]


def test_the_same_seed_draws_the_same_pictures(crops):
    one, again, other = compose(crops, 3, SIZE), compose(crops, 3, SIZE), compose(crops, 3, SIZE, seed=1)
    for first, second, third in zip(one, again, other, strict=True):
        assert np.array_equal(first.read(), second.read())
        assert first.quads == second.quads
        assert not np.array_equal(first.read(), third.read())
    assert [picture.path for picture in one] == [path for path, _ in crops[:3]]


def test_every_picture_has_plates_that_look_like_their_crops(crops):
    likeness = []
    for index, drawn in enumerate(compose(crops, 18, SIZE)):
        picture = drawn.read()
        assert picture.shape == (SIZE[1], SIZE[0], 3)
        assert picture.dtype == np.uint8
        assert 1 <= len(drawn.quads) <= 3
        assert all(is_convex(quad) and is_clockwise(quad) for quad in drawn.quads)
        flat = np.array([[0, 0], [94, 0], [94, 24], [0, 24]], np.float32) - 0.5
        quad = np.array(drawn.quads[0], np.float32)
        if np.linalg.norm(quad[1] - quad[0]) < 60:
            continue
        cut = cv2.warpPerspective(picture, cv2.getPerspectiveTransform(quad - 0.5, flat), (94, 24))
        crop = cv2.GaussianBlur(crops[index % len(crops)][1], (0, 0), 1.0)
        likeness.append(np.corrcoef(cut.reshape(-1), crop.reshape(-1))[0, 1])
    assert len(likeness) > 4
    assert min(likeness) > 0.6
