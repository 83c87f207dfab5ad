"""The search for the highest rate, on a node whose capacity is known."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.sustained import Trial, find_sustained

GOOD = Trial(1000.0, 3000, 3000, 0, 3.0, 0.01, 1.0, 2.0)


class Node:
    """Keeps up with its capacity; a weary one holds less in a long trial."""

    def __init__(self, capacity, *, long_capacity=None):
        self.capacity = capacity
        self.long_capacity = long_capacity if long_capacity is not None else capacity
        self.trials = []

    def run(self, rate, seconds):
        self.trials.append((rate, seconds))
        limit = self.capacity if seconds <= 3.0 else self.long_capacity
        sent = round(rate * seconds)
        read = sent if rate <= limit else round(limit * seconds)
        return Trial(rate, sent, read, sent - read, seconds, 0.0, 1.0, 2.0)


@given(st.floats(1000.0, 5000.0), st.floats(20.0, 50000.0))
def test_the_search_comes_close_to_the_capacity_from_wherever_it_begins(capacity, start):
    node = Node(capacity)
    proof = find_sustained(node.run, start, seconds=30.0, probe_seconds=3.0)
    assert proof.is_kept_up
    assert 0.96 * capacity <= proof.rate
    assert proof.sent <= round(30.0 * capacity)  # whole crops: the rate itself may be a hair higher
    assert node.trials[-1] == (proof.rate, 30.0)


def test_a_rate_that_does_not_hold_for_long_is_lowered_until_it_does():
    node = Node(1000.0, long_capacity=900.0)
    proof = find_sustained(node.run, 800.0, seconds=30.0, probe_seconds=3.0)
    assert proof.is_kept_up
    assert 0.96 * 900.0 <= proof.rate <= 900.0


def test_a_node_that_never_keeps_up_is_not_said_to():
    proof = find_sustained(Node(0.0).run, 100.0, seconds=30.0, probe_seconds=3.0)
    assert not proof.is_kept_up


@pytest.mark.parametrize(
    "fault",
    [
        {"read": 2999},
        {"dropped": 1},
        {"settling_seconds": 0.3},
        {"sending_seconds": 3.2},
    ],
    ids=["lost", "dropped", "piled up", "sent too slowly"],
)
def test_a_trial_is_kept_up_with_only_where_nothing_went_wrong(fault):
    assert GOOD.is_kept_up
    assert not replace(GOOD, **fault).is_kept_up


def test_plates_a_second_count_until_the_last_reading():
    assert replace(GOOD, settling_seconds=1.0).plates_a_second == pytest.approx(3000 / 4.0)
