"""Spoils messages: their fields before they are serialised, or their bytes after that."""

from __future__ import annotations

import dataclasses
import struct
from random import Random

from fuzz.oracle import ENCODINGS, PICTURES, Message

_UINT32 = (0, 1, 2, 3, 255, 256, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1)
_NUMBERS = ("height", "width", "step")
_STRINGS = (
    *ENCODINGS,
    *PICTURES,
    "",
    "PNG",
    "BGR8",
    "bgr8 ",
    "mono16",
    "32FC1",
    "bayer_rggb8",
    "8UC2147483648",
    "\n[ERROR] forged line",
    "\x1b[2J",
    "\u202e",
    "%s%n",
    "e" * 5000,
)
_HEADER_BYTES = 120
"""Within these lie all fields but the data of most messages."""


def change_field(random: Random, message: Message) -> Message:
    """Give one field of a message another value of its type."""
    name = random.choice((*_NUMBERS, *_NUMBERS, "data", "encoding", "is_bigendian", "header"))
    changes: dict[str, object] = {}
    if name in _NUMBERS:
        near = getattr(message, name) + random.choice((-2, -1, 1, 2))
        changes[name] = random.choice((random.choice(_UINT32), near, random.getrandbits(32))) % 2**32
    elif name == "data":
        data = bytes(message.data)
        changes[name] = random.choice((b"", data[: random.randrange(len(data) + 1)], data + data))
    elif name == "encoding":
        changes["encoding"] = changes["format"] = random.choice(_STRINGS)
    elif name == "is_bigendian":
        changes[name] = random.getrandbits(8)
    else:
        changes["frame_id"] = random.choice(_STRINGS)
        changes["seconds"] = random.choice((-(2**31), -1, 2**31 - 1))
        changes["nanoseconds"] = random.choice(_UINT32)
    return dataclasses.replace(message, **changes)  # type: ignore[arg-type]


def change_bytes(random: Random, content: bytes, other: bytes) -> bytes:
    """Change bytes anywhere.

    Args:
        random: chooses what and where.
        content: what is changed.
        other: a second one of its kind, to splice it with.
    """
    changed = bytearray(content)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        _CHANGES[random.randrange(len(_CHANGES))](random, changed, other)
    return bytes(changed)


def _place(random: Random, changed: bytearray) -> int:
    """A place to change, more often among the fields than in the data; 0 where there is none."""
    end = len(changed) if random.random() < 0.3 else min(len(changed), _HEADER_BYTES)
    return random.randrange(end) if end else 0


def _flip_bit(random: Random, changed: bytearray, _: bytes) -> None:
    if changed:
        changed[_place(random, changed)] ^= 1 << random.randrange(8)


def _set_byte(random: Random, changed: bytearray, _: bytes) -> None:
    if changed:
        changed[_place(random, changed)] = random.choice((0, 1, 0x7F, 0x80, 0xFF, random.getrandbits(8)))


def _set_number(random: Random, changed: bytearray, _: bytes) -> None:
    """Overwrite four aligned bytes, where sizes and lengths are."""
    at = _place(random, changed) & ~3
    value = random.choice((*_UINT32, len(changed), len(changed) - at - 4, random.getrandbits(12)))
    changed[at : at + 4] = struct.pack("<I", value % 2**32)


def _set_marker(random: Random, changed: bytearray, _: bytes) -> None:
    """Put a JPEG marker in, over what is there or between it."""
    at = _place(random, changed)
    marker = bytes((0xFF, random.choice((0x00, 0x01, 0xC0, 0xC2, 0xD0, 0xD8, 0xD9, 0xDA, 0xDB, 0xE0, 0xFF))))
    changed[at : at + random.choice((0, 2))] = marker


def _truncate(random: Random, changed: bytearray, _: bytes) -> None:
    del changed[random.choice((_place(random, changed), max(0, len(changed) - random.randint(1, 8)))) :]


def _extend(random: Random, changed: bytearray, other: bytes) -> None:
    changed += random.choice((bytes(random.randint(1, 64)), other[-random.randint(1, 64) :], b"\xff" * 100))


def _delete(random: Random, changed: bytearray, _: bytes) -> None:
    at = _place(random, changed)
    del changed[at : at + random.randint(1, 8)]


def _insert(random: Random, changed: bytearray, _: bytes) -> None:
    at = _place(random, changed)
    changed[at:at] = random.choice((b"\0", b"\xff", random.randbytes(random.randint(1, 9))))


def _splice(random: Random, changed: bytearray, other: bytes) -> None:
    """Go on with another message from somewhere, most often from the same place."""
    at = _place(random, changed)
    start = at if random.random() < 0.7 else random.randrange(len(other) + 1)
    changed[at:] = other[start:]


_CHANGES = (
    _flip_bit,
    _flip_bit,
    _set_byte,
    _set_byte,
    _set_number,
    _set_number,
    _set_marker,
    _truncate,
    _extend,
    _delete,
    _insert,
    _splice,
)
