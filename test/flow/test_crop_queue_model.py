"""The queue against a plain model of itself, and under many threads at once."""

from __future__ import annotations

import threading
from collections import deque

import hypothesis.strategies as st
import pytest
from flow_doubles import PATIENCE_SECONDS, job, names
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lprnet_ros.flow.crop_queue import CropQueue

CAMERAS = st.sampled_from("abc")


class QueueMachine(RuleBasedStateMachine):
    """Any sequence of calls that cannot wait does what lists and a turn of cameras do."""

    @initialize(
        depth=st.integers(1, 4),
        policy=st.sampled_from(["newest", "all"]),
        workers=st.integers(1, 3),
        largest=st.integers(1, 5),
    )
    def begin(self, depth, policy, workers, largest):
        self.queue = CropQueue(depth=depth, policy=policy, workers=workers, largest_batch=largest)
        self.depth, self.policy, self.workers, self.largest = depth, policy, workers, largest
        self.waiting: dict[str, deque[str]] = {}
        self.turn: list[str] = []
        self.retries: list[str] = []
        self.tickets: dict[str, int] = {}
        self.taken = []
        self.number = 0
        self.is_closed = False
        self.farewells = 0

    def count(self):
        return sum(len(crops) for crops in self.waiting.values())

    @rule(camera=CAMERAS)
    def put(self, camera):
        crops = self.waiting.setdefault(camera, deque())
        is_full = len(crops) >= self.depth
        if is_full and self.policy == "all" and not self.is_closed:
            return  # it would wait
        self.number += 1
        crop = job(camera, self.number)
        dropped = self.queue.put(crop)
        if self.is_closed:
            assert dropped is crop
            return
        expected = None
        if is_full:
            expected = crops.popleft()
        elif not crops:
            self.turn.append(camera)
        crops.append(crop.source.frame_id)
        assert (dropped and dropped.source.frame_id) == expected

    @precondition(lambda self: self.retries or self.count())
    @rule()
    def take(self):
        if self.retries:
            expected = [self.retries.pop(0)]
        else:
            share = min(self.largest, -(-self.count() // self.workers))
            expected = [self.take_in_turn() for _ in range(share)]
        jobs = self.queue.take()
        assert names(jobs) == expected
        for each in jobs:
            if each.attempts == 0:
                assert each.ticket == self.tickets.get(each.source.topic, 0)
                self.tickets[each.source.topic] = each.ticket + 1
        self.taken += jobs

    def take_in_turn(self):
        camera = self.turn.pop(0)
        name = self.waiting[camera].popleft()
        if self.waiting[camera]:
            self.turn.append(camera)
        return name

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def lose(self, data):
        count = data.draw(st.integers(1, len(self.taken)))
        lost, self.taken = self.taken[:count], self.taken[count:]
        for each in lost:
            each.attempts += 1
        self.queue.put_again(lost)
        self.retries += names(lost)

    @rule()
    def clear(self):
        expected = self.retries + [name for crops in self.waiting.values() for name in crops]
        assert sorted(names(self.queue.clear())) == sorted(expected)
        self.retries.clear()
        self.waiting.clear()
        self.turn.clear()

    @precondition(lambda self: not self.is_closed)
    @rule()
    def close(self):
        self.queue.close()
        self.is_closed = True

    @precondition(lambda self: self.is_closed and not self.count() and not self.retries)
    @rule()
    def say_goodbye(self):
        if self.farewells < self.workers:
            self.farewells += 1
            assert self.queue.take() == []

    @invariant()
    def it_holds_what_the_model_holds(self):
        if hasattr(self, "queue"):
            assert len(self.queue) == self.count()


TestQueueMachine = QueueMachine.TestCase
TestQueueMachine.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


@pytest.mark.parametrize("policy", ["newest", "all"])
@pytest.mark.parametrize(("senders", "workers"), [(1, 4), (4, 1), (4, 4)])
def test_no_crop_and_no_wake_up_is_lost_between_many_threads(policy, senders, workers):
    """Every crop is taken once or was dropped, in the order of its camera; nobody waits for ever."""
    each, queue = 400, CropQueue(depth=3, policy=policy, workers=workers, largest_batch=4)
    dropped, taken, tickets = [], [], []

    def send(camera):
        dropped.extend(name for n in range(each) for name in names(filter(None, [queue.put(job(camera, n))])))

    def work(mine):
        while jobs := queue.take():
            mine += jobs
            if jobs[0].attempts == 0 and len(mine) % 7 == 0:  # now and then a worker is lost
                lost = mine.pop()
                lost.attempts += 1
                queue.put_again([lost])

    threads = [threading.Thread(target=send, args=(f"c{n}",), daemon=True) for n in range(senders)]
    shares = [[] for _ in range(workers)]
    helpers = [threading.Thread(target=work, args=(share,), daemon=True) for share in shares]
    for thread in threads + helpers:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive(), "a sender waits for ever"
    queue.close()
    for thread in helpers:
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive(), "a worker waits for ever"
    taken = [crop for share in shares for crop in share]
    assert len(taken) + len(dropped) == senders * each
    assert len({*names(taken), *dropped}) == senders * each
    assert policy == "newest" or not dropped
    for camera in {crop.source.topic for crop in taken}:
        own = sorted((crop for crop in taken if crop.source.topic == camera), key=lambda crop: crop.ticket)
        tickets = [crop.ticket for crop in own]
        assert tickets == list(range(len(own)))
        assert [crop.source.seconds for crop in own] == sorted(crop.source.seconds for crop in own)
