"""A camera as a process of its own: publishes 1080p NV12 at a steady rate until it is ended.

python bench/frame_source.py TOPIC raw|shared_mem RATE PICTURES

PICTURES is how many different ones are sent in turn, or ``plate``: the plate of the bundled model's self-test
moves over plain grey.  Then stamps are the time of day, and the frame_id of raw frames is their number.
"""

from __future__ import annotations

import contextlib
import sys
import time
from pathlib import Path
from typing import Any

import cv2
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


def moving_plate() -> list[bytes]:
    """Frames in which a plate goes from left to right and back, 16 pixels from each to the next."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from lprnet_ros.models.find import bundled_model  # noqa: PLC0415
    from lprnet_ros.models.load import load_manifest  # noqa: PLC0415
    from lprnet_ros.ros.messages.frame_messages import nv12_of  # noqa: PLC0415

    picture = cv2.imread(str(load_manifest(bundled_model()).self_test.image))
    assert picture is not None
    plate = cv2.resize(picture, (188, 48))
    frames = []
    for step in [*range(16), *range(16, 0, -1)]:
        frame = np.full((HEIGHT, WIDTH, 3), 160, np.uint8)
        frame[600:648, 800 + 16 * step : 988 + 16 * step] = plate
        frames.append(nv12_of(frame).tobytes())
    return frames


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
    is_timed = pictures == "plate"
    frames = moving_plate() if is_timed else map(nv12, range(int(pictures)))
    messages = [message_of(kind, frame) for frame in frames]
    publisher = node.create_publisher(type(messages[0]), topic, qos_profile_sensor_data)
    count = 0

    def publish() -> None:
        nonlocal count
        message = messages[count % len(messages)]
        stamp = message.header.stamp if kind == "raw" else message.time_stamp
        stamp.sec, stamp.nanosec = divmod(time.time_ns(), 10**9) if is_timed else divmod(count, 1000)
        if is_timed and kind == "raw":
            message.header.frame_id = str(count)
        count += 1
        publisher.publish(message)

    node.create_timer(1.0 / float(rate), publish)
    with contextlib.suppress(ExternalShutdownException):
        rclpy.spin(node)


if __name__ == "__main__":
    main(*sys.argv[1:])
