"""A reading as JSON: the template says what json.dumps would."""

from __future__ import annotations

import dataclasses
import json
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from rclpy.serialization import deserialize_message, serialize_message
from std_msgs.msg import String

from lprnet_ros.flow.job import Source
from lprnet_ros.frames.place import FrameMark, Place, number_of_place
from lprnet_ros.reading.plate_reading import PlateReading, Timings, Verdict
from lprnet_ros.ros.messages.cdr import serialise_string
from lprnet_ros.ros.messages.reading_json import reading_to_json

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what ROS imports for its first message uses deprecated modules
    serialize_message(String())

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SHARE = st.floats(0.0, 1.0)
PLACE = Place(FrameMark("cam", 1920, 1080, "0123abcd", 7, 2), 1, 100, 200, 94, 24, ((1.0, 2.0),) * 4, 17, 3)


@st.composite
def readings(draw: st.DrawFn) -> PlateReading:
    text = draw(TEXT)
    return PlateReading(
        text=text,
        confidence=draw(SHARE),
        character_confidences=tuple(draw(SHARE) for _ in text),
        alternatives=tuple(draw(st.lists(st.tuples(TEXT, SHARE), max_size=3))),
        verdict=draw(st.sampled_from(Verdict)),
        timings=Timings(draw(st.floats(0, 1e4)), draw(st.floats(0, 1e4)), draw(st.floats(0, 1e4))),
    )


@given(readings(), TEXT, TEXT, st.integers(-(2**31), 2**31 - 1), st.integers(0, 2**32 - 1), st.booleans())
def test_the_json_is_what_was_read(
    reading: PlateReading, topic: str, frame_id: str, seconds: int, nanoseconds: int, has_place: bool
) -> None:
    source = Source(topic, seconds, nanoseconds, frame_id, 0.0, PLACE if has_place else None)
    line = reading_to_json(reading, source, ', "more": [1]')
    fields = json.loads(line)
    assert line.isprintable()
    assert fields.pop("stamp") == {"sec": seconds, "nanosec": nanoseconds}
    assert fields.pop("frame_id") == frame_id
    assert fields.pop("topic") == topic
    assert fields.pop("text") == reading.text
    assert fields.pop("confidence") == pytest.approx(reading.confidence, abs=1e-6)
    characters = fields.pop("characters")
    assert "".join(each["character"] for each in characters) == reading.text
    shares = [each["confidence"] for each in characters]
    assert shares == pytest.approx(list(reading.character_confidences), abs=1e-6)
    alternatives = fields.pop("alternatives")
    assert [each["text"] for each in alternatives] == [text for text, _ in reading.alternatives]
    assert fields.pop("accepted") is reading.accepted
    assert fields.pop("rejection") == (None if reading.accepted else reading.verdict.value)
    assert fields.pop("timings_ms") == pytest.approx(
        {
            "preprocess": reading.timings.preprocess_ms,
            "inference": reading.timings.inference_ms,
            "decode": reading.timings.decode_ms,
        },
        abs=1e-4,
    )
    place = fields.pop("place", None)
    assert (place is not None) == has_place
    if place is not None:
        assert (place["x"], place["y"], place["width"], place["height"]) == (100, 200, 94, 24)
        assert (place["frame_width"], place["frame_height"], place["track"]) == (1920, 1080, 17)
        assert place["quad"] == [[1.0, 2.0]] * 4
        assert not {"rows", "score"} & set(place)
    assert fields == {"more": [1]}


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_a_string_written_as_bytes_is_the_message(text: str) -> None:
    assert deserialize_message(serialise_string(text), String).data == text


@given(readings(), st.sampled_from([1, 2]), SHARE)
def test_what_the_finder_says_of_the_plate_is_told(reading: PlateReading, rows: int, score: float) -> None:
    place = dataclasses.replace(PLACE, number=number_of_place(3, rows, score))
    told = json.loads(reading_to_json(reading, Source("t", 1, 2, "cam", 0.0, place)))["place"]
    assert (told["rows"], told["score"]) == (rows, pytest.approx(score, abs=0.00051))
    assert told["track"] == 17
