"""Writes bags with rosbags, as a recorder would."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

STORAGES = ("mcap", "sqlite3")
START = 1_795_813_868 * 10**9
"""Nanoseconds since 1970 at which the bags begin."""


@cache
def store() -> Any:
    """Return the types of messages; without rosbags the test is skipped."""
    pytest.importorskip("rosbags", reason="rosbags is not installed (extra 'bags')")
    from rosbags.typesys import Stores, get_typestore  # noqa: PLC0415

    return get_typestore(Stores.ROS2_HUMBLE)


def header(nanoseconds: int, frame_id: str = "camera") -> Any:
    stamp = store().types["builtin_interfaces/msg/Time"](*divmod(nanoseconds, 10**9))
    return store().types["std_msgs/msg/Header"](stamp, frame_id)


def raw(picture: np.ndarray, nanoseconds: int, frame_id: str = "camera", **changed: Any) -> Any:
    """A ``sensor_msgs/Image`` in bgr8, with some fields changed."""
    height, width = picture.shape[:2]
    fields = {"height": height, "width": width, "encoding": "bgr8", "is_bigendian": 0, "step": 3 * width}
    fields |= {"data": picture.reshape(-1)} | changed
    return store().types["sensor_msgs/msg/Image"](header(nanoseconds, frame_id), **fields)


def compressed(picture: np.ndarray, nanoseconds: int, frame_id: str = "camera", kind: str = ".png") -> Any:
    data = cv2.imencode(kind, picture)[1].reshape(-1)
    return store().types["sensor_msgs/msg/CompressedImage"](header(nanoseconds, frame_id), kind[1:], data)


def text(content: str) -> Any:
    return store().types["std_msgs/msg/String"](content)


def write_bag(
    path: Path,
    messages: Iterable[tuple[str, int, Any]],
    storage: str = "mcap",
    compression: str = "none",
    topics: dict[str, str] | None = None,
) -> Path:
    """Write a bag.

    Args:
        path: of the folder.
        messages: topic, time of recording in nanoseconds, and message; or a pair of type and bytes.
        storage: one of ``STORAGES``.
        compression: ``none``, ``file``, ``message`` or ``storage``.
        topics: types of topics without messages.

    Returns:
        The folder.
    """
    types = store()
    from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer  # noqa: PLC0415

    writer = Writer(path, version=9, storage_plugin=StoragePlugin[storage.upper()])
    writer.set_compression(CompressionMode[compression.upper()], CompressionFormat.ZSTD)
    with writer:
        connections = {
            topic: writer.add_connection(topic, kind, typestore=types)
            for topic, kind in (topics or {}).items()
        }
        for topic, received, message in messages:
            kind, data = message if isinstance(message, tuple) else (message.__msgtype__, None)
            if topic not in connections:
                connections[topic] = writer.add_connection(topic, kind, typestore=types)
            content = types.serialize_cdr(message, kind) if data is None else data
            writer.write(connections[topic], received, content)
    return path


def storage_file(bag: Path) -> Path:
    (file,) = (each for each in bag.iterdir() if each.name != "metadata.yaml")
    return file
