import pytest
from hypothesis import given
from hypothesis import strategies as st

from lprnet_ros.consensus.text_lanes import LONGEST, TextLanes, misreads
from lprnet_ros.plates.edit_distance import edit_distance

any_text = st.text("京沪A12", max_size=LONGEST + 3) | st.text(max_size=9)


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [
        ("京A12345", "京A12345", 0),
        ("京A12345", "京A12945", 1),
        ("京A12345", "沪C8KX07", 7),
        ("京A12345", "京AD12345", 1),
        ("京A1234", "京A12345", 1),
        ("A12345", "京A12345", 1),
        ("京A345", "京A12345", 2),
        ("京A11111", "京A1111", 1),
        ("", "京A12345", 7),
        ("", "", 0),
    ],
)
def test_the_distance_of_plates(one, other, distance):
    assert misreads(one, other) == misreads(other, one) == distance == edit_distance(one, other)


@given(any_text, any_text)
def test_equal_texts_only_have_no_distance(one, other):
    one, other = one[:LONGEST], other[:LONGEST]
    assert (misreads(one, other) == 0) is (one == other)
    assert abs(len(one) - len(other)) <= misreads(one, other) <= max(len(one), len(other))
    if len(one) == len(other):
        assert misreads(one, other) >= edit_distance(one, other)


@given(st.lists(st.tuples(st.integers(0, 4), any_text), max_size=20), st.lists(any_text, min_size=1))
def test_the_distances_are_those_of_the_texts_that_were_put_last(puts, questions):
    lanes, texts = TextLanes(5), [""] * 5
    for lane, text in puts:
        lanes.put(lane, text)
        texts[lane] = text
        for question in [*questions, text]:
            expected = [misreads(question, other) for other in texts]
            assert lanes.distances(question).tolist() == expected
