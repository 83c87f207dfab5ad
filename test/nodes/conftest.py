"""Fixtures of the node tests; every module skips itself where rclpy is absent."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # for ros_harness
sys.path.insert(0, str(HERE.parent / "faults"))  # for board_model


@pytest.fixture(scope="session")
def ros_environment() -> Iterator[None]:
    """Keep this session's ROS traffic on this machine and apart from every other session's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROS_DOMAIN_ID", str(1 + os.getpid() % 100))
        patch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
        patch.setenv("FASTRTPS_DEFAULT_PROFILES_FILE", str(HERE / "quick_discovery.xml"))
        yield


@pytest.fixture(scope="session")
def client(ros_environment: None) -> Iterator[object]:
    """The node that talks to the processes under test."""
    from ros_harness import Client  # noqa: PLC0415 - needs rclpy, which may be absent

    client = Client()
    yield client
    client.close()


@pytest.fixture
def start_reader(client: object, tmp_path: Path) -> Iterator[Callable[..., object]]:
    """Start readers that end with the test: ``start_reader("name:=value", ...)``."""
    from ros_harness import running_reader  # noqa: PLC0415

    with contextlib.ExitStack() as stack:
        yield lambda *parameters: stack.enter_context(running_reader(client, tmp_path, *parameters))


@pytest.fixture(scope="session")
def serialisation() -> None:
    """Load what ROS needs to serialise images and texts, which uses deprecated modules."""
    from rclpy.serialization import serialize_message  # noqa: PLC0415 - rclpy may be absent
    from sensor_msgs.msg import CompressedImage, Image  # noqa: PLC0415
    from std_msgs.msg import String  # noqa: PLC0415

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for message in (Image(), CompressedImage(), String()):
            serialize_message(message)
