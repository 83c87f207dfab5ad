"""Frames for ``lpr_node`` with the stand-in of the board's finder, and all that it says of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from board_finder import PYTHON_PATH, frame_of, write_finder
from ros_harness import Client, ReaderProcess, another_plate, compressed_image, known_plate
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import String

from lprnet_ros.ros.messages.frame_messages import frame_message

PLACE = 400, 300
"""Of the plate in a frame, in pixels."""

Stamp = tuple[int, int]


def known_frame(x: int = PLACE[0], y: int = PLACE[1], *, fault: str = "", more: bool = False) -> np.ndarray:
    """A grey frame of 1280 x 768 with the plate that is always read, and with another one beside it."""
    plates = {(x, y): known_plate()[1]}
    if more:
        plates[x + 300, y + 100] = another_plate()[1]
    return frame_of(plates, fault=fault)


def nv12(picture: np.ndarray, frame_id: str = "", stamp: Stamp = (0, 0)) -> Image:
    """Make an nv12 message."""
    from std_msgs.msg import Header  # noqa: PLC0415

    message = frame_message(picture, "nv12", Header(frame_id=frame_id))
    message.header.stamp.sec, message.header.stamp.nanosec = stamp
    return message


class FrameReading:
    """``lpr_node`` on frames, with a publisher of them, both sides matched.

    Args:
        client: the node that talks to it.
        folder: where its log and the finder's model go.
        parameters: ``name:=value``, as on the command line.
        topics: of the frames.
        message_type: of the frames.
    """
