"""What a launch starts, in plain values: launch files of other packages, and programs of this one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lprnet_ros.ros.parameters.parameter import ParameterValue


class LaunchError(ValueError):
    """The launch cannot start; the message says what is wrong and what to do, in one sentence."""


@dataclass(frozen=True)
class Include:
    """A launch file of another package.

    It sees ``arguments`` and no other launch configuration, and leaves none behind.

    Attributes:
        package: whose file it is.
        file: its name in the package's folder ``share/<package>/launch``.
        arguments: what it is given.
        sets_environment: whether the programs after it need the environment variables that it sets.
        must_live: what to do about it when the program that it starts ends; empty where the
            launch goes on without it.
    """

    package: str
    file: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    sets_environment: bool = False
    must_live: str = ""


@dataclass(frozen=True)
class Program:
    """A node of this package, in the namespace of the launch.

    Attributes:
        name: of its executable and its node.
        parameter_file: read first, or None.
        parameters: win over the file.
        remappings: of topics, each from and to.
        must_live: whether the launch ends with it.
        may_finish: whether it may end with status 0 in spite of that.
    """

    name: str
    parameter_file: Path | None = None
    parameters: Mapping[str, ParameterValue] = field(default_factory=dict)
    remappings: tuple[tuple[str, str], ...] = ()
    must_live: bool = True
    may_finish: bool = False


Step = Include | Program


@dataclass(frozen=True)
class Camera:
    """One source of frames: what it starts, and how ``plate_cropper`` and the web page get them.

    Attributes:
        steps: start the camera, in this order.
        topic: of the frames; a relative name lies in the launch's namespace.
        transport: plate_cropper's parameter for it.
        reader: other parameters of plate_cropper that fit its publisher; the user's file wins over them.
        page_steps: turn frames into what the page shows.
        page_topic: of ``sensor_msgs/CompressedImage``, reliable, with the stamps of the frames.
        messages: packages of messages without which it does not work.
    """

    steps: tuple[Step, ...]
    topic: str
    transport: str
    reader: Mapping[str, ParameterValue] = field(default_factory=dict)
    page_steps: tuple[Step, ...] = ()
    page_topic: str = ""
    messages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """All that a launch starts.

    Attributes:
        steps: in this order.
        messages: packages of messages without which it does not work.
    """

    steps: tuple[Step, ...]
    messages: tuple[str, ...] = ()

    @property
    def includes(self) -> tuple[Include, ...]:
        """The launch files of other packages."""
        return tuple(step for step in self.steps if isinstance(step, Include))


def absolute(namespace: str, name: str) -> str:
    """Resolve a name in a namespace, as ROS does.

    Args:
        namespace: with or without a slash before it.
        name: of a topic, a node or another namespace.
    """
    if name.startswith("/"):
        return name
    return "/" + "/".join(part for part in (*namespace.split("/"), *name.split("/")) if part)
