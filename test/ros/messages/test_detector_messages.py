"""From the messages of detectors to detections; stand-ins with the fields of the messages do."""

from __future__ import annotations

import math
from collections import Counter
from types import SimpleNamespace as Fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from lprnet_ros.cropping.detection import Detection, DetectionFilter
from lprnet_ros.images.geometry import Box
from lprnet_ros.ros.messages.detector_messages import detections_of_array, detections_of_targets

CORNERS = [(190.0, 60.0), (100.0, 50.0), (100.0, 80.0), (190.0, 90.0)]
QUAD = ((100.0, 50.0), (190.0, 60.0), (190.0, 90.0), (100.0, 80.0))


def roi(
    x: int = 100, y: int = 50, width: int = 90, height: int = 40, kind: str = "plate", score: float = 0.5
) -> Fields:
    return Fields(
        type=kind, confidence=score, rect=Fields(x_offset=x, y_offset=y, width=width, height=height)
    )


def target(*rois: Fields, points: tuple = (), kind: str = "vehicle", track: int = 0) -> Fields:
    groups = [Fields(point=[Fields(x=x, y=y) for x, y in group]) for group in points]
    return Fields(type=kind, track_id=track, rois=list(rois), points=groups)


def of_targets(*targets: Fields) -> list[Detection]:
    return list(detections_of_targets(Fields(targets=list(targets))))


def test_every_roi_of_every_target_is_a_detection() -> None:
    found = of_targets(
        target(roi(1, 2, 30, 40, "plate", 0.25), roi(5, 6, 70, 80, "face", 0.5), track=9),
        target(),
        target(roi()),
    )
    assert found == [
        Detection(Box(1.0, 2.0, 30.0, 40.0), None, "plate", 0.25, 9),
        Detection(Box(5.0, 6.0, 70.0, 80.0), None, "face", 0.5, 9),
        Detection(Box(100.0, 50.0, 90.0, 40.0), None, "plate", 0.5, 0),
    ]


def test_a_roi_without_a_type_has_that_of_its_target() -> None:
    assert of_targets(target(roi(kind=""), kind="car"))[0].label == "car"


def test_four_points_around_the_roi_are_the_corners_and_tell_its_box() -> None:
    (found,) = of_targets(target(roi(98, 49, 95, 42), points=([(0, 0)], CORNERS)))
    assert found.quad == QUAD
    assert found.box == Box(100.0, 50.0, 90.0, 40.0)


@pytest.mark.parametrize(
    "points",
    [
        [(500.0, 500.0), (590.0, 500.0), (590.0, 530.0), (500.0, 530.0)],
        CORNERS[:3],
        [*CORNERS, (1.0, 1.0)],
        [(100.0, 50.0)] * 4,
        [(math.nan, 50.0), *CORNERS[1:]],
    ],
    ids=["elsewhere", "three", "five", "one_point", "nan"],
)
def test_points_that_are_no_corners_of_the_roi_are_ignored(points: list) -> None:
    (found,) = of_targets(target(roi(), points=(points,)))
    assert found.quad is None
    assert found.box == Box(100.0, 50.0, 90.0, 40.0)


def test_points_of_a_target_with_several_rois_belong_to_none() -> None:
    assert [one.quad for one in of_targets(target(roi(), roi(), points=(CORNERS,)))] == [None, None]


def box_of(x: float, y: float, width: float, height: float, theta: float = 0.0) -> Fields:
    return Fields(center=Fields(position=Fields(x=x, y=y), theta=theta), size_x=width, size_y=height)


def detection(bbox: Fields, *hypotheses: tuple[str, float], track: str = "") -> Fields:
    results = [Fields(hypothesis=Fields(class_id=name, score=score)) for name, score in hypotheses]
    return Fields(bbox=bbox, results=results, id=track)


def of_array(*detections: Fields) -> list[Detection]:
    return list(detections_of_array(Fields(detections=list(detections))))


def test_a_detection_has_its_box_around_the_centre_and_its_best_class() -> None:
    found = of_array(detection(box_of(145.0, 65.5, 90.0, 31.0), ("car", 0.25), ("plate", 0.75), track="17"))
    assert found == [Detection(Box(100.0, 50.0, 90.0, 31.0), None, "plate", 0.75, 17)]


def test_a_detection_without_a_class_has_none() -> None:
    (found,) = of_array(detection(box_of(10.0, 10.0, 4.0, 4.0)))
    assert (found.label, found.score, found.track_id) == ("", 0.0, 0)


@pytest.mark.parametrize("track", ["a", "-1", "1.5", "²", "٣", str(2**64), "9" * 30, " 1"])
def test_an_id_that_is_no_number_is_no_track(track: str) -> None:
    assert of_array(detection(box_of(10.0, 10.0, 4.0, 4.0), track=track))[0].track_id == 0


def test_a_turned_box_gives_corners() -> None:
    (found,) = of_array(detection(box_of(100.0, 100.0, 80.0, 20.0, math.radians(20))))
    top_left, top_right, *_ = found.quad
    assert math.dist(top_left, top_right) == pytest.approx(80.0)
    assert math.degrees(math.atan2(top_right[1] - top_left[1], top_right[0] - top_left[0])) == pytest.approx(
        20.0
    )
    assert found.box.width == pytest.approx(80 * math.cos(math.radians(20)) + 20 * math.sin(math.radians(20)))


@pytest.mark.parametrize("theta", [math.pi, math.pi / 2])
def test_a_box_turned_by_right_angles_is_still_upright(theta: float) -> None:
    width, height = (80.0, 20.0) if theta == math.pi else (20.0, 80.0)
    (found,) = of_array(detection(box_of(100.0, 100.0, width, height, theta)))
    assert found.quad[0] == (pytest.approx(60.0), pytest.approx(90.0))


@pytest.mark.parametrize("theta", [math.nan, math.inf])
def test_a_box_with_an_impossible_angle_is_left_out_by_the_filter(theta: float) -> None:
    left_out: Counter[str] = Counter()
    assert not DetectionFilter().select(of_array(detection(box_of(9.0, 9.0, 4.0, 4.0, theta))), left_out)
    assert left_out == {"bad_numbers": 1}


numbers = st.floats() | st.sampled_from([0.0, 1e308, -1e308, math.nan, math.inf])


@given(numbers, numbers, numbers, numbers, numbers, numbers)
def test_whatever_the_numbers_nothing_impossible_passes_the_filter(
    x: float, y: float, width: float, height: float, theta: float, score: float
) -> None:
    left_out: Counter[str] = Counter()
    found = detections_of_array(
        Fields(detections=[detection(box_of(x, y, width, height, theta), ("plate", score))])
    )
    kept = DetectionFilter().select(found, left_out)
    assert len(kept) + sum(left_out.values()) == 1
    for one in kept:
        assert all(math.isfinite(value) for value in (one.box.x, one.box.right, one.box.bottom, one.score))
