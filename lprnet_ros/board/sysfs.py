"""Reads and writes the small files of ``/proc``, ``/sys`` and debugfs.

Paths are strings here: a table of thirty values is read once a second beside
the network, and ``pathlib`` would be the larger part of its cost.
"""

from __future__ import annotations

import os
import re

_LIMIT = 1 << 20
_LONGEST_LINE = 200
ROOT_ONLY = "is open to root only"
"""How the reason ends where a file is closed to this user."""


class UnreadableError(Exception):
    """A value cannot be had; the message says why, for a person."""


def prefix_of(root: os.PathLike[str] | str) -> str:
    """Return what to put before an absolute path: nothing for ``/``, else the root without its last slash."""
    return os.fspath(root).rstrip("/")


def why(error: OSError, path: str) -> str:
    """Say why a file could not be read or written."""
    if isinstance(error, FileNotFoundError):
        return f"there is no {path}"
    if isinstance(error, PermissionError) and os.geteuid() != 0:
        return f"{path} {ROOT_ONLY}"
    return f"{path}: {error.strerror or error}"


def read_bytes(path: str) -> bytes:
    """Read a file.

    Raises:
        UnreadableError: it is absent, closed to this user, fails when read, or holds something else
            than expected, or more than 1 MiB.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(_LIMIT + 1)
    except OSError as error:
        raise UnreadableError(why(error, path)) from error
    except ValueError as error:  # a NUL in the path
        raise UnreadableError(f"{path!r}: {error}") from error
    if len(content) > _LIMIT:
        raise UnreadableError(f"{path} holds more than {_LIMIT} bytes")
    return content


def read_text(path: str) -> str:
    """Read a UTF-8 file, without the white space and the NULs at its end; errors as of ``read_bytes``."""
    content = read_bytes(path)
    try:
        return content.decode("utf-8").rstrip(" \t\r\n\0")
    except UnicodeDecodeError as error:
        raise UnreadableError(f"{path} holds no text but {_shown(content)}") from error


def read_line(path: str) -> str:
    """Read a file that holds one printable line of up to 200 characters; errors as of ``read_bytes``."""
    text = read_text(path)
    if not text or not text.isprintable() or len(text) > _LONGEST_LINE:
        raise UnreadableError(f"{path} holds {_shown(text)}, expected a line of text")
    return text


def line_or_nothing(path: str) -> str:
    """Read a file that holds one line of printable text; the empty text where it cannot be read."""
    try:
        return read_line(path)
    except UnreadableError:
        return ""


def read_integer(path: str, minimum: int, maximum: int) -> int:
    """Read a file that holds one whole number within a range; errors as of ``read_bytes``."""
    text = read_text(path)
    if re.fullmatch(r"-?[0-9]{1,18}", text) is None:
        raise UnreadableError(f"{path} holds {_shown(text)}, expected a whole number")
    number = int(text)
    if not minimum <= number <= maximum:
        raise UnreadableError(f"{path} holds {number}, expected {minimum} to {maximum}")
    return number


def list_folder(path: str) -> list[str]:
    """Return the names in a folder, numbers in them in the order of their values.

    Raises:
        UnreadableError: it is absent or closed to this user.
    """
    try:
        names = os.listdir(path)
    except OSError as error:
        raise UnreadableError(why(error, path)) from error
    return sorted(names, key=lambda name: (re.sub("[0-9]+", "", name), len(name), name))


def names_in(path: str) -> list[str]:
    """Return the names in a folder as ``list_folder`` does; none where it cannot be read."""
    try:
        return list_folder(path)
    except UnreadableError:
        return []


def write_value(path: str, value: str) -> None:
    """Write a value in one call, as the kernel wants it; an OSError says why it was not taken."""
    descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC)  # never creates one
    try:
        os.write(descriptor, f"{value}\n".encode())
    finally:
        os.close(descriptor)


def _shown(content: str | bytes) -> str:
    return repr(content[:40]) + ("..." if len(content) > 40 else "")
