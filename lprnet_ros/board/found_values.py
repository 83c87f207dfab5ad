"""Keeps the values that performance settings replaced, until they are put back."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from lprnet_ros.board.sysfs import ROOT_ONLY, UnreadableError, read_text, why

FOLDER = "/run/lprnet_ros"
STATE_FILE = f"{FOLDER}/performance.json"
"""Below /run, so that it is gone after a restart, as the settings are."""

_FORMAT = 1


class PerformanceError(RuntimeError):
    """Performance settings could not be changed; the message says what is in force now."""


@contextlib.contextmanager
def locked(prefix: str) -> Iterator[None]:
    """Let one process at a time change settings.

    Args:
        prefix: comes before the absolute paths; empty for this machine.

    Raises:
        PerformanceError: another one is at it, or the folder is closed to this user.
    """
    folder = prefix + FOLDER
    try:
        os.makedirs(folder, mode=0o755, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise PerformanceError(_needs_root(error, folder)) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise PerformanceError("another lpr_board is changing the settings right now") from error
        yield
    finally:
        os.close(descriptor)  # which also unlocks


def load_found(prefix: str) -> dict[str, str] | None:
    """Return the values that were found, by path, in the order in which they were replaced.

    Returns:
        None where no settings were changed since the board started.

    Raises:
        PerformanceError: the file is there but is not what ``save_found`` writes.
    """
    path = prefix + STATE_FILE
    if not os.path.lexists(path):
        return None
    try:
        return _checked(json.loads(read_text(path)))
    except (UnreadableError, ValueError, RecursionError) as error:
        raise PerformanceError(
            f"{path} cannot be understood ({error}); it held the values to put back. "
            "Restart the board, which puts back all of them"
        ) from error


def save_found(prefix: str, found: Mapping[str, str]) -> None:
    """Keep values; the file is either the old or the new one, whenever the power goes.

    Raises:
        PerformanceError: it cannot be written.
    """
    path = prefix + STATE_FILE
    text = json.dumps({"format": _FORMAT, "found": list(found.items())}, indent=1)
    try:
        with open(f"{path}.new", "w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(f"{path}.new", path)
    except OSError as error:
        raise PerformanceError(_needs_root(error, path)) from error


def forget_found(prefix: str) -> None:
    """Remove the file."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(prefix + STATE_FILE)


def _checked(values: Any) -> dict[str, str]:
    if not isinstance(values, dict) or values.get("format") != _FORMAT:
        raise ValueError(f"its format is not {_FORMAT}")
    pairs = values.get("found")
    if not isinstance(pairs, list) or not all(_is_pair(pair) for pair in pairs):
        raise ValueError("it holds no pairs of a path and a value")
    return dict(pairs)


def _is_pair(pair: Any) -> bool:
    if not isinstance(pair, list) or len(pair) != 2:
        return False
    return all(isinstance(part, str) and part != "" and part.isprintable() for part in pair)


def _needs_root(error: OSError, path: str) -> str:
    reason = why(error, path)
    return f"{reason}; run this with sudo" if reason.endswith(ROOT_ONLY) else reason
