"""Chooses the executor of a node: rclpy's events executor if it works, else the single-threaded one.

The events executor needs a quarter of the time for each message.  Humble does not
have it, and in the Jazzy wheels its ``spin`` dispatches nothing while a loop of
``spin_once`` works.  It must therefore dispatch a timer and a service call at
start, and either executor is replaced if it stalls later.
"""

from __future__ import annotations

import itertools
import time
from typing import Any

from rcl_interfaces.srv import GetParameters
from rclpy._rclpy_pybind11 import RCLError
from rclpy.clock import Clock, ClockType
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from lprnet_ros.ros.reports.statistics import LogLimiter
from lprnet_ros.text.escaping import one_line

_CHECK_SECONDS = 10.0  # a board that starts all its nodes at once is slow
_ASK_AGAIN_SECONDS = 0.5
_HEARTBEAT_SECONDS = 0.5
_STALL_SECONDS = 5.0
_IDLE_ROUNDS = 20
"""Rounds without a heartbeat that also make a stall: a single long callback is not one."""


class Spinner:
    """Runs the callbacks of one node.

    Args:
        node: the node; no other executor may run it.
        choice: ``auto``, ``events`` or ``single``.

    Attributes:
        name: ``events`` or ``single``.

    Raises:
        ValueError: the events executor was asked for and does not work here.
    """

    def __init__(self, node: Node, choice: str = "auto") -> None:
        self._node = node
        self._last_beat = self._replaced = time.monotonic()
        self._rounds = 0
        self._limiter = LogLimiter()
        self._executor: Any = None
        self.name = "single"
        # steady time: a clock that is set back or simulated time must not look like a stall
        self._clock = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = node.create_timer(_HEARTBEAT_SECONDS, self._beat, clock=self._clock)
        if choice != "single":
            problem = self._try_events()
            if problem is None:
                self.name = "events"
                return
            if choice == "events":
                raise ValueError(f"executor is 'events', but {problem}; set it to 'auto' or 'single'")
            node.get_logger().info(f"using the single-threaded executor: {problem}")
        self._use_single()

    def spin_once(self, timeout_seconds: float) -> None:
        """Run due callbacks, waiting for them at most this long; replace an executor that has stalled.

        Raises:
            RCLError: ROS has done nothing but report errors for some seconds.
        """
        try:
            self._executor.spin_once(timeout_sec=timeout_seconds)
        except RCLError as error:
            # Humble raises if a client left before the answer (ros2/rclpy, pull request 1136)
            if self.name == "single" and time.monotonic() - self._last_beat > 2 * _STALL_SECONDS:
                raise
            self._unlock()
            if self._limiter.allows("error"):
                self._node.get_logger().warning(f"ROS reported, and the node goes on: {one_line(str(error))}")
        self._rounds += 1
        is_due = time.monotonic() - max(self._last_beat, self._replaced) > _STALL_SECONDS
        if is_due and self._rounds > _IDLE_ROUNDS:
            name = "events" if self.name == "events" else "single-threaded"
            self._node.get_logger().error(f"the {name} executor stands still; going on with a new one")
            self._leave()
            self._unlock()
            self._use_single()

    def shutdown(self) -> None:
        """Release the node."""
        self._node.destroy_timer(self._timer)
        self._leave()

    def _beat(self) -> None:
        self._last_beat = time.monotonic()
        self._rounds = 0

    def _use_single(self) -> None:
        self._executor = SingleThreadedExecutor(context=self._node.context)
        self._executor.add_node(self._node)
        self.name = "single"
        self._replaced = time.monotonic()
        self._rounds = 0

    def _unlock(self) -> None:
        """Release what the single-threaded executor has locked and leaves locked where a take raises.

        Its node would receive nothing more: rclpy ends the turn of an entity and of its callback group
        in the code after the take (``Executor._make_handler``, Humble and Jazzy).  Between two rounds
        none of them has a turn.
        """
        node = self._node
        entities = (node.subscriptions, node.timers, node.services, node.clients, node.guards, node.waitables)
        for entity in itertools.chain(*entities):
            entity._executor_event = False
            group = entity.callback_group
            if getattr(group, "_active_entity", None) is not None:
                group.ending_execution(group._active_entity)

    def _leave(self) -> None:
        self._executor.remove_node(self._node)
        self._executor.shutdown(0.5)

    def _try_events(self) -> str | None:
        """Use the events executor; return why that is not possible, or None."""
        try:
            from rclpy.experimental import EventsExecutor
        except ImportError:
            return "this rclpy has no events executor"
        self._executor = EventsExecutor(context=self._node.context)
        self._executor.add_node(self._node)
        if self._passes_check():
            return None
        self._leave()
        return f"the events executor dispatched no timer or no service call in {_CHECK_SECONDS:g} s"

    def _passes_check(self) -> bool:
        """Tell whether a timer and a service call of the node to itself are dispatched."""
        started = time.monotonic()
        self._last_beat = 0.0
        fast = self._node.create_timer(0.01, self._beat, clock=self._clock)
        client = self._node.create_client(
            GetParameters, f"{self._node.get_fully_qualified_name()}/get_parameters"
        )
        future, asked = None, -_ASK_AGAIN_SECONDS
        try:
            while (now := time.monotonic()) < started + _CHECK_SECONDS:
                if client.service_is_ready() and now - asked > _ASK_AGAIN_SECONDS:
                    future, asked = client.call_async(GetParameters.Request()), now
                self._executor.spin_once(timeout_sec=0.02)
                if future is not None and future.done() and self._last_beat > 0.0:
                    return True
            return False
        finally:
            self._node.destroy_client(client)
            self._node.destroy_timer(fast)
