"""The messages in one file of a rosbag2 recording, read with rosbags; of a damaged one, what can be read."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lprnet_ros.sources.broken_bags import BagMessage, Wanted, saved_messages, what_is_missing
from lprnet_ros.text.escaping import one_line

_ZSTD = b"\x28\xb5\x2f\xfd"
"""How what zstd packed begins; a serialised message begins with a zero."""

_LARGEST_BYTES = 1 << 30
"""Of an unpacked message."""

_LONGEST_REASON = 120


class DamagedBagError(Exception):
    """A file is damaged, or was not closed; the message says what was noticed."""


def stored_messages(file: Path, is_wanted: Wanted) -> Iterator[BagMessage]:
    """Yield the messages of a file in the order of their recording.

    Args:
        file: a .mcap or .db3.
        is_wanted: tells by its name and type whether a topic's messages are read; asked for every topic.

    Raises:
        DamagedBagError: after what a damaged file holds.
        ModuleNotFoundError: rosbags is not installed.
    """
    told = set()
    try:
        for message in _whole(file, is_wanted):
            told.add((message.topic, message.received))
            yield message
        return
    except DamagedBagError as error:
        damage = error
    count = len(told)
    for message in saved_messages(file, is_wanted):
        if (message.topic, message.received) not in told:
            count += 1
            yield message._replace(data=_unpacked(message.data))
    raise DamagedBagError(f"{damage}; {count} messages of it can be read") from damage


def _whole(file: Path, is_wanted: Wanted) -> Iterator[BagMessage]:
    from rosbags.rosbag2 import Reader  # noqa: PLC0415 - an extra

    if missing := what_is_missing(file):
        raise DamagedBagError(f"damaged, cut off or not closed ({missing})")
    try:
        with Reader(file) as reader:
            wanted = [each for each in reader.connections if is_wanted(each.topic, each.msgtype)]
            if not wanted:
                return
            for connection, received, data in reader.messages(wanted):
                content = _unpacked(bytes(data))
                yield BagMessage(connection.topic, connection.msgtype, int(received), content)
    except Exception as error:  # of any kind: rosbags trusts what a file says
        reason = (str(error) or type(error).__name__).replace(str(file), file.name).rstrip(".")
        raise DamagedBagError(
            f"damaged, cut off or not closed ({one_line(reason, _LONGEST_REASON)})"
        ) from error


def unpacked(file: Path, folder: Path) -> Path:
    """Unpack a file that was compressed as a whole into a folder; of one that is cut off, its beginning."""
    zstd, plain = _zstd(), folder / file.stem
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.suppress(EOFError, zstd.ZstdError))  # what came out is cut off as well
        content = stack.enter_context(zstd.open(stack.enter_context(file.open("rb"))))
        shutil.copyfileobj(content, stack.enter_context(plain.open("wb")))
    return plain


def _unpacked(data: bytes) -> bytes:
    """Unpack a message that was compressed by itself; data that cannot be unpacked is no message either."""
    if not data.startswith(_ZSTD):
        return data
    zstd = _zstd()
    with contextlib.suppress(zstd.ZstdError):
        return bytes(zstd.ZstdDecompressor().decompress(data, max_length=_LARGEST_BYTES))
    return b""


def _zstd() -> Any:
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415
    else:
        from backports import zstd  # noqa: PLC0415 - comes with rosbags
    return zstd
