"""CPU time and memory of a process and of all that it has started, as Linux counts them (proc(5))."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def cpu_seconds(process_id: int, proc: Path = Path("/proc")) -> float:
    """Return the CPU time of a process and its living descendants, user and system, in seconds.

    Args:
        process_id: of the process.
        proc: where the process file system is mounted.

    Raises:
        FileNotFoundError: there is no such process.
    """
    ticks = sum(int(fields[11]) + int(fields[12]) for fields in _tree(process_id, proc))
    return ticks / os.sysconf("SC_CLK_TCK")


def resident_bytes(process_id: int, proc: Path = Path("/proc")) -> int:
    """Return the resident memory of a process and its living descendants; arguments as of ``cpu_seconds``."""
    return sum(int(fields[21]) for fields in _tree(process_id, proc)) * os.sysconf("SC_PAGE_SIZE")


def _tree(process_id: int, proc: Path) -> Iterator[list[str]]:
    yield _fields(proc / str(process_id))
    for path in list(proc.iterdir()):
        if path.name.isdigit() and _parent(path) == process_id:
            try:
                yield from _tree(int(path.name), proc)
            except (FileNotFoundError, ProcessLookupError):  # it has just ended
                continue


def _fields(folder: Path) -> list[str]:
    """Return what follows the name in ``stat``: state, parent, ..."""
    return (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()


def _parent(folder: Path) -> int:
    try:
        return int(_fields(folder)[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0
