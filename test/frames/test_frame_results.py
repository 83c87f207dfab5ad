import dataclasses
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lprnet_ros.frames.frame_results import MOST_STREAMS, MOST_WAITING, FrameResults
from lprnet_ros.frames.place import FrameMark, Place
from lprnet_ros.reading.plate_reading import PlateReading, Timings, Verdict


def mark(number, count=0, *, stream="00000001", still=()):
    return FrameMark("gate", 640, 480, stream, number, count, still)


def place(number, index=0, count=1, *, slot=0, still=(), stream="00000001"):
    return Place(mark(number, count, still=still, stream=stream), index, 10 * index, 20, 94, 24, number=slot)


def read(text="京A12345", verdict=Verdict.ACCEPTED, milliseconds=1.0):
    timings = Timings(milliseconds, 2 * milliseconds, 3 * milliseconds)
    return PlateReading(text, 0.9, (0.9,) * len(text), verdict=verdict, timings=timings)


def stamp(number):
    return number, 0


def numbers(finished):
    return [result.mark.number for result in finished]


def texts(result):
    return [reading.text for _, reading in result.plates]


@pytest.fixture
def results():
    results = FrameResults(timeout_seconds=0.5)
    assert numbers(results.add_empty(mark(0), stamp(0), 0.0)) == [0]
    return results


def test_a_frame_is_handed_on_when_its_last_crop_is_read(results):
    assert results.add(place(1, 1, 2), stamp(1), read("second"), 0.0) == []
    (result,) = results.add(place(1, 0, 2), stamp(1), read("first"), 0.1)
    assert texts(result) == ["first", "second"]
    assert [where.index for where, _ in result.plates] == [0, 1]
    assert result.stamp == stamp(1)
    assert result.mark == mark(1, 2)
    assert result.timings == Timings(2.0, 4.0, 6.0)
    assert result.is_complete
    assert len(results) == 0
    assert not results.counts


def test_what_was_not_accepted_or_failed_counts_but_makes_no_plate(results):
    results.add(place(1, 0, 3), stamp(1), read("bad", Verdict.LOW_CONFIDENCE), 0.0)
    results.add(place(1, 1, 3), stamp(1), None, 0.0)
    (result,) = results.add(place(1, 2, 3), stamp(1), read("good"), 0.0)
    assert texts(result) == ["good"]
    assert result.is_complete
    assert result.timings.preprocess_ms == 2.0


def test_a_frame_without_a_plate_passes_in_its_turn(results):
    assert results.add(place(1, 0, 2), stamp(1), read(), 0.0) == []
    assert results.add_empty(mark(2), stamp(2), 0.0) == []
    finished = results.add(place(1, 1, 2), stamp(1), read(), 0.1)
    assert numbers(finished) == [1, 2]
    assert texts(finished[1]) == []


def test_a_frame_waits_for_one_before_it_of_which_nothing_came_yet(results):
    assert results.add_empty(mark(2), stamp(2), 0.0) == []
    assert numbers(results.add(place(1), stamp(1), read(), 0.1)) == [1, 2]


def test_a_frame_whose_crop_was_lost_is_handed_on_after_the_timeout(results):
    results.add(place(1, 0, 2), stamp(1), read("there"), 1.0)
    assert results.advance(1.49) == []
    (result,) = results.advance(1.5)
    assert texts(result) == ["there"]
    assert not result.is_complete
    assert results.counts == {"incomplete": 1}


def test_a_frame_that_was_lost_whole_delays_the_next_by_the_timeout_and_no_longer(results):
    assert results.add_empty(mark(2), stamp(2), 1.0) == []
    assert results.add(place(3), stamp(3), read(), 1.2) == []
    assert results.advance(1.49) == []
    assert numbers(results.advance(1.5)) == [2, 3]


def test_an_answer_that_comes_after_the_timeout_is_counted_and_changes_nothing(results):
    results.add(place(1, 0, 2), stamp(1), read(), 1.0)
    results.advance(2.0)
    assert results.add(place(1, 1, 2), stamp(1), read(), 2.1) == []
    assert results.counts == {"incomplete": 1, "late": 1}
    assert len(results) == 0


def test_an_answer_that_comes_twice_is_counted_and_the_first_holds(results):
    results.add(place(1, 0, 2), stamp(1), read("first"), 0.0)
    assert results.add(place(1, 0, 2), stamp(1), read("again"), 0.0) == []
    (result,) = results.add(place(1, 1, 2), stamp(1), read("second"), 0.0)
    assert texts(result) == ["first", "second"]
    assert results.counts == {"twice": 1}


@pytest.mark.parametrize(
    ("other", "at"),
    [(place(1, 1, 3), stamp(1)), (place(1, 1, 2), stamp(9)), (place(1, 1, 2, still=(4,)), stamp(1))],
)
def test_marks_of_one_frame_that_contradict_each_other_are_counted(results, other, at):
    results.add(place(1, 0, 2), stamp(1), read("first"), 0.0)
    assert results.add(other, at, read("wrong"), 0.0) == []
    (result,) = results.add(place(1, 1, 2), stamp(1), read("second"), 0.0)
    assert texts(result) == ["first", "second"]
    assert results.counts == {"contradictory": 1}


def test_a_place_that_did_not_change_keeps_its_plate(results):
    results.add(place(1, 0, 2, slot=5), stamp(1), read("parked"), 0.0)
    results.add(place(1, 1, 2, slot=6), stamp(1), read("leaving"), 0.0)
    (second,) = results.add(place(2, 0, 1, slot=6, still=(5,)), stamp(2), read("moved"), 0.0)
    assert texts(second) == ["moved", "parked"]
    assert second.plates[1][0].x == 0
    (third,) = results.add_empty(mark(3, still=(5, 6)), stamp(3), 0.0)
    assert texts(third) == ["parked", "moved"]
    assert third.timings == Timings()
    (fourth,) = results.add_empty(mark(4), stamp(4), 0.0)
    assert texts(fourth) == []


@pytest.mark.parametrize("answer", [None, read("gone", Verdict.EMPTY)])
def test_a_place_whose_plate_is_gone_forgets_it(results, answer):
    results.add(place(1, slot=5), stamp(1), read("parked"), 0.0)
    results.add(place(2, slot=5), stamp(2), answer, 0.0)
    (result,) = results.add_empty(mark(3, still=(5,)), stamp(3), 0.0)
    assert texts(result) == []


def test_a_place_that_is_not_known_is_no_plate(results):
    (result,) = results.add_empty(mark(1, still=(99,)), stamp(1), 0.0)
    assert texts(result) == []


def test_each_cropper_has_its_own_order(results):
    other = "00000002"
    assert results.add_empty(mark(2), stamp(2), 0.0) == []
    assert numbers(results.add_empty(mark(700, stream=other), stamp(0), 0.0)) == [700]
    assert numbers(results.add(place(701, stream=other), stamp(1), read(), 0.0)) == [701]
    assert numbers(results.add_empty(mark(1), stamp(1), 0.0)) == [1, 2]


def test_readers_that_start_later_begin_with_the_first_frame_they_hear_of():
    results = FrameResults()
    assert numbers(results.add(place(1000), stamp(3), read(), 0.0)) == [1000]
    assert results.add(place(999), stamp(2), read(), 0.0) == []
    assert results.counts == {"late": 1}


@pytest.mark.parametrize("jump", [5_000, -5_000])
def test_a_cropper_whose_numbers_jump_begins_anew(jump):
    results = FrameResults()
    results.add(place(10_000, 0, 2), stamp(1), read("waits"), 0.0)
    finished = results.add_empty(mark(10_000 + jump), stamp(2), 0.0)
    assert numbers(finished) == [10_000, 10_000 + jump]
    assert numbers(results.add_empty(mark(10_001 + jump), stamp(3), 0.0)) == [10_001 + jump]


def test_beyond_the_greatest_number_of_waiting_frames_the_oldest_is_handed_on(results):
    for number in range(2, MOST_WAITING + 2):
        assert results.add_empty(mark(number), stamp(number), 0.0) == []
    finished = results.add_empty(mark(MOST_WAITING + 2), stamp(0), 0.0)
    assert numbers(finished) == list(range(2, MOST_WAITING + 3))
    assert len(results) == 0


def test_more_croppers_than_are_followed_push_the_most_silent_one_out():
    results = FrameResults()
    for number in range(MOST_STREAMS):
        results.add(place(5, 0, 2, stream=f"{number:08x}"), stamp(1), read(), 0.0)
    results.add(place(5, 1, 2, stream="00000000"), stamp(1), read(), 0.0)
    finished = results.add(place(5, 0, 2, stream="ffffffff"), stamp(1), read(), 0.0)
    assert [result.mark.stream for result in finished] == ["00000001"]
    assert results.counts == {"incomplete": 1}
    assert len(results) == MOST_STREAMS - 1


@pytest.mark.parametrize("timeout", [0.0, -1.0, float("nan")])
def test_a_timeout_of_nothing_is_refused(timeout):
    with pytest.raises(ValueError, match="timeout_seconds"):
        FrameResults(timeout)


frame_counts = st.lists(st.integers(0, 3), min_size=1, max_size=12)


@given(frame_counts, st.data())
def test_whatever_the_order_of_answers_frames_come_whole_in_their_order(counts, data):
    events = [(number, index) for number, count in enumerate(counts) for index in range(max(count, 1))]
    events = data.draw(st.permutations(events))
    started, finished = FrameResults(), []
    started.add_empty(mark(0), stamp(0), 0.0)
    for number, index in events:
        count = counts[number]
        if count:
            finished += started.add(
                place(number + 1, index, count), stamp(number), read(f"{number}.{index}"), 0.0
            )
        else:
            finished += started.add_empty(mark(number + 1), stamp(number), 0.0)
    assert numbers(finished) == list(range(1, len(counts) + 1))
    assert [texts(result) for result in finished] == [
        [f"{number}.{index}" for index in range(count)] for number, count in enumerate(counts)
    ]
    assert not started.counts


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 1),
            st.integers(0, 90),
            st.integers(0, 3),
            st.integers(0, 3),
            st.lists(st.integers(0, 3), max_size=2).map(tuple),
            st.sampled_from([None, read("京A12345"), read("", Verdict.EMPTY)]),
            st.sampled_from([0.0, 0.1, 0.6]),
        ),
        max_size=200,
    )
)
def test_whatever_comes_frames_rise_in_number_and_few_wait(events):
    results, now, last = FrameResults(), 0.0, defaultdict(lambda: -1)
    complete, again, far = defaultdict(set), set(), set(range(90 - MOST_WAITING))
    for stream, number, count, index, still, reading, seconds in events:
        now += seconds
        whole = mark(number, count, stream=f"{stream:08x}", still=still)
        if count > index:
            finished = results.add(Place(whole, index, 0, 0, 9, 9), stamp(number), reading, now)
        else:
            finished = results.add_empty(dataclasses.replace(whole, count=0), stamp(number), now)
        for result in finished:
            name = result.mark.stream
            if result.mark.number <= last[name] and name not in again:
                # only such a frame can start a stream again
                assert result.mark.number in complete[name] | far
                again.add(name)
            if result.is_complete:
                complete[name].add(result.mark.number)
            last[name] = result.mark.number
        assert len(results) <= 2 * MOST_WAITING
    results.advance(now + 1.0)
    assert len(results) == 0


def played(results, counts, numbers_of_pass):
    """Feed frames as a recording has them; return the numbers that come out."""
    finished = []
    for number in numbers_of_pass:
        if not counts[number]:
            finished += results.add_empty(mark(number), stamp(number), 0.0)
        for index in range(counts[number]):
            finished += results.add(place(number, index, counts[number]), stamp(number), read(), 0.0)
    return numbers(finished)


@given(st.lists(st.integers(0, 3), min_size=2, max_size=20), st.data())
def test_a_recording_that_is_played_in_a_loop_is_returned_in_every_pass(counts, data):
    first = data.draw(st.integers(0, len(counts) - 2))
    results, every = FrameResults(), list(range(len(counts)))
    assert played(results, counts, every[first:]) == every[first:]
    second = played(results, counts, every)
    assert second == (every[first:] if 0 < first <= MOST_WAITING else every)
    for _ in range(2):
        assert played(results, counts, every) == every


def test_a_loop_is_recognised_though_crops_of_the_pass_before_are_still_to_come(results):
    for number in range(1, 6):
        results.add_empty(mark(number), stamp(number), 0.0)
    results.add(place(6, 0, 2), stamp(6), read("there"), 0.0)
    again = results.add_empty(mark(1), stamp(1), 0.1)
    assert numbers(again) == [6, 1]
    assert not again[0].is_complete
    assert numbers(results.add_empty(mark(2), stamp(2), 0.1)) == [2]


def test_answers_that_are_late_start_no_stream_again(results):
    results.add(place(1, 0, 2), stamp(1), read(), 0.0)
    assert numbers(results.add_empty(mark(3), stamp(3), 0.0)) == []
    assert numbers(results.advance(0.6)) == [1, 3]
    for late in (place(1, 1, 2), place(2, 0, 1)):
        assert results.add(late, stamp(late.frame.number), read(), 0.7) == []
    assert results.add_empty(mark(3), stamp(3), 0.7) == []
    assert numbers(results.add_empty(mark(4), stamp(4), 0.7)) == [4]
    assert results.counts == {"incomplete": 1, "late": 3}


def test_the_durations_of_a_frame_without_a_crop_are_floats(results):
    (result,) = results.add_empty(mark(1), stamp(1), 0.0)
    assert {type(value) for value in dataclasses.astuple(result.timings)} == {float}
