"""What part of a frame is searched, and the way of quads back into the frame."""

import numpy as np
import pytest
from finder_cells import HEIGHT, WIDTH
from hypothesis import given
from hypothesis import strategies as st

from lprnet_ros.finding.found_plate import FoundPlate
from lprnet_ros.finding.search_part import part_for
from lprnet_ros.images.camera_frame import BgrFrame, SemiPlanarFrame
from lprnet_ros.images.geometry import Box, quad_of_box
from lprnet_ros.models.tensor_spec import TensorSpec
from lprnet_ros.runtimes.picture_tensor import planes_tensor

INPUT = (WIDTH, HEIGHT)


@st.composite
def frames_and_boxes(draw):
    width, height = draw(st.integers(2, 5000)), draw(st.integers(2, 3000))
    x, y = draw(st.floats(-100, width - 1)), draw(st.floats(-100, height - 1))
    return (width, height), Box(x, y, draw(st.floats(1, 6000)), draw(st.floats(1, 4000)))


@given(frames_and_boxes())
def test_a_part_lies_in_the_frame_holds_the_box_and_fits_the_input(case):
    (width, height), box = case
    part = part_for((width, height), box, INPUT)
    if part is None:
        assert box.clipped(width, height).area == 0
        return
    assert part.x >= 0 and part.y >= 0 and part.width >= 1 and part.height >= 1
    assert part.x % 2 == part.y % 2 == 0
    assert part.x + part.width <= width and part.y + part.height <= height
    inside = box.clipped(width, height)
    assert part.x <= inside.x and part.x + part.width >= inside.right - 1e-6
    assert part.y <= inside.y and part.y + part.height >= inside.bottom - 1e-6
    assert 1 <= part.size[0] <= WIDTH and 1 <= part.size[1] <= HEIGHT
    across, down = part.size[0] / part.width, part.size[1] / part.height
    assert max(across, down) <= 2.0 + 1e-9 or 1 in part.size
    # its proportions are kept, but for rounding to whole pixels: by half a pixel of what it was before
    off = [1 + 0.51 / (side - 0.51) for side in part.size]
    assert max(across / down, down / across) <= off[0] * off[1] or 1 in part.size
    # and it fills the input one way, unless the frame or the largest scale does not allow it
    fills = part.size[0] >= WIDTH - 4 or part.size[1] >= HEIGHT - 4
    assert fills or (part.width, part.height) == (width - part.x, height - part.y) or across > 1.9


@given(frames_and_boxes())
def test_a_quad_finds_its_way_back(case):
    size, box = case
    part = part_for(size, box, INPUT)
    if part is None:
        return
    inside = part.wanted
    wanted = quad_of_box(
        Box(
            inside.x + 0.4 * inside.width,
            inside.y + 0.4 * inside.height,
            0.2 * inside.width,
            0.2 * inside.height,
        )
    )
    across, down = part.size[0] / part.width, part.size[1] / part.height
    seen = tuple(((x - part.x) * across, (y - part.y) * down) for x, y in wanted)
    back = part.in_frame(FoundPlate(seen, 0.7, 2))
    if 0.2 * inside.width < 15.99:  # narrower than anybody can read
        assert back is None
        return
    if 0.2 * inside.width < 16.01:
        return
    assert (back.score, back.rows) == (0.7, 2)
    np.testing.assert_allclose(back.quad, wanted, atol=1e-6 * max(size))


@pytest.mark.parametrize("box", [Box(700, 10, 50, 50), Box(-60, 10, 50, 50), Box(10, 10, 0, 50)], ids=str)
def test_a_box_outside_of_the_frame_is_not_searched(box):
    assert part_for((640, 480), box, INPUT) is None


@pytest.mark.parametrize(
    ("width", "scale"), [(10, 2.0), (96, 2.0), (128, 1.5), (192, 1.0), (600, 1.0), (1280, 0.5)]
)
def test_a_small_box_is_enlarged_but_never_fills_the_input_and_what_is_around_it_is_seen(width, scale):
    part = part_for((1920, 1080), Box(960 - width / 2, 500, width, 30), INPUT)
    assert part.size == INPUT
    assert abs(part.width * scale - WIDTH) <= 4
    assert abs(part.height * scale - HEIGHT) <= 4
    assert abs(part.x + part.width / 2 - 960) <= 2
    assert abs(part.y + part.height / 2 - 515) <= 2


def test_a_plate_beside_the_box_is_none_of_the_box():
    part = part_for((1920, 1080), Box(1000, 500, 90, 30), INPUT)
    inside, beside = (
        tuple((2 * (x - part.x), 2 * (y - part.y)) for x, y in quad_of_box(Box(x, 505, 60, 20)))
        for x in (1010, 1080)
    )
    assert part.in_frame(FoundPlate(inside, 0.9)) is not None
    assert part.in_frame(FoundPlate(beside, 0.9)) is None


@pytest.mark.parametrize(
    ("x", "is_found"), [(-10, True), (590, True), (595, True), (-35, False), (625, False)]
)
def test_a_plate_that_the_frames_edge_cuts_is_found_as_long_as_most_of_it_is_there(x, is_found):
    part = part_for((640, 384), Box(0, 0, 640, 384), INPUT)
    assert (part.in_frame(FoundPlate(quad_of_box(Box(x, 100, 60, 20)), 0.9)) is not None) == is_found


@pytest.mark.parametrize(("width", "is_found"), [(15, False), (17, True)])
def test_what_is_too_narrow_to_be_read_is_none(width, is_found):
    part = part_for((320, 192), Box(100, 80, 90, 60), INPUT)  # shown twice as large
    plate = FoundPlate(quad_of_box(Box(220, 180, 2 * width, 8)), 0.9)
    assert (part.in_frame(plate) is not None) == is_found


@pytest.mark.parametrize("is_nv21", [False, True])
@pytest.mark.parametrize("size", [(1920, 1080), (640, 384), (322, 240), (1000, 998)])
def test_planes_of_a_camera_become_the_input_that_their_picture_becomes(size, is_nv21):
    width, height = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    luma = (125 + 60 * np.sin(x / 90) * np.cos(y / 70)).astype(np.uint8)  # inside the range of RGB
    u, v = (
        (128 + 25 * wave).astype(np.uint8) for wave in (np.sin(x[::2, ::2] / 80), np.cos(y[::2, ::2] / 60))
    )
    chroma = np.stack([v, u] if is_nv21 else [u, v], axis=-1).reshape(height // 2, width)
    frame = SemiPlanarFrame(luma, chroma, is_nv21=is_nv21)
    spec = TensorSpec.picture("rgb", 0.0, 1.0, *INPUT, dtype="nv12")
    part = part_for(size, Box(0, 0, width, height), INPUT)
    direct = part.tensor(frame, spec)
    by_colour = part.tensor(BgrFrame(lambda: frame.cut(0, 0, width, height)), spec)
    assert direct.shape == by_colour.shape == spec.nv12_shape
    # 8 bits are rounded three times on the way through BGR, and edges of planes meet at half a pixel
    assert np.abs(direct.astype(int) - by_colour).max() <= 6
    assert np.abs(direct.astype(int) - by_colour).mean() < 1


def test_planes_go_into_an_nv12_input_alone():
    with pytest.raises(ValueError, match="do not go into"):
        planes_tensor(
            np.zeros((4, 4), np.uint8),
            np.zeros((2, 2, 2), np.uint8),
            TensorSpec.picture("rgb", 0.0, 1.0, 8, 8),
        )
