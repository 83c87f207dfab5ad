import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lprnet_ros.reading.deskew import estimate_shear, estimate_slope, level_views, remove_tilt


def plate(width=220, height=70):
    """A blue plate with a border line and strokes."""
    image = np.full((height, width, 3), (190, 70, 20), np.uint8)
    cv2.rectangle(image, (4, 4), (width - 5, height - 5), (240, 240, 240), 2)
    for number in range(7):
        left = 14 + number * 29
        cv2.rectangle(image, (left, 16), (left + 17, height - 17), (240, 240, 240), 4)
    return image


def tilted(slope, shear, size=(180, 80)):
    """The plate as a detector cuts it: in its upright box, right end lower by slope heights."""
    image = plate()
    height, width = image.shape[:2]
    fall, rise, forward, back = max(0, slope), max(0, -slope), max(0, shear), max(0, -shear)
    corners = [[back, rise], [1 - forward, fall], [1 - back, 1 - rise], [forward, 1 - fall]]
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    target = np.array(corners, np.float32) * np.array(size, np.float32)
    matrix = cv2.getPerspectiveTransform(source, target)
    return cv2.warpPerspective(image, matrix, size, borderValue=(60, 60, 60))


@pytest.mark.parametrize("slope", [-0.4, -0.2, -0.1, 0.0, 0.15, 0.3, 0.45])
@pytest.mark.parametrize("shear", [-0.05, 0.0, 0.05])
def test_the_slope_is_measured(slope, shear):
    assert estimate_slope(tilted(slope, shear)) == pytest.approx(slope, abs=0.051)


@pytest.mark.parametrize("shear", [-0.1, -0.05, 0.0, 0.05, 0.1])
@pytest.mark.parametrize("slope", [-0.2, 0.0, 0.2])
def test_the_shear_is_measured_once_the_plate_is_level(slope, shear):
    turned = remove_tilt(tilted(slope, shear), slope, 0.0)
    assert estimate_shear(turned) == pytest.approx(shear, abs=0.03)


@pytest.mark.parametrize(("slope", "shear"), [(0.3, 0.05), (-0.25, -0.05), (0.4, 0.0)])
def test_a_tilted_plate_comes_out_as_the_level_one(slope, shear):
    straight = cv2.resize(plate(), (188, 48), interpolation=cv2.INTER_AREA)
    _, upright, roomy = level_views(tilted(slope, shear))

    def likeness(image):
        return np.corrcoef(image[:, :, 2].ravel(), straight[:, :, 2].ravel())[0, 1]

    assert upright.shape == (48, 188, 3)
    inner = cv2.resize(roomy[:, 10:-10], (188, 48))
    assert np.abs(inner.astype(int) - upright).mean() < 25
    assert likeness(upright) > 0.7
    assert likeness(upright) > likeness(cv2.resize(tilted(slope, shear), (188, 48))) + 0.3


@given(
    st.tuples(st.integers(1, 40), st.integers(1, 120)).flatmap(
        lambda size: arrays(np.uint8, (*size, 3), elements=st.integers(0, 255))
    )
)
def test_any_picture_gives_three_views(image):
    before = image.copy()
    views = level_views(image)
    assert [view.shape for view in views] == [(48, 188, 3)] * 3
    assert [view.dtype for view in views] == [np.uint8] * 3
    assert np.array_equal(image, before)


def test_a_flat_picture_is_level():
    flat = np.full((30, 90, 3), 128, np.uint8)
    assert (estimate_slope(flat), estimate_shear(flat)) == (0.0, 0.0)
