"""What annotate draws: seen on light and dark, and accepted readings told apart without colour."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lprnet_ros.pictures.annotation import annotate, captioned
from lprnet_ros.reading.plate_reading import PlateReading, Seen, Verdict

QUAD = ((100.0, 200.0), (300.0, 210.0), (298.0, 260.0), (98.0, 250.0))

INK = 24  # the brightest of the ground's channels


def plate(verdict=Verdict.ACCEPTED, quad=QUAD, text="京A12345"):
    return PlateReading(text, 0.987, verdict=verdict, seen=Seen(quad))


@pytest.mark.parametrize("level", [0, 128, 255])
def test_outline_and_label_stand_out_from_any_ground(level):
    picture = np.full((480, 640, 3), level, np.uint8)
    drawn = annotate(picture, [plate()])
    grey = cv2.cvtColor(drawn, cv2.COLOR_BGR2GRAY).astype(int)
    assert abs(grey[203:208, 150:250] - level).max() > 60  # the upper edge
    label = grey[150:195, 100:300]
    assert label.max() - label.min() > 150
    assert (picture == level).all()  # it is another picture


def test_accepted_and_rejected_differ_in_form_not_in_colour_alone():
    picture = np.full((480, 640, 3), 128, np.uint8)
    edges = []
    for verdict in (Verdict.ACCEPTED, Verdict.LOW_CONFIDENCE):
        drawn = annotate(picture, [plate(verdict)])
        line = [drawn[round(200 + 10 * step / 200), 100 + step] for step in range(20, 180)]
        edges.append(np.array(line).max(axis=1) > 150)
    solid, dashed = edges
    assert solid.all()
    assert 0.3 < dashed.mean() < 0.8


def test_labels_that_would_cover_each_other_are_moved():
    quads = [QUAD, tuple((x + 20, y - 5) for x, y in QUAD)]
    drawn = annotate(np.zeros((480, 640, 3), np.uint8), [plate(quad=quad) for quad in quads])
    white = (drawn.min(axis=2) > 240).any(axis=1)
    assert white[150:200].any()
    assert white[265:310].any()


def test_a_crop_is_enlarged_with_its_reading_below_it():
    crop = np.full((24, 94, 3), (200, 60, 30), np.uint8)
    accepted = annotate(crop, [plate(quad=None)])
    rejected = annotate(crop, [plate(Verdict.WRONG_LENGTH, quad=None, text="京AD12345")])
    for picture in (accepted, rejected):
        assert picture.shape == (144, 376, 3)
        assert (picture[:96] == crop[0, 0]).all()
        assert picture[96:, :6].max() == picture[96:, -4:].max() == INK  # the whole line has room
    green, orange = accepted[96:].astype(int), rejected[96:].astype(int)
    assert (green[..., 1] - green[..., 2]).max() > 100 > (green[..., 2] - green[..., 1]).max()
    assert (orange[..., 2] - orange[..., 0]).max() > 100


@pytest.mark.parametrize(("width", "height"), [(60, 90), (400, 20), (1, 1), (3000, 2000)])
def test_all_of_a_crop_is_shown_whatever_its_shape(width, height):
    crop = np.full((height, width, 3), 255, np.uint8)
    picture = captioned(crop, PlateReading("", 0.0, verdict=Verdict.EMPTY), (376, 96))
    assert picture.shape == (144, 376, 3)
    rows, columns = (np.flatnonzero((picture[:96] == 255).all(axis=2).any(axis=axis)) for axis in (1, 0))
    shown = np.ptp(columns) + 1, np.ptp(rows) + 1
    assert shown[0] == 376 or shown[1] == 96
    if min(width, height) > 1:
        assert shown[0] / shown[1] == pytest.approx(width / height, rel=0.05)


@given(
    size=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    corners=st.lists(st.tuples(*[st.floats(-500, 500)] * 2), min_size=4, max_size=4),
    text=st.text(max_size=9),
    verdict=st.sampled_from(Verdict),
    is_crop=st.booleans(),
)
def test_anything_can_be_drawn_anywhere(size, corners, text, verdict, is_crop):
    picture = np.full((*size, 3), 99, np.uint8)
    drawn = annotate(picture, [plate(verdict, None if is_crop else tuple(corners), text)])
    assert drawn.dtype == np.uint8
    assert is_crop or drawn.shape == picture.shape


def test_a_picture_without_plates_stays_as_it_is():
    picture = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    np.testing.assert_array_equal(annotate(picture, []), picture)
