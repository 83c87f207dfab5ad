import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lprnet_ros.cropping.detection import Detection
from lprnet_ros.cropping.rectify import MOST_HEIGHT, MOST_WIDTH, rectify
from lprnet_ros.images.camera_frame import BgrFrame
from lprnet_ros.images.geometry import Box, bounding_box, upright_quad

COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 255, 255)]  # of the quarters, clockwise


def quarters(width, height):
    """A plate whose quarters have four colours."""
    plate = np.empty((height, width, 3), np.uint8)
    top, left = height // 2, width // 2
    plate[:top, :left], plate[:top, left:] = COLOURS[0], COLOURS[1]
    plate[top:, left:], plate[top:, :left] = COLOURS[2], COLOURS[3]
    return plate


def scene_with(quad, size=(200, 160)):
    """A grey scene in which the plate is seen in a quad."""
    plate = quarters(100, 40)
    matrix = cv2.getPerspectiveTransform(
        np.array([(0, 0), (100, 0), (100, 40), (0, 40)], np.float32) - 0.5, np.array(quad, np.float32) - 0.5
    )
    scene = np.full((size[1], size[0], 3), 128, np.uint8)
    return cv2.warpPerspective(plate, matrix, size, dst=scene, borderMode=cv2.BORDER_TRANSPARENT)


def colours_of(crop):
    height, width = crop.shape[:2]
    rows, columns = (height // 4, height * 3 // 4), (width // 4, width * 3 // 4)
    return [
        crop[rows[0], columns[0]],
        crop[rows[0], columns[1]],
        crop[rows[1], columns[1]],
        crop[rows[1], columns[0]],
    ]


def crop_of(picture, detection, padding=0.0):
    return rectify(BgrFrame(lambda: picture), detection, padding)


@pytest.mark.parametrize(
    "quad",
    [
        ((40.0, 50.0), (140.0, 50.0), (140.0, 90.0), (40.0, 90.0)),
        ((40.0, 30.0), (130.0, 70.0), (120.0, 110.0), (30.0, 70.0)),
        ((40.0, 90.0), (130.0, 40.0), (140.0, 75.0), (50.0, 130.0)),
        ((140.0, 90.0), (40.0, 90.0), (40.0, 50.0), (140.0, 50.0)),
    ],
    ids=["level", "falling", "rising", "upside_down"],
)
def test_a_plate_with_known_corners_is_straightened(quad):
    crop = crop_of(scene_with(quad), Detection(bounding_box(quad), quad))
    assert np.abs(np.array(colours_of(crop), int) - COLOURS).max() <= 3
    assert crop.shape[1] == round(max(math.dist(quad[0], quad[1]), math.dist(quad[3], quad[2])))
    assert crop.shape[0] == round(max(math.dist(quad[0], quad[3]), math.dist(quad[1], quad[2])))


def test_a_level_quad_is_cut_pixel_by_pixel():
    picture = np.random.default_rng(1).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    quad = ((10.0, 20.0), (50.0, 20.0), (50.0, 35.0), (10.0, 35.0))
    crop = crop_of(picture, Detection(bounding_box(quad), quad))
    assert np.array_equal(crop, picture[20:35, 10:50])


def test_a_box_is_cut_with_its_padding():
    picture = np.random.default_rng(1).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    box = Box(20.0, 20.0, 40.0, 20.0)
    assert np.array_equal(crop_of(picture, Detection(box)), picture[20:40, 20:60])
    assert np.array_equal(crop_of(picture, Detection(box), 0.1), picture[18:42, 16:64])


def test_padding_of_a_quad_runs_along_its_edges():
    quad = ((40.0, 30.0), (130.0, 70.0), (120.0, 110.0), (30.0, 70.0))
    scene = scene_with(quad)
    crop = crop_of(scene, Detection(bounding_box(quad), quad), 0.1)
    width, height = crop.shape[1], crop.shape[0]
    tight = crop_of(scene, Detection(bounding_box(quad), quad), 0.0)
    assert width == pytest.approx(1.2 * tight.shape[1], abs=1)
    assert height == pytest.approx(1.2 * tight.shape[0], abs=1)
    assert (crop[height // 40, width // 2] == 128).all()  # the room shows what lies beside the plate
    assert np.abs(np.array(colours_of(crop), int) - COLOURS).max() <= 3


def test_what_lies_outside_of_the_frame_is_filled_with_its_edge_or_left_away():
    picture = np.full((50, 60, 3), 40, np.uint8)
    picture[:, 0] = 200
    quad = ((-20.0, 10.0), (20.0, 10.0), (20.0, 20.0), (-20.0, 20.0))
    crop = crop_of(picture, Detection(bounding_box(quad), quad))
    assert crop.shape == (10, 40, 3)
    assert (crop[:, :20] == 200).all()
    assert (crop[:, 22:] == 40).all()
    assert crop_of(picture, Detection(bounding_box(quad))).shape == (10, 20, 3)


@pytest.mark.parametrize("has_corners", [False, True])
@pytest.mark.parametrize("size", [(1200, 300), (400, 900), (189, 20), (188, 97)])
def test_a_large_plate_is_shrunk_and_keeps_its_shape(size, has_corners):
    width, height = size
    picture = quarters(width, height)
    box = Box(0.0, 0.0, float(width), float(height))
    quad = ((0.0, 0.0), (box.right, 0.0), (box.right, box.bottom), (0.0, box.bottom)) if has_corners else None
    crop = crop_of(picture, Detection(box, quad))
    assert crop.shape[1] <= MOST_WIDTH
    assert crop.shape[0] <= MOST_HEIGHT
    assert crop.shape[1] == MOST_WIDTH or crop.shape[0] == MOST_HEIGHT
    assert crop.shape[1] / crop.shape[0] == pytest.approx(width / height, rel=0.05)
    assert np.abs(np.array(colours_of(crop), int) - COLOURS).max() <= 3


def test_a_crop_does_not_keep_the_frame_alive_nor_change_with_it():
    picture = np.zeros((60, 80, 3), np.uint8)
    crop = crop_of(picture, Detection(Box(10.0, 10.0, 40.0, 20.0)))
    picture[:] = 255
    assert not crop.any()


coordinates = st.floats(-1e6, 1e6)


@given(
    st.lists(st.tuples(coordinates, coordinates), min_size=4, max_size=4).map(upright_quad),
    st.builds(Box, coordinates, coordinates, st.floats(0, 1e6), st.floats(0, 1e6)),
    st.floats(0, 1),
)
def test_whatever_the_numbers_a_crop_is_a_small_picture(quad, box, padding):
    crop = crop_of(np.zeros((30, 40, 3), np.uint8), Detection(box, quad), padding)
    assert crop.dtype == np.uint8
    assert 1 <= crop.shape[0] <= MOST_HEIGHT
    assert 1 <= crop.shape[1] <= MOST_WIDTH
    assert crop.shape[2] == 3


def seen_from_aside(share, width=120.0, height=38.0):
    """A plate whose width a slanting view shrinks."""
    return (
        (20.0, 30.0),
        (20.0 + share * width, 36.0),
        (20.0 + share * width, 34.0 + height),
        (20.0, 30.0 + height),
    )


@pytest.mark.parametrize(("rows", "aspect"), [(1, 440 / 140), (2, 2.0)])
@pytest.mark.parametrize("share", [0.3, 0.6, 1.0])
@pytest.mark.parametrize("scale", [0.2, 1.0, 4.0])
def test_a_plate_whose_rows_are_known_has_its_proportions_from_wherever_it_is_seen(
    rows, aspect, share, scale
):
    quad = tuple((scale * x, scale * y) for x, y in seen_from_aside(share))
    crop = crop_of(scene_with(quad, (800, 640)), Detection(bounding_box(quad), quad, rows=rows))
    height, width = crop.shape[:2]
    assert abs(width - aspect * height) <= 0.5 + aspect / 2
    assert width <= MOST_WIDTH
    assert height <= MOST_HEIGHT
    # nothing of what the frame shows is lost but what is beyond the largest crop
    assert width >= min(round(scale * 0.99 * share * 120), MOST_WIDTH - 2)
    if scale >= 1:
        assert np.array_equal(np.array(colours_of(crop)), COLOURS)


def test_two_rows_fill_the_largest_crop():
    quad = ((0.0, 0.0), (440.0, 0.0), (440.0, 220.0), (0.0, 220.0))
    crop = crop_of(np.zeros((300, 500, 3), np.uint8), Detection(bounding_box(quad), quad, rows=2))
    assert crop.shape == (94, 188, 3)
