"""What the kernel resets by itself when the CPU's boost or governor is switched.

Read from github.com/D-Robotics/x5-kernel 395fa71 (Linux 6.1.83):

* switching ``boost`` sets the limit ``scaling_max_freq`` anew (cpufreq.c,
  cpufreq_boost_set_sw), so a limit that a user had set is lost;
* a governor's tunables are freed with its last user (cpufreq_governor.c), so they
  are back at their defaults when it returns;
* ``userspace`` starts again at the clock of the moment (cpufreq_userspace.c).
"""

from __future__ import annotations

import os
import re

from lprnet_ros.board.sysfs import UnreadableError, line_or_nothing, list_folder

_CPUFREQ = "/sys/devices/system/cpu/cpufreq"
LIMIT_FILE = f"{_CPUFREQ}/policy0/scaling_max_freq"
SPEED_FILE = f"{_CPUFREQ}/policy0/scaling_setspeed"

_TUNABLE = re.compile(rf"{_CPUFREQ}/(?:policy0/)?[a-z]+/[a-z_]+")
_THERMAL = "/sys/class/thermal"


def is_side_effect(path: str) -> bool:
    """Tell whether a path is one that ``side_effects`` may return; nothing else is ever put back."""
    return path in (LIMIT_FILE, SPEED_FILE) or _TUNABLE.fullmatch(path) is not None


def limit_values(prefix: str) -> dict[str, str]:
    """Return the CPU's clock limit, which switching the boost resets, by path.

    Empty while heat holds the clock down: the file then shows that limit instead of
    the user's, and putting it back would make it last.

    Args:
        prefix: comes before the absolute paths; empty for this machine.
    """
    if is_throttled(prefix):
        return {}
    return _values(prefix, [LIMIT_FILE])


def governor_values(prefix: str, governor: str) -> dict[str, str]:
    """Return what a governor forgets when another one takes its place, by path.

    Args:
        prefix: comes before the absolute paths; empty for this machine.
        governor: the one that is at work.
    """
    paths: list[str] = []
    for folder in (f"{_CPUFREQ}/{governor}", f"{_CPUFREQ}/policy0/{governor}"):
        try:
            names = list_folder(prefix + folder)
        except UnreadableError:
            continue  # most governors have none, and only one of the two is ever there
        paths += [f"{folder}/{name}" for name in names if _may_be_written(f"{prefix}{folder}/{name}")]
    if governor == "userspace":
        paths.append(SPEED_FILE)
    return _values(prefix, [path for path in paths if is_side_effect(path)])


def _values(prefix: str, paths: list[str]) -> dict[str, str]:
    lines = {path: line_or_nothing(prefix + path) for path in paths}
    return {path: line for path, line in lines.items() if line}  # the others could not be put back


def _may_be_written(path: str) -> bool:
    try:
        return bool(os.stat(path).st_mode & 0o200)
    except OSError:
        return False


def is_throttled(prefix: str) -> bool:
    """Tell whether a cooling device of the CPU (``cpufreq-cpu0``) is at work."""
    try:
        names = list_folder(prefix + _THERMAL)
    except UnreadableError:
        return False
    folders = [f"{prefix}{_THERMAL}/{name}" for name in names if name.startswith("cooling_device")]
    coolers = [folder for folder in folders if line_or_nothing(f"{folder}/type").startswith("cpufreq-")]
    return any(line_or_nothing(f"{folder}/cur_state") not in ("", "0") for folder in coolers)
