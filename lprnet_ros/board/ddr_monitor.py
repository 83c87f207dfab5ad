"""Runs the vendor's ``hrut_ddr``, which starts the chip's DDR monitor and prints what it counts."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections import deque
from pathlib import Path
from types import TracebackType

from lprnet_ros.board.bandwidth import DdrBandwidth, mean_bandwidth, parse_tool
from lprnet_ros.board.sysfs import UnreadableError

TOOL = "usr/bin/hrut_ddr"
DEVICE = "dev/axi_mon"
"""Where the vendor's packages put them, below the root."""

_PERIOD_MS = 20
"""Of one measurement.  The tool divides 1000 by the whole milliseconds that one really took, and
drops the rest (read from its code): at 1000 ms a period of 1001 would print 0, at 10 ms one of 11
is 10 % off; near 20 ms both errors stay at a few percent."""

_STOP_SECONDS = 3.0


class DdrMonitor:
    """A running ``hrut_ddr``; it is stopped when the ``with`` block ends.

    Keep one for as long as figures are wanted: when it is closed, the driver frees
    its buffer while its timer may still fire (horizon_axi_monitor.c, axi_mon_start),
    so every stop is a small risk for the kernel.  Two at a time stop one another.

    Args:
        root: where the board's files lie.

    Raises:
        UnreadableError: the tool or the driver is absent, or it cannot be started.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        if not (root / DEVICE).exists():
            raise UnreadableError(f"there is no {root / DEVICE}: this kernel has no DDR monitor")
        command = [str(root / TOOL), "-t", "all", "-p", str(_PERIOD_MS)]
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
        except FileNotFoundError as error:
            raise UnreadableError(f"there is no {command[0]}, the vendor's tool") from error
        except OSError as error:
            raise UnreadableError(f"{command[0]} cannot be started ({error.strerror})") from error
        self._measurements: deque[DdrBandwidth] = deque(maxlen=10_000)
        self._last_lines: deque[str] = deque(maxlen=3)
        self._changed = threading.Condition()
        self._has_ended = False
        self._reader = threading.Thread(target=self._read, name="hrut_ddr", daemon=True)
        self._reader.start()

    def take(self, timeout_seconds: float = 5.0) -> DdrBandwidth:
        """Return the mean since the last call.

        Args:
            timeout_seconds: how long to wait for a first measurement; the tool needs
                a good second.

        Raises:
            UnreadableError: none came in that time, or the tool has ended.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._measurements or self._has_ended, timeout_seconds)
            if self._measurements:
                mean = mean_bandwidth(self._measurements)
                self._measurements.clear()
                return mean
            if not self._has_ended:
                raise UnreadableError(f"hrut_ddr printed no figure in {timeout_seconds:g} s")
            said = " / ".join(self._last_lines) or "nothing"
            raise UnreadableError(f"hrut_ddr ended, it needs root; it said: {said}")

    def close(self) -> None:
        """Stop the tool as Ctrl-C does, the one signal that it has a handler for."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._process.wait()
        self._reader.join(_STOP_SECONDS)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def __enter__(self) -> DdrMonitor:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _read(self) -> None:
        stdout = self._process.stdout
        if stdout is not None:
            for measurement in parse_tool(map(self._remember, stdout)):
                with self._changed:
                    self._measurements.append(measurement)
                    self._changed.notify_all()
        with self._changed:
            self._has_ended = True
            self._changed.notify_all()

    def _remember(self, line: str) -> str:
        if line.strip():
            self._last_lines.append(line.strip())
        return line
