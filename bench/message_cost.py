"""``python bench/message_cost.py``: CPU time to parse messages of 10 MB, well-formed or not.

None takes a millisecond, since nothing is copied and no byte of the data is looked at.
"""

from __future__ import annotations

import contextlib
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "test"))

from fuzz.messages import serialised
from fuzz.oracle import Message

from lprnet_ros.images.crop_image import ImageRejectedError
from lprnet_ros.images.serialised_image import parse_compressed, parse_image

SIZE = 10**7
HEADER = b"\0\1\0\0"
MESSAGES = {
    "image": serialised(Message(1, SIZE, "mono8", 0, SIZE, bytes(SIZE)), "image"),
    "picture": serialised(Message(data=bytes(SIZE), format="jpeg"), "compressed"),
    "zeros": HEADER + bytes(SIZE),
    "ones": HEADER + b"\xff" * SIZE,
    "long strings": HEADER + struct.pack("<IIII", 0, 0, 4096, 0x61616161) * (SIZE // 16),
}


def best_milliseconds(parse: Callable[[bytes], object], content: bytes) -> float:
    """Parse ten times; return the shortest CPU time."""
    times = []
    for _ in range(10):
        started = time.thread_time()
        with contextlib.suppress(ImageRejectedError):
            parse(content)
        times.append(time.thread_time() - started)
    return min(times) * 1e3


if __name__ == "__main__":
    for name, content in MESSAGES.items():
        image, compressed = (best_milliseconds(parse, content) for parse in (parse_image, parse_compressed))
        print(f"{name:14} as Image {image:.3f} ms, as CompressedImage {compressed:.3f} ms")
