import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lprnet_ros.cropping.regions import MOST_REGIONS, RegionError, parse_regions
from lprnet_ros.images.geometry import Box


def test_shares_of_the_frame_follow_its_size():
    (region,) = parse_regions(["0.1,0.2 0.4,0.2 0.4,0.5 0.1,0.5"])
    assert region.is_relative
    place = region.in_frame(1000, 200)
    assert place.quad == ((100.0, 40.0), (400.0, 40.0), (400.0, 100.0), (100.0, 100.0))
    assert place.box == Box(100.0, 40.0, 300.0, 60.0)


def test_pixels_are_pixels_of_any_frame():
    quad, box = parse_regions(["100,50 300,60 295,120 98,110", "100,50,200.5,40"])
    for size in ((640, 480), (1920, 1080)):
        assert quad.in_frame(*size).quad == ((100.0, 50.0), (300.0, 60.0), (295.0, 120.0), (98.0, 110.0))
        assert quad.in_frame(*size).box == Box(98.0, 50.0, 202.0, 70.0)
        assert box.in_frame(*size).quad is None
        assert box.in_frame(*size).box == Box(100.0, 50.0, 200.5, 40.0)


def test_one_number_above_1_makes_all_of_them_pixels():
    (box,) = parse_regions(["0,0.5,200,1"])
    assert not box.is_relative
    assert box.in_frame(640, 480).box == Box(0.0, 0.5, 200.0, 1.0)


def test_a_box_in_shares_follows_the_size_too():
    (whole,) = parse_regions(["0,0,1,1"])
    assert whole.in_frame(640, 480).box == Box(0.0, 0.0, 640.0, 480.0)
    assert whole.in_frame(640, 480).quad is None


def test_empty_texts_are_no_regions():
    assert parse_regions([]) == ()
    assert parse_regions(["", "  "]) == ()
    assert len(parse_regions(["", "0,0,1,1", "0,0,0.5,0.5"])) == 2


def test_a_quad_keeps_the_corner_that_is_named_first_so_cameras_may_hang_upside_down():
    (region,) = parse_regions(["300,120 100,120 100,50 300,50"])
    assert region.in_frame(640, 480).quad[0] == (300.0, 120.0)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("0.1,0.2", "neither four corners"),
        ("0.1,0.2,0.3", "neither four corners"),
        ("0.1,0.2,0.3,0.4,0.5", "neither four corners"),
        ("1,2 3,4 5,6", "neither four corners"),
        ("1,2 3,4 5,6 7", "neither four corners"),
        ("0.1, 0.2, 0.3, 0.4", "no blank after a comma"),
        ("a,b,c,d", "'a' is no number"),
        ("0.1,,0.3,0.4", "'' is no number"),
        ("nan,0,1,1", "nan is out of range"),
        ("0,0,inf,1", "inf is out of range"),
        ("-0.1,0,1,1", "-0.1 is out of range"),
        ("0,0,200000,1", "200000 is out of range"),
        ("0.5,0.5,0,0.2", "is empty"),
        ("5,5,20,0", "is empty"),
        ("0.5,0.5,0.6,0.2", "leaves the frame"),
        ("0.5,0.9,0.5,0.2", "leaves the frame"),
        ("0,0 1,0 0,1 1,1", "its edges cross"),
        ("0,0 0.5,0 1,0 0.2,0", "on one line"),
        ("0.1,0.5 0.4,0.5 0.4,0.2 0.1,0.2", "counter-clockwise"),
    ],
)
def test_a_text_that_is_no_region_is_named_with_its_fault(text, told):
    with pytest.raises(RegionError, match=re.escape(told)) as caught:
        parse_regions(["0,0,1,1", text])
    assert f"region 2 ({text!r})" in str(caught.value)


def test_the_number_of_regions_is_bounded():
    assert len(parse_regions(["0,0,1,1"] * MOST_REGIONS)) == MOST_REGIONS
    with pytest.raises(RegionError, match=str(MOST_REGIONS)):
        parse_regions(["0,0,1,1"] * (MOST_REGIONS + 1))


@given(st.text(max_size=40) | st.from_regex(r"[-0-9.,e ]{1,40}", fullmatch=True))
def test_any_text_is_a_region_or_a_region_error(text):
    try:
        regions = parse_regions([text])
    except RegionError as error:
        assert repr(text) in str(error)
    else:
        for region in regions:
            assert region.in_frame(640, 480).box.area > 0
