"""Worker processes of the live node are killed and stopped under load: replaced, counted, nothing lost."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from fault_harness import (
    BoardConversation,
    assert_traceable,
    numbers_of,
    pace,
    running_board,
    spelled,
)
from ros_harness import Client
from sensor_msgs.msg import Image

TOPICS = ["gate", "exit"]


def test_killed_and_stopped_processes_are_replaced_and_no_crop_is_lost(
    client: Client, tmp_path: Path
) -> None:
    parameters = (
        f"image_topics:={TOPICS}",
        "workers:=2",
        "worker_timeout:=2.0",  # long enough for a loaded machine to read a crop
        "queue_depth:=5000",
        "queue_policy:=newest",
    )
    with running_board(client, tmp_path, *parameters, LPR_TEST_MICROSECONDS="1000") as reader:
        conversation = BoardConversation(reader, Image, *TOPICS)
        first = reader.workers()
        assert len(first) == 2
        sent = 0

        def stream(ticks: int) -> None:
            nonlocal sent
            for _ in range(ticks):
                for camera in range(2):
                    for number in range(sent, sent + 3):
                        conversation.publishers[camera].publish(spelled(camera, number))
                sent += 3
                pace(client, 0.01)
                conversation.let_few_wait(2 * sent)

        stream(30)
        os.kill(first[0], signal.SIGKILL)
        stream(60)
        os.kill(first[1], signal.SIGSTOP)
        stream(60)
        readings = conversation.outputs.readings
        client.wait_for(lambda: len(readings) >= 2 * sent, f"{2 * sent} readings", reader)
        for camera in range(2):
            assert numbers_of(readings, camera) == list(range(sent))
        assert_traceable(readings, [f"{reader.namespace}/{topic}" for topic in TOPICS])
        status = reader.wait_for_status(
            lambda status: status["workers"] == "2 of 2" and status["level"] == "ok", "two workers, all well"
        )
        assert status["workers replaced"] == "2"
        assert int(status["crops retried"]) > 0
        assert (status["dropped"], status["runtime failures"]) == ("0", "0")
        assert set(first).isdisjoint(reader.workers())
        assert len(reader.workers()) == 2
        assert len(reader.lines("a worker is replaced")) == 2
        reader.assert_healthy()


def test_a_worker_that_cannot_be_replaced_is_told_and_comes_back_with_the_model(
    client: Client, tmp_path: Path
) -> None:
    with running_board(client, tmp_path, "workers:=1") as reader:
        conversation = BoardConversation(reader)
        model = reader.model
        content = model.read_bytes()
        model.unlink()
        (worker,) = reader.workers()
        os.kill(worker, signal.SIGKILL)
        conversation.image.publish(spelled(0, 1))
        status = reader.wait_for_status(lambda status: status["level"] == "error", "an error")
        assert status["message"] == f"a worker cannot be replaced: {model}: no such model file"
        assert status["workers"] == "0 of 1"
        for number in range(2, 20):
            conversation.image.publish(spelled(0, number))
        reader.wait_for_status(lambda status: int(status["dropped"]) >= 10, "drops are counted meanwhile")
        model.write_bytes(content)
        readings = conversation.outputs.readings
        client.wait_for(lambda: 19 in numbers_of(readings, 0), "the newest crop", reader)
        assert numbers_of(readings, 0)[0] == 1, "the crop over which the worker was lost"
        status = reader.wait_for_status(lambda status: status["level"] == "ok", "all is well again")
        assert status["workers"] == "1 of 1"
        reader.assert_healthy()
