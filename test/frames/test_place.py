import dataclasses
import math
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lprnet_ros.frames.place import (
    MOST_CROPS,
    FrameMark,
    Place,
    number_of_place,
    parse_frame,
    parse_frame_id,
)

MARK = FrameMark("camera_1", 1920, 1080, "9f3c61d2", 42, 3, (5, 7))
PLACE = Place(MARK, 1, 100, 200, 94, 24, ((1.0, 2.0), (3.25, 4.5), (5.0, 6.0), (7.0, 8.0)), 17, 9)
TEXT = (
    "camera_1#frame=1920x1080;stream=9f3c61d2;number=42;crops=3;still=5,7;crop=1;roi=100,200,94,24"
    ";quad=1.00,2.00,3.25,4.50,5.00,6.00,7.00,8.00;track=17;place=9"
)

# what rclpy can put into a string: no surrogates, no NUL
frame_ids = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=30)
pixels = st.integers(1, 10_000)
coordinates = st.floats(-2e9, 2e9, allow_nan=False)
points = st.tuples(coordinates, coordinates)


def marks_of(counts):
    return st.builds(
        FrameMark,
        frame_id=frame_ids,
        width=pixels,
        height=pixels,
        stream=st.from_regex("[0-9a-f]{8}", fullmatch=True),
        number=st.integers(0, 2**53 - 1),
        count=counts,
        still=st.lists(st.integers(0, 2**53 - 1), max_size=8).map(tuple),
    )


marks = marks_of(st.integers(0, MOST_CROPS))


@st.composite
def places(draw):
    mark = draw(marks_of(st.integers(1, MOST_CROPS)))
    x, y = draw(st.integers(0, mark.width - 1)), draw(st.integers(0, mark.height - 1))
    return Place(
        mark,
        draw(st.integers(0, mark.count - 1)),
        x,
        y,
        draw(st.integers(1, mark.width - x)),
        draw(st.integers(1, mark.height - y)),
        draw(st.none() | st.tuples(points, points, points, points)),
        draw(st.integers(0, 2**64 - 1)),
        draw(st.integers(0, 2**53 - 1)),
    )


def test_a_place_is_written_as_documented():
    assert PLACE.to_frame_id() == TEXT
    assert parse_frame_id(TEXT) == PLACE
    assert PLACE.frame_id == "camera_1"
    assert (PLACE.box.x, PLACE.box.y, PLACE.box.right, PLACE.box.bottom) == (100, 200, 194, 224)


@given(places())
@example(dataclasses.replace(PLACE, frame=dataclasses.replace(MARK, frame_id=TEXT)))
@example(dataclasses.replace(PLACE, quad=((-0.001, 0.004), (0.005, 1e9), (-1e9, 0.0), (2.0, -0.0))))
def test_every_place_is_read_as_it_was_written(place):
    text = place.to_frame_id()
    assert parse_frame_id(text) == place
    assert parse_frame(text) is None


def test_a_number_from_before_the_finder_says_nothing_of_rows_and_score():
    assert (PLACE.rows, PLACE.score) == (0, None)
    assert number_of_place(9, 0, 0.5) == 9
    odd = dataclasses.replace(PLACE, number=2**53 - 1)  # no cropper wrote it
    assert (odd.rows, odd.score) == (0, None)
    assert parse_frame_id(odd.to_frame_id()) == odd


@given(st.integers(0, 2**40), st.sampled_from([1, 2]), st.floats(-0.1, 1.1))
@example(2**32 - 1, 2, 1.0)
@example(0, 1, 0.0)
def test_rows_and_score_travel_with_the_number(serial, rows, score):
    place = dataclasses.replace(PLACE, number=number_of_place(serial, rows, score))
    read = parse_frame_id(place.to_frame_id())
    assert read == place
    assert read.rows == rows
    assert read.score == pytest.approx(min(max(score, 0.0), 1.0), abs=0.00051)
    assert read.number % 2**32 == serial % 2**32


@given(st.integers(0, 2**32 - 1), st.sampled_from([0, 1, 2]), st.floats(0, 1))
def test_what_the_finder_says_changes_no_other_part_of_the_text_nor_its_form(serial, rows, score):
    number = number_of_place(serial, rows, score)
    text = dataclasses.replace(PLACE, number=number).to_frame_id()
    assert text == TEXT.replace("place=9", f"place={number}")
    assert number < 2**53  # what nodes accept that do not know of rows


def test_rows_are_one_or_two():
    with pytest.raises(ValueError, match="rows is 3"):
        number_of_place(0, 3, 0.5)


@given(marks)
def test_every_mark_of_a_frame_is_read_as_it_was_written(mark):
    assert parse_frame(mark.to_frame_id()) == mark
    assert parse_frame_id(mark.to_frame_id()) is None


@given(frame_ids)
@example("camera#1")
@example("a#frame=1x1")
@example("%23")
@example("#")
@example("")
def test_an_ordinary_frame_id_is_no_place(text):
    assert parse_frame_id(text) is None
    assert parse_frame(text) is None


@given(frame_ids)
@example("a#b%c%23d%2523")
@example(TEXT)
def test_any_frame_id_survives(frame_id):
    mark = dataclasses.replace(MARK, frame_id=frame_id)
    place = dataclasses.replace(PLACE, frame=mark)
    assert parse_frame_id(place.to_frame_id()).frame_id == frame_id
    assert parse_frame(mark.to_frame_id()).frame_id == frame_id


@given(places(), st.data())
def test_a_changed_text_is_no_place_or_another_one_that_is_written_so(place, data):
    text = place.to_frame_id()
    at = data.draw(st.integers(0, len(text) - 1))
    changed = text[:at] + data.draw(st.text(max_size=2)) + text[at + 1 :]
    other = parse_frame_id(changed)
    assert other is None or other.to_frame_id() == changed


@pytest.mark.parametrize(
    "changed",
    [
        TEXT + ";",
        TEXT + "\n",
        " " + TEXT.replace("#", "#", 1).replace("number=42", "number=042"),
        TEXT.replace("number=42", "number=+42"),
        TEXT.replace("number=42", "number=４２"),
        TEXT.replace("number=42", f"number={2**53}"),
        TEXT.replace("1920x1080", "0x1080"),
        TEXT.replace("1920x1080", "193x1080"),
        TEXT.replace("1920x1080", "1920x223"),
        TEXT.replace("crop=1", "crop=3"),
        TEXT.replace("crops=3", "crops=65"),
        TEXT.replace("crops=3", "crops=0"),
        TEXT.replace("94,24", "0,24"),
        TEXT.replace("94,24", "94,0"),
        TEXT.replace("94,24", "94"),
        TEXT.replace("94,24", "94,-24"),
        TEXT.replace("1.00,2.00", "1.0,2.00"),
        TEXT.replace("1.00,2.00", "nan,2.00"),
        TEXT.replace("1.00,2.00", "-0.00,2.00"),
        TEXT.replace("1.00,2.00", f"{2**31}.00,2.00"),
        TEXT.replace(",7.00,8.00", ""),
        TEXT.replace("track=17", f"track={2**64}"),
        TEXT.replace("stream=9f3c61d2", "stream=9F3C61D2"),
        TEXT.replace("stream=9f3c61d2", "stream=9f3c61d"),
        TEXT.replace("still=5,7", "still=5,"),
        TEXT.replace("still=5,7", "still=" + ",".join("1" * 65)),
        TEXT.replace(";still=5,7", ""),
        TEXT.replace("camera_1", "camera%1"),
        TEXT.replace("camera_1", "camera%2a"),
        TEXT.replace("camera_1", "camera#1"),
        "x" + TEXT[TEXT.index("#") :] + TEXT,
    ],
)
def test_what_was_not_written_by_a_place_is_an_ordinary_frame_id(changed):
    assert parse_frame_id(changed) is None
    assert parse_frame(changed) is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"index": 3}, "crop 3 of 3"),
        ({"index": -1}, "crop -1"),
        ({"width": 0}, "roi"),
        ({"x": 1900}, "roi"),
        ({"y": -1}, "roi"),
        ({"height": 1080}, "roi"),
        ({"track_id": 2**64}, "track_id"),
        ({"number": -1}, "number"),
        ({"quad": ((math.nan, 0.0),) * 4}, "quad"),
        ({"quad": ((math.inf, 0.0),) * 4}, "quad"),
    ],
)
def test_a_place_out_of_range_is_refused(change, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        dataclasses.replace(PLACE, **change)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"width": 0}, "0 x 1080"),
        ({"height": 2**31}, "pixels"),
        ({"stream": "no stream"}, "stream"),
        ({"number": 2**53}, "number"),
        ({"count": MOST_CROPS + 1}, "crops"),
        ({"count": -1}, "crops"),
        ({"still": (-1,)}, "still"),
        ({"still": (1,) * (MOST_CROPS + 1)}, "places"),
    ],
)
def test_a_mark_out_of_range_is_refused(change, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        dataclasses.replace(MARK, **change)
