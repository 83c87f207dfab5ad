"""One line on a terminal that says how far a command is; silent in a pipe."""

from __future__ import annotations

import shutil
import sys
import time

from lprnet_ros.text.escaping import one_line

_PERIOD = 0.1


class Progress:
    """Shows how far a command is, on stderr, where that is a terminal.

    ``clear`` must be called before anything else is printed.
    """

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty()
        self._last = 0.0
        self._is_there = False

    def show(self, text: str) -> None:
        """Replace the line, ten times a second at most."""
        now = time.monotonic()
        if not self._is_shown or now - self._last < _PERIOD:
            return
        self._last, self._is_there = now, True
        width = shutil.get_terminal_size().columns // 2  # a Chinese character takes two columns
        sys.stderr.write(f"\r\x1b[K{one_line(text, max(40, width))}")
        sys.stderr.flush()

    def clear(self) -> None:
        """Remove the line."""
        if self._is_there:
            self._is_there = False
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
