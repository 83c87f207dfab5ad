"""A camera as a process of its own: publishes 1080p NV12 at a steady rate until it is ended.

python bench/frame_source.py TOPIC raw|shared_mem RATE PICTURES
"""

from __future__ import annotations

import contextlib
import sys
from typing import Any

import numpy as np
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data

WIDTH, HEIGHT = 1920, 1080


def nv12(seed: int) -> bytes:
    """A frame of coarse random patches: no two seeds look alike anywhere."""
    patches = np.random.default_rng(seed).integers(
        0, 256, (HEIGHT * 3 // 2 // 20, WIDTH // 20), dtype=np.uint8
    )
    return patches.repeat(20, axis=0).repeat(20, axis=1).tobytes()


def message_of(kind: str, data: bytes) -> Any:
    if kind == "raw":
        from sensor_msgs.msg import Image  # noqa: PLC0415

        message = Image(height=HEIGHT, width=WIDTH, encoding="nv12", step=WIDTH)
        message.data.frombytes(data)
        return message
    from hbm_img_msgs.msg import HbmMsg1080P  # noqa: PLC0415

    message = HbmMsg1080P(height=HEIGHT, width=WIDTH, step=WIDTH, data_size=len(data))
    message.encoding[:4] = np.frombuffer(b"nv12", np.uint8)
    message.data[: len(data)] = np.frombuffer(data, np.uint8)
    return message


def main(topic: str, kind: str, rate: str, pictures: str) -> None:
    rclpy.init()
    node = Node("frame_source")
    messages = [message_of(kind, nv12(seed)) for seed in range(int(pictures))]
    publisher = node.create_publisher(type(messages[0]), topic, qos_profile_sensor_data)
    count = 0

    def publish() -> None:
        nonlocal count
        message = messages[count % len(messages)]
        stamp = message.header.stamp if kind == "raw" else message.time_stamp
        stamp.sec, stamp.nanosec = divmod(count, 1000)
        count += 1
        publisher.publish(message)

    node.create_timer(1.0 / float(rate), publish)
    with contextlib.suppress(ExternalShutdownException):
        rclpy.spin(node)


if __name__ == "__main__":
    main(*sys.argv[1:])
