"""What the diagnostics make of counts: the worst is told first, and counts that begin anew are no events."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from builtin_interfaces.msg import Time

from lprnet_ros.flow.pool import PoolStatus
from lprnet_ros.ros.reports.diagnostics import ERROR, OK, STALE, WARN, DiagnosticsPublisher, NodeState, judge
from lprnet_ros.ros.reports.statistics import Counts, Statistics

HEALTHY = PoolStatus(workers=2, ready=2)
ACTIVE = NodeState("active", HEALTHY)


class FakeNode:
    """Takes what is published."""

    def __init__(self) -> None:
        self.published: list[object] = []

    def create_publisher(self, *_: object) -> SimpleNamespace:
        return SimpleNamespace(publish=self.published.append)

    def get_clock(self) -> SimpleNamespace:
        return SimpleNamespace(now=lambda: SimpleNamespace(to_msg=Time))

    def get_fully_qualified_name(self) -> str:
        return "/lpr_node"


@pytest.mark.parametrize(
    ("now", "state", "rate", "silent", "level", "part"),
    [
        (Counts(read=7), ACTIVE, 1.0, 0.0, OK, "7 crops read"),
        (
            Counts(failures=2, last_failure="no BPU"),
            ACTIVE,
            1.0,
            0.0,
            ERROR,
            "2 pictures could not be read in",
        ),
        (Counts(failures=2, last_failure="no BPU"), ACTIVE, 1.0, 0.0, ERROR, ": no BPU"),
        (Counts(failures=2), NodeState("active", PoolStatus(2, 0, problem="gone")), 1.0, 0.0, ERROR, "gone"),
        (Counts(), NodeState("inactive", HEALTHY), 0.0, 0.0, WARN, "the node is inactive"),
        (Counts(), NodeState("active", HEALTHY, expected_rate=2.0), 0.0, 3.5, STALE, "no picture for 4 s"),
        (Counts(), NodeState("active", HEALTHY, expected_rate=0.1), 0.0, 3.5, WARN, "expected 0.1"),
        (Counts(), NodeState("active", HEALTHY), 0.0, 3600.0, OK, "0 crops read"),
        (Counts(), NodeState("active", PoolStatus(2, 1)), 0.0, 0.0, WARN, "1 workers are being replaced"),
        (Counts(bad_images=Counter(a=1, b=2)), ACTIVE, 1.0, 0.0, WARN, "3 unusable images"),
        (Counts(dropped=Counter(gate=4)), ACTIVE, 1.0, 0.0, WARN, "4 crops dropped"),
        (Counts(frames_dropped=Counter(a=1, b=2)), ACTIVE, 1.0, 0.0, WARN, "3 frames dropped"),
        (Counts(frames_lost=Counter(a=2)), ACTIVE, 1.0, 0.0, WARN, "2 frames lost on the way"),
        (
            Counts(),
            NodeState("active", HEALTHY, search=PoolStatus(1, 0, problem="hung")),
            1.0,
            0.0,
            ERROR,
            "hung",
        ),
        (
            Counts(read=1),
            NodeState("active", HEALTHY, expected_rate=5.0),
            2.0,
            0.0,
            WARN,
            "2.0 pictures a second",
        ),
        (
            Counts(read=1, age=-1.5),
            NodeState("active", HEALTHY, maximum_age=0.5),
            1.0,
            0.0,
            WARN,
            "stamps are -1.500 s old",
        ),
        (Counts(age=9.0), NodeState("active", HEALTHY, maximum_age=0.5), 0.0, 0.0, OK, "0 crops read"),
        (Counts(lost=Counter(gate=3)), ACTIVE, 1.0, 0.0, WARN, "3 crops lost on the way in the last second"),
        (Counts(read=2, photographs=2), ACTIVE, 1.0, 0.0, WARN, "2 pictures are no crops: cut the plate out"),
    ],
)
def test_the_worst_is_told(
    now: Counts, state: NodeState, rate: float, silent: float, level: bytes, part: str
) -> None:
    told, message = judge(Counts(), now, state, rate, silent)
    assert told == level
    assert part in message


def test_counts_that_begin_anew_are_compared_with_nothing() -> None:
    """A node that was configured again within a second has no negative failures to report."""
    node, statistics = FakeNode(), Statistics()
    publisher = DiagnosticsPublisher(node)
    for _ in range(5):
        statistics.count_arrival()
        statistics.count_failure("no BPU")
    publisher.publish(statistics.snapshot(), ACTIVE, [])
    again = Statistics()
    for _ in range(9):
        again.count_arrival()
    publisher.publish(again.snapshot(), ACTIVE, [])
    publisher.publish(again.snapshot(), ACTIVE, [])
    first, second, third = (array.status[0] for array in node.published)
    assert (first.level, second.level, third.level) == (ERROR, OK, OK)
    rates = [{pair.key: pair.value for pair in s.values}["received a second"] for s in (second, third)]
    assert float(rates[0]) > 0.0
    assert float(rates[1]) == 0.0


def test_failures_of_the_last_second_alone_are_told() -> None:
    node, statistics = FakeNode(), Statistics()
    publisher = DiagnosticsPublisher(node)
    statistics.count_failure("no BPU")
    for _ in range(2):
        publisher.publish(statistics.snapshot(), ACTIVE, [])
    assert [array.status[0].level for array in node.published] == [ERROR, OK]


def test_the_board_has_a_status_of_its_own_where_there_is_one() -> None:
    node = FakeNode()
    publisher = DiagnosticsPublisher(node)
    publisher.publish(Counts(), ACTIVE, [("BPU temperature (C)", "61.5")])
    assert [status.name for status in node.published[0].status] == ["/lpr_node: readings", "/lpr_node: board"]
