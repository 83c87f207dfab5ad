"""The settings with which the source project's article measured (section 3.1): switched on and put back.

Not run on hardware.  All of them last until the board restarts; the BPU's governor and the kernel's
protection against heat (from 95 degrees C) may set its clock again at any time.  Switching the CPU's boost
resets its clock limit (x5-kernel 395fa71, cpufreq.c), so that is put back too; a governor's own tunables
start at their defaults when it returns (cpufreq_governor.c).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from lprnet_ros.board import sysfs
from lprnet_ros.board.identity import require_rdk

STATE_FILE = "/run/lprnet_ros/performance.json"
"""What was found, until it is put back; below /run, since a restart undoes the settings too."""

_CPUFREQ = "/sys/devices/system/cpu/cpufreq"
_LIMIT, _BOOST = f"{_CPUFREQ}/policy0/scaling_max_freq", f"{_CPUFREQ}/boost"
_CLOCK = "/sys/kernel/debug/clk/bpu_mclk_2x_clk/clk_rate"
STEPS = {_BOOST: "1", f"{_CPUFREQ}/policy0/scaling_governor": "performance", _CLOCK: "1200000000"}
"""Value of each file, in the article's order."""

_LABELS = ("CPU clock limit (kHz)", "CPU boost", "CPU governor", "BPU clock (Hz)")
_NAMES = dict(zip((_LIMIT, *STEPS), _LABELS, strict=True))
"""By path, in the order in which values are replaced; nothing else is ever written."""

_CLOCK_TOLERANCE = 0.01  # the clock tree rounds: what the X5 calls 1 GHz is 996 MHz


class PerformanceError(RuntimeError):
    """Performance settings could not be changed; the message says what is in force now."""


@dataclass(frozen=True)
class Change:
    """One value in one file: what it holds now (None: unreadable, ``problem`` says why) and is to hold."""

    name: str
    path: str
    now: str | None
    wanted: str
    is_needed: bool = True
    problem: str = ""


def plan(root: Path, on: bool) -> tuple[Change, ...]:
    """Return what ``apply`` would write to switch on, or to put back what was found; write nothing.

    Raises:
        NotAnRdkError: this is no RDK X5.
        PerformanceError: the values to put back cannot be read.
    """
    require_rdk(root)
    prefix = sysfs.prefix_of(root)
    wanted = STEPS if on else dict(reversed(_load(prefix).items()))
    return tuple(_change(prefix, path, value, on) for path, value in wanted.items())


def apply(root: Path, on: bool) -> None:
    """Write every value that ``plan`` names and that is not in force, and read it back.

    What is replaced is kept in ``STATE_FILE`` first; what an earlier call kept stays.  Errors: as of
    ``plan``, and PerformanceError where a file cannot be read, or a value was refused or is not in force.
    """
    changes, prefix = plan(root, on), sysfs.prefix_of(root)
    for problem in (change.problem for change in changes if change.now is None):
        hint = "run this with sudo" if problem.endswith(sysfs.ROOT_ONLY) else "is /sys/kernel/debug mounted?"
        raise PerformanceError(f"{problem}; {hint} (nothing was written)")
    kept = _load(prefix)
    needed = [change for change in changes if change.is_needed]
    if not on and kept:
        if left := _put_back(prefix, kept):
            raise PerformanceError(f"not put back: {left}; {STATE_FILE} still holds the values, try again")
        _keep(prefix, {})
    elif needed:
        found = {change.path: str(change.now) for change in needed}
        limit = sysfs.line_or_nothing(prefix + _LIMIT)
        if _BOOST in found and limit and not _is_throttled(prefix):  # heat's limit is not the user's
            found[_LIMIT] = limit
        _keep(prefix, found | kept)  # the first ones found are the ones to put back
        for change in needed:
            if problem := _write(prefix, change.path, change.wanted, on=True):
                if left := _put_back(prefix, found):
                    raise PerformanceError(f"{problem}; not put back: {left}; try --performance off")
                _keep(prefix, kept)
                raise PerformanceError(f"{problem}; all that had been written was put back")


def _is_throttled(prefix: str) -> bool:
    devices = map(str, Path(f"{prefix}/sys/class/thermal").glob("cooling_device*"))
    coolers = [device for device in devices if sysfs.line_or_nothing(f"{device}/type").startswith("cpufreq-")]
    return any(sysfs.line_or_nothing(f"{cooler}/cur_state") not in ("", "0") for cooler in coolers)


def _load(prefix: str) -> dict[str, str]:
    path = Path(prefix + STATE_FILE)
    if not path.exists():
        return {}
    try:
        found = json.loads(sysfs.read_text(str(path)))
        if not all(name in _NAMES and isinstance(value, str) and value for name, value in found.items()):
            raise ValueError("it names other files or values")
    except (sysfs.UnreadableError, ValueError, AttributeError, RecursionError) as error:
        problem = f"{path}, which held the values to put back, cannot be understood ({error})"
        raise PerformanceError(f"{problem}; restart the board") from error
    return dict(found)


def _keep(prefix: str, found: dict[str, str]) -> None:
    path, ordered = Path(prefix + STATE_FILE), {name: found[name] for name in _NAMES if name in found}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(ordered), encoding="utf-8")
        if not found:
            path.unlink()
    except OSError as error:
        raise PerformanceError(f"{sysfs.why(error, str(path))}; run this with sudo") from error


def _put_back(prefix: str, found: dict[str, str]) -> str:
    """Write values, the last one replaced first; continue after a failure, and return what failed."""
    tried = [_write(prefix, path, found[path], on=False) for path in reversed(_NAMES) if path in found]
    return "; ".join(filter(None, tried))


def _write(prefix: str, path: str, value: str, on: bool) -> str:
    """Write a value that is not in force and read it back; return what went wrong, if anything did."""
    if not _change(prefix, path, value, on).is_needed:
        return ""
    try:
        sysfs.write_value(prefix + path, value)
    except OSError as error:
        return f"{value} was not taken: {sysfs.why(error, prefix + path)}"
    change = _change(prefix, path, value, on)
    held = change.problem or f"{prefix + path} holds {change.now}"
    return f"{value} was written, but {held}" if change.is_needed else ""


def _change(prefix: str, path: str, wanted: str, on: bool) -> Change:
    try:
        now = sysfs.read_line(prefix + path)
    except sysfs.UnreadableError as error:
        return Change(_NAMES[path], path, None, wanted, problem=str(error))
    is_near = on and path == _CLOCK and now.isdecimal()  # a new clock is set as near as it can be
    is_in_force = now == wanted or (is_near and abs(int(now) / int(wanted) - 1) <= _CLOCK_TOLERANCE)
    return Change(_NAMES[path], path, now, wanted, not is_in_force)
