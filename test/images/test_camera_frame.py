import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lprnet_ros.images.camera_frame import BgrFrame, SemiPlanarFrame

WIDTH, HEIGHT, STEP = 24, 16, 29
PLANES = np.random.default_rng(3).integers(0, 256, (HEIGHT * 3 // 2, STEP), dtype=np.uint8)[:, :WIDTH]
CODES = {False: cv2.COLOR_YUV2BGR_NV12, True: cv2.COLOR_YUV2BGR_NV21}


@st.composite
def rectangles(draw):
    x, y = draw(st.integers(0, WIDTH - 1)), draw(st.integers(0, HEIGHT - 1))
    return x, y, draw(st.integers(1, WIDTH - x)), draw(st.integers(1, HEIGHT - y))


@given(rectangles(), st.booleans())
def test_a_cut_of_a_yuv_frame_is_that_of_the_whole_converted_frame(rectangle, is_nv21):
    frame = SemiPlanarFrame(PLANES[:HEIGHT], PLANES[HEIGHT:], is_nv21=is_nv21)
    whole = cv2.cvtColor(np.ascontiguousarray(PLANES), CODES[is_nv21])
    x, y, width, height = rectangle
    assert frame.size == (WIDTH, HEIGHT)
    assert np.array_equal(frame.cut(*rectangle), whole[y : y + height, x : x + width])
    grey = frame.grey(*rectangle)
    assert np.array_equal(grey, PLANES[y : y + height, x : x + width])
    assert np.shares_memory(grey, PLANES)


@given(rectangles())
def test_a_cut_of_a_bgr_frame_is_a_view_of_it(rectangle):
    picture = np.random.default_rng(4).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    frame = BgrFrame(lambda: picture)
    x, y, width, height = rectangle
    cut = frame.cut(*rectangle)
    assert frame.size == (WIDTH, HEIGHT)
    assert np.array_equal(cut, picture[y : y + height, x : x + width])
    assert np.shares_memory(cut, picture)
    assert np.array_equal(frame.grey(*rectangle), cv2.cvtColor(cut, cv2.COLOR_BGR2GRAY))


def test_a_bgr_frame_is_converted_once_and_only_when_a_pixel_is_asked_for():
    calls = []

    def convert():
        calls.append(1)
        return np.zeros((4, 6, 3), np.uint8)

    frame = BgrFrame(convert)
    assert not calls
    assert frame.size == (6, 4)
    frame.cut(0, 0, 2, 2)
    frame.grey(1, 1, 2, 2)
    assert len(calls) == 1


def test_what_converting_raises_is_raised_each_time():
    def convert():
        raise ValueError("broken")

    frame = BgrFrame(convert)
    for _ in range(2):
        with pytest.raises(ValueError, match="broken"):
            frame.size  # noqa: B018 - asking is the test


@pytest.mark.parametrize(
    ("luma", "chroma"), [((15, 24), (8, 24)), ((16, 23), (8, 23)), ((16, 24), (7, 24)), ((16, 24), (8, 22))]
)
def test_planes_that_do_not_fit_are_refused(luma, chroma):
    with pytest.raises(ValueError, match="make no 4:2:0 picture"):
        SemiPlanarFrame(np.zeros(luma, np.uint8), np.zeros(chroma, np.uint8))
