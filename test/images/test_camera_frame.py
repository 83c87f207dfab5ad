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


# scaling


def smooth(width, height):
    """A picture whose every channel grows with x and y, so that each value tells its place."""
    x, y = (np.arange(width) + 0.5) / width, (np.arange(height)[:, None] + 0.5) / height
    planes = [200 * x + 0 * y + 20, 0 * x + 200 * y + 20, 100 * x + 100 * y + 20]
    return np.rint(np.stack(planes, axis=-1)).astype(np.uint8)


def semi_planar(picture, *, is_nv21=False):
    """The picture as nv12 or nv21."""
    height, width = picture.shape[:2]
    planes = cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420)
    u, v = planes[height:].reshape(2, height // 2, width // 2)
    chroma = np.stack([v, u] if is_nv21 else [u, v], axis=-1).reshape(height // 2, width)
    return SemiPlanarFrame(planes[:height], chroma, is_nv21=is_nv21)


@st.composite
def scalings(draw):
    x, y = draw(st.integers(0, 40)), draw(st.integers(0, 40))
    rectangle = x, y, draw(st.integers(20, 300 - x)), draw(st.integers(20, 200 - y))
    return rectangle, (draw(st.integers(16, 320)), draw(st.integers(16, 200)))


@given(scalings(), st.booleans())
def test_a_scaled_rectangle_has_its_size_and_shows_each_place_where_it_belongs(scaling, is_nv21):
    rectangle, size = scaling
    picture = smooth(300, 200)
    x, y, width, height = rectangle
    across = x + (np.arange(size[0]) + 0.5) * width / size[0]
    down = y + (np.arange(size[1])[:, None] + 0.5) * height / size[1]
    place = np.stack(np.broadcast_arrays(200 * across / 300 + 20, 200 * down / 200 + 20), axis=-1)
    pixel = max(200 * width / 300 / size[0], height / size[1])  # what one of the scaled picture differs by
    whole = BgrFrame(lambda: picture)
    for frame, tolerance in ((whole, 2.0), (semi_planar(picture, is_nv21=is_nv21), 6.0 + pixel)):
        scaled = frame.scaled(*rectangle, size)
        assert scaled.shape == (size[1], size[0], 3)
        assert scaled.dtype == np.uint8
        difference = np.abs(scaled[..., :2] - place)
        assert difference[:-1, :-1].max() <= tolerance  # the last ones repeat their neighbours, if need be
        assert difference.max() <= tolerance + pixel


@given(st.integers(0, 3), st.integers(1, 40), st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_halved_some_times_each_pixel_is_the_mean_of_those_it_stands_for(halvings, width, height, seed):
    factor = 2**halvings
    noise = np.random.default_rng(seed).integers(0, 256, (factor * height, factor * width, 3), dtype=np.uint8)
    scaled = BgrFrame(lambda: noise).scaled(0, 0, factor * width, factor * height, (width, height))
    means = noise.reshape(height, factor, width, factor, 3).mean(axis=(1, 3))
    assert np.abs(scaled - means).max() <= 0.51 * max(1, halvings)


@pytest.mark.parametrize("size", [(640, 360), (512, 288), (630, 354), (1920, 1080)], ids=str)
def test_a_yuv_frame_scaled_by_its_planes_is_that_of_the_converted_frame(size):
    picture = cv2.resize(
        np.random.default_rng(5).integers(90, 170, (27, 48, 3), dtype=np.uint8), (1920, 1080)
    )
    by_planes = semi_planar(picture).scaled(0, 0, 1920, 1080, size)
    whole = BgrFrame(lambda: picture).scaled(0, 0, 1920, 1080, size)
    difference = np.abs(by_planes.astype(int) - whole)
    assert difference.mean() < 1.5
    assert np.percentile(difference, 99.9) <= 8


def test_a_part_in_its_own_size_is_the_cut():
    frame = SemiPlanarFrame(PLANES[:HEIGHT], PLANES[HEIGHT:])
    assert np.array_equal(frame.scaled(2, 4, 10, 8, (10, 8)), frame.cut(2, 4, 10, 8))


@given(rectangles(), st.integers(1, 40), st.integers(1, 40), st.booleans())
def test_any_rectangle_can_be_scaled_to_any_size(rectangle, width, height, is_nv21):
    frame = SemiPlanarFrame(PLANES[:HEIGHT], PLANES[HEIGHT:], is_nv21=is_nv21)
    for one in (frame, BgrFrame(lambda: frame.cut(0, 0, WIDTH, HEIGHT))):
        assert one.scaled(*rectangle, (width, height)).shape == (height, width, 3)
