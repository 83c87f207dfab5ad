"""SIGINT and SIGTERM under load: the process and its workers are gone in 2 s, with status 0 and no traces."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from fault_harness import NEVER_LOSES, BoardConversation, BoardReader, pace, running_board, spelled, streaming
from ros_harness import Client
from sensor_msgs.msg import Image

SECONDS_TO_END = 2.0
SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
KINDS = {
    "none": ("workers:=0",),
    "threads": ("workers:=2", "worker_kind:=thread"),
    "processes": ("workers:=2", "worker_kind:=process"),
}


def shared_memory_of(process_id: int) -> set[str]:
    """The files in /dev/shm that a process has mapped, but for the ports, which all participants share."""
    maps = Path(f"/proc/{process_id}/maps").read_text(encoding="utf-8")
    return {name for name in re.findall(r"/dev/shm/(\S+)", maps) if "_port" not in name}


def is_gone(process_id: int) -> bool:
    """Whether a process has ended; where nobody waits for orphans, as in a container, its name stays."""
    try:
        status = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return True
    return status.rpartition(")")[2].split()[0] == "Z"


def assert_it_ends_well(reader: BoardReader, number: int, before: set[str]) -> None:
    """Send the signal; within 2 s nothing is left of the process."""
    workers, memory = reader.workers(), shared_memory_of(reader.process.pid)
    assert memory - before, "it has no shared memory: nothing would be proved"
    sent = time.monotonic()
    reader.process.send_signal(number)
    while time.monotonic() < sent + SECONDS_TO_END and not (
        reader.process.poll() is not None and all(map(is_gone, workers))
    ):
        pace(reader.client, 0.01)
    assert reader.process.poll() == 0, reader.log
    assert all(map(is_gone, workers))
    assert (memory - before) & set(os.listdir("/dev/shm")) == set()
    assert reader.lines("reading raw crops")
    for sign in ("Traceback", "which is a bug", "terminate called", "Warning:", "Fatal", "Error"):
        assert not reader.lines(sign), reader.log


@SIGNALS
@pytest.mark.parametrize("kind", KINDS)
def test_the_node_ends_under_load(client: Client, tmp_path: Path, number: int, kind: str) -> None:
    before = set(os.listdir("/dev/shm"))
    with running_board(client, tmp_path, *KINDS[kind], "queue_depth:=50") as reader:
        conversation = BoardConversation(reader)
        with streaming(conversation, spelled(0, 1), 0.001):
            client.wait_for(lambda: len(conversation.outputs.readings) >= 100, "readings", reader)
            assert len(reader.workers()) == (2 if kind == "processes" else 0)
            assert_it_ends_well(reader, number, before)


@pytest.mark.parametrize(("kind", "number"), [("threads", signal.SIGINT), ("processes", signal.SIGTERM)])
def test_the_node_ends_while_a_worker_hangs(client: Client, tmp_path: Path, number: int, kind: str) -> None:
    before = set(os.listdir("/dev/shm"))
    with running_board(client, tmp_path, *KINDS[kind], "worker_timeout:=60.0") as reader:
        conversation = BoardConversation(reader)
        conversation.read(1)
        conversation.image.publish(spelled(0, 2, "hang"))
        pace(client, 0.2)
        with streaming(conversation, spelled(0, 3), 0.001):
            pace(client, 0.3)
            assert_it_ends_well(reader, number, before)


def test_the_node_ends_while_its_executor_waits_for_a_worker_that_hangs(
    client: Client, tmp_path: Path
) -> None:
    """With the policy all a full queue makes the node's own thread wait; a signal lets it go."""
    before = set(os.listdir("/dev/shm"))
    parameters = ("workers:=1", "queue_policy:=all", "queue_depth:=2", "worker_timeout:=60.0")
    with running_board(client, tmp_path, *parameters) as reader:
        conversation = BoardConversation(reader)
        conversation.read(1)
        told = len(reader.statuses)
        publisher = client.node.create_publisher(Image, f"{reader.namespace}/image", NEVER_LOSES)
        client.wait_for(lambda: publisher.get_subscription_count() == 1, "the subscription", reader)
        for crop in (spelled(0, 2, "hang"), *(spelled(0, number) for number in range(3, 13))):
            publisher.publish(crop)
        pace(client, 2.5)
        assert len(reader.statuses) <= told + 2, "it does not wait: this test proves nothing"
        assert_it_ends_well(reader, signal.SIGTERM, before)
        client.node.destroy_publisher(publisher)


def test_a_signal_while_the_workers_open_their_model_ends_the_node(client: Client, tmp_path: Path) -> None:
    """As an impatient Ctrl-C, which a terminal sends to the worker processes too."""
    with running_board(client, tmp_path, "workers:=2") as reader:
        client.wait_for(lambda: len(reader.workers()) == 2, "two processes", reader)
        workers = reader.workers()
        for each in (*workers, reader.process.pid):
            os.kill(each, signal.SIGINT)
        sent = time.monotonic()
        client.wait_for(lambda: reader.process.poll() is not None, "the end")
        assert time.monotonic() - sent < 2 * SECONDS_TO_END  # the model is opened to the end
        assert reader.process.returncode == 0
        assert all(map(is_gone, workers))
        assert not reader.lines("Traceback"), reader.log
        assert not reader.lines("KeyboardInterrupt"), reader.log
