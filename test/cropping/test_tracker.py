import itertools
import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scripted_finder import plate

from lprnet_ros.cropping.tracker import LEAST_MISSED, LONGEST_UNSEEN, MOST_PLATES, PlateTracker
from lprnet_ros.images.geometry import is_clockwise, is_convex

FRAME = 1 / 30
WHILE = int(LONGEST_UNSEEN / FRAME) - 1
"""Frames in which a plate may be missed."""


def follow(tracker, frames, seconds=FRAME):
    """The track ids of each frame, in the order of the plates given."""
    return [[one.track_id for one in tracker.see(found, seconds)] for found in frames]


def centre(quad):
    return sum(x for x, _ in quad) / 4, sum(y for _, y in quad) / 4


def distance(first, second):
    return max(math.dist(a, b) for a, b in zip(first, second, strict=True))


def test_a_moving_plate_keeps_its_id_and_plates_have_different_ones():
    frames = [[plate(300 + 12 * i, 200 + 3 * i), plate(900 - 15 * i, 600, 80)] for i in range(30)]
    assert follow(PlateTracker(), frames) == [[1, 2]] * 30


def test_the_order_of_the_finds_does_not_matter():
    frames = [[plate(300 + 5 * i, 200), plate(900, 600)] for i in range(10)]
    ids = follow(PlateTracker(), [found[:: (-1) ** i] for i, found in enumerate(frames)])
    assert [one[:: (-1) ** i] for i, one in enumerate(ids)] == [[1, 2]] * 10


@pytest.mark.parametrize("gap", [0.0, 45.0])
def test_vehicles_that_pass_each_other_keep_their_ids(gap):
    frames = [[plate(200 + 20 * i, 300), plate(1000 - 20 * i, 300 + gap)] for i in range(41)]
    assert follow(PlateTracker(), frames) == [[1, 2]] * 41


def test_a_plate_that_was_not_found_for_a_while_is_known_where_it_must_be_by_then():
    tracker = PlateTracker()
    frames = [[plate(200 + 20 * i, 300)] for i in range(WHILE + 10)]
    frames[5 : 5 + WHILE] = [[]] * WHILE
    ids = follow(tracker, frames)
    assert {one for found in ids for one in found} == {1}


def test_a_plate_that_was_not_found_for_long_is_another_one():
    frames = [[plate(200, 300)], *[[]] * (WHILE + 3), [plate(200, 300)]]
    tracker = PlateTracker()
    assert follow(tracker, frames)[-1] == [2]
    assert len(tracker) == 1


def test_a_plate_is_given_up_after_some_frames_however_slowly_they_come():
    for missed, expected in ((LEAST_MISSED - 1, [1]), (LEAST_MISSED, [2])):
        frames = [[plate(200, 300)], *[[]] * missed, [plate(200, 300)]]
        assert follow(PlateTracker(), frames, 0.9)[-1] == expected


@given(
    st.integers(2, 6),
    st.tuples(st.floats(-600, 600), st.floats(-600, 600)),
    st.floats(-0.5, 0.5),
    st.sampled_from([1 / 30, 1 / 10, -1 / 30]),
)
def test_between_finds_a_plate_is_where_constant_velocity_takes_it(find_every, speed, angle, step):
    # beyond one and a half of its widths from find to find nobody can say whose plate it is
    assume(math.hypot(*speed) * find_every * abs(step) < 130)
    tracker = PlateTracker()
    for i in range(4 * find_every):
        time = i * step
        true = plate(2000 + speed[0] * time, 2000 + speed[1] * time, 100 + 20 * time, angle=angle)
        seen = tracker.predict(step) if i % find_every else tracker.see([true], step)
        if i == 0 or i >= find_every:
            (one,) = seen
            assert distance(one.quad, true.quad) < 1e-6
            assert (one.track_id, one.score, one.rows) == (1, true.score, true.rows)


def test_a_plate_seen_once_is_not_guessed_at():
    tracker = PlateTracker()
    tracker.see([plate(200, 300)], 0.0)
    assert tracker.predict(FRAME) == []


def test_a_plate_that_was_missed_is_not_guessed_at():
    tracker = PlateTracker()
    follow(tracker, [[plate(200, 300)], [plate(210, 300)], []])
    assert tracker.predict(FRAME) == []


def test_the_corners_of_a_steady_plate_tremble_less_than_those_that_are_found():
    def tremor(quads):
        return sum(distance(a, b) for a, b in itertools.pairwise(quads))

    tracker = PlateTracker()
    finds = [plate(300 + 0.7 * math.sin(7 * i), 200 + 0.7 * math.cos(5 * i)) for i in range(60)]
    seen = [tracker.see([one], FRAME)[0].quad for one in finds]
    assert tremor(seen[10:]) < 0.8 * tremor([one.quad for one in finds[10:]])
    assert all(distance(a, b.quad) < 2.0 for a, b in zip(seen, finds, strict=True))


def test_a_plate_whose_corners_are_ordered_anew_stays_the_same_and_does_not_fly_away():
    tracker = PlateTracker()
    ids = follow(tracker, [[plate(300, 200)], [plate(302, 200)], [plate(304, 200, angle=math.pi)]])
    assert ids == [[1]] * 3
    follow(tracker, [[plate(306, 200, angle=math.pi)]])
    (one,) = tracker.predict(FRAME)
    assert distance(one.quad, plate(308, 200, angle=math.pi).quad) < 2


def test_a_frame_that_was_overtaken_is_followed_backwards():
    tracker = PlateTracker()
    order = [0, 1, 2, 3, 5, 4, 6, 8, 7, 9]
    steps = [1, *(b - a for a, b in itertools.pairwise(order))]
    ids = [
        tracker.see([plate(300 + 40 * i, 200)], step * FRAME)[0].track_id
        for i, step in zip(order, steps, strict=True)
    ]
    assert set(ids) == {1}


def test_after_a_new_beginning_nothing_is_as_before_and_no_id_comes_again():
    tracker = PlateTracker()
    follow(tracker, [[plate(300, 200)]] * 3)
    tracker.start_again()
    assert len(tracker) == 0
    assert follow(tracker, [[plate(300, 200)]] * 3) == [[2]] * 3


finds = st.builds(
    plate,
    st.floats(-200, 2200),
    st.floats(-200, 1300),
    st.floats(1.0, 700.0),
    angle=st.floats(-3.2, 3.2),
    score=st.floats(0, 1),
    rows=st.sampled_from([1, 2]),
)
steps = st.sampled_from([0.0, FRAME, -FRAME, 1e-9, -1e-9, 1.0, -1.0, 1e-3])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(steps, st.none() | st.lists(finds, max_size=6)), max_size=60))
def test_whatever_is_found_ids_do_not_come_again_and_corners_are_quads(frames):
    tracker, first_seen = PlateTracker(), {}
    for number, (step, found) in enumerate(frames):
        plates = tracker.predict(step) if found is None else tracker.see(found, step)
        ids = [one.track_id for one in plates]
        assert len(set(ids)) == len(ids)
        for one in ids:  # ids rise with the frame in which they were given
            first_seen.setdefault(one, number)
        if found is not None:
            assert len(plates) == len(found)
            assert [(one.score, one.rows) for one in plates] == [(one.score, one.rows) for one in found]
        else:
            assert all(is_convex(one.quad) and is_clockwise(one.quad) for one in plates)
        assert all(math.isfinite(value) for one in plates for corner in one.quad for value in corner)
        assert len(tracker) <= MOST_PLATES
    assert [first_seen[one] for one in sorted(first_seen)] == sorted(first_seen.values())


def test_no_more_plates_are_followed_than_fit():
    tracker = PlateTracker()
    crowd = [plate(300 * (i % 10), 100 * (i // 10)) for i in range(MOST_PLATES + 20)]
    assert len(tracker.see(crowd, 0.0)) == MOST_PLATES
    others = [plate(300 * (i % 10) + 5000, 100 * (i // 10)) for i in range(MOST_PLATES)]
    tracker.see(others, FRAME)
    assert len(tracker) == MOST_PLATES
    assert [one.track_id for one in tracker.see(others, FRAME)] == list(
        range(MOST_PLATES + 1, 2 * MOST_PLATES + 1)
    )
