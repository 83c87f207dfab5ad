"""SIGINT and SIGTERM under load: the process and its workers end, with status 0 and no traces.

How soon they end is measured by ``python -m bench.node_end``; here nothing may wait for a worker that
hangs, which would take longer than the patience of a test.
"""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from fault_harness import NEVER_LOSES, BoardConversation, BoardReader, pace, running_board, spelled, streaming
from ros_harness import Client
from sensor_msgs.msg import Image

WAITS_FOR_EVER = "worker_timeout:=600.0"
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


def files_in_shared_memory() -> set[str]:
    return set(os.listdir("/dev/shm")) if os.path.isdir("/dev/shm") else set()


def assert_it_ends_well(reader: BoardReader, number: int, before: set[str]) -> None:
    """Send the signal and wait until nothing is left of the process."""
    workers, memory = reader.workers(), shared_memory_of(reader.process.pid)
    reader.process.send_signal(number)
    reader.client.wait_for(
        lambda: reader.process.poll() is not None and all(map(is_gone, workers)),
        f"the end of {reader.process.pid} and its workers {workers}; {reader.log}",
    )
    assert reader.process.returncode == 0, reader.log
    assert (memory - before) & files_in_shared_memory() == set()
    assert reader.lines("reading raw crops")
    for sign in ("Traceback", "which is a bug", "terminate called", "Warning:", "Fatal", "Error"):
        assert not reader.lines(sign), reader.log


@SIGNALS
@pytest.mark.parametrize("kind", KINDS)
def test_the_node_ends_under_load(client: Client, tmp_path: Path, number: int, kind: str) -> None:
    before = files_in_shared_memory()
    with running_board(client, tmp_path, *KINDS[kind], "queue_depth:=50") as reader:
        conversation = BoardConversation(reader)
        with streaming(conversation, spelled(0, 1), 0.001):
            client.wait_for(lambda: len(conversation.outputs.readings) >= 100, "readings", reader)
            assert len(reader.workers()) == (2 if kind == "processes" else 0)
            assert_it_ends_well(reader, number, before)


@pytest.mark.parametrize(("kind", "number"), [("threads", signal.SIGINT), ("processes", signal.SIGTERM)])
def test_the_node_ends_while_a_worker_hangs(client: Client, tmp_path: Path, number: int, kind: str) -> None:
    before = files_in_shared_memory()
    hanging = tmp_path / "hanging"
    with running_board(
        client, tmp_path, *KINDS[kind], WAITS_FOR_EVER, LPR_TEST_HANGING=str(hanging)
    ) as reader:
        conversation = BoardConversation(reader)
        conversation.image.publish(spelled(0, 2, "hang"))
        client.wait_for(hanging.exists, "a worker that hangs", reader)
        with streaming(conversation, spelled(0, 3), 0.001) as sent:
            client.wait_for(lambda: sent() >= 200, "a stream of crops", reader)
            assert_it_ends_well(reader, number, before)


def test_the_node_ends_while_its_executor_waits_for_a_worker_that_hangs(
    client: Client, tmp_path: Path
) -> None:
    """With the policy all a full queue makes the node's own thread wait; a signal lets it go."""
    before = files_in_shared_memory()
    hanging = tmp_path / "hanging"
    parameters = ("workers:=1", "queue_policy:=all", "queue_depth:=2", WAITS_FOR_EVER)
    with running_board(client, tmp_path, *parameters, LPR_TEST_HANGING=str(hanging)) as reader:
        BoardConversation(reader)
        publisher = client.node.create_publisher(Image, f"{reader.namespace}/image", NEVER_LOSES)
        client.wait_for(lambda: publisher.get_subscription_count() == 1, "the subscription", reader)
        for crop in (spelled(0, 2, "hang"), *(spelled(0, number) for number in range(3, 13))):
            publisher.publish(crop)
        client.wait_for(hanging.exists, "a worker that hangs", reader)

        def tells_nothing() -> bool:
            """Diagnostics come once a second, unless the executor waits."""
            told = len(reader.statuses)
            pace(client, 2.5)
            return len(reader.statuses) == told

        client.wait_for(tells_nothing, "an executor that waits", reader)
        assert_it_ends_well(reader, signal.SIGTERM, before)
        client.node.destroy_publisher(publisher)


def test_a_signal_while_the_workers_open_their_model_ends_the_node(client: Client, tmp_path: Path) -> None:
    """As an impatient Ctrl-C, which a terminal sends to the worker processes too."""
    with running_board(client, tmp_path, "workers:=2") as reader:
        client.wait_for(lambda: len(reader.workers()) == 2, "two processes", reader)
        workers = reader.workers()
        for each in (*workers, reader.process.pid):
            os.kill(each, signal.SIGINT)
        client.wait_for(
            lambda: reader.process.poll() is not None and all(map(is_gone, workers)), "the end of all three"
        )
        assert reader.process.returncode == 0
        assert not reader.lines("Traceback"), reader.log
        assert not reader.lines("KeyboardInterrupt"), reader.log
