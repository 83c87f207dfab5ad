"""The JSON of a reading or vehicle as the page shows it; anybody may publish anything there."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lprnet_ros.flow.job import Source
from lprnet_ros.frames.place import FrameMark, Place
from lprnet_ros.reading.plate_reading import PlateReading, Verdict
from lprnet_ros.ros.messages.reading_json import reading_to_json
from lprnet_ros.web.shown_reading import LONGEST_MESSAGE, parse_reading

READING = PlateReading("京A12345", 0.987, (0.99,) * 7, (), Verdict.LOW_CONFIDENCE)
QUAD = ((10.0, 20.0), (110.0, 22.0), (110.0, 52.0), (10.0, 50.0))


def message(**changes: object) -> str:
    place = Place(FrameMark("cam", 1280, 720, "00000000", 0, 1), 0, 10, 20, 100, 30, quad=QUAD)
    values = json.loads(reading_to_json(READING, Source("/gate", 7, 8, "cam", 0.0, place)))
    return json.dumps({**values, **changes})


def test_what_lpr_node_publishes_is_shown():
    shown = parse_reading(message())
    assert (shown.topic, shown.stamp, shown.text) == ("/gate", (7, 8), "京A12345")
    assert (shown.confidence, shown.verdict) == (0.987, "low_confidence")
    assert (shown.frame, shown.corners()) == ((1280, 720), list(QUAD))


def test_a_box_has_corners_and_a_crop_has_none():
    box = json.loads(message())["place"] | {"quad": []}
    assert parse_reading(message(place=box)).corners() == [(10, 20), (110, 20), (110, 50), (10, 50)]
    assert parse_reading(message(place=None)).corners() == []


def test_a_vehicle_has_its_times_kind_and_crop():
    jpeg = b"\xff\xd8\xff\xe0 rest"
    vehicle = {"first": 5.5, "last": 7.25, "kind": "blue", "colour": None}
    shown = parse_reading(message(vehicle={**vehicle, "jpeg": base64.b64encode(jpeg).decode()}))
    assert (shown.first, shown.last, shown.kind, shown.colour) == (5.5, 7.25, "blue", None)
    assert shown.jpeg == jpeg


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        "[" * 100_000,
        message(confidence=float("nan")),
        message(confidence="1e999"),
        message(stamp={"sec": 1e999, "nanosec": 0}),
        message(place={"quad": [[1, 2, 3]] * 4}),
        message(place=[1]),
        message(vehicle={"jpeg": "PHN2Zz4="}),  # <svg>
        message(vehicle={"jpeg": "%"}),
        message(vehicle=7),
        message(text="x" * LONGEST_MESSAGE),
    ],
)
def test_what_is_no_reading_is_refused(text: str):
    with pytest.raises(ValueError, match=r"no reading|characters"):
        parse_reading(text)


def test_texts_are_cut_and_hold_no_control_characters():
    shown = parse_reading(message(text="\x1b[2J\n" + "A" * 1000, topic="t" * 1000))
    assert shown.text.isprintable()
    assert (len(shown.text), len(shown.topic)) == (64, 256)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("stamp", "topic", "text", "confidence", "accepted", "rejection", "place", "vehicle")


@given(st.dictionaries(st.sampled_from(FIELDS), values))
def test_any_json_is_shown_or_refused(changes: dict):
    try:
        shown = parse_reading(message(**changes))
    except ValueError:
        return
    json.dumps([shown.text, shown.confidence, shown.corners(), shown.first, shown.last], allow_nan=False)
