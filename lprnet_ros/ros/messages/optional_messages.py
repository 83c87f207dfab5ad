"""Message packages that are not part of every ROS 2 installation; each is imported on demand."""

from __future__ import annotations

import importlib
import os
from typing import Any

_DEBIAN_PACKAGES = {
    "ai_msgs": "tros-{tros}-ai-msgs",
    "geometry_msgs": "ros-{ros}-geometry-msgs",
    "hbm_img_msgs": "tros-{tros}-hbm-img-msgs",
    "vision_msgs": "ros-{ros}-vision-msgs",
}


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
        ros = os.environ.get("ROS_DISTRO") or "humble"
        tros = os.environ.get("TROS_DISTRO") or ros
        name = _DEBIAN_PACKAGES[package].format(ros=ros, tros=tros)
        raise MissingMessagesError(
            f"{wanted_by} needs the ROS 2 package {package}: sudo apt install {name} ({error})"
        ) from error
