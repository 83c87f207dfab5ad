"""A vehicle's JSON: what is published can be recorded, and what is no vehicle is refused with a reason."""

from __future__ import annotations

import base64
import dataclasses
import json

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from a_vehicle import CROP, READING, SOURCE, VEHICLE

from lprnet_ros.flow.job import Source
from lprnet_ros.reading.plate_reading import Verdict
from lprnet_ros.record.vehicle_record import RecordedVehicle
from lprnet_ros.ros.messages.vehicle_json import recorded_vehicle, vehicle_line, vehicle_to_json


def test_what_is_published_is_what_is_recorded() -> None:
    line = vehicle_to_json(VEHICLE, SOURCE, CROP)
    vehicle = json.loads(line)["vehicle"]
    del vehicle["jpeg"]
    assert vehicle == {
        **{"crops": 9, "agreeing": 8, "revised": False, "seconds": 0.81},
        **{"first": 1799999999.19, "last": 1.8e9, "kind": "blue", "colour": "blue"},
    }
    recorded, jpeg = recorded_vehicle(line)
    assert recorded == RecordedVehicle(
        0, "沪QHN5542", "blue", "blue", 0.9871, 1.8e9 - 0.81, 1.8e9, "/gate/crop cam#1"
    )
    assert cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).shape == (24, 94, 3)
    assert recorded_vehicle(vehicle_to_json(VEHICLE, SOURCE))[1] is None


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((1, 1), (1, 1)), ((2000, 4000), (240, 480)), ((4000, 1), (480, 1)), ((480, 480), (480, 480))],
)
def test_a_crop_of_any_size_fits(shape: tuple[int, int], expected: tuple[int, int]) -> None:
    line = vehicle_to_json(VEHICLE, SOURCE, np.random.default_rng(1).integers(0, 256, (*shape, 3), np.uint8))
    _, jpeg = recorded_vehicle(line)
    assert cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).shape == (*expected, 3)


def test_only_accepted_readings_are_recorded() -> None:
    rejected = dataclasses.replace(
        VEHICLE, reading=dataclasses.replace(READING, verdict=Verdict.LOW_CONFIDENCE)
    )
    assert recorded_vehicle(vehicle_to_json(rejected, SOURCE, CROP)) is None


def changed(**values: object) -> str:
    reading = json.loads(vehicle_to_json(VEHICLE, SOURCE, CROP))
    reading["vehicle"].update(values.pop("vehicle", {}))
    return json.dumps({**reading, **values})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Expecting value"),
        ("[]", "indices"),
        ("{}", "'vehicle' is missing"),
        (changed(text=7), "a text is missing"),
        (changed(text=""), "a text is missing"),
        (changed(confidence=1.5), "1.5 is no number from 0 to 1"),
        (changed(confidence=float("nan")), "nan is no number"),
        (changed(confidence=True), "True is no number"),
        (changed(vehicle={"first": -1}), "-1 is no number"),
        (changed(vehicle={"last": 1e300}), "is no number"),
        (changed(vehicle={"kind": {}}), "a text is missing"),
        (changed(vehicle={"jpeg": "no base64"}), "base64"),
        (changed(vehicle={"jpeg": base64.b64encode(b"GIF89a").decode()}), "its crop is no JPEG"),
        (changed(vehicle={"jpeg": 5}), "int"),
        ("[" * 100_000, "recursion"),
        ("9" * 2_000_000, "it has 2000000 characters"),
    ],
)
def test_what_is_no_vehicle_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        recorded_vehicle(text)


@given(st.text(min_size=1), st.text())
def test_texts_from_outside_are_one_short_printable_line(plate: str, frame_id: str) -> None:
    recorded, _ = recorded_vehicle(changed(text=plate, frame_id=frame_id))
    assert recorded.text.isprintable()
    assert len(recorded.text) <= 40
    assert recorded.camera.isprintable()
    assert len(recorded.camera) <= 200
    assert f"{recorded.text}{recorded.camera}".encode()


def test_the_line_of_a_log_says_who_where_and_how_surely() -> None:
    assert (
        vehicle_line(VEHICLE, SOURCE)
        == "vehicle 沪QHN5542 (0.987, blue) on /gate/crop cam#1: 9 crops in 0.8 s"
    )
    doubtful = dataclasses.replace(READING, verdict=Verdict.LOW_CONFIDENCE, colour=None)
    once = dataclasses.replace(VEHICLE, reading=doubtful, crops=1, last=VEHICLE.first)
    assert vehicle_line(once, Source("/image", 0, 0, "", 0.0)) == (
        "vehicle 沪QHN5542 (0.987, not accepted: low_confidence) on /image: 1 crop in 0.0 s"
    )
