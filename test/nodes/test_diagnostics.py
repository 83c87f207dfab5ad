"""What diagnostics make of counts: the worst is told first."""

from __future__ import annotations

import dataclasses
from collections import Counter

import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from lprnet_ros.flow.pool import PoolStatus
from lprnet_ros.nodes.diagnostics import ERROR, OK, STALE, WARN, NodeState, judge
from lprnet_ros.nodes.statistics import Counts

BEFORE = Counts(received=100, read=100, accepted=90)
NOW = Counts(received=200, read=200, accepted=180)
ACTIVE = NodeState("active", PoolStatus(workers=2, ready=2))


def level(now: Counts = NOW, state: NodeState = ACTIVE, rate: float = 100.0, silent: float = 0.0) -> bytes:
    return judge(BEFORE, now, state, rate, silent)[0]


def changed(**fields: object) -> NodeState:
    return dataclasses.replace(ACTIVE, **fields)


def test_all_is_well() -> None:
    assert judge(BEFORE, NOW, ACTIVE, 100.0, 0.0) == (OK, "200 crops read")


def test_a_node_that_is_not_active_warns() -> None:
    assert level(state=changed(state="inactive")) == WARN


@pytest.mark.parametrize("name", ["bad_images", "dropped"])
def test_what_went_wrong_since_the_last_look_warns_and_what_went_wrong_before_does_not(name: str) -> None:
    wrong = dataclasses.replace(NOW, **{name: Counter(reason=3)})
    assert level(wrong) == WARN
    assert judge(wrong, dataclasses.replace(wrong, read=300), ACTIVE, 100.0, 0.0)[0] == OK


def test_a_failure_is_an_error_and_so_is_a_worker_that_cannot_be_replaced() -> None:
    assert level(dataclasses.replace(NOW, failures=1)) == ERROR
    problem = PoolStatus(workers=2, ready=1, problem="a worker cannot be replaced: gone")
    assert judge(BEFORE, NOW, changed(pool=problem), 100.0, 0.0) == (ERROR, problem.problem)


def test_a_worker_that_is_being_replaced_warns() -> None:
    assert level(state=changed(pool=PoolStatus(workers=2, ready=1, replaced=1))) == WARN


def test_a_rate_is_missed_only_where_one_is_expected() -> None:
    assert level(rate=0.0, silent=100.0) == OK
    expecting = changed(expected_rate=50.0)
    assert level(state=expecting, rate=100.0) == OK
    assert level(state=expecting, rate=20.0) == WARN
    assert level(state=expecting, rate=0.0, silent=10.0) == STALE
    slow = changed(expected_rate=0.1)
    assert level(state=slow, rate=0.2, silent=10.0) == OK
    assert level(state=slow, rate=0.0, silent=31.0) == STALE


@pytest.mark.parametrize("age", [2.0, -2.0], ids=["old", "in the future"])
def test_stamps_that_are_old_or_in_the_future_warn_where_an_age_is_set(age: float) -> None:
    assert level(state=changed(age=age)) == OK
    assert level(state=changed(age=age, maximum_age=3.0)) == OK
    assert level(state=changed(age=age, maximum_age=1.0)) == WARN


def test_an_age_counts_only_where_something_was_read() -> None:
    assert level(dataclasses.replace(NOW, read=100), changed(age=1e9, maximum_age=1.0)) == OK
