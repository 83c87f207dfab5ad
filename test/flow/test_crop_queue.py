"""The queue between cameras and workers, asked step by step."""

from __future__ import annotations

import threading

import pytest
from flow_doubles import PATIENCE_SECONDS, job, names

from lprnet_ros.flow.crop_queue import CropQueue


def filled(queue: CropQueue, **counts: int) -> CropQueue:
    """Put so many crops of each camera in, one camera after the other."""
    for camera, count in counts.items():
        for number in range(count):
            queue.put(job(camera, number))
    return queue


def in_thread(function, *arguments):
    """Start something that may wait; return its thread and the list its result will be in."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function(*arguments)), daemon=True)
    thread.start()
    return thread, results


@pytest.mark.parametrize("numbers", [{"depth": 0}, {"workers": 0}, {"largest_batch": 0}])
def test_numbers_below_one_are_refused(numbers):
    with pytest.raises(ValueError, match="at least 1"):
        CropQueue(**{"depth": 1, **numbers})


def test_a_policy_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(ValueError, match="'oldest', expected one of newest, all"):
        CropQueue(depth=1, policy="oldest")


def test_newest_drops_the_oldest_of_the_same_camera_and_returns_it():
    queue = filled(CropQueue(depth=2, largest_batch=10), a=2, b=1)
    dropped = queue.put(job("a", 2))
    assert dropped is not None
    assert names([dropped]) == ["a 0"]
    assert len(queue) == 3
    assert sorted(names(queue.take())) == ["a 1", "a 2", "b 0"]


def test_a_dropped_crop_leaves_no_gap_in_the_tickets():
    queue = filled(CropQueue(depth=1, largest_batch=10), a=5)
    (taken,) = queue.take()
    assert (taken.source.frame_id, taken.ticket) == ("a 4", 0)
    queue.put(job("a", 5))
    assert queue.take()[0].ticket == 1


def test_all_lets_the_sender_wait_until_its_own_camera_has_room():
    queue = filled(CropQueue(depth=2, policy="all", largest_batch=1), a=2, b=1)
    thread, results = in_thread(queue.put, job("a", 2))
    assert queue.put(job("b", 1)) is None, "another camera waits for nobody"
    thread.join(0.2)
    assert thread.is_alive()
    assert names(queue.take()) == ["a 0"]
    thread.join(PATIENCE_SECONDS)
    assert results == [None]
    assert names([queue.take()[0] for _ in range(4)]) == ["b 0", "a 1", "b 1", "a 2"]


def test_cameras_take_turns_however_unequal_their_rates():
    queue = filled(CropQueue(depth=100, largest_batch=1), fast=50, slow=3, slower=1)
    taken = names([queue.take()[0] for _ in range(8)])
    assert taken == ["fast 0", "slow 0", "slower 0", "fast 1", "slow 1", "fast 2", "slow 2", "fast 3"]


def test_a_batch_takes_the_cameras_in_turn_too():
    queue = filled(CropQueue(depth=100, largest_batch=6), fast=50, slow=2)
    assert names(queue.take()) == ["fast 0", "slow 0", "fast 1", "slow 1", "fast 2", "fast 3"]


@pytest.mark.parametrize(("waiting", "share"), [(1, 1), (4, 1), (5, 2), (8, 2), (100, 8)])
def test_a_worker_takes_its_share_of_what_waits_and_never_more_than_a_batch(waiting, share):
    queue = filled(CropQueue(depth=1000, workers=4, largest_batch=8), a=waiting)
    assert len(queue.take()) == share


def test_tickets_count_up_for_each_camera_by_itself():
    queue = filled(CropQueue(depth=10, largest_batch=3), a=5, b=3)
    taken = [each for _ in range(3) for each in queue.take()]
    for camera, count in {"a": 5, "b": 3}.items():
        assert [each.ticket for each in taken if each.source.topic == camera] == list(range(count))


def test_retries_come_first_and_alone_and_keep_their_tickets():
    queue = filled(CropQueue(depth=10, largest_batch=8), a=4)
    lost = queue.take()
    filled(queue, b=2)
    queue.put_again(lost[:2])
    assert [(each.source.frame_id, each.ticket) for each in queue.take()] == [("a 0", 0)]
    assert [(each.source.frame_id, each.ticket) for each in queue.take()] == [("a 1", 1)]
    assert names(queue.take()) == ["b 0", "b 1"]


def test_clear_gives_out_everything_and_the_queue_goes_on():
    queue = filled(CropQueue(depth=10, largest_batch=8), a=1)
    queue.put_again(queue.take())
    filled(queue, a=1, b=2)
    assert sorted(names(queue.clear())) == ["a 0", "a 0", "b 0", "b 1"]
    assert len(queue) == 0
    queue.put(job("c", 7))
    assert names(queue.take()) == ["c 7"], "a token that was left over is no crop"


def test_clear_makes_room_for_a_sender_that_waits():
    queue = filled(CropQueue(depth=1, policy="all"), a=1)
    thread, results = in_thread(queue.put, job("a", 1))
    thread.join(0.1)
    assert names(queue.clear()) == ["a 0"]
    thread.join(PATIENCE_SECONDS)
    assert results == [None]
    assert names(queue.take()) == ["a 1"], "the sender's crop went where nobody looks"


def test_close_wakes_every_worker_and_every_sender():
    queue = CropQueue(depth=1, policy="all", workers=3)
    takers = [in_thread(queue.take) for _ in range(3)]
    for thread, _ in takers:
        thread.join(0.02)
        assert thread.is_alive()
    queue.close()
    for thread, results in takers:
        thread.join(PATIENCE_SECONDS)
        assert results == [[]]

    full = filled(CropQueue(depth=1, policy="all"), a=1)
    late = job("a", 1)
    sender, results = in_thread(full.put, late)
    sender.join(0.05)
    full.close()
    sender.join(PATIENCE_SECONDS)
    assert results == [late], "the crop that found no room is the sender's again"


def test_a_closed_queue_takes_nothing_more():
    queue = CropQueue(depth=5)
    queue.close()
    late = job()
    assert queue.put(late) is late
    assert len(queue) == 0
    assert queue.take() == []


def test_a_sender_that_must_not_wait_any_more_drops_the_oldest_instead():
    may_wait = [True]
    queue = filled(CropQueue(depth=1, policy="all", may_wait=lambda: may_wait[0]), a=1)
    thread, results = in_thread(queue.put, job("a", 1))
    thread.join(0.1)
    may_wait[0] = False
    thread.join(PATIENCE_SECONDS)
    assert names(results) == ["a 0"]
    assert names([queue.put(job("a", 2))]) == ["a 1"]
    assert names(queue.take()) == ["a 2"]
    may_wait[0] = True
    assert queue.put(job("a", 3)) is None
    thread, results = in_thread(queue.put, job("a", 4))
    thread.join(0.1)
    assert thread.is_alive()
    queue.close()


def test_one_can_wait_until_the_crops_of_a_camera_are_taken():
    queue = filled(CropQueue(depth=5, largest_batch=1), a=2, b=1)
    thread, results = in_thread(queue.wait_until_taken, "a", PATIENCE_SECONDS)
    assert names(queue.take()) == ["a 0"]
    thread.join(0.1)
    assert thread.is_alive()
    assert [names(queue.take()) for _ in range(2)] == [["b 0"], ["a 1"]]
    thread.join(PATIENCE_SECONDS)
    assert results == [True]


def test_waiting_for_crops_to_be_taken_ends_with_its_time_or_when_they_are_cleared():
    queue = filled(CropQueue(depth=5), a=1)
    assert queue.wait_until_taken("b", 0.0)
    assert not queue.wait_until_taken("a", 0.01)
    thread, results = in_thread(queue.wait_until_taken, "a", PATIENCE_SECONDS)
    queue.clear()
    thread.join(PATIENCE_SECONDS)
    assert results == [True]
