import numpy as np
import pytest

from lprnet_ros.cropping.changes import MOST_PLACES, ChangeMemory, difference, thumbnail_of
from lprnet_ros.images.geometry import Box

BOX = Box(100.0, 50.0, 120.0, 40.0)
RNG = np.random.default_rng(5)
PLATE = RNG.integers(0, 256, (5, 15), dtype=np.uint8).repeat(8, axis=0).repeat(8, axis=1)


def thumbnail(picture=PLATE):
    return thumbnail_of(picture)


def judge(memory, picture=PLATE, now=0.0, box=BOX):
    memory.next_frame()
    return memory.judge(box, thumbnail(picture), now)


def noisy(sigma, picture=PLATE):
    return np.clip(picture + RNG.normal(0, sigma, picture.shape), 0, 255).astype(np.uint8)


def test_the_first_picture_of_a_place_is_new_and_the_same_one_is_not():
    memory = ChangeMemory(16.0, 10.0)
    assert judge(memory).is_changed
    assert not judge(memory).is_changed
    assert not judge(memory, now=9.99).is_changed


def test_an_unchanged_picture_is_sent_again_after_the_refresh_period():
    memory = ChangeMemory(16.0, 10.0)
    sent = [now for now in np.arange(0.0, 25.0, 1.0) if judge(memory, now=now).is_changed]
    assert sent == [0.0, 10.0, 20.0]


def test_noise_is_no_change_and_another_character_is_one():
    memory = ChangeMemory(16.0, 10.0)
    judge(memory)
    assert not judge(memory, noisy(5)).is_changed
    other = PLATE.copy()
    other[:, 48:64] = 255 - other[:, 48:64]
    assert judge(memory, other).is_changed
    assert not judge(memory, other).is_changed
    assert judge(memory, PLATE).is_changed


def test_light_that_changes_everywhere_alike_is_no_change():
    memory = ChangeMemory(16.0, 10.0)
    dim = (PLATE // 2).astype(np.uint8)
    judge(memory, dim)
    assert not judge(memory, dim + 40).is_changed


def test_slow_changes_add_up():
    memory = ChangeMemory(16.0, 1000.0)
    step = np.zeros(PLATE.shape)
    step[:, :40] = 5
    results = [
        judge(memory, np.clip(PLATE // 2 + n * step, 0, 255).astype(np.uint8)).is_changed for n in range(9)
    ]
    assert results[0]
    assert not results[1]
    assert any(results[2:])


def test_a_place_that_moves_by_more_than_2_pixels_is_another_one():
    memory = ChangeMemory(16.0, 10.0)
    first = judge(memory)
    near = judge(memory, box=Box(101.5, 48.5, 120.0, 42.0))
    assert (near.place, near.is_changed) == (first.place, False)
    far = judge(memory, box=Box(103.0, 50.0, 120.0, 40.0))
    assert far.place != first.place
    assert far.is_changed


def test_a_box_that_creeps_is_measured_from_where_it_was_sent():
    memory = ChangeMemory(16.0, 10.0)
    results = [judge(memory, box=Box(100.0 + x, 50.0, 120.0, 40.0)).is_changed for x in range(7)]
    assert results == [True, False, False, True, False, False, True]


def test_two_places_of_one_frame_are_told_apart():
    memory = ChangeMemory(16.0, 10.0)
    other = Box(101.0, 50.0, 120.0, 40.0)
    for expected in (True, False):
        memory.next_frame()
        changes = [memory.judge(box, thumbnail(), 0.0) for box in (BOX, other)]
        assert [change.is_changed for change in changes] == [expected] * 2
        assert changes[0].place != changes[1].place
    # in another order each is still found by its box
    memory.next_frame()
    swapped = [memory.judge(box, thumbnail(), 0.0) for box in (other, BOX)]
    assert [change.place for change in swapped] == [changes[1].place, changes[0].place]


def test_what_was_not_seen_for_longest_is_forgotten_first():
    memory = ChangeMemory(16.0, 10.0)
    boxes = [Box(10.0 * n, 0.0, 5.0, 5.0) for n in range(MOST_PLACES)]
    for box in boxes:
        judge(memory, box=box)
    judge(memory, box=boxes[0])
    judge(memory, box=Box(-100.0, 0.0, 5.0, 5.0))
    assert not judge(memory, box=boxes[0]).is_changed
    assert judge(memory, box=boxes[1]).is_changed


@pytest.mark.parametrize("threshold", [0.0, -1.0])
def test_without_a_threshold_every_picture_is_sent(threshold):
    memory = ChangeMemory(threshold, 10.0)
    changes = [judge(memory) for _ in range(3)]
    assert all(change.is_changed for change in changes)
    assert len({change.place for change in changes}) == 1


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (1080, 1920)])
def test_a_picture_of_any_size_has_a_thumbnail(shape):
    small = thumbnail_of(np.full(shape, 77, np.uint8))
    assert small.shape == (12, 48)
    assert (small == 77).all()


def test_the_difference_is_that_of_the_cell_that_differs_most():
    first = np.zeros((12, 48), np.float32)
    second = first.copy()
    second[3, 7] = 100
    assert difference(first, second) == pytest.approx(100, abs=1)
    assert difference(first, first + 50) == 0
