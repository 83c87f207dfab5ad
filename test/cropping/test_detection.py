import itertools
import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lprnet_ros.cropping.detection import MOST_DETECTIONS, Detection, DetectionFilter, most_certain
from lprnet_ros.images.geometry import Box

BOX = Box(10.0, 10.0, 80.0, 20.0)


def selected(chosen, *detections):
    left_out = Counter()
    return chosen.select(detections, left_out), left_out


def test_classes_and_scores_decide():
    chosen = DetectionFilter(frozenset({"plate", "green_plate"}), 0.5)
    good = Detection(BOX, label="plate", score=0.5)
    other = Detection(BOX, label="green_plate", score=0.9)
    kept, left_out = selected(
        chosen, good, Detection(BOX, label="car", score=0.9), Detection(BOX, label="plate", score=0.49), other
    )
    assert kept == [good, other]
    assert left_out == {"other_class": 1, "low_score": 1}


def test_without_classes_every_class_counts():
    kept, left_out = selected(DetectionFilter(), Detection(BOX, label="car"), Detection(BOX, score=0.0))
    assert len(kept) == 2
    assert not left_out


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        *itertools.product(["x", "y", "width", "height", "corner"], [math.nan, math.inf, -1.1e6]),
        ("x", 1.1e6),
        ("score", math.nan),
        ("score", math.inf),
    ],
)
def test_impossible_numbers_are_left_out_and_counted(field, bad):
    values = {"x": 10.0, "y": 10.0, "width": 80.0, "height": 20.0, "score": 0.9, "corner": 2.0, field: bad}
    box = Box(values["x"], values["y"], values["width"], values["height"])
    quad = ((1.0, 1.0), (2.0, 1.0), (2.0, 2.0), (1.0, values["corner"]))
    kept, left_out = selected(DetectionFilter(), Detection(box, quad, score=values["score"]), Detection(BOX))
    assert kept == [Detection(BOX)]
    assert left_out == {"bad_numbers": 1}


def test_no_more_than_1000_detections_of_a_frame_are_looked_at():
    kept, left_out = selected(DetectionFilter(), *[Detection(BOX)] * (MOST_DETECTIONS + 5))
    assert len(kept) == MOST_DETECTIONS
    assert left_out == {"too_many_detections": 5}


def test_boxes_that_overlap_almost_wholly_are_one_plate():
    best = Detection(BOX, score=0.9)
    twin = Detection(Box(12.0, 10.5, 80.0, 20.0), score=0.8, label="another class")
    neighbour = Detection(Box(60.0, 10.0, 80.0, 20.0), score=0.1)
    left_out = Counter()
    assert most_certain([twin, neighbour, best], 10, left_out) == [neighbour, best]
    assert left_out == {"overlapping": 1}


def shared(one, other):
    """How much of their union two boxes have in common."""
    width = min(one.right, other.right) - max(one.x, other.x)
    height = min(one.bottom, other.bottom) - max(one.y, other.y)
    common = max(0.0, width) * max(0.0, height)
    return common / (one.area + other.area - common)


places = st.builds(Box, st.floats(-5, 60), st.floats(-5, 5), st.floats(60, 80), st.floats(15, 20))


@given(st.lists(st.builds(Detection, places, score=st.sampled_from([0.0, 0.5, 1.0])), max_size=20))
def test_every_plate_is_kept_once_and_the_best_box_of_it(detections):
    left_out = Counter()
    kept = most_certain(detections, 20, left_out)
    assert len(kept) + left_out["overlapping"] == len(detections)
    for one, other in itertools.combinations(kept, 2):
        assert shared(one.box, other.box) <= 0.8 + 1e-9
    for one in detections:
        assert any(shared(one.box, two.box) > 0.8 - 1e-9 and two.score >= one.score for two in kept)
    for most in (1, 3):
        few = Counter()
        assert len(most_certain(detections, most, few)) == min(most, len(kept))
        assert len(detections) - sum(few.values()) == min(most, len(kept))
