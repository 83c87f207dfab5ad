"""A hundred changes of parameters while the live node reads: each is applied, or refused with a reason."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from fault_harness import BoardConversation, numbers_of, pace, running_board, spelled
from ros_harness import ACTIVATE, DEACTIVATE, Client

GOOD: dict[str, list[object]] = {
    "minimum_confidence": [0.0, 0.5, 1.0],
    "decoder": ["syntax", "beam", "greedy"],
    "second_look": [True, False],
    "require_syntax": [True, False],
    "max_image_pixels": [2256, 10_000, 268_435_456],
}
BAD: dict[str, list[object]] = {
    "minimum_confidence": [-0.1, 1.5, math.inf, -math.inf, math.nan, "high", 1, True],
    "decoder": ["", "best", "Greedy", 3, "greedy\n"],
    "second_look": [1, "true", 0.0],
    "require_syntax": ["no", 0],
    "max_image_pixels": [0, -1, 2**40, 5.0, "all"],
    "workers": [2, 65, "many"],
    "queue_depth": [1, 0],
    "model": ["", "other.onnx"],
    "image_topics": [["other"], []],
    "executor": ["single", "best"],
    "autostart": [False],
}
"""What a node that is configured refuses: nonsense, and what is read only when it is configured or starts."""


def test_each_of_a_hundred_changes_under_load_is_applied_or_refused_with_a_reason(
    client: Client, tmp_path: Path
) -> None:
    chance = random.Random(3)
    with running_board(client, tmp_path, "workers:=2", "worker_kind:=thread", "queue_depth:=5000") as reader:
        conversation = BoardConversation(reader)
        values = {name: reader.parameter(name) for name in {*GOOD, *BAD}}
        sent = 0
        changes = [(True, *chance.choice([(n, v) for n, vs in GOOD.items() for v in vs])) for _ in range(65)]
        changes += [(False, name, value) for name, wrong in BAD.items() for value in wrong]
        changes += [(False, "no_such_parameter", 1)] * 3
        chance.shuffle(changes)
        for is_good, name, value in changes:
            for _ in range(5):
                conversation.image.publish(spelled(0, sent))
                sent += 1
            conversation.let_few_wait(sent)
            ((is_applied, reason),) = reader.set_parameters(**{name: value})
            assert is_applied == is_good, f"{name} := {value!r}: {is_applied} {reason}"
            assert is_applied or reason, f"{name} := {value!r} was refused without a reason"
            if is_good:
                values[name] = value
        assert len(changes) >= 100
        assert {name: reader.parameter(name) for name in values} == values
        readings = conversation.outputs.readings
        client.wait_for(lambda: len(numbers_of(readings, 0)) >= sent, f"{sent} readings", reader)
        assert numbers_of(readings, 0) == list(range(sent))
        reader.assert_healthy()


def test_several_changes_at_once_are_applied_all_or_none(client: Client, tmp_path: Path) -> None:
    from rcl_interfaces.srv import SetParametersAtomically  # noqa: PLC0415
    from rclpy.parameter import Parameter  # noqa: PLC0415

    with running_board(client, tmp_path, "workers:=0") as reader:
        conversation = BoardConversation(reader)

        def set_at_once(**values: object) -> bool:
            request = SetParametersAtomically.Request(
                parameters=[Parameter(name, value=value).to_parameter_msg() for name, value in values.items()]
            )
            answer = reader.call(SetParametersAtomically, "set_parameters_atomically", request)
            assert answer.result.successful or answer.result.reason
            return answer.result.successful

        assert not set_at_once(max_image_pixels=1, minimum_confidence=2.0)
        assert not set_at_once(max_image_pixels=1, workers=3)
        assert reader.parameter("max_image_pixels") > 1
        assert conversation.read(1)["accepted"], "a change that was refused had an effect"
        assert set_at_once(max_image_pixels=3000, decoder="beam")
        assert conversation.read(2)["accepted"]


def test_what_is_changed_while_the_node_is_inactive_holds_when_it_is_active_again(
    client: Client, tmp_path: Path
) -> None:
    with running_board(client, tmp_path, "workers:=0") as reader:
        conversation = BoardConversation(reader)
        assert conversation.read(1)["accepted"]
        assert reader.change_state(DEACTIVATE)
        assert reader.set_parameters(max_image_pixels=100, minimum_confidence=1.0) == [(True, "")] * 2
        assert reader.change_state(ACTIVATE)
        client.wait_for(lambda: conversation.image.get_subscription_count() == 1, "the subscription", reader)

        def is_refused() -> bool:
            conversation.image.publish(spelled(0, 2))
            pace(client, 0.2)
            return bool(reader.lines("rejected (bad_size)"))

        client.wait_for(is_refused, "the greatest size is kept", reader)
        assert numbers_of(conversation.outputs.readings, 0) == [1]
        reader.assert_healthy()
