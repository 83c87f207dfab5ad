"""What of TROS, the ROS packages of the RDK, a launch needs, and how they are installed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lprnet_ros.launching.plan import Include, LaunchError

SHARED_MEMORY = Include("hobot_shm", "hobot_shm.launch.py", sets_environment=True)
"""It starts nothing: it sets variables in the launch's own environment, so it comes before the
programs, and outside any group that takes the environment back
(launch 1.0 of Humble to 3.4 of Jazzy: ``GroupAction(scoped=True)`` does, ``group_action.py``)."""

FRAMES_TOPIC = "/hbmem_img"
JPEG_TOPIC = "/image"
LOG_LEVEL = "warn"
"""Of TROS's nodes, as their launch files have it; codec and websocket take it as ``log_level``, so
an argument of the same name that somebody else was given must not reach them."""


@dataclass(frozen=True)
class Installation:
    """What is installed.

    Attributes:
        share_folder: gives a package's folder ``share/<package>``, or None.
        has_messages: tells whether a package of messages can be imported.
        environment: variables; ``TROS_DISTRO`` and ``ROS_DISTRO`` name the Debian packages.
    """

    share_folder: Callable[[str], Path | None]
    has_messages: Callable[[str], bool]
    environment: Mapping[str, str]

    def launch_file(self, include: Include) -> Path:
        """Return the path of a launch file.

        Raises:
            LaunchError: its package has no such file, or is missing.
        """
        folder = self.share_folder(include.package)
        path = folder / "launch" / include.file if folder is not None else None
        if path is None or not path.is_file():
            name = debian_package(include.package, self.environment)
            raise LaunchError(
                f"the package {include.package} has no launch file {include.file}: "
                f"sudo apt update && sudo apt install --reinstall {name}"
            )
        return path

    def check(self, wanted_by: str, includes: Sequence[Include], messages: Sequence[str]) -> None:
        """Make sure that all is there.

        Args:
            wanted_by: what the user has set, for the message.
            includes: launch files of other packages.
            messages: packages of messages.

        Raises:
            LaunchError: a package or file is missing; the message names the Debian packages.
        """
        packages = dict.fromkeys(include.package for include in includes)
        missing = [package for package in packages if self.share_folder(package) is None]
        missing += [package for package in dict.fromkeys(messages) if not self.has_messages(package)]
        if missing:
            names = [debian_package(package, self.environment) for package in missing]
            setup = "ROS's" if all(name.startswith("ros-") for name in names) else "TROS's"
            raise LaunchError(
                f"{wanted_by} needs {_enumerated(missing)}: sudo apt install {' '.join(names)}, "
                f"and source {setup} setup.bash in this terminal"
            )
        for include in includes:
            self.launch_file(include)


def debian_package(package: str, environment: Mapping[str, str]) -> str:
    """Return the Debian package of a ROS package: bloom's name, with the prefix of who builds it.

    Args:
        package: name of the ROS package.
        environment: variables; ``ROS_DISTRO`` and ``TROS_DISTRO``, else humble.
    """
    ros = environment.get("ROS_DISTRO") or "humble"
    distribution = ros if package == "vision_msgs" else environment.get("TROS_DISTRO") or ros
    prefix = "ros" if package == "vision_msgs" else "tros"
    return f"{prefix}-{distribution}-{package.replace('_', '-')}"


def web_page(image_topic: str, targets_topic: str) -> Include:
    """Return TROS's page on port 8000.

    It subscribes reliably to both, and draws a frame once targets of exactly its stamp have come.

    Args:
        image_topic: of ``sensor_msgs/CompressedImage``; an absolute name.
        targets_topic: of ``ai_msgs/PerceptionTargets``; an absolute name.
    """
    return Include(
        "websocket",
        "websocket.launch.py",
        {
            "websocket_image_topic": image_topic,
            "websocket_image_type": "mjpeg",
            "websocket_smart_topic": targets_topic,
            "websocket_only_show_image": "False",
            "websocket_output_fps": "0",
            "log_level": LOG_LEVEL,
        },
    )


def _enumerated(names: Sequence[str]) -> str:
    what = "the package" if len(names) == 1 else "the packages"
    return f"{what} {', '.join(names)}"
