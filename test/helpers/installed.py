"""Whether lprnet_ros is installed: launch finds the nodes of installed packages only."""

from __future__ import annotations

import os
import sys

import pytest
from ament_index_python.packages import PackageNotFoundError, get_package_prefix

NOT_INSTALLED = "lprnet_ros is not installed: launch finds installed nodes only"


def is_installed() -> bool:
    os.environ.setdefault("AMENT_PREFIX_PATH", sys.prefix)
    try:
        get_package_prefix("lprnet_ros")
    except (PackageNotFoundError, LookupError):
        return False
    return True


def skip_unless_installed() -> None:
    """Call it in a test or a fixture.

    launch_testing imports every module of a folder at once, and where one skips itself at its top,
    pytest skips the folder.
    """
    if not is_installed():
        pytest.skip(NOT_INSTALLED)
