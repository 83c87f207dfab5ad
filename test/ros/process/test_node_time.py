"""The node's time is the system's, or with simulated time that of /clock."""

from __future__ import annotations

import time

import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from rclpy.clock import ROSClock
from rclpy.time import Time

from lprnet_ros.ros.process.node_time import seconds


def test_without_simulated_time_it_is_the_systems() -> None:
    before = time.time()
    assert before <= seconds(ROSClock()) <= time.time()


def test_with_simulated_time_it_stands_where_the_clock_was_set() -> None:
    clock = ROSClock()
    clock._set_ros_time_is_active(True)
    clock.set_ros_time_override(Time(seconds=12, nanoseconds=500_000_000, clock_type=clock.clock_type))
    assert seconds(clock) == pytest.approx(12.5)
