"""Nothing newer than ROS 2 Humble's rclpy is imported unguarded; no wheel of Humble exists to run.

HUMBLE holds names of rclpy 3.3.15 (ros2/rclpy, tag 3.3.15, b488272b1ba88c703080bfd605417f013697ee40,
2024-11-25, folder rclpy/rclpy; RCLError is registered in rclpy/src/rclpy/_rclpy_pybind11.cpp).  Each was
looked up there, and so were the methods that the nodes called on rclpy's objects when this was written.
An import that is not listed is looked up there before it is added; where it is newer, it is tried, and
its ImportError caught.

The launch file was evaluated with launch 1.0.7 and launch_ros 0.19.8 (ros2/launch f31c1ff,
ros2/launch_ros 25a207c, both branch humble) on Python 3.10.  Syntax and standard library are ruff's
part (target-version py310), numpy 1.21 and OpenCV 4.5 that of .ci/check_python310.
"""

import ast
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDERS = ("lprnet_ros/ros", "launch")

HUMBLE = {
    "rclpy": {"init", "ok", "shutdown", "spin", "spin_once", "try_shutdown"},
    "rclpy._rclpy_pybind11": {"RCLError", "RMWError"},
    "rclpy.callback_groups": {"MutuallyExclusiveCallbackGroup", "ReentrantCallbackGroup"},
    "rclpy.clock": {"Clock", "ClockType", "ROSClock"},
    "rclpy.duration": {"Duration"},
    "rclpy.exceptions": {
        "InvalidHandle",
        "InvalidTopicNameException",
        "ParameterException",
        "ParameterUninitializedException",
    },
    "rclpy.executors": {"Executor", "ExternalShutdownException", "SingleThreadedExecutor"},
    "rclpy.lifecycle": {"LifecycleNode", "LifecyclePublisher", "LifecycleState", "TransitionCallbackReturn"},
    "rclpy.node": {"Node"},
    "rclpy.parameter": {"Parameter"},
    "rclpy.publisher": {"Publisher"},
    "rclpy.qos": {
        "DurabilityPolicy",
        "HistoryPolicy",
        "QoSProfile",
        "ReliabilityPolicy",
        "qos_profile_sensor_data",
    },
    "rclpy.qos_event": {
        "PublisherEventCallbacks",
        "SubscriptionEventCallbacks",
        "UnsupportedEventTypeError",
    },
    "rclpy.serialization": {"deserialize_message", "serialize_message"},
    "rclpy.signals": {"SignalHandlerOptions"},
    "rclpy.subscription": {"Subscription"},
    "rclpy.task": {"Future"},
    "rclpy.time": {"Time"},
    "rclpy.timer": {"Timer"},
    "rclpy.utilities": {"remove_ros_args"},
    "rclpy.validate_full_topic_name": {"validate_full_topic_name"},
}


def guarded_nodes(tree):
    """Everything in the body of a try that catches ImportError."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Try):
            caught = {
                name.id
                for handler in node.handlers
                if handler.type
                for name in ast.walk(handler.type)
                if isinstance(name, ast.Name)
            }
            if caught & {"ImportError", "ModuleNotFoundError"}:
                for statement in node.body:
                    yield from ast.walk(statement)


def names_of_rclpy(source):
    """Every name of rclpy that is imported, or reached through the module, as (module, name, guarded)."""
    tree = ast.parse(source)
    guarded = set(guarded_nodes(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "rclpy":
            for alias in node.names:
                yield node.module, alias.name, node in guarded
        elif isinstance(node, ast.Import):
            for alias in node.names:
                module, _, name = alias.name.rpartition(".")
                if module.split(".")[0] == "rclpy":
                    yield module, name, node in guarded
        elif (
            isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "rclpy"
        ):
            yield "rclpy", node.attr, node in guarded


def newer_than_humble(source):
    return [
        f"{module}.{name}"
        for module, name, guarded in names_of_rclpy(source)
        if not guarded and name not in HUMBLE.get(module, ()) and f"{module}.{name}" not in HUMBLE
    ]


def files():
    return sorted(path for folder in FOLDERS for path in (REPOSITORY / folder).rglob("*.py"))


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_every_unguarded_name_of_rclpy_is_in_humble(path):
    assert newer_than_humble(path.read_text(encoding="utf-8")) == []


def test_the_nodes_use_rclpy_and_guard_what_is_newer():
    names = [found for path in files() for found in names_of_rclpy(path.read_text(encoding="utf-8"))]
    assert ("rclpy.node", "Node", False) in names
    assert ("rclpy.event_handler", "SubscriptionEventCallbacks", True) in names


@pytest.mark.parametrize(
    ("source", "newer"),
    [
        ("from rclpy.experimental import EventsExecutor", ["rclpy.experimental.EventsExecutor"]),
        ("from rclpy.event_handler import X", ["rclpy.event_handler.X"]),
        ("import rclpy.experimental", ["rclpy.experimental"]),
        ("import rclpy\nrclpy.get_default_context2()", ["rclpy.get_default_context2"]),
        ("try:\n    from rclpy.experimental import E\nexcept ImportError:\n    E = None", []),
        ("try:\n    from rclpy.experimental import E\nexcept (OSError, ImportError):\n    E = None", []),
        (
            "try:\n    from rclpy.experimental import E\nexcept ValueError:\n    E = None",
            ["rclpy.experimental.E"],
        ),
        (
            "try:\n    from rclpy.node import Node\nexcept ImportError:\n    from rclpy.new import Node",
            ["rclpy.new.Node"],
        ),
        ("import rclpy\nfrom rclpy.node import Node\nrclpy.init()", []),
        ("import rclpy.node\n\n\ndef f(publisher: rclpy.publisher.Publisher): ...", []),
    ],
)
def test_what_is_newer_is_found(source, newer):
    assert newer_than_humble(source) == newer


def test_whoever_keeps_to_this_machine_does_so_on_humble_too():
    """ROS_AUTOMATIC_DISCOVERY_RANGE does not exist there."""
    setting = re.compile(r"ROS_AUTOMATIC_DISCOVERY_RANGE\W+(=\s*)?\"?LOCALHOST")
    folders = ("demo", "bench", "test", "lprnet_ros", "launch", "Makefile", ".ci")
    paths = [path for name in folders for path in [REPOSITORY / name, *(REPOSITORY / name).rglob("*")]]
    texts = {path: path.read_text(encoding="utf-8", errors="replace") for path in paths if path.is_file()}
    setters = [path for path, text in texts.items() if setting.search(text) and path != Path(__file__)]
    assert len(setters) > 4
    assert [path for path in setters if "ROS_LOCALHOST_ONLY" not in texts[path]] == []
