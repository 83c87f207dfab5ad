"""The other end of a ``ProcessReader``: opens a recognizer and reads what it is sent."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pickle
import signal
import time
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from lprnet_ros.flow.process_reader import (
    BLOCKED_SIGNALS,
    LONGEST_GATHERING_SECONDS,
    PROTOCOL,
    ReaderSetup,
)
from lprnet_ros.images.crop_image import CropImage
from lprnet_ros.models.manifest import ManifestError
from lprnet_ros.reading.ctc import LogitsError
from lprnet_ros.reading.recognizer import ReadResult, SelfTestError
from lprnet_ros.runtimes import InferenceError, RuntimeUnavailableError

_OPENING_ERRORS = (
    ManifestError,
    SelfTestError,
    RuntimeUnavailableError,
    InferenceError,
    LogitsError,
    ValueError,
    OSError,
)
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main(descriptor: int) -> int:
    """Serve one ``ProcessReader`` until it closes the connection.

    Args:
        descriptor: of this process's end of the connection.

    Returns:
        The exit status: 0, or 1 where the model could not be opened.
    """
    # Ctrl-C in a terminal reaches this process too; the node ends it when it has finished
    for number in BLOCKED_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, BLOCKED_SIGNALS)
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.dup2(2, 1)  # what the board's libraries print belongs to the log
    connection: Connection[Any, Any] = Connection(descriptor)
    if os.getppid() != parent:  # it ended before prctl took effect
        return 1
    setup: ReaderSetup = connection.recv()
    try:
        recognizer = setup.open()
    except _OPENING_ERRORS as error:
        connection.send(error)
        return 1
    connection.send(None)

    def send(results: list[ReadResult]) -> None:
        connection.send_bytes(pickle.dumps(results, PROTOCOL))

    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):  # the node has ended
        while True:
            crops, rules = connection.recv()
            read_one_by_one(crops, partial(recognizer.read_batch, rules=rules), send)
    return 0


def read_one_by_one(
    crops: Sequence[CropImage],
    read: Callable[[Sequence[CropImage]], list[ReadResult]],
    send: Callable[[list[ReadResult]], None],
) -> None:
    """Read crops one by one, since each has its own time limit; results of quick ones are sent together.

    Args:
        crops: at least one.
        read: reads a batch.
        send: sends results, in order; called once ``LONGEST_GATHERING_SECONDS`` have passed, and at the end.
    """
    results: list[ReadResult] = []
    sent = time.monotonic()
    for crop in crops:
        results += read([crop])
        if time.monotonic() - sent > LONGEST_GATHERING_SECONDS:
            send(results)
            results, sent = [], time.monotonic()
    if results:
        send(results)
