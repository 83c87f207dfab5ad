"""Reads the RDK's sensor values for the diagnostics in the background.

Reading the board's temperature driver blocks for about 20 ms; a separate thread
does it, so that no crop has to wait.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

from lprnet_ros.board.identity import is_rdk
from lprnet_ros.board.telemetry import read_telemetry

_PERIOD_SECONDS = 1.0


class BoardWatch:
    """Reads the board's sensors once a second; on any other machine it does nothing.

    Args:
        root: root of the board's file system.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root
        self._pairs: list[tuple[str, str]] = []
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        if is_rdk(root):
            self._thread = threading.Thread(target=self._watch, name="lpr board", daemon=True)
            self._thread.start()

    def pairs(self) -> list[tuple[str, str]]:
        """Return the latest names and values; nothing if this is not an RDK."""
        return self._pairs

    def close(self) -> None:
        """End the thread."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join(_PERIOD_SECONDS)

    def _watch(self) -> None:
        while True:
            self._pairs = read_telemetry(self._root, pids=(os.getpid(),)).as_pairs()
            if self._closed.wait(_PERIOD_SECONDS):
                return
