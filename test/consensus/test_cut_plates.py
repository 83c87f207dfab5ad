"""A plate that drives into a region, or is cut at the frame's edge, is read without its end at first."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sighted import PLATE, crops, published, reading, texts

WHOLE = "沪QHN5542"
PARTS = [WHOLE[:-1], WHOLE[1:], WHOLE[:-2], WHOLE[2:]]
numbers = st.text("0123456789ABCDEFGH", min_size=7, max_size=8)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("tracks", [(None, None), ("1", "1"), ("1", "2")])
@pytest.mark.parametrize("is_leaving", [False, True])
@pytest.mark.parametrize(("parts", "wholes"), [(2, 2), (3, 12), (12, 3), (20, 20)])
def test_a_part_of_a_plate_is_no_vehicle_of_its_own(part, tracks, is_leaving, parts, wholes):
    order = [[reading(part, 0.999)] * parts, [reading(WHOLE, 0.999)] * wholes]
    order = order[::-1] if is_leaving else order
    start = len(order[0]) * 0.1
    sightings = crops(*order[0], track=tracks[0]) + crops(*order[1], start=start, track=tracks[1])
    assert texts(published(*sightings)) == [WHOLE]


@given(
    numbers,
    st.integers(1, 2),
    st.booleans(),
    st.integers(1, 12),
    st.integers(2, 12),
    st.floats(0.9, 1.0),
    st.sampled_from([(None, None), ("1", "1"), ("1", "2")]),
    st.booleans(),
)
def test_whichever_end_is_missing(serial, missing, is_prefix, parts, wholes, confidence, tracks, is_mixed):
    whole = "京" + serial
    part = whole[:-missing] if is_prefix else whole[missing:]
    first = crops(*[reading(part, confidence)] * parts, track=tracks[0])
    second = crops(*[reading(whole, confidence)] * wholes, start=0.1 * parts, track=tracks[1])
    sightings = first + second
    if is_mixed:  # a tracker that jitters
        pairs = itertools.zip_longest(first, second)
        sightings = sorted((s for pair in pairs for s in pair if s), key=lambda s: s.time)
    assert texts(published(*sightings)) == [whole]


def test_a_single_crop_of_a_longer_text_does_not_outweigh_twenty():
    (plate,) = published(*crops(*[reading(WHOLE[:-1], 0.99)] * 20, reading(WHOLE, 0.99)))
    assert (plate.reading.text, plate.agreeing) == (WHOLE[:-1], 20)
    assert plate.reading.confidence < 0.85  # but they are no certainty either


def test_a_longer_alternative_takes_nothing_from_a_plate():
    weak = reading(PLATE, 0.95, [(PLATE + "D", 0.04)])
    (plate,) = published(*crops(*[weak] * 10))
    assert (plate.reading.text, plate.agreeing) == (PLATE, 10)
    assert plate.reading.confidence > 0.99


def test_a_part_that_had_to_be_published_is_corrected():
    """Nothing tells a plate that stands half in the picture from a whole one."""
    sightings = crops(*[WHOLE[:-1]] * 60) + crops(*[WHOLE] * 20, start=6.0)
    plates = published(*sightings)
    assert texts(plates) == [WHOLE[:-1], WHOLE]
    assert [plate.revised for plate in plates] == [False, True]


def test_two_plates_of_which_none_is_an_end_of_the_other_stay_two():
    assert texts(published(*crops(*[WHOLE] * 5, *[WHOLE[:3] + WHOLE[4:]] * 5))) == [
        WHOLE,
        WHOLE[:3] + WHOLE[4:],
    ]
