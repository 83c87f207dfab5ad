"""A live node on a board's double, fed by crops that say what shall be read on them and what goes wrong."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from board_model import PYTHON_PATH, spelled_crop, write_model
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from ros_harness import Client, Conversation, ReaderProcess, raw_image
from sensor_msgs.msg import Image

BOARD = ("runtime:=hbm", "decoder:=greedy", "qos_profile:=reliable", "subscription_depth:=5000")
MOST_ON_THEIR_WAY = 60
NEVER_LOSES = QoSProfile(history=HistoryPolicy.KEEP_ALL, depth=1, reliability=ReliabilityPolicy.RELIABLE)
"""For a publisher: where the subscriber's queue is full it waits."""


def text_of(camera: int, number: int) -> str:
    """A plate that no other crop of a test bears."""
    return f"京{'ABCDEFGH'[camera]}{number:05d}"


def spelled(camera: int, number: int, fault: str = "") -> Image:
    """The crop of a plate: camera, number and stamp are all told by the plate."""
    text = text_of(camera, number)
    return raw_image(spelled_crop(text, fault), f"camera {camera}", (1_700_000_000 + camera, number))


def assert_traceable(readings: list[dict], topics: list[str]) -> None:
    """Every reading is that of the crop whose stamp, frame_id and topic it bears."""
    for reading in readings:
        camera, number = reading["stamp"]["sec"] - 1_700_000_000, reading["stamp"]["nanosec"]
        assert reading["text"] == text_of(camera, number)
        assert reading["frame_id"] == f"camera {camera}"
        assert reading["topic"] == topics[camera]
        assert reading["accepted"]


def numbers_of(readings: list[dict], camera: int) -> list[int]:
    """The numbers of a camera's crops, in the order in which their readings came."""
    return [reading["stamp"]["nanosec"] for reading in readings if reading["frame_id"] == f"camera {camera}"]


class BoardConversation(Conversation):
    """A conversation with a reader that has the board's double for a model."""

    _MATCHING = 99_000

    def _match_message(self, number: int, frame_id: str) -> Image:
        return raw_image(spelled_crop(text_of(0, self._MATCHING + number)), frame_id)

    def let_few_wait(self, sent: int) -> None:
        """Wait until nearly all crops that were sent have their reading.

        The node keeps its last 100 readings for a subscriber that does not listen: as many may be on the way
        without one being lost, however long this process is not scheduled.
        """
        readings = self.outputs.readings
        self.reader.client.wait_for(
            lambda: sent - len(readings) <= MOST_ON_THEIR_WAY, f"readings of {sent} crops", self.reader
        )

    def read(self, number: int, camera: int = 0) -> dict:
        """Send a good crop and return its reading."""
        readings = self.outputs.readings
        self.publishers[camera].publish(spelled(camera, number))
        self.reader.client.wait_for(
            lambda: number in numbers_of(readings, camera), f"reading of crop {number}", self.reader
        )
        return next(r for r in readings if r["text"] == text_of(camera, number))


class BoardReader(ReaderProcess):
    """``lpr_node`` on the double of hbm_runtime, with crops' faults."""

    def __init__(self, client: Client, folder: Path, *parameters: str, **environment: str) -> None:
        self.model = folder / "lpr.bin"
        if not self.model.exists():
            write_model(folder)
        environment = {"PYTHONPATH": PYTHON_PATH, **environment}
        super().__init__(client, folder, *BOARD, f"model:={self.model}", *parameters, **environment)

    def workers(self) -> list[int]:
        """Its worker processes, those that nobody has waited for among them."""
        children = []
        for path in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                fields = path.read_text(encoding="utf-8").rpartition(")")[2].split()
                if int(fields[1]) == self.process.pid:
                    children.append(int(path.parent.name))
        return sorted(children)

    def assert_healthy(self) -> None:
        """The process lives, and has said nothing of a bug."""
        assert self.process.poll() is None, self.log
        for sign in ("Traceback", "which is a bug", "terminate called", "Segmentation"):
            assert not self.lines(sign), self.log


@contextlib.contextmanager
def running_board(
    client: Client, folder: Path, *parameters: str, **environment: str
) -> Iterator[BoardReader]:
    """Start a reader on the double and end it afterwards."""
    reader = BoardReader(client, folder, *parameters, **environment)
    try:
        yield reader
    finally:
        reader.close()


@contextlib.contextmanager
def streaming(conversation: BoardConversation, crop: Image, seconds: float) -> Iterator[Callable[[], int]]:
    """Send a crop again and again, so often, whenever the client is spun; tell how many were sent."""
    node, sent = conversation.reader.client.node, 0

    def send() -> None:
        nonlocal sent
        conversation.image.publish(crop)
        sent += 1

    timer = node.create_timer(seconds, send)
    try:
        yield lambda: sent
    finally:
        node.destroy_timer(timer)


def pace(client: Client, seconds: float) -> None:
    """Let the client work for a while."""
    end = time.monotonic() + seconds
    client.spin_until(lambda: time.monotonic() >= end, seconds + 1.0)
