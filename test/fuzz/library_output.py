"""Keeps what libraries print away from the terminal; libjpeg, libpng and Fast CDR write to it themselves."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import TextIO


class LibraryOutput:
    """What was printed to file descriptor 2 while it was kept away.

    Attributes:
        terminal: the real stderr.
        lines, size: of what was printed, up to the last ``count``; size in bytes.
    """

    def __init__(self, terminal: TextIO) -> None:
        self.terminal = terminal
        self.lines = self.size = 0

    def count(self) -> None:
        """Count what was printed since the last call, and throw it away."""
        size = os.lseek(2, 0, os.SEEK_CUR)
        if size:
            self.size += size
            self.lines += os.pread(2, size, 0).count(b"\n")
            os.ftruncate(2, 0)
            os.lseek(2, 0, os.SEEK_SET)


@contextlib.contextmanager
def kept_library_output() -> Iterator[LibraryOutput]:
    """Let file descriptor 2 lead to a file until the end of the block."""
    sys.stderr.flush()
    with tempfile.TemporaryFile() as file, os.fdopen(os.dup(2), "w") as terminal:
        os.dup2(file.fileno(), 2)
        try:
            yield LibraryOutput(terminal)
        finally:
            sys.stderr.flush()
            os.dup2(terminal.fileno(), 2)
