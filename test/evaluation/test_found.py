"""Found plates against labelled ones."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lprnet_ros.evaluation.found import (
    LabelledQuad,
    Matched,
    corner_error,
    match_found,
    read_labelled_frames,
)
from lprnet_ros.finding.found_plate import FoundPlate
from lprnet_ros.images.geometry import Box, quad_of_box
from lprnet_ros.sources.labelled import LabelledDataError


def labelled(x, *, is_readable=True):
    return LabelledQuad(quad_of_box(Box(x, 0, 100, 30)), is_readable)


def found(x, score=0.9):
    return FoundPlate(quad_of_box(Box(x, 0, 100, 30)), score)


def test_a_plate_that_shares_half_is_a_hit_and_one_that_shares_less_a_miss_and_a_false_find():
    one = match_found([labelled(0)], [found(33)])  # 67 of 133
    assert (len(one.hits), one.missed, one.false) == (1, (), ())
    other = match_found([labelled(0)], [found(34)])
    assert other == Matched(missed=(labelled(0),), false=(found(34),))


def test_a_plate_that_nobody_can_read_is_neither_missed_nor_false():
    hidden = labelled(0, is_readable=False)
    assert match_found([hidden], []) == Matched()
    assert match_found([hidden], [found(5)]) == Matched(ignored=1)


def test_the_second_find_of_a_plate_is_false_and_the_better_one_counts():
    matched = match_found([labelled(0)], [found(1, 0.6), found(20, 0.8)])
    assert matched.hits == ((labelled(0), found(20, 0.8)),)
    assert matched.false == (found(1, 0.6),)


def test_each_find_takes_the_plate_that_it_shares_most_with():
    matched = match_found([labelled(0), labelled(40)], [found(30, 0.9), found(5, 0.5)])
    assert {(plate.quad[0][0], one.quad[0][0]) for plate, one in matched.hits} == {(40, 30), (0, 5)}


def test_shares_are_of_what_counts():
    matched = match_found([labelled(0), labelled(500)], [found(0), found(900), found(1000)])
    matched += match_found([labelled(0)], [found(10)])
    assert matched.recall == pytest.approx(2 / 3)
    assert matched.precision == pytest.approx(2 / 4)
    assert matched.corner_errors == [0.0, pytest.approx(0.1)]
    assert math.isnan(Matched().recall)
    assert math.isnan(Matched().precision)


@given(
    st.lists(st.tuples(st.floats(0, 900), st.booleans()), max_size=5), st.lists(st.floats(0, 900), max_size=5)
)
def test_every_plate_and_every_find_is_counted_once(plates, finds):
    plates = [labelled(x, is_readable=is_readable) for x, is_readable in plates]
    matched = match_found(plates, [found(x) for x in finds])
    assert len(matched.hits) + len(matched.missed) == sum(plate.is_readable for plate in plates)
    assert len(matched.hits) + len(matched.false) + matched.ignored == len(finds)


def test_the_corner_error_is_a_share_of_the_width():
    wanted = quad_of_box(Box(0, 0, 100, 30))
    assert corner_error(quad_of_box(Box(3, 4, 100, 30)), wanted) == pytest.approx(0.05)
    assert corner_error(wanted[1:] + wanted[:1], wanted) > 0.5  # the plate's own top left is first


HEADER = "file,label,x1,y1,x2,y2,x3,y3,x4,y4,readable,role\n"


def write(folder, *rows):
    (folder / "index.csv").write_text(HEADER + "\n".join(rows) + "\n", encoding="utf-8")
    return folder / "index.csv"


def test_rows_become_the_plates_of_pictures(tmp_path):
    index = write(
        tmp_path,
        "a.jpg,京A12345,1,2,11,2,11,5,1,5,1,choose",
        "a.jpg,,21,2,31,2,31,5,21,5,0,choose",
        "b.jpg,,,,,,,,,,,choose",
        "c.jpg,京A12346,1,2,11,2,11,5,1,5,1,exam",
    )
    frames = read_labelled_frames(index, ("choose",))
    assert [path.name for path in frames] == ["a.jpg", "b.jpg"]
    assert [plate.is_readable for plate in frames[tmp_path / "a.jpg"]] == [True, False]
    assert frames[tmp_path / "a.jpg"][0].quad == ((1, 2), (11, 2), (11, 5), (1, 5))
    assert frames[tmp_path / "b.jpg"] == []
    assert len(read_labelled_frames(index)) == 3


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a.jpg,x,1,2,11,2,11,5,1,five,1,choose", r"line 2 of its CSV: no numbers"),
        ("a.jpg,x,1,2,1,5,11,5,11,2,1,choose", r"line 2 of its CSV: .* no convex, clockwise quad"),
    ],
    ids=["no number", "the other way round"],
)
def test_a_broken_row_is_named(tmp_path, row, message):
    with pytest.raises(LabelledDataError, match=message):
        read_labelled_frames(write(tmp_path, row))
