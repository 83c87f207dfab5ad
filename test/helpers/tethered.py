"""Starts the processes of tests so that none outlives the test run, even one that is killed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SETPRIV = shutil.which("setpriv")
"""Of util-linux, part of every Debian and Ubuntu; without it a killed test run may leave processes behind."""


def tethered(*command: str) -> list[str]:
    """Return a command whose process the kernel kills once the thread that started it is gone.

    The order (``PR_SET_PDEATHSIG``) outlives the exec of setpriv and the one in which the ROS wheels start
    Python anew.
    """
    return [SETPRIV, "--pdeathsig", "KILL", "--", *command] if SETPRIV else list(command)


def environment_of(**changes: str) -> dict[str, str]:
    """Return this process's environment for a child that can import the package.

    Args:
        changes: variables to set.  A PYTHONPATH comes before this process's own, which stays.
    """
    paths = [changes.pop("PYTHONPATH", ""), str(ROOT), os.environ.get("PYTHONPATH", "")]
    path = os.pathsep.join(filter(None, paths))
    return {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONPATH": path, **changes}
