"""The live node on a library that raises, answers nonsense, hangs or dies: it reads the next crop."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from fault_harness import BoardConversation, numbers_of, running_board, spelled
from ros_harness import Client

KINDS = {
    "none": ("workers:=0",),
    "thread": ("workers:=1", "worker_kind:=thread"),
    "process": ("workers:=1", "worker_kind:=process"),
}
FAILURES = ("raise", "type error", "nan", "shape", "false", "stale", "constant")
REASONS = (
    "hbm_runtime failed: hbDNNInfer failed: -6000013",
    "an error that no manual names",
    "lpr.bin returned NaN or infinite values, and again",
    "lpr.bin returned an output of shape (1, 67, 1, 18)",
    "lpr.bin returned an output of shape ()",
    "lpr.bin returned the result of the input before, bit by bit, and again",
    "lpr.bin returned the same number everywhere, and again",
)


@pytest.fixture(scope="module", params=KINDS)
def board(
    client: Client, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[BoardConversation]:
    """A reader with each kind of worker."""
    folder = tmp_path_factory.mktemp(request.param)
    parameters = ("worker_timeout:=2.0", "queue_depth:=100", *KINDS[request.param])
    with running_board(client, folder, *parameters) as reader:
        yield BoardConversation(reader)


def send_in_turn(board: BoardConversation, faults: tuple[str, ...], first: int) -> list[int]:
    """Send good crops, and between them one for each fault; return the numbers of the good ones."""
    board.outputs.clear()
    for number, fault in enumerate(faults):
        board.image.publish(spelled(0, first + 2 * number))
        board.image.publish(spelled(0, first + 2 * number + 1, fault))
    return [first + 2 * number for number in range(len(faults))]


def assert_it_is_told_and_over(board: BoardConversation, reasons: tuple[str, ...], number: int) -> None:
    """The diagnostics turn to ERROR with the latest reason; a next crop is read, and they turn to OK."""
    reader = board.reader
    status = reader.wait_for_status(lambda status: status["level"] == "error", "an error")
    assert any(reason in status["message"] for reason in reasons), status["message"]
    assert board.read(number)["accepted"]
    reader.wait_for_status(lambda status: status["level"] == "ok", "all is well again")


def test_a_library_that_fails_costs_one_crop_and_is_told(board: BoardConversation) -> None:
    before = int(board.reader.next_status()["runtime failures"])
    good = send_in_turn(board, FAILURES, 0)
    assert_it_is_told_and_over(board, REASONS, 100)
    assert numbers_of(board.outputs.readings, 0) == [*good, 100]
    status = board.reader.wait_for_status(
        lambda status: int(status["runtime failures"]) == before + len(FAILURES), "every failure counted"
    )
    assert status.get("workers replaced", "0") == "0"
    assert board.reader.lines("could not be read: hbm_runtime failed"), board.reader.log
    board.reader.assert_healthy()


def test_a_library_that_hangs_or_dies_costs_one_crop_and_its_worker(board: BoardConversation) -> None:
    kind = board.reader.next_status()["worker kind"]
    if kind != "process":
        assert not board.reader.workers(), "in the node itself nothing can end a library that hangs"
        return
    faults = ("hang", "die")
    good = send_in_turn(board, faults, 1000)
    assert_it_is_told_and_over(board, ("lost twice",), 1100)
    assert numbers_of(board.outputs.readings, 0) == [*good, 1100]
    status = board.reader.wait_for_status(lambda status: status["workers"] == "1 of 1", "a worker")
    assert int(status["workers replaced"]) >= 2
    assert int(status["crops retried"]) >= len(faults)
    assert len(board.reader.workers()) == 1
    board.reader.assert_healthy()


def test_a_library_that_hangs_in_a_thread_is_named_in_the_diagnostics(client: Client, tmp_path: Path) -> None:
    parameters = ("worker_timeout:=0.3", "queue_depth:=2", *KINDS["thread"])
    with running_board(client, tmp_path, *parameters) as reader:
        board = BoardConversation(reader)
        board.image.publish(spelled(0, 1, "hang"))
        status = reader.wait_for_status(lambda status: status["level"] == "error", "an error")
        assert status["message"].startswith("1 of 1 workers have had no answer from the runtime"), status
        assert "set worker_kind to process" in status["message"]
        reader.assert_healthy()


def test_without_workers_the_node_ends_with_a_library_that_dies(client: Client, tmp_path: Path) -> None:
    """What hbm_runtime does where the BPU refuses an inference; nothing in the process can prevent it."""
    with running_board(client, tmp_path, *KINDS["none"]) as reader:
        board = BoardConversation(reader)
        assert board.read(1)["accepted"]
        board.image.publish(spelled(0, 2, "die"))
        client.spin_until(lambda: reader.process.poll() is not None, 60.0)
        assert reader.process.poll() == -signal.SIGABRT
