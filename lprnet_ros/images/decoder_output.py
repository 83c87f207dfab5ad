"""What libjpeg and libpng print while they decode: OpenCV passes their warnings on nowhere else."""

from __future__ import annotations

import fcntl
import os
import re
import tempfile
import threading
from collections.abc import Callable
from typing import TypeVar

_Made = TypeVar("_Made")

_DECODER_LINE = re.compile(
    r"libpng (warning|error): "
    # the warnings of libjpeg's jerror.h
    r"|Corrupt JPEG data: |Premature end of JPEG file|Warning: unknown JFIF|Unknown Adobe color transform"
    r"|Invalid SOS parameters|Inconsistent progression|Invalid component ID|Application transferred"
    # OpenCV's own log lines about it, or about a camera
    r"|\[ ?(WARN|ERROR|INFO):\S*\] global \S*(grfmt_\w+|loadsave|cap\w*)\.cpp"
)
_CONTINUED = re.compile(r"> |$")
"""What OpenCV prints below such a line: the rest of an exception's message."""

_LARGEST_BYTES = 1 << 20

stderr_lock = threading.Lock()
"""Held while file descriptor 2 leads elsewhere: whoever starts a process that inherits it holds this lock."""


class _Memory:
    """A file in memory, made anew in a forked process: its content is shared with the parent's."""

    def __init__(self) -> None:
        self.descriptor = -1
        self.read = 0

    def prepare(self) -> None:
        """Open the file where there is none yet, and empty it where it has grown large."""
        if self.descriptor < 0:
            if hasattr(os, "memfd_create"):  # Linux
                self.descriptor = os.memfd_create("decoder output")
            else:
                with tempfile.TemporaryFile() as file:
                    self.descriptor = os.dup(file.fileno())
            # or lines that two threads write at the same time overlap: its position is not locked
            fcntl.fcntl(self.descriptor, fcntl.F_SETFL, os.O_APPEND | os.O_RDWR)
        elif self.read > _LARGEST_BYTES and self.read == os.fstat(self.descriptor).st_size:
            os.ftruncate(self.descriptor, 0)
            self.read = 0

    def take(self) -> bytes:
        """Return what was written since the last call.

        A line that another thread is still writing as descriptor 2 is set back comes with the next call.
        """
        content = b""
        while part := os.pread(self.descriptor, _LARGEST_BYTES, self.read):
            self.read += len(part)
            content += part
        return content


_memory = _Memory()


def _begin_anew() -> None:
    global _memory, stderr_lock
    _memory, stderr_lock = _Memory(), threading.Lock()


os.register_at_fork(after_in_child=_begin_anew)


def call_and_listen(decode: Callable[[], _Made]) -> tuple[_Made, list[str]]:
    """Decode a picture, and return what the decoder printed to stderr, which it does not reach.

    While it decodes, file descriptor 2 leads to a file in memory; one picture at a time.  Whatever
    else was printed meanwhile, by other threads, is printed to the real stderr right after.

    Args:
        decode: decodes it; what it raises is raised.

    Returns:
        What it returned, and the lines.
    """
    with stderr_lock:
        _memory.prepare()
        try:
            kept = os.dup(2)
        except OSError:  # closed, as some supervisors start a service
            kept = os.open(os.devnull, os.O_WRONLY)
        os.dup2(_memory.descriptor, 2)
        try:
            made = decode()
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            printed = _memory.take()
            lines = _separate(printed) if printed else []
    return made, lines


def _separate(printed: bytes) -> list[str]:
    """Return the decoder's lines, and print the others."""
    heard: list[str] = []
    others: list[str] = []
    was_decoders = False
    for line in printed.decode("utf-8", "surrogateescape").splitlines(keepends=True):
        is_continued = was_decoders and _CONTINUED.match(line.rstrip("\n")) is not None
        was_decoders = is_continued or _DECODER_LINE.match(line) is not None
        if not was_decoders:
            others.append(line)
        elif not is_continued:
            heard.append(line.strip())
    if others:
        rest = "".join(others).encode("utf-8", "surrogateescape")
        while rest:
            rest = rest[os.write(2, rest) :]
    return heard
