"""A bug in any callback is logged and counted, and the node lives on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

import rclpy
from rclpy.executors import SingleThreadedExecutor
from ros_harness import Client
from std_msgs.msg import Header

from lprnet_ros.ros.nodes.lpr_node import LprNode
from lprnet_ros.ros.nodes.plate_cropper import PlateCropper
from lprnet_ros.ros.process.guarded import guarded
from lprnet_ros.ros.topics.draining import Draining


def fail(*arguments: object, **more: object) -> None:
    raise AssertionError(f"a bug over {arguments} and {more}")


def test_what_a_callback_raises_is_reported_and_answered() -> None:
    told: list[str] = []
    assert guarded(fail, told.append, "a message", "instead")(1, 2) == "instead"
    assert guarded(lambda one, two: one + two, told.append, "a sum")(1, 2) == 3
    assert told == ["a message"]
    with pytest.raises(KeyboardInterrupt):
        guarded(lambda: (_ for _ in ()).throw(KeyboardInterrupt), told.append, "Ctrl-C")()


@pytest.fixture
def context(client: Client):
    """A default context, as the nodes use it."""
    rclpy.init(args=["--ros-args", "-p", "regions:=['0,0,94,24']", "-p", "find_plates:=false"])
    yield
    rclpy.try_shutdown()


def timers_and_subscriptions(node: object) -> list[Callable[..., object]]:
    """Return what rclpy calls; of a subscription that is drained, what is called for each message."""
    callbacks = [entity.callback for entity in (*node.timers, *node.subscriptions)]
    return [callback._callback if isinstance(callback, Draining) else callback for callback in callbacks]


def break_everything(owner: object, names: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in names:
        monkeypatch.setattr(owner, name, fail)


def test_every_callback_of_lpr_node_is_guarded(context: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that the callbacks of the node call fails; the node goes on to answer."""
    node = LprNode()
    try:
        node.trigger_configure()
        node.trigger_activate()
        path = node._path
        assert path is not None
        break_everything(path, ["look_for_listeners", "look_after_subscriptions", "status"], monkeypatch)
        break_everything(path._vehicles, ["arrival", "_now", "add"], monkeypatch)
        break_everything(path._subscriptions, ["see"], monkeypatch)
        if path._frames is not None:
            break_everything(path._frames, ["empty"], monkeypatch)
        path._vehicles._consensus = object()
        before = node._report.statistics.snapshot().failures
        callbacks = [
            callback for callback in timers_and_subscriptions(node) if "guarded" in callback.__qualname__
        ]
        assert len(callbacks) >= 4  # two timers of the node, one of the vehicles, the crops
        for callback in callbacks:
            callback(*[b""] * (callback.__code__.co_argcount or 1))
        after = node._report.statistics.snapshot()
        assert after.failures > before
        assert after.last_failure == "a bug, see the log"
        monkeypatch.setattr("lprnet_ros.ros.nodes.lpr_node.check_changes", fail)
        (result,) = node.set_parameters([rclpy.parameter.Parameter("minimum_confidence", value=0.5)])
        assert (result.successful, result.reason) == (False, "a bug, see the log")
    finally:
        monkeypatch.undo()
        if path is not None:
            path._vehicles._consensus = None
        node.destroy_node()


@pytest.mark.parametrize("create", [LprNode, PlateCropper])
def test_no_timer_or_subscription_is_without_a_guard(
    context: None, create: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The callbacks that a class of this package made, found by the node's own lists."""
    node = create()
    try:
        if isinstance(node, LprNode):
            node.trigger_configure()
            node.trigger_activate()
        for callback in timers_and_subscriptions(node):
            name = getattr(callback, "__qualname__", "") or callback.func.__qualname__
            module = getattr(callback, "__module__", None) or callback.func.__module__
            if module.startswith("lprnet_ros"):
                assert "guard" in name, name
    finally:
        node.destroy_node()


def test_the_cropper_counts_a_bug_of_its_timer(context: None, monkeypatch: pytest.MonkeyPatch) -> None:
    node = PlateCropper()
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        monkeypatch.setattr(node, "_locator", None)
        for _ in range(200):
            executor.spin_once(timeout_sec=0.1)
            if node._report.rejected["bug"]:
                break
        assert node._report.rejected["bug"] >= 1
    finally:
        executor.shutdown()
        node.destroy_node()


def test_a_header_of_any_content_on_the_topic_of_empty_frames_ends_nothing(context: None) -> None:
    node = LprNode()
    try:
        node.set_parameters([rclpy.parameter.Parameter("empty_frames_topic", value="/empty")])
        node.trigger_configure()
        node.trigger_activate()
        if node._path is None or node._path._frames is None:
            pytest.skip("vision_msgs and ai_msgs are not installed")
        node._path._frames.is_heard = True
        for text in ("", "gate", "gate#frame=640x480;stream=00000001;number=1;crops=0;still="):
            node._path._on_empty_frame(Header(frame_id=text))
        assert node._report.statistics.snapshot().failures == 0
    finally:
        node.destroy_node()
