"""A hundred and twenty rounds of transitions in any order under traffic: no death, no error, no growth."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from fault_harness import (
    BoardConversation,
    BoardReader,
    assert_traceable,
    running_board,
    spelled,
    streaming,
)
from ros_harness import ACTIVATE, CLEANUP, CONFIGURE, DEACTIVATE, PATIENCE_SECONDS, Client

TRANSITIONS = {
    (CONFIGURE, "unconfigured"): "inactive",
    (ACTIVATE, "inactive"): "active",
    (DEACTIVATE, "active"): "inactive",
    (CLEANUP, "inactive"): "unconfigured",
}
"""What each transition leads to; from every other state it is refused."""

WARM_UP_ROUNDS = 8
GROWTH_KIB = 8192


class Footprint:
    """What a process holds: threads, open files, children, memory."""

    def __init__(self, reader: BoardReader) -> None:
        folder = Path(f"/proc/{reader.process.pid}")
        self.threads = len(os.listdir(folder / "task"))
        self.files = len(os.listdir(folder / "fd"))
        self.workers = len(reader.workers())
        status = (folder / "status").read_text(encoding="utf-8")
        self.kib = int(status.partition("VmRSS:")[2].split()[0])

    def __repr__(self) -> str:
        return f"{self.threads} threads, {self.files} files, {self.workers} workers, {self.kib} KiB"


@pytest.mark.parametrize(
    ("rounds", "workers"),
    [
        (60, ("workers:=0",)),
        (40, ("workers:=1", "worker_kind:=thread")),
        (20, ("workers:=2", "worker_kind:=process")),
    ],
    ids=["none", "a thread", "two processes"],
)
def test_transitions_in_any_order_under_traffic(
    client: Client, tmp_path: Path, rounds: int, workers: tuple[str, ...]
) -> None:
    """Each round asks for the four transitions in random order; those that are impossible are refused."""
    chance = random.Random(rounds)
    with running_board(client, tmp_path, *workers) as reader:
        conversation = BoardConversation(reader)
        state, succeeded, after_warm_up = "active", 0, None
        with streaming(conversation, spelled(0, 7), 0.002):
            for number in range(rounds):
                for transition in chance.sample((CONFIGURE, ACTIVATE, DEACTIVATE, CLEANUP), k=4):
                    target = TRANSITIONS.get((transition, state))
                    assert reader.change_state(transition) == (target is not None)
                    state = target or state
                    succeeded += target is not None
                assert reader.state() == state
                if number >= WARM_UP_ROUNDS and after_warm_up is None and state == "unconfigured":
                    after_warm_up = Footprint(reader)
            assert succeeded >= rounds
        while state != "unconfigured":
            transition = DEACTIVATE if state == "active" else CLEANUP
            assert reader.change_state(transition)
            state = TRANSITIONS[transition, state]
        assert after_warm_up is not None

        def is_as_it_was() -> bool:
            now = Footprint(reader)
            return (
                (now.threads, now.workers) == (after_warm_up.threads, 0)
                and now.files <= after_warm_up.files + 1
                and now.kib <= after_warm_up.kib + GROWTH_KIB
            )

        client.spin_until(is_as_it_was, PATIENCE_SECONDS)
        assert is_as_it_was(), f"{after_warm_up} became {Footprint(reader)}"
        assert_traceable(
            [reading for reading in conversation.outputs.readings if reading["frame_id"] == "camera 0"],
            [f"{reader.namespace}/image"],
        )
        assert not reader.lines("ERROR"), reader.log
        reader.assert_healthy()
        assert reader.change_state(CONFIGURE)
        assert reader.change_state(ACTIVATE)
        client.wait_for(lambda: conversation.image.get_subscription_count() == 1, "the subscription", reader)
        conversation.match(conversation.image)
        assert conversation.read(8)["accepted"]
