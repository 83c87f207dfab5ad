"""What a damaged file of a bag still holds: recordings end when a disk is full or a battery is empty.

Read without an index, in the order of the file, as far as the records follow each other.  Formats:
mcap.dev/spec, and the tables ``topics`` and ``messages`` of rosbag2_storage_sqlite3.
"""

from __future__ import annotations

import contextlib
import sqlite3
import struct
import sys
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeAlias
from urllib.parse import quote

Wanted: TypeAlias = Callable[[str, str], bool]
"""Tells by its name and type whether a topic's messages are read."""

_SQLITE_START = b"SQLite format 3\0"
_SCHEMA, _CHANNEL, _MESSAGE, _CHUNK = 3, 4, 5, 6
_LARGEST_CHUNK = 1 << 30


class BagMessage(NamedTuple):
    """A message as a bag holds it.

    Attributes:
        topic: that it was recorded from.
        type: such as ``sensor_msgs/msg/Image``.
        received: when it was recorded, nanoseconds since 1970.
        data: serialised, with its encapsulation.
    """

    topic: str
    type: str
    received: int
    data: bytes


def what_is_missing(file: Path) -> str:
    """Say what a .db3 lacks that SQLite would not notice before it reads there, if at all; else nothing."""
    if is_unfinished(file):
        return f"a part of it lies in {_log(file).name}"
    with file.open("rb") as stream:
        head, size = stream.read(32), stream.seek(0, 2)
    if not head.startswith(_SQLITE_START) or len(head) < 32:
        return ""
    page, pages = int.from_bytes(head[16:18], "big"), int.from_bytes(head[28:32], "big")
    return "its end is missing" if size < pages * (65536 if page == 1 else page) else ""


def is_unfinished(file: Path) -> bool:
    """Tell whether a part of a .db3 still lies in a file beside it, since its recording was not ended."""
    with contextlib.suppress(OSError):
        return _log(file).stat().st_size > 0
    return False


def saved_messages(file: Path, is_wanted: Wanted) -> Iterator[BagMessage]:
    """Yield the messages that a damaged .mcap or .db3 still holds.

    Args:
        file: the file.
        is_wanted: asked for every topic.
    """
    with file.open("rb") as stream:
        if stream.read(len(_SQLITE_START)) != _SQLITE_START:
            size = stream.seek(0, 2)
            stream.seek(8)
            yield from _Mcap(is_wanted).messages(stream, size)
            return
    yield from _of_sqlite(file, is_wanted)


class _Mcap:
    """Reads the records of a .mcap one after the other."""

    def __init__(self, is_wanted: Wanted) -> None:
        self._is_wanted = is_wanted
        self._schemas: dict[int, str] = {}
        self._channels: dict[int, tuple[str, str]] = {}

    def messages(self, stream: BinaryIO, size: int, *, in_chunk: bool = False) -> Iterator[BagMessage]:
        """Yield the messages from where a stream stands.

        Args:
            stream: of records.
            size: bytes in it.
            in_chunk: whether it is the content of a chunk, in which none may lie.
        """
        while len(head := stream.read(9)) == 9:
            kind, length = struct.unpack("<BQ", head)
            if kind == _CHUNK and not in_chunk:
                content = _content_of_chunk(stream)
                if content is not None:
                    yield from self.messages(BytesIO(content), len(content), in_chunk=True)
                continue
            if length > size - stream.tell():
                return
            if kind not in (_SCHEMA, _CHANNEL, _MESSAGE):
                stream.seek(length, 1)
                continue
            try:
                message = self._record(kind, stream.read(length))
            except (struct.error, UnicodeDecodeError):
                continue
            if message is not None:
                yield message

    def _record(self, kind: int, body: bytes) -> BagMessage | None:
        if kind == _MESSAGE:
            channel, _, received, _ = struct.unpack_from("<HIQQ", body)
            named = self._channels.get(channel)
            return None if named is None else BagMessage(*named, received, body[22:])
        if kind == _SCHEMA:
            (number,) = struct.unpack_from("<H", body)
            self._schemas[number] = _text(body, 2)
            return None
        number, schema = struct.unpack_from("<HH", body)
        named = _text(body, 4), self._schemas.get(schema, "")
        if self._is_wanted(*named):
            self._channels[number] = named
        return None


def _text(body: bytes, at: int) -> str:
    (length,) = struct.unpack_from("<I", body, at)
    return body[at + 4 : at + 4 + length].decode()


def _content_of_chunk(stream: BinaryIO) -> bytes | None:
    """Return the unpacked content of a chunk, or of its beginning; None where it is read on as it is."""
    head = stream.read(32)
    name = stream.read(min(struct.unpack_from("<I", head, 28)[0], 16)) if len(head) == 32 else b""
    sizes = stream.read(8)
    if not name or len(sizes) < 8:
        return None
    size = min(struct.unpack("<Q", sizes)[0], _LARGEST_CHUNK)
    packed = stream.read(size)
    zstd, lz4 = _compressions()
    with contextlib.suppress(zstd.ZstdError, RuntimeError):  # lz4's own; a damaged chunk is left out
        if name == b"zstd":
            return bytes(zstd.ZstdDecompressor().decompress(packed, max_length=_LARGEST_CHUNK))
        if name == b"lz4":
            return bytes(lz4.LZ4FrameDecompressor().decompress(packed, max_length=_LARGEST_CHUNK))
    return b""


def _of_sqlite(file: Path, is_wanted: Wanted) -> Iterator[BagMessage]:
    base, rows = _opened(file)
    if base is None:
        return
    with contextlib.closing(base):
        topics = {number: (name, kind) for number, name, kind in rows if is_wanted(name, kind)}
        (page,) = base.execute("PRAGMA page_size").fetchone()
        messages = _rows(base, topics)
        # a page that the file ends within is filled up with zeros, and with it the end of a message
        is_cut = file.stat().st_size % page > 0
        yield from _without_last_above(messages, page // 2) if is_cut else messages


def _rows(base: sqlite3.Connection, topics: dict[int, tuple[str, str]]) -> Iterator[BagMessage]:
    query = "SELECT topic_id, CAST(timestamp AS INTEGER), CAST(data AS BLOB) FROM messages"
    with contextlib.suppress(sqlite3.Error):  # the end of what is there
        for number, received, data in base.execute(query):
            if number in topics:
                yield BagMessage(*topics[number], received or 0, data or b"")


def _without_last_above(messages: Iterator[BagMessage], size: int) -> Iterator[BagMessage]:
    """Leave out the last message with more than some bytes: smaller ones lie whole in a page of others."""
    held: list[BagMessage] = []
    for message in messages:
        if len(message.data) > size:
            yield from held
            held = [message]
        elif held:
            held.append(message)
        else:
            yield message
    yield from held[1:]


def _opened(file: Path) -> tuple[sqlite3.Connection | None, list[tuple[int, str, str]]]:
    """Open a database, and list its topics; with what lies beside it, where there is something."""
    for how in ("mode=ro", "immutable=1") if is_unfinished(file) else ("immutable=1",):
        base = sqlite3.connect(f"file:{quote(str(file))}?{how}", uri=True)
        base.text_factory = lambda text: text.decode("utf-8", "replace")
        try:
            base.execute("PRAGMA writable_schema=ON")  # else a file that lacks its end is refused
            return base, base.execute(
                "SELECT id, CAST(name AS TEXT), CAST(type AS TEXT) FROM topics"
            ).fetchall()
        except sqlite3.Error:
            base.close()
    return None, []


def _log(file: Path) -> Path:
    return file.with_name(f"{file.name}-wal")


def _compressions() -> tuple[Any, Any]:
    """Return the libraries with which chunks are packed; they come with rosbags."""
    import lz4.frame  # noqa: PLC0415

    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415
    else:
        from backports import zstd  # noqa: PLC0415
    return zstd, lz4.frame
