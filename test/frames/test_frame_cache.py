from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from lprnet_ros.frames.frame_cache import FrameCache


def cache(capacity=4, longest_wait=1.0):
    return FrameCache(capacity, longest_wait)


def stamp(number):
    return 100, number


def test_detections_that_come_later_find_their_own_frame():
    frames = cache()
    for number in range(3):
        assert frames.add_frame(stamp(number), f"frame {number}", 0.0) is None
    pair = frames.add_found(stamp(1), "found 1", 0.5)
    assert (pair.stamp, pair.frame, pair.found) == (stamp(1), "frame 1", "found 1")
    assert len(frames) == 2
    assert not frames.counts


def test_a_frame_that_comes_after_its_detections_finds_them():
    frames = cache()
    assert frames.add_found(stamp(1), "found", 0.0) is None
    pair = frames.add_frame(stamp(1), "frame", 0.1)
    assert (pair.frame, pair.found) == ("frame", "found")
    assert len(frames) == 0
    assert not frames.counts


def test_a_stamp_that_differs_by_a_nanosecond_is_another_frame():
    frames = cache()
    frames.add_frame((100, 5), "frame", 0.0)
    assert frames.add_found((100, 6), "found", 0.0) is None
    assert frames.add_found((101, 5), "found", 0.0) is None
    assert len(frames) == 3


def test_beyond_the_capacity_the_oldest_goes_and_is_counted():
    frames = cache(capacity=2)
    for number in range(3):
        frames.add_frame(stamp(number), "frame", 0.0)
        frames.add_found(stamp(10 + number), "found", 0.0)
    assert frames.counts == {"frame_alone": 1, "detections_alone": 1}
    assert frames.add_found(stamp(0), "found", 0.0) is None
    assert frames.add_found(stamp(2), "found", 0.0) is not None


def test_what_waited_too_long_goes_and_is_counted():
    frames = cache(longest_wait=1.0)
    frames.add_frame(stamp(0), "frame", 10.0)
    frames.add_found(stamp(1), "found", 10.2)
    frames.advance(11.0)
    assert not frames.counts
    frames.advance(11.01)
    assert frames.counts == {"frame_alone": 1}
    assert frames.add_found(stamp(0), "found", 11.1) is None
    assert frames.add_frame(stamp(1), "frame", 11.21) is None
    assert frames.counts == {"frame_alone": 1, "detections_alone": 1}


def test_the_second_of_two_of_one_stamp_is_left_out_and_counted():
    frames = cache()
    frames.add_frame(stamp(0), "first", 0.0)
    assert frames.add_frame(stamp(0), "second", 0.0) is None
    assert frames.add_found(stamp(0), "found", 0.0).frame == "first"
    frames.add_found(stamp(1), "first", 0.0)
    assert frames.add_found(stamp(1), "second", 0.0) is None
    assert frames.add_frame(stamp(1), "frame", 0.0).found == "first"
    assert frames.counts == {"frame_twice": 1, "detections_twice": 1}


def test_a_stamp_is_paired_once():
    frames = cache()
    frames.add_frame(stamp(0), "frame", 0.0)
    assert frames.add_found(stamp(0), "found", 0.0) is not None
    assert frames.add_found(stamp(0), "again", 0.0) is None
    assert frames.add_frame(stamp(0), "again", 0.0) is None
    assert frames.counts == {"frame_twice": 1, "detections_twice": 1}
    assert len(frames) == 0


def test_a_recording_that_is_played_again_is_paired_again():
    frames = cache(longest_wait=1.0)
    for start in (0.0, 5.0):
        frames.add_frame(stamp(0), "frame", start)
        assert frames.add_found(stamp(0), "found", start) is not None
    assert not frames.counts


def test_a_pair_that_is_older_than_the_one_before_is_counted():
    frames = cache()
    for number in range(3):
        frames.add_frame(stamp(number), "frame", 0.0)
    for number in (1, 0, 2):
        assert frames.add_found(stamp(number), "found", 0.0) is not None
    assert frames.counts == {"out_of_order": 1}


@pytest.mark.parametrize(("capacity", "longest_wait"), [(0, 1.0), (1, 0.0), (1, -1.0), (1, float("nan"))])
def test_a_cache_without_bounds_is_refused(capacity, longest_wait):
    with pytest.raises(ValueError, match="capacity"):
        FrameCache(capacity, longest_wait)


@given(st.permutations([(side, number) for side in ("frame", "found") for number in range(6)]))
def test_in_whatever_order_they_come_all_are_paired_with_their_own(events):
    frames = cache(capacity=6)
    pairs = []
    for side, number in events:
        add = frames.add_frame if side == "frame" else frames.add_found
        pairs.append(add(stamp(number), f"{side} {number}", 0.0))
    assert {(pair.frame, pair.found) for pair in pairs if pair} == {
        (f"frame {number}", f"found {number}") for number in range(6)
    }
    assert len(frames) == 0
    assert set(frames.counts) <= {"out_of_order"}


class AnyTraffic(RuleBasedStateMachine):
    """Nothing is lost without being counted, nothing grows, and no pair is of two stamps."""

    def __init__(self):
        super().__init__()
        self.cache = FrameCache(3, 1.0)
        self.now = 0.0
        self.given = Counter()
        self.pairs = 0

    @rule(number=st.integers(0, 8), seconds=st.sampled_from([0.0, 0.1, 0.6]), side=st.booleans())
    def come(self, number, seconds, side):
        self.now += seconds
        add, name = (self.cache.add_frame, "frame") if side else (self.cache.add_found, "detections")
        self.given[name] += 1
        pair = add(stamp(number), number, self.now)
        if pair is not None:
            assert pair.frame == pair.found == pair.stamp[1]
            self.pairs += 1

    @invariant()
    def everything_is_accounted_for(self):
        counts = self.cache.counts
        waiting = len(self.cache)
        assert waiting <= 6
        lost = sum(counts[f"{name}_{how}"] for name in ("frame", "detections") for how in ("alone", "twice"))
        assert sum(self.given.values()) == 2 * self.pairs + lost + waiting


TestAnyTraffic = AnyTraffic.TestCase
