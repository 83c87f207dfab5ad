"""``lpr_node`` on frames, with the stand-in of the board's finder, and all that it says of them."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np
from frame_board import PYTHON_PATH, frame_of, write_finder
from ros_harness import Client, ReaderProcess, another_plate, known_plate
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header, String

from lprnet_ros.ros.messages.frame_messages import frame_message

PLACE = 400, 300
"""Of the plate in a frame, in pixels."""

ANOTHER = 700, 400
"""The same of another plate."""

Stamp = tuple[int, int]


def known_frame(*, fault: str = "", plates: int = 1, move: int = 0) -> np.ndarray:
    """A grey frame of 1280 x 768 with the plate that is always read, and with another one beside it."""
    pictures = {PLACE: known_plate()[1], ANOTHER: another_plate()[1]}
    pasted = {(x + move, y): picture for (x, y), picture in list(pictures.items())[:plates]}
    return frame_of(pasted, fault=fault)


def frame(picture: np.ndarray, encoding: str, frame_id: str, stamp: Stamp) -> Image | CompressedImage:
    """Make a message of a camera."""
    message = frame_message(picture, encoding, Header(frame_id=frame_id))
    message.header.stamp.sec, message.header.stamp.nanosec = stamp
    return message


class FramesProcess(ReaderProcess):
    """``lpr_node`` that takes frames; its finder is the stand-in."""

    def __init__(self, client: Client, folder: Path, *parameters: str, **environment: str) -> None:
        self.finder = folder / "finder.bin"
        if not self.finder.exists():
            write_finder(folder)
        super().__init__(
            client,
            folder,
            f"finder_model:={self.finder}",
            "model:=lprnet.onnx",
            "change_threshold:=0.0",
            *parameters,
            **{"PYTHONPATH": PYTHON_PATH, **environment},
        )


class FrameConversation:
    """A camera, and a node that reads its frames, both sides matched.

    Args:
        reader: the node.
        topics: its frame_topics.
        encoding: of the frames, see ``frame_message``.
    """

    def __init__(self, reader: FramesProcess, *topics: str, encoding: str = "nv12") -> None:
        self.reader, self.outputs, self._encoding = reader, reader.outputs(), encoding
        self.vehicles: list[dict] = []
        self.annotated: list[Image] = []
        take_vehicle = lambda message: self.vehicles.append(json.loads(message.data))  # noqa: E731
        reader._subscribe(String, f"{reader.full_name}/vehicle_plate", take_vehicle)
        reader._subscribe(Image, f"{reader.full_name}/image_annotated", self.annotated.append)
        message_type = Image if encoding in ("nv12", "bgr8") else CompressedImage
        self.cameras = [reader.publisher(message_type, topic) for topic in topics or ("frames",)]
        self._number = 0
        for camera in range(len(self.cameras)):
            self.match(camera)

    def match(self, camera: int = 0) -> None:
        """Send frames until a reading comes back."""
        client, publisher = self.reader.client, self.cameras[camera]
        client.wait_for(lambda: publisher.get_subscription_count() > 0, publisher.topic_name, self.reader)
        self.outputs.clear()
        send = partial(self.send, known_frame(), f"match {camera}", camera=camera)
        client.retry_until(
            send,
            lambda: bool(self.outputs.of(f"match {camera}") and self.annotated),
            f"an answer to a frame; {self.reader.log}",
        )
        self.outputs.clear()
        self.annotated.clear()

    def send(self, picture: np.ndarray, frame_id: str, *, camera: int = 0) -> Stamp:
        """Send a frame; return its stamp, which no other frame has."""
        self._number += 1
        stamp = 1_700_000_000 + camera, self._number
        self.cameras[camera].publish(frame(picture, self._encoding, frame_id, stamp))
        return stamp

    def read(self, picture: np.ndarray, frame_id: str, *, camera: int = 0, plates: int = 1) -> list[dict]:
        """Send a frame until its plates have been read, and return their readings.

        Again and again, since a frame may be lost on its way or dropped while an older one is read.
        """
        stamps: list[Stamp] = []

        def readings() -> list[dict]:
            for stamp in stamps:
                seconds, nanoseconds = stamp
                wanted = {"sec": seconds, "nanosec": nanoseconds}
                found = [one for one in self.outputs.of(frame_id) if one["stamp"] == wanted]
                if len(found) == plates:
                    return found
            return []

        self.reader.client.retry_until(
            lambda: stamps.append(self.send(picture, frame_id, camera=camera)),
            lambda: bool(readings()),
            f"readings of {frame_id}; {self.reader.log}",
            pause=1.0,
        )
        return readings()


def listen_to_nothing(reader: FramesProcess) -> None:
    """End all subscriptions to the node but those to its diagnostics."""
    kept = []
    for destroy, entity in reader._entities:
        if getattr(entity, "topic_name", "").startswith(reader.full_name):
            destroy(entity)
        else:
            kept.append((destroy, entity))
    reader._entities = kept
