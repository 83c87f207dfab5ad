"""Message packages that are not part of every ROS 2 installation; each is imported on demand."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
from collections.abc import Mapping
from typing import Any

_DEBIAN_PACKAGES = {
    "ai_msgs": "tros-{tros}-ai-msgs",
    "geometry_msgs": "ros-{ros}-geometry-msgs",
    "hbm_img_msgs": "tros-{tros}-hbm-img-msgs",
    "vision_msgs": "ros-{ros}-vision-msgs",
}


_DISTRIBUTIONS = {"3": "humble", "7": "jazzy", "9": "kilted"}
"""By the first number of rclpy's version."""


def distributions(environment: Mapping[str, str]) -> tuple[str, str]:
    """Return the names of the ROS and TROS distributions, as in the names of their packages.

    Args:
        environment: where ROS_DISTRO and TROS_DISTRO are set once ROS has been sourced; without
            them rclpy's version tells. TROS is named after ROS, and without ROS_DISTRO it is humble's.
    """
    ros = environment.get("ROS_DISTRO")
    try:
        found = _DISTRIBUTIONS.get(importlib.metadata.version("rclpy").split(".", maxsplit=1)[0])
    except importlib.metadata.PackageNotFoundError:
        found = None
    return ros or found or "humble", environment.get("TROS_DISTRO") or ros or "humble"


class MissingMessagesError(ValueError):
    """A message package is not installed; the message says what to install."""


def message_module(package: str, wanted_by: str) -> Any:
    """Import the messages of an optional package.

    Args:
        package: ``ai_msgs``, ``geometry_msgs``, ``hbm_img_msgs`` or ``vision_msgs``.
        wanted_by: the setting that needs it, for the error message.

    Returns:
        The module ``<package>.msg``.

    Raises:
        MissingMessagesError: it is not installed.
    """
    try:
        return importlib.import_module(f"{package}.msg")
    except ImportError as error:
        ros, tros = distributions(os.environ)
        name = _DEBIAN_PACKAGES[package].format(ros=ros, tros=tros)
        raise MissingMessagesError(
            f"{wanted_by} needs the ROS 2 package {package}: sudo apt install {name} ({error})"
        ) from error
