"""CPU time of a process and of all that it has started, as Linux counts it."""

from __future__ import annotations

import os
from pathlib import Path


def cpu_seconds(process_id: int, proc: Path = Path("/proc")) -> float:
    """Return the CPU time of a process and its living descendants, user and system, in seconds.

    Args:
        process_id: of the process.
        proc: where the process file system is mounted.

    Raises:
        FileNotFoundError: there is no such process.
    """
    fields = _fields(proc / str(process_id))
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    children = [
        int(path.name) for path in proc.iterdir() if path.name.isdigit() and _parent(path) == process_id
    ]
    return own + sum(cpu_seconds(child, proc) for child in children)


def _fields(folder: Path) -> list[str]:
    """Return what follows the name in ``stat`` (proc(5)): state, parent, ..."""
    return (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()


def _parent(folder: Path) -> int:
    try:
        return int(_fields(folder)[1])
    except (FileNotFoundError, ProcessLookupError):  # it has just ended
        return 0
