"""Cells to plates: what was encoded comes out, and nothing else."""

import math

import numpy as np
import pytest
from finder_cells import HEIGHT, STRIDE, WIDTH, centre_of, encode
from hypothesis import assume, given
from hypothesis import strategies as st

from lprnet_ros.finding.found_plate import FoundPlate
from lprnet_ros.finding.plate_cells import MOST_PLATES, CellsError, decode_cells, merged
from lprnet_ros.images.geometry import Box, is_clockwise, is_convex, quad_of_box, rotated_box


@st.composite
def plates(draw):
    width = draw(st.floats(8, 300))
    quad = rotated_box(
        (draw(st.floats(20, WIDTH - 20)), draw(st.floats(20, HEIGHT - 20))),
        width,
        width * draw(st.floats(0.2, 0.7)),
        draw(st.floats(-math.pi, math.pi)),
    )
    shift = st.floats(-0.03 * width, 0.03 * width)
    quad = tuple((x + draw(shift), y + draw(shift)) for x, y in quad)
    return FoundPlate(quad, draw(st.floats(0.6, 0.99)), draw(st.sampled_from([1, 2])))


@given(st.lists(plates(), max_size=6))
def test_what_is_encoded_is_found(wanted):
    centres = [centre_of(plate.quad) for plate in wanted]
    reach = [
        max(math.dist(corner, centre) for corner in plate.quad)
        for plate, centre in zip(wanted, centres, strict=True)
    ]
    for i in range(len(wanted)):
        for j in range(i):
            assume(math.dist(centres[i], centres[j]) > max(reach[i] + reach[j], 3 * STRIDE))
    found = decode_cells(encode(wanted), STRIDE, 0.5)
    assert [plate.score for plate in found] == sorted((plate.score for plate in found), reverse=True)
    assert len(found) == len(wanted)
    for expected, centre in zip(wanted, centres, strict=True):
        plate = min(found, key=lambda plate: math.dist(centre_of(plate.quad), centre))
        assert plate.rows == expected.rows
        assert plate.score == pytest.approx(expected.score, abs=1e-5)
        np.testing.assert_allclose(plate.quad, expected.quad, atol=0.01)


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 3), st.floats(0.01, 0.99))
def test_any_numbers_give_few_plates_that_make_sense(seed, spread, minimum_score):
    cells = np.random.default_rng(seed).normal(0, spread, (1, 11, 12, 20)).astype(np.float32)
    found = decode_cells(cells, STRIDE, minimum_score)
    assert len(found) <= MOST_PLATES
    for plate in found:
        assert plate.score >= minimum_score - 1e-6
        assert is_convex(plate.quad)
        assert is_clockwise(plate.quad)
        assert np.abs(plate.quad).max() < 20 * STRIDE * 80


BOX = FoundPlate(quad_of_box(Box(100, 100, 60, 20)), 0.9)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("channel", [0, 5, 10])
def test_numbers_that_are_none_are_refused(value, channel):
    cells = encode([BOX])
    cells[0, channel, 3, 4] = value
    with pytest.raises(CellsError, match="NaN or infinite"):
        decode_cells(cells, STRIDE, 0.5)


def test_a_score_below_the_least_one_is_no_plate():
    assert len(decode_cells(encode([BOX]), STRIDE, 0.89)) == 1
    assert decode_cells(encode([BOX]), STRIDE, 0.91) == []


def test_two_peaks_on_one_plate_are_one_and_the_better_stays():
    cells = encode([BOX])
    row, column = 110 // STRIDE, 130 // STRIDE
    cells[0, :, row, column + 2] = cells[0, :, row, column]
    cells[0, 2:10:2, row, column + 2] -= 2 * STRIDE / 60  # the same corners, seen from there
    cells[0, 0, row, column + 2] = 1.0
    (plate,) = decode_cells(cells, STRIDE, 0.5)
    assert plate.score == pytest.approx(0.9)
    np.testing.assert_allclose(plate.quad, BOX.quad, atol=0.01)


def test_a_small_quad_inside_a_better_one_is_left_out_and_a_neighbour_stays():
    inside, beside = (FoundPlate(quad_of_box(Box(x, 104, 20, 8)), 0.8) for x in (110, 150))
    assert merged([inside, BOX, beside]) == [BOX, beside]


@pytest.mark.parametrize(
    ("channel", "value"), [(1, 30.0), (1, -30.0), (1, -2.0), (2, 50.0), (9, -3.0)], ids=str
)
def test_quads_without_sense_are_no_plates(channel, value):
    cells = encode([BOX])
    cells[0, channel, 110 // STRIDE, 130 // STRIDE] = value
    assert decode_cells(cells, STRIDE, 0.5) == []


@pytest.mark.parametrize(
    "order", [(1, 0, 3, 2), (0, 2, 1, 3), (0, 0, 0, 0)], ids=["mirrored", "crossed", "a point"]
)
def test_corners_in_another_order_are_no_plate(order):
    cells = encode([BOX])
    cell = cells[0, 2:10, 110 // STRIDE, 130 // STRIDE].reshape(4, 2)
    cells[0, 2:10, 110 // STRIDE, 130 // STRIDE] = cell[list(order)].reshape(-1)
    assert decode_cells(cells, STRIDE, 0.5) == []


def test_of_more_peaks_than_plates_may_be_the_best_count():
    cells = np.zeros((1, 11, 48, 80), np.float32)
    cells[:, 0] = -5
    cells[0, 2:10] = np.array([-0.5, -0.2, 0.5, -0.2, 0.5, 0.2, -0.5, 0.2])[:, None, None]
    cells[0, 0, ::2, ::2] = np.linspace(1, 3, 24 * 40).reshape(24, 40)
    found = decode_cells(cells, STRIDE, 0.5)
    assert len(found) == MOST_PLATES
    assert found[0].score == pytest.approx(1 / (1 + math.exp(-3)))
    assert found[-1].score == pytest.approx(1 / (1 + math.exp(-3 + 63 * 2 / 959)), abs=1e-5)


def test_a_wrong_width_costs_less_since_each_end_is_told_by_a_cell_near_it():
    plate = FoundPlate(quad_of_box(Box(100, 100, 160, 50)), 0.9)
    cells = encode([plate])
    cells[0, 1] += math.log2(1.1)  # every cell takes the plate for a tenth wider than it is
    (found,) = decode_cells(cells, STRIDE, 0.5)
    from_middle = 0.1 * 80
    left = [found.quad[0][0] - 100, found.quad[3][0] - 100]
    right = [found.quad[1][0] - 260, found.quad[2][0] - 260]
    assert all(abs(error) < 0.6 * from_middle for error in left + right)
    assert all(error < 0 for error in left)
    assert all(error > 0 for error in right)
