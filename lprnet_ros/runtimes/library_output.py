"""Keeps what C libraries print off stdout, which belongs to the results of the tools."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import threading
from collections.abc import Iterator

_lock = threading.Lock()
_users = 0
_stdout = -1


@contextlib.contextmanager
def library_output_to_stderr() -> Iterator[None]:
    """Send what is printed on file descriptor 1 to stderr until the last of all threads in here leaves."""
    global _users, _stdout  # noqa: PLW0603 - a process has one stdout
    with _lock:
        if _users == 0:
            sys.stdout.flush()
            _stdout = os.dup(1)
            os.dup2(2, 1)
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                ctypes.CDLL(None).fflush(None)  # C's own buffer, before stdout is itself again
                os.dup2(_stdout, 1)
                os.close(_stdout)
