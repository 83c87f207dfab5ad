"""Reads crops in a process of its own: for runtimes that hold the GIL, or that may hang.

The process gets its end of a socket pair and speaks pickled tuples over it; it
ends when the other end is closed, also when this process is killed.
"""

from __future__ import annotations

import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from lprnet_ros.flow.job import WorkerLostError
from lprnet_ros.images import decoder_output
from lprnet_ros.images.crop_image import CropImage
from lprnet_ros.reading.recognizer import PlateRecognizer, ReadingRules, ReadResult

_PROGRAM = (
    "import sys; sys.path[:] = sys.argv[2:]; "
    "from lprnet_ros.flow.process_main import main; sys.exit(main(int(sys.argv[1])))"
)
BLOCKED_SIGNALS = frozenset({signal.SIGINT, signal.SIGTERM})
"""Only the node handles them, though a terminal or service manager sends them to its children too."""

PROTOCOL = 5
"""Of pickle: the newest, which takes arrays without first making bytes of them."""

LONGEST_GATHERING_SECONDS = 0.02
"""Results of quick crops come in one message: waking up for each costs the node more than reading it."""

_START_SECONDS = 60.0
_END_SECONDS = 0.3


@dataclass(frozen=True)
class ReaderSetup:
    """What a process needs to open its recognizer.

    Attributes:
        model: the model file.
        runtime: name of the runtime.
        threads: CPU threads of one inference.
        rules: how it reads at first.
    """

    model: Path
    runtime: str = "auto"
    threads: int = 1
    rules: ReadingRules = field(default_factory=ReadingRules)

    def open(self) -> PlateRecognizer:
        """Open the recognizer here; the errors are those of ``PlateRecognizer.open``."""
        return PlateRecognizer.open(self.model, self.runtime, threads=self.threads, rules=self.rules)


class ProcessReader:
    """A recognizer in another process, as a :class:`~lprnet_ros.flow.job.CropReader`.

    Args:
        setup: what the process opens.
        timeout_seconds: how long one crop may take; a process that takes longer is killed.

    Raises:
        WorkerLostError: the process ended, or did not come up in a minute.
        ManifestError, RuntimeUnavailableError, InferenceError, SelfTestError,
        LogitsError, ValueError, OSError: what opening the model raised in there.
    """

    def __init__(self, setup: ReaderSetup, *, timeout_seconds: float) -> None:
        self._rules = setup.rules
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = _start(theirs.fileno())
        self._connection: Connection[Any, Any] = Connection(os.dup(self._socket.fileno()))
        try:
            self._limit(_START_SECONDS)
            problem = self._ask(setup)
            self._limit(timeout_seconds)
        except WorkerLostError:
            self.close()
            raise
        if problem is not None:
            self.close()
            raise problem

    @property
    def process_id(self) -> int:
        """The process ID of the worker."""
        return self._process.pid

    def read_batch(self, crops: Sequence[CropImage], rules: ReadingRules) -> list[ReadResult]:
        """Send crops to the process and wait for the results; each crop may take ``timeout_seconds``."""
        news = None if rules is self._rules else rules
        results: list[ReadResult] = self._ask((list(crops), news))
        while len(results) < len(crops):
            results += self._ask()
        self._rules = rules
        return results

    def close(self) -> None:
        """Close the connection, which ends the process; kill it if it does not end at once."""
        self._connection.close()
        self._socket.close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def kill(self) -> None:
        """Kill the process; a thread that waits for its answer gets ``WorkerLostError``."""
        self._process.kill()

    def _ask(self, question: object | None = None) -> Any:
        """Send a request, if there is one, and wait for the next answer."""
        try:
            if question is not None:
                self._connection.send_bytes(pickle.dumps(question, PROTOCOL))
            return pickle.loads(self._connection.recv_bytes())
        except BlockingIOError as error:
            self._process.kill()
            self._process.wait()
            raise WorkerLostError(
                f"worker process {self.process_id} gave no answer in {self._seconds:g} s"
            ) from error
        except (EOFError, OSError) as error:
            self._process.kill()
            status = self._process.wait()
            raise WorkerLostError(f"worker process {self.process_id} ended with status {status}") from error

    def _limit(self, seconds: float) -> None:
        """Set the time limit for sending and receiving: asking beforehand would cost 20 us a crop."""
        self._seconds = seconds
        seconds += LONGEST_GATHERING_SECONDS
        limit = struct.pack("ll", int(seconds), int(seconds % 1.0 * 1e6))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)


def _start(descriptor: int) -> subprocess.Popen[bytes]:
    """Start the process with its end of the connection."""
    # the child inherits them blocked, so that none ends it before it ignores them
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, BLOCKED_SIGNALS)
    try:
        with decoder_output.stderr_lock:
            return subprocess.Popen(
                # isolated mode: a file in the working folder must not replace a library
                [sys.executable, "-I", "-c", _PROGRAM, str(descriptor), *_module_search_path()],
                stdin=subprocess.DEVNULL,
                pass_fds=[descriptor],
            )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _module_search_path() -> list[str]:
    """Return this process's module search path, this package first, without the working folder."""
    package_root = str(Path(__file__).resolve().parents[2])
    working_folder = os.getcwd()
    return [package_root, *(path for path in sys.path if path and os.path.abspath(path) != working_folder)]
