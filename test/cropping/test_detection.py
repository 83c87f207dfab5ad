import itertools
import math
from collections import Counter

import pytest

from lprnet_ros.cropping.detection import MOST_DETECTIONS, Detection, DetectionFilter
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
