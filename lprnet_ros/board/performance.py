"""The three settings with which the source project's article measured, switched on and put back.

The article (section 3.1) allows the CPU's boost clock, fixes the CPU at its highest
clock, and raises the BPU's clock from 1 to 1.2 GHz, past what its own table of
operating points lists.  All three last until the board restarts.

Not run on hardware.  The BPU's own governor and the kernel's protection against heat
(from 95 degrees C) may set its clock anew at any time; ``read_telemetry`` shows the
clock in force.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lprnet_ros.board.cpu_side_effects import (
    LIMIT_FILE,
    governor_values,
    is_side_effect,
    is_throttled,
    limit_values,
)
from lprnet_ros.board.found_values import (
    STATE_FILE,
    PerformanceError,
    forget_found,
    load_found,
    locked,
    save_found,
)
from lprnet_ros.board.identity import require_rdk
from lprnet_ros.board.sysfs import ROOT_ONLY, UnreadableError, prefix_of, read_line, why, write_value

BOOST_FILE = "/sys/devices/system/cpu/cpufreq/boost"
GOVERNOR_FILE = "/sys/devices/system/cpu/cpufreq/policy0/scaling_governor"
CLOCK_FILE = "/sys/kernel/debug/clk/bpu_mclk_2x_clk/clk_rate"

STEPS = (
    ("CPU boost", BOOST_FILE, "1"),
    ("CPU governor", GOVERNOR_FILE, "performance"),
    ("BPU clock (Hz)", CLOCK_FILE, "1200000000"),
)
"""Name, file and value of each step, in the article's order."""

_NAMES = {path: name for name, path, _ in STEPS}
_CLOCK_TOLERANCE = 0.01  # the clock tree rounds: what the X5 calls 1 GHz is 996 MHz


@dataclass(frozen=True)
class Change:
    """One value in one file.

    Attributes:
        name: what it is, for a person.
        path: the file, as seen below the root.
        now: what the file holds; None where it cannot be read.
        wanted: what it is to hold.
        is_needed: whether it holds something else.
        problem: why it cannot be read.
    """

    name: str
    path: str
    now: str | None
    wanted: str
    is_needed: bool = True
    problem: str = ""


def plan(root: Path, on: bool) -> tuple[Change, ...]:
    """Say what ``apply`` would write, in its order; nothing is written.

    Args:
        root: where the board's files lie.
        on: switch on, or put back what was found.

    Returns:
        The changes; none for ``off`` where nothing was switched on.

    Raises:
        NotAnRdkError: this is no RDK X5.
        PerformanceError: the values to put back cannot be read.
    """
    require_rdk(root)
    prefix = prefix_of(root)
    if on:
        return tuple(_change(prefix, path, value, on) for _, path, value in STEPS)
    return tuple(_change(prefix, path, value, on) for path, value in reversed(list(_found(prefix).items())))


def apply(root: Path, on: bool) -> tuple[Change, ...]:
    """Write every value that ``plan`` names and that is not in force yet, and read it back.

    What is replaced is kept in ``STATE_FILE`` first; what was kept by an earlier call
    stays.  Putting back removes the file once all values are as they were.

    Args:
        root: where the board's files lie.
        on: switch on, or put back what was found.

    Returns:
        The changes, with what each file holds afterwards.

    Raises:
        NotAnRdkError: this is no RDK X5.
        PerformanceError: a file is absent or closed to this user, or a value was
            refused or is not in force; the message says what holds now.
    """
    changes = plan(root, on)
    _require_files(changes, on)  # before anything is written, even the lock
    if not changes or (on and not any(change.is_needed for change in changes)):
        return changes
    prefix = prefix_of(root)
    with locked(prefix):
        changes = plan(root, on)
        _require_files(changes, on)
        if on:
            _switch_on(prefix, changes)
        else:
            _switch_off(prefix)
    return tuple(_change(prefix, change.path, change.wanted, on) for change in changes)


def _switch_on(prefix: str, changes: tuple[Change, ...]) -> None:
    needed = [change for change in changes if change.is_needed]
    kept = _found(prefix)
    found = _replaced_values(prefix, needed)
    save_found(prefix, _in_order({**found, **kept}))  # the first ones found are the ones to put back
    try:
        for change in needed:
            _write(prefix, change.path, change.wanted, on=True)
    except PerformanceError as error:
        left = _put_back(prefix, found)
        if not left:
            if kept:
                save_found(prefix, kept)
            else:
                forget_found(prefix)
            raise PerformanceError(f"{error}. All that had been written was put back") from error
        raise PerformanceError(
            f"{error}. Not put back: {'; '.join(left)}. --performance off tries that again"
        ) from error


def _switch_off(prefix: str) -> None:
    left = _put_back(prefix, _found(prefix))
    if left:
        raise PerformanceError(
            f"not put back: {'; '.join(left)}. {STATE_FILE} still holds the values; "
            "try again, or restart the board"
        )
    forget_found(prefix)


def _replaced_values(prefix: str, needed: list[Change]) -> dict[str, str]:
    """Return all that is lost by these changes, in the order in which it is."""
    found: dict[str, str] = {}
    for change in needed:
        if change.now is None:
            raise PerformanceError(change.problem)
        if change.path == BOOST_FILE:
            found.update(limit_values(prefix))
        elif change.path == GOVERNOR_FILE:
            found.update(governor_values(prefix, change.now))
        found[change.path] = change.now
    return found


def _in_order(found: Mapping[str, str]) -> dict[str, str]:
    """Put values of two calls into the order in which one call replaces them."""
    order = [LIMIT_FILE, BOOST_FILE, "", GOVERNOR_FILE, CLOCK_FILE]  # "": the governor's own
    return dict(sorted(found.items(), key=lambda pair: order.index(pair[0] if pair[0] in order else "")))


def _put_back(prefix: str, found: Mapping[str, str]) -> list[str]:
    """Write values, the last one replaced first; go on past those that fail, and say which did."""
    tried = [_restore(prefix, path, value) for path, value in reversed(list(found.items()))]
    return [problem for problem in tried if problem]


def _restore(prefix: str, path: str, value: str) -> str:
    """Put one value back; return what went wrong, if anything."""
    try:
        if read_line(prefix + path) != value:
            _write(prefix, path, value, on=False)
    except (PerformanceError, UnreadableError) as error:
        return str(error)
    return ""


def _write(prefix: str, path: str, value: str, *, on: bool) -> None:
    """Write one value and read it back."""
    try:
        write_value(prefix + path, value)
        now = read_line(prefix + path)
    except OSError as error:
        raise PerformanceError(f"{value} was not taken: {why(error, prefix + path)}") from error
    except UnreadableError as error:
        raise PerformanceError(f"{value} was written, but {error}") from error
    is_held_down = path == LIMIT_FILE and is_throttled(prefix)  # taken, but heat holds the clock lower
    if not _is_in_force(path, now, value, on) and not is_held_down:
        raise PerformanceError(f"{prefix + path} holds {now} after {value} was written")


def _is_in_force(path: str, now: str, wanted: str, on: bool) -> bool:
    """Tell whether a file holds a value: what is put back exactly, a new clock as near as it can be set."""
    if on and path == CLOCK_FILE and now.isdecimal():
        return abs(int(now) - int(wanted)) <= _CLOCK_TOLERANCE * int(wanted)
    return now == wanted


def _change(prefix: str, path: str, wanted: str, on: bool) -> Change:
    name = _NAMES.get(path, path.rpartition("/")[2])
    try:
        now = read_line(prefix + path)
    except UnreadableError as error:
        return Change(name, path, None, wanted, problem=str(error))
    return Change(name, path, now, wanted, not _is_in_force(path, now, wanted, on))


def _require_files(changes: tuple[Change, ...], on: bool) -> None:
    """Refuse to begin what cannot be finished."""
    for change in changes:
        # a governor's tunables are there only while it is at work: they come back with it
        if change.now is None and (on or change.path in _NAMES):
            hint = ""
            if change.problem.endswith(ROOT_ONLY):
                hint = "; run this with sudo"
            elif change.path == CLOCK_FILE:
                hint = "; is debugfs mounted at /sys/kernel/debug?"
            elif change.path == BOOST_FILE:
                hint = "; not every X5 has a boost clock"
            raise PerformanceError(f"{change.problem}{hint}. Nothing was written")


def _found(prefix: str) -> dict[str, str]:
    found = load_found(prefix) or {}
    for path in found:
        if path not in _NAMES and not is_side_effect(path):
            raise PerformanceError(f"{prefix + STATE_FILE} names {path!r}, which is none of its files")
    return found
