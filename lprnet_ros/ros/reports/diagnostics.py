"""The node's state as ``diagnostic_msgs``, once per second, following diagnostic_updater."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from lprnet_ros.flow.pool import PoolStatus
from lprnet_ros.ros.reports.statistics import NO_CROP, Counts

OK, WARN, ERROR, STALE = (
    DiagnosticStatus.OK,
    DiagnosticStatus.WARN,
    DiagnosticStatus.ERROR,
    DiagnosticStatus.STALE,
)
_STALE_SECONDS = 3.0


@dataclass(frozen=True)
class NodeState:
    """What diagnostics report about a node, besides its counts.

    Attributes:
        state: label of the lifecycle state.
        pool: the workers.
        waiting: crops that wait for a worker.
        search: the thread that searches frames; no worker where there is none.
        searched: names and counts of what was searched, found and left out in frames.
        facts: names and values that do not change while it is configured: model, sha256, runtime.
        expected_rate: minimum crops per second; 0 disables the check.
        maximum_age: maximum age of a crop's stamp when it is read, seconds; 0 disables the check.
    """

    state: str
    pool: PoolStatus
    waiting: int = 0
    search: PoolStatus = field(default_factory=PoolStatus)
    searched: tuple[tuple[str, str], ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    expected_rate: float = 0.0
    maximum_age: float = 0.0


class DiagnosticsPublisher:
    """Publishes one status on ``/diagnostics``: what arrived, what was read, and problems.

    Args:
        node: the node that is reported on.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self._previous = Counts()
        self._time = self._last_arrival = time.monotonic()

    def publish(self, counts: Counts, state: NodeState, board: list[tuple[str, str]]) -> None:
        """Publish the state since the last call.

        Args:
            counts: the counts.
            state: the state of the node.
            board: names and values of the board's sensors; empty on other machines.
        """
        now = time.monotonic()
        seconds = max(1e-6, now - self._time)
        before = self._previous if counts.since == self._previous.since else Counts()
        arrived = counts.received - before.received
        if arrived or state.state != "active":
            self._last_arrival = now
        level, message = judge(before, counts, state, arrived / seconds, now - self._last_arrival)
        self._previous, self._time = counts, now
        rates = [
            ("state", state.state),
            ("received a second", f"{arrived / seconds:.1f}"),
            ("read a second", f"{(counts.read - before.read) / seconds:.1f}"),
        ]
        workers = [
            ("waiting", str(state.waiting)),
            ("workers", f"{state.pool.ready} of {state.pool.workers}"),
            ("workers replaced", str(state.pool.replaced)),
            ("crops retried", str(state.pool.retried)),
        ]
        pairs = [*rates, *counts.as_pairs(), *state.searched, *workers, *state.facts]
        statuses = [self._status("readings", level, message, pairs)]
        if board:
            statuses.append(self._status("board", OK, "RDK", board))
        array = DiagnosticArray(status=statuses)
        array.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(array)

    def _status(
        self, task: str, level: bytes, message: str, pairs: list[tuple[str, str]]
    ) -> DiagnosticStatus:
        return DiagnosticStatus(
            level=level,
            name=f"{self._node.get_fully_qualified_name()}: {task}",
            message=message,
            hardware_id="lprnet_ros",
            values=[KeyValue(key=key, value=value) for key, value in pairs],
        )


def judge(  # noqa: PLR0911 - one return for each rule, the most serious first
    before: Counts, now: Counts, state: NodeState, rate: float, silent_seconds: float
) -> tuple[bytes, str]:
    """Determine level and message of the status.

    Args:
        before: the counts at the last call.
        now: the counts.
        state: the state of the node.
        rate: crops per second since the last call.
        silent_seconds: time since the last crop arrived.

    Returns:
        Level and message of the most serious problem.
    """
    failures = now.failures - before.failures
    if state.pool.problem or state.search.problem:
        return ERROR, state.pool.problem or state.search.problem
    if failures:
        return ERROR, f"{failures} pictures could not be read in the last second: {now.last_failure}"
    if state.state != "active":
        return WARN, f"the node is {state.state}"
    if state.expected_rate > 0.0 and silent_seconds > max(_STALE_SECONDS, 3.0 / state.expected_rate):
        return STALE, f"no picture for {silent_seconds:.0f} s"
    if state.pool.ready < state.pool.workers:
        return WARN, f"{state.pool.workers - state.pool.ready} workers are being replaced"
    for count, what in _unread(before, now):
        if count:
            return WARN, f"{count} {what}"
    if rate < state.expected_rate:
        return WARN, f"{rate:.1f} pictures a second, expected {state.expected_rate:g}"
    if now.read > before.read and 0.0 < state.maximum_age < abs(now.age):
        return WARN, f"stamps are {now.age:.3f} s old when read, expected at most {state.maximum_age:g} s"
    return OK, f"{now.read} crops read"


def _unread(before: Counts, now: Counts) -> list[tuple[int, str]]:
    """Return how many pictures of each kind were not read since the last call, the most serious first."""

    def new(name: str) -> int:
        return sum(getattr(now, name).values()) - sum(getattr(before, name).values())

    return [
        (new("bad_images"), "unusable images in the last second"),
        (new("dropped"), "crops dropped in the last second: more arrive than can be read"),
        (
            new("frames_dropped"),
            "frames dropped in the last second: more arrive than can be searched and read",
        ),
        (now.photographs - before.photographs, f"pictures are no crops: {NO_CROP}"),
        (new("lost"), "crops lost on the way in the last second: set qos_profile to 'reliable'"),
        (new("frames_lost"), "frames lost on the way in the last second: set frame_qos_profile to 'auto'"),
    ]
