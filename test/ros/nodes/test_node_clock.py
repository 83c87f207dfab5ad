"""Simulated time stands still, runs, and jumps both ways: readings, vehicles and diagnostics go on."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from builtin_interfaces.msg import Time
from fault_harness import BoardConversation, numbers_of, pace, running_board, spelled
from ros_harness import RELIABLE, Client
from rosgraph_msgs.msg import Clock
from std_msgs.msg import String

HOUR = 3600


def test_readings_vehicles_and_diagnostics_go_on_whatever_the_clock_does(
    client: Client, tmp_path: Path
) -> None:
    parameters = ("use_sim_time:=true", "workers:=1", "worker_kind:=thread")
    with running_board(client, tmp_path, *parameters, "queue_depth:=500") as reader:
        clock = client.node.create_publisher(Clock, "/clock", RELIABLE)
        conversation = BoardConversation(reader)  # no time has come yet
        client.wait_for(lambda: clock.get_subscription_count() >= 1, "the node listens to the clock", reader)
        vehicles: list[dict] = []
        reader._subscribe(
            String,
            f"{reader.full_name}/vehicle_plate",
            lambda message: vehicles.append(json.loads(message.data)),
        )
        now, sent = 10 * HOUR, 0
        began, told = time.monotonic(), len(reader.statuses)

        def stream(seconds: int, *, jump: int = 0, ticks: int = 10) -> None:
            """Let the clock jump and then run so fast, while a vehicle passes."""
            nonlocal now, sent
            now += jump
            for _ in range(ticks):
                now += seconds
                clock.publish(Clock(clock=Time(sec=now)))
                for _ in range(3):
                    conversation.image.publish(spelled(0, sent))
                    sent += 1
                pace(client, 0.02)

        stream(0)  # stands still
        stream(1)
        stream(1, jump=HOUR)
        stream(1, jump=-5 * HOUR)
        stream(0, jump=-HOUR)
        stream(1, jump=7 * HOUR)
        readings = conversation.outputs.readings
        client.wait_for(lambda: len(numbers_of(readings, 0)) >= sent, f"{sent} readings", reader)
        assert numbers_of(readings, 0) == list(range(sent))
        assert reader.next_status(2)["level"] == "ok", "time stands still again"
        seconds = time.monotonic() - began
        assert len(reader.statuses) - told <= seconds + 2, "diagnostics come once a second by a steady clock"
        client.wait_for(
            lambda: clock.publish(Clock(clock=Time(sec=now))) or bool(vehicles), "vehicles", reader
        )
        for number in (1, 1, 1):
            conversation.image.publish(spelled(1, number))
        client.wait_for(lambda: len(numbers_of(readings, 1)) == 3, "the last vehicle", reader)
        before = len(vehicles)
        client.retry_until(
            lambda: clock.publish(Clock(clock=Time(sec=now - 9 * HOUR))),
            lambda: len(vehicles) > before,
            "a vehicle when the clock is set back",
        )
        reader.assert_healthy()
        client.node.destroy_publisher(clock)
