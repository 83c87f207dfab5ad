"""What the finder is taught is what the package's own decoder finds."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lprnet_ros.finding.plate_cells import decode_cells
from lprnet_ros.training.finder.taught_cells import STRIDE, TaughtPlate, targets_of

HEIGHT, WIDTH = 128, 256


def quad_at(x, y, width, angle, aspect):
    flat = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (width / 2, width / aspect / 2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.array(flat @ turn.T + (x, y), np.float32)


def answer_of(target):
    """The answer of a network that has learnt a target by heart."""
    cells = np.zeros((1, 11, HEIGHT // STRIDE, WIDTH // STRIDE), np.float32)
    cells[0, 0] = np.log((target[0] + 1e-6) / (1 - target[0] + 1e-6))
    y, x = np.mgrid[0 : cells.shape[2], 0 : cells.shape[3]] + 0.5
    middles = np.stack([x, y] * 4)
    cells[0, 1] = target[7]
    cells[0, 2:10] = (target[8:16] - middles) / np.exp2(target[7])
    cells[0, 10] = target[16] * 2 - 1
    return cells


@given(
    x=st.floats(30, WIDTH - 30),
    y=st.floats(30, HEIGHT - 30),
    width=st.floats(12, 200),
    angle=st.floats(-np.pi, np.pi),
    rows=st.sampled_from([1, 2]),
)
def test_a_network_that_answers_as_taught_finds_the_plate(x, y, width, angle, rows):
    quad = quad_at(x, y, width, angle, 3.2 if rows == 1 else 2.0)
    target = targets_of([TaughtPlate(quad, rows)], HEIGHT, WIDTH)
    (found,) = decode_cells(answer_of(target), STRIDE, 0.5)
    assert np.allclose(found.quad, quad, atol=0.05 + 0.002 * width)
    assert found.rows == rows
    assert found.score > 0.99


def test_of_a_plate_that_nobody_can_read_nothing_is_said():
    quad = quad_at(128, 64, 60, 0.1, 3.2)
    target = targets_of([TaughtPlate(quad, is_known=False)], HEIGHT, WIDTH)
    assert target[0].max() == 0
    assert target[1, 8, 16] == 0
    assert target[1, 0, 0] == 1
    assert target[2].sum() == 0


def test_a_readable_plate_before_one_that_is_not_is_still_taught():
    quad = quad_at(128, 64, 60, 0, 3.2)
    target = targets_of([TaughtPlate(quad), TaughtPlate(quad + 4, is_known=False)], HEIGHT, WIDTH)
    assert target[0].max() == 1
    assert target[1][target[0] > 0.5].min() == 1


def test_corners_of_narrow_and_of_loosely_labelled_plates_weigh_less():
    def weight(width, given=1.0):
        plate = TaughtPlate(quad_at(128, 64, width, 0, 3.2), 1, given)
        return targets_of([plate], HEIGHT, WIDTH)[2].sum()

    assert weight(100) == 1
    assert np.isclose(weight(24), 0.5, atol=0.01)
    assert np.isclose(weight(100, 0.3), 0.3, atol=0.01)


def test_a_plate_whose_centre_is_outside_teaches_nothing_but_is_no_background_either():
    target = targets_of([TaughtPlate(quad_at(-10, 64, 60, 0, 3.2))], HEIGHT, WIDTH)
    assert target[0].max() == 0
    assert target[1, 8, 0] == 0
