"""Gets one file from an address, whole and unchanged, or not at all."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException, HTTPResponse
from io import BufferedReader
from pathlib import Path
from urllib.parse import urlsplit

from lprnet_ros.models.download_error import DownloadError

MAXIMUM_BYTES = 64 << 20
"""Larger files are refused; the published ``lpr.bin`` has 858371 bytes."""
_CHUNK = 1 << 16
_LONGEST_SILENCE = 30.0


def download(
    source: str,
    target: Path,
    sha256: str,
    *,
    maximum_bytes: int = MAXIMUM_BYTES,
    timeout: float = 300.0,
) -> int:
    """Copy a file to its place, in one step: until then, and after an error, nothing lies there.

    It is written to a file of its own in the target's folder, compared with its sum, flushed to
    the disk and then renamed; so two downloads at once do not mix, and a file that was there
    before stays until the new one is whole.

    Args:
        source: an address (https, http or file), or a path.
        target: where the file shall lie; its folder is there.
        sha256: of the file, lower-case hexadecimal.
        maximum_bytes: more are not read.
        timeout: seconds in which all of it must have come.

    Returns:
        The number of bytes.

    Raises:
        DownloadError: no such file or host, too slow, too large, cut short, another SHA-256,
            or the target cannot be written.
    """
    until = time.monotonic() + timeout
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    except OSError as error:
        raise DownloadError(f"{target.parent}: cannot be written ({error.strerror})") from error
    part = Path(name)
    try:
        digest, count = hashlib.sha256(), 0
        with os.fdopen(handle, "wb") as stream:
            for chunk in _read(source, maximum_bytes, until):
                stream.write(chunk)
                digest.update(chunk)
                count += len(chunk)
            if digest.hexdigest() != sha256:
                raise DownloadError(
                    f"{source}: is not the file that was asked for: sha256 {digest.hexdigest()}, "
                    f"expected {sha256} ({count} bytes)"
                )
            stream.flush()
            os.fsync(stream.fileno())
            os.fchmod(stream.fileno(), 0o644)  # mkstemp lets nobody else read; the node may be another user
        part.replace(target)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:  # of writing: those of reading are DownloadErrors already
        raise DownloadError(f"{target}: cannot be written ({error.strerror})") from error
    finally:
        part.unlink(missing_ok=True)
    return count


def _read(source: str, maximum_bytes: int, until: float) -> Iterator[bytes]:
    """Yield the bytes of a source, in pieces that are not empty."""
    try:
        with _open(source, until) as stream:
            # None where the server does not say it, as for chunks; these end by themselves
            length = stream.length if isinstance(stream, HTTPResponse) else None
            if (length or 0) > maximum_bytes:
                raise DownloadError(f"{source}: has {length} bytes, expected at most {maximum_bytes}")
            count = 0
            while chunk := stream.read1(_CHUNK):
                count += len(chunk)
                if count > maximum_bytes:
                    raise DownloadError(f"{source}: has more than {maximum_bytes} bytes")
                if time.monotonic() > until:
                    raise DownloadError(f"{source}: too slow; only {count} bytes came in time")
                yield chunk
            if length is not None and count != length:
                raise DownloadError(f"{source}: ended after {count} of {length} bytes; try again")
    except urllib.error.HTTPError as error:
        error.close()
        raise DownloadError(f"{source}: the server answers {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise DownloadError(f"{source}: cannot be had ({error.reason})") from error
    except (OSError, HTTPException, UnicodeError, ValueError) as error:
        raise DownloadError(f"{source}: cannot be had ({error or type(error).__name__})") from error


def _open(source: str, until: float) -> HTTPResponse | BufferedReader:
    """Open an address or a path."""
    parts = urlsplit(source)
    is_file_address = parts.scheme == "file" and parts.netloc in ("", "localhost")
    if parts.scheme == "" or is_file_address:
        path = Path(urllib.request.url2pathname(parts.path)) if is_file_address else Path(source).expanduser()
        if not path.is_file():  # neither a folder nor a pipe, which could wait for ever
            raise DownloadError(f"{source}: no such file")
        return path.open("rb")
    if parts.scheme not in ("http", "https"):
        raise DownloadError(f"{source}: expected an address with https, http or file, or a path")
    opener = urllib.request.OpenerDirector()  # not build_opener, which also follows ftp and data
    opener.addheaders = [("User-Agent", "lprnet_ros")]
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.UnknownHandler,
    ):
        opener.add_handler(handler())
    seconds = max(0.001, min(_LONGEST_SILENCE, until - time.monotonic()))
    response: HTTPResponse = opener.open(source, timeout=seconds)
    return response
