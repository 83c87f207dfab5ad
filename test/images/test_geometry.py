import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lprnet_ros.images.geometry import (
    Box,
    area,
    bounding_box,
    common_area,
    intersection_over_union,
    is_clockwise,
    is_convex,
    quad_of_box,
    rotated_box,
    upright_quad,
)

PLATE = ((10.0, 20.0), (110.0, 20.0), (110.0, 50.0), (10.0, 50.0))
values = st.floats(-1e4, 1e4)
lengths = st.floats(0, 1e4)
boxes = st.builds(Box, values, values, lengths, lengths)
sizes = st.integers(1, 4000)


def turned(quad, degrees):
    x0, y0 = sum(x for x, _ in quad) / 4, sum(y for _, y in quad) / 4
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return tuple(
        (x0 + (x - x0) * cos - (y - y0) * sin, y0 + (x - x0) * sin + (y - y0) * cos) for x, y in quad
    )


@pytest.mark.parametrize("tilt", [-45, -30, -10, 0, 10, 30, 45])
def test_corners_in_any_order_become_those_of_the_tilted_plate(tilt):
    plate = turned(PLATE, tilt)
    for order in itertools.permutations(plate):
        assert upright_quad(order) == plate


def test_a_plate_seen_from_the_side_keeps_its_long_edges_above_and_below():
    # a labelled scene: corners as its detector names them, from the bottom right
    points = [(599.2, 287.7), (518.9, 255.8), (520.7, 189.5), (601.0, 221.8)]
    assert upright_quad(points) == (points[2], points[3], points[0], points[1])


@pytest.mark.parametrize(
    "points",
    [
        [(0.0, 0.0), (1.0, 0.0), (2.0, 0.0), (3.0, 0.0)],
        [(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (3.9, 0.1)],
        [(5.0, 5.0)] * 4,
        [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)],
        [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, math.nan)],
        [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, math.inf)],
    ],
    ids=["a_line", "a_dent", "a_point", "three", "nan", "infinite"],
)
def test_what_bulges_nowhere_has_no_corners(points):
    assert upright_quad(points) is None


@given(st.lists(st.tuples(values, values), min_size=4, max_size=4))
def test_corners_are_kept_and_run_clockwise(points):
    quad = upright_quad(points)
    assume(quad is not None)
    assert sorted(quad) == sorted(points)
    assert is_convex(quad)
    assert is_clockwise(quad)


def test_convexity_and_direction_are_those_of_the_picture():
    assert is_convex(PLATE)
    assert is_clockwise(PLATE)
    assert not is_clockwise(PLATE[::-1])
    assert not is_convex((PLATE[0], PLATE[2], PLATE[1], PLATE[3]))


def test_a_box_knows_its_edges_and_its_area():
    box = Box(1.0, 2.0, 30.0, 4.0)
    assert (box.right, box.bottom, box.area) == (31.0, 6.0, 120.0)
    assert Box(0.0, 0.0, -1.0, 5.0).area == 0.0
    assert bounding_box(quad_of_box(box)) == box


@given(boxes, sizes, sizes)
def test_the_part_in_the_picture_lies_in_it_and_in_the_box(box, width, height):
    part = box.clipped(width, height)
    assert 0 <= part.x <= part.right <= width
    assert 0 <= part.y <= part.bottom <= height
    assert part.area <= box.area * (1 + 1e-9) + 1e-9
    if box.x >= 0 and box.right <= width and box.y >= 0 and box.bottom <= height:
        assert part.area == pytest.approx(box.area)


def test_a_box_outside_of_the_picture_has_no_part_in_it():
    assert Box(-50.0, 5.0, 40.0, 10.0).clipped(100, 100).area == 0
    assert Box(200.0, 5.0, 40.0, 10.0).clipped(100, 100).area == 0


@given(boxes, sizes, sizes)
def test_pixels_lie_in_the_picture_and_each_edge_is_off_by_half_a_pixel_at_most(box, width, height):
    x, y, w, h = box.pixels_in(width, height)
    assert 0 <= x < x + w <= width
    assert 0 <= y < y + h <= height
    part = box.clipped(width, height)
    if part.width >= 1:
        assert abs(x - part.x) <= 0.5
        assert abs(x + w - part.right) <= 0.5


def test_padding_is_a_share_of_each_side():
    assert Box(10.0, 20.0, 100.0, 30.0).padded(0.1) == Box(0.0, 17.0, 120.0, 36.0)


def test_a_turned_box_turns_from_x_towards_y():
    corners = rotated_box((10.0, 10.0), 8.0, 2.0, math.pi / 2)
    assert corners == tuple(pytest.approx(corner) for corner in ((11, 6), (11, 14), (9, 14), (9, 6)))
    level = rotated_box((10.0, 10.0), 8.0, 2.0, 0.0)
    assert bounding_box(level) == Box(6.0, 9.0, 8.0, 2.0)


# areas


@st.composite
def turned_boxes(draw):
    centre = draw(st.floats(-50, 50)), draw(st.floats(-50, 50))
    return rotated_box(centre, draw(st.floats(1, 80)), draw(st.floats(1, 80)), draw(st.floats(-4, 4)))


@given(turned_boxes(), turned_boxes())
def test_the_common_area_is_that_of_the_pixels_in_both(first, second):
    x, y = np.meshgrid(np.linspace(-110, 110, 441), np.linspace(-110, 110, 441))

    def inside(quad):
        sides = [
            (u - p) * (y - q) - (v - q) * (x - p)
            for (p, q), (u, v) in zip(quad, [*quad[1:], quad[0]], strict=True)
        ]
        return np.all(np.array(sides) >= 0, axis=0)

    counted = np.count_nonzero(inside(first) & inside(second)) * 0.25
    around = sum(math.dist(a, b) for a, b in zip(first, [*first[1:], first[0]], strict=True))
    assert common_area(first, second) == pytest.approx(counted, abs=0.5 * around)
    assert common_area(first, second) == pytest.approx(common_area(second, first), rel=1e-6, abs=1e-6)
    assert 0 <= intersection_over_union(first, second) <= 1


@given(turned_boxes())
def test_a_quad_shares_all_of_itself(quad):
    assert common_area(quad, quad) == pytest.approx(area(quad))
    assert intersection_over_union(quad, quad) == pytest.approx(1)


def test_boxes_share_what_is_in_both():
    first, second = quad_of_box(Box(0, 0, 10, 10)), quad_of_box(Box(5, 5, 10, 10))
    assert area(first) == 100
    assert area(first[::-1]) == -100
    assert common_area(first, second) == 25
    assert intersection_over_union(first, second) == pytest.approx(25 / 175)
    assert common_area(first, quad_of_box(Box(10, 0, 5, 5))) == 0
    assert common_area(first, quad_of_box(Box(20, 0, 5, 5))) == 0
    assert common_area(first, quad_of_box(Box(2, 2, 5, 5))) == 25
