"""Which executor runs a node: proved at start, replaced when it stands still, absent from Humble."""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

import rclpy
from rcl_interfaces.srv import GetParameters
from rclpy._rclpy_pybind11 import RCLError
from rclpy.clock import Clock, ClockType
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from ros_harness import PATIENCE_SECONDS, Client
from std_msgs.msg import String

from lprnet_ros.ros.process import executors
from lprnet_ros.ros.process.executors import Spinner

HAS_EVENTS = importlib.util.find_spec("rclpy.experimental") is not None  # Humble has not
FIRST_CHOICE = "events" if HAS_EVENTS else "single"


@pytest.fixture
def node(client: Client) -> Iterator[Node]:
    node = rclpy.create_node("spun", context=client.context)
    yield node
    node.destroy_node()


class Silent:
    """An executor that takes a node and dispatches nothing, as ``spin`` of the Jazzy wheels does."""

    def __init__(self, *, context: rclpy.Context) -> None:
        self.nodes: list[Node] = []

    def add_node(self, node: Node) -> None:
        self.nodes.append(node)

    def remove_node(self, node: Node) -> None:
        self.nodes.remove(node)

    def spin_once(self, timeout_sec: float) -> None:
        time.sleep(min(timeout_sec, 0.01))

    def shutdown(self, timeout_sec: float) -> None:
        assert not self.nodes


class Tiring(Silent):
    """One that works until it is told to stand still, or to raise."""

    stands_still = False
    raises = 0

    def __init__(self, *, context: rclpy.Context) -> None:
        super().__init__(context=context)
        self._sound = SingleThreadedExecutor(context=context)

    def add_node(self, node: Node) -> None:
        super().add_node(node)
        self._sound.add_node(node)

    def remove_node(self, node: Node) -> None:
        super().remove_node(node)
        self._sound.remove_node(node)

    def spin_once(self, timeout_sec: float) -> None:
        if self.raises:
            self.raises -= 1
            raise RCLError("failed to send response: client will not receive response")
        if self.stands_still:
            super().spin_once(timeout_sec)
        else:
            self._sound.spin_once(timeout_sec=timeout_sec)


def assert_beats(node: Node, spinner: Spinner) -> None:
    """A timer of 10 ms is dispatched again and again."""
    count = 0

    def beat() -> None:
        nonlocal count
        count += 1

    timer = node.create_timer(0.01, beat, clock=Clock(clock_type=ClockType.STEADY_TIME))
    end = time.monotonic() + PATIENCE_SECONDS
    while count <= 5 and time.monotonic() < end:
        spinner.spin_once(0.05)
    node.destroy_timer(timer)
    assert count > 5


@pytest.mark.parametrize(
    ("choice", "expected"),
    sorted({("auto", FIRST_CHOICE), (FIRST_CHOICE, FIRST_CHOICE), ("single", "single")}),
)
def test_an_executor_that_works_is_used(node: Node, choice: str, expected: str) -> None:
    spinner = Spinner(node, choice)
    assert spinner.name == expected
    assert_beats(node, spinner)
    spinner.shutdown()
    again = Spinner(node, choice)  # it has let go of the node
    assert_beats(node, again)
    again.shutdown()


@pytest.mark.filterwarnings("ignore:failed to send response")  # to the check, which has given up
@pytest.mark.parametrize("fault", ["missing", "silent"])
def test_auto_falls_back_and_says_why(
    node: Node, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], fault: str
) -> None:
    reason = spoil(monkeypatch, fault)
    spinner = Spinner(node)
    assert spinner.name == "single"
    assert_beats(node, spinner)
    spinner.shutdown()
    assert f"using the single-threaded executor: {reason}" in capfd.readouterr().err


@pytest.mark.parametrize("fault", ["missing", "silent"])
def test_events_is_an_error_where_they_do_not_work(
    node: Node, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    reason = spoil(monkeypatch, fault)
    with pytest.raises(
        ValueError, match=f"executor is 'events', but {reason}.*; set it to 'auto' or 'single'"
    ):
        Spinner(node, "events")


def use(monkeypatch: pytest.MonkeyPatch, executor: type) -> None:
    """Put a double in the place of rclpy's events executor."""
    monkeypatch.setitem(sys.modules, "rclpy.experimental", SimpleNamespace(EventsExecutor=executor))


def spoil(monkeypatch: pytest.MonkeyPatch, fault: str) -> str:
    """Take the events executor away, as in Humble, or let it dispatch nothing; return what is said then."""
    if fault == "missing":
        monkeypatch.setitem(sys.modules, "rclpy.experimental", None)
        return "this rclpy has no events executor"
    use(monkeypatch, Silent)
    monkeypatch.setattr(executors, "_CHECK_SECONDS", 0.3)
    return "the events executor dispatched no timer or no service call in 0.3 s"


def test_an_executor_that_stands_still_is_replaced_and_the_node_goes_on(
    node: Node, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, Tiring)
    spinner = Spinner(node)
    assert spinner.name == "events"
    assert_beats(node, spinner)
    tired = spinner._executor
    tired.stands_still = True
    monkeypatch.setattr(executors, "_STALL_SECONDS", 0.7)
    end = time.monotonic() + PATIENCE_SECONDS
    while spinner.name == "events" and time.monotonic() < end:
        spinner.spin_once(0.05)
    assert spinner.name == "single"
    assert tired.nodes == []
    assert "the events executor stands still" in capfd.readouterr().err
    assert_beats(node, spinner)
    spinner.shutdown()


def test_a_callback_that_takes_long_is_no_stall(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "_STALL_SECONDS", 0.2)
    spinner = Spinner(node)
    called = []

    def take_long() -> None:
        time.sleep(0.6)
        called.append(True)

    timer = node.create_timer(0.05, take_long, clock=Clock(clock_type=ClockType.STEADY_TIME))
    end = time.monotonic() + PATIENCE_SECONDS
    while len(called) < 3 and time.monotonic() < end:
        spinner.spin_once(0.05)
    assert len(called) == 3
    node.destroy_timer(timer)
    assert spinner.name == FIRST_CHOICE
    spinner.shutdown()


def test_an_error_of_ros_between_two_callbacks_is_logged_and_the_node_goes_on(
    node: Node, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """As Humble's rclpy raises it when a client asks and leaves before it has its answer."""
    use(monkeypatch, Tiring)
    spinner = Spinner(node)
    spinner._executor.raises = 3
    assert_beats(node, spinner)
    told = [line for line in capfd.readouterr().err.splitlines() if "client will not receive" in line]
    assert len(told) == 1
    assert "ROS reported, and the node goes on" in told[0]
    spinner.shutdown()


def test_an_error_of_ros_that_comes_again_and_again_ends_the_node(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executors, "SingleThreadedExecutor", Tiring)
    monkeypatch.setattr(executors, "_STALL_SECONDS", 0.3)
    monkeypatch.setattr(Tiring, "raises", 10**9)  # a new one too
    spinner = Spinner(node, "single")
    with pytest.raises(RCLError, match="client will not receive response"):
        assert_beats(node, spinner)
    spinner.shutdown()


@pytest.mark.parametrize("entity", ["timer", "subscription", "service"])
def test_a_take_that_raises_locks_nothing_for_good(
    node: Node, monkeypatch: pytest.MonkeyPatch, entity: str
) -> None:
    """The executor of Humble and Jazzy ends the turn of a callback group in the code after the take."""
    received: list[String] = []
    node.create_subscription(String, "words", received.append, 10)
    publisher = node.create_publisher(String, "words", 10)
    client = node.create_client(GetParameters, f"{node.get_fully_qualified_name()}/get_parameters")
    spinner = Spinner(node, "single")
    raised: list[str] = []
    name = f"_take_{entity}"
    sound = getattr(spinner._executor, name)

    def take(what: object) -> object:
        if raised:
            return sound(what)
        raised.append(entity)
        raise RCLError("failed to take")

    monkeypatch.setattr(spinner._executor, name, take)
    end = time.monotonic() + PATIENCE_SECONDS
    while not (raised and received) and time.monotonic() < end:
        publisher.publish(String(data="a word"))
        if client.service_is_ready():
            client.call_async(GetParameters.Request())
        spinner.spin_once(0.05)
    assert raised == [entity]
    assert received
    assert_beats(node, spinner)
    spinner.shutdown()
    node.destroy_client(client)


def test_a_single_threaded_executor_that_stands_still_is_replaced(
    node: Node, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """As Humble's does whose callback group is locked: no timer and no message is dispatched."""
    monkeypatch.setattr(executors, "_STALL_SECONDS", 0.7)
    spinner = Spinner(node, "single")
    stuck = spinner._executor
    assert node.default_callback_group.beginning_execution(next(iter(node.timers)))  # and it never ends
    end = time.monotonic() + PATIENCE_SECONDS
    while spinner._executor is stuck and time.monotonic() < end:
        spinner.spin_once(0.01)
    assert spinner._executor is not stuck
    assert_beats(node, spinner)
    told = [line for line in capfd.readouterr().err.splitlines() if "stands still" in line]
    assert len(told) == 1
    assert "the single-threaded executor stands still; going on with a new one" in told[0]
    spinner.shutdown()
