"""What the tests of the cropper share: the real node as a process, and what it publishes."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ros_harness import ReaderProcess, end_process
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from tethered import environment_of, tethered

from lprnet_ros.frames.place import FrameMark, Place, parse_frame, parse_frame_id

Stamp = tuple[int, int]


class CropperProcess(ReaderProcess):
    """``plate_cropper`` as a process of its own."""

    module = "lprnet_ros.ros.nodes.plate_cropper"

    def outputs(self) -> CropperOutputs:
        """Subscribe to everything that it publishes, and wait until it knows."""
        outputs = CropperOutputs()
        self._subscribe(Image, f"{self.full_name}/crops", outputs.on_crop)
        self._subscribe(Header, f"{self.full_name}/empty_frames", outputs.on_empty_frame)
        return outputs


class CropperOutputs:
    """What a cropper has published, in the order of arrival."""

    def __init__(self) -> None:
        self.crops: list[tuple[Stamp, Place, Image]] = []
        self.empty_frames: list[tuple[Stamp, FrameMark]] = []

    def on_crop(self, message: Image) -> None:
        place = parse_frame_id(message.header.frame_id)
        assert place is not None, message.header.frame_id
        self.crops.append((stamp_of(message.header), place, message))

    def on_empty_frame(self, message: Header) -> None:
        mark = parse_frame(message.frame_id)
        assert mark is not None, message.frame_id
        self.empty_frames.append((stamp_of(message), mark))

    def clear(self) -> None:
        self.crops.clear()
        self.empty_frames.clear()

    def answer(self, stamp: Stamp) -> Answer | None:
        """All that came of one frame, or None while something is missing."""
        crops = [(place, message) for when, place, message in self.crops if when == stamp]
        marks = [mark for when, mark in self.empty_frames if when == stamp]
        if marks:
            assert not crops
            return Answer(stamp, marks[0], [])
        if not crops or len(crops) < crops[0][0].frame.count:
            return None
        return Answer(stamp, crops[0][0].frame, crops)

    def stamps(self) -> set[Stamp]:
        """Of every frame that something was published of."""
        return {stamp for stamp, *_ in [*self.crops, *self.empty_frames]}


@dataclass
class Answer:
    """What came of one frame.

    Attributes:
        stamp: of the frame.
        mark: which frame it is.
        crops: place and message of each crop, in their order.
    """

    stamp: Stamp
    mark: FrameMark
    crops: list[tuple[Place, Image]]

    def pictures(self) -> list[np.ndarray]:
        """The crops as BGR."""
        return [
            np.frombuffer(message.data, np.uint8).reshape(message.height, message.width, 3)
            for _, message in self.crops
        ]


def stamp_of(header: Header) -> Stamp:
    return header.stamp.sec, header.stamp.nanosec


class PlayerProcess:
    """``frame_player`` as a process of its own.

    Args:
        folder: where its log goes.
        topics: names of its topics, by what they are called in it.
        parameters: ``name:=value``, as on the command line.
    """

    def __init__(self, folder: Path, topics: dict[str, str], *parameters: str) -> None:
        self._log = folder / "player.log"
        command = [sys.executable, "-m", "lprnet_ros.ros.nodes.frame_player", "--ros-args"]
        for name, topic in topics.items():
            command += ["-r", f"{name}:={topic}"]
        for parameter in parameters:
            command += ["-p", parameter]
        with self._log.open("wb") as stream:
            self.process = subprocess.Popen(
                tethered(*command),
                stdout=stream,
                stderr=subprocess.STDOUT,
                env=environment_of(ROS_LOG_DIR=str(folder)),
            )

    @property
    def log(self) -> str:
        """Everything it has printed so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def close(self) -> None:
        end_process(self.process)


class CropperConversation:
    """A cropper with a publisher of frames, both sides matched.

    Args:
        cropper: the process.
        message_type: of the frames.
        matching: makes a frame of a stamp; it is sent until the cropper answers.
    """

    def __init__(
        self, cropper: CropperProcess, message_type: type, matching: Callable[[Stamp], object]
    ) -> None:
        self.cropper = cropper
        self.outputs = cropper.outputs()
        self.image = cropper.publisher(message_type)
        self._stamps = itertools.count(1)
        client = cropper.client
        for topic in ("crops", "empty_frames"):
            name = f"{cropper.full_name}/{topic}"
            client.wait_for(lambda name=name: client.node.count_publishers(name) > 0, name, cropper)
        client.wait_for(lambda: self.image.get_subscription_count() > 0, self.image.topic_name, cropper)
        for _ in ("the first, of crops", "the second, which may say that nothing has changed"):
            self.outputs.clear()
            client.retry_until(
                lambda: self.image.publish(matching(self.next_stamp())),
                lambda: bool(self.outputs.stamps()),
                f"an answer to a frame; {cropper.log}",
            )
        self.ask(matching)
        self.outputs.clear()

    def next_stamp(self) -> Stamp:
        """One that no frame had before."""
        return 1_700_000_000, next(self._stamps)

    def ask(self, make: Callable[[Stamp], object]) -> Answer:
        """Send one frame and wait for all that comes of it."""
        stamp = self.next_stamp()
        self.image.publish(make(stamp))
        return self.answer_to(stamp)

    def answer_to(self, stamp: Stamp) -> Answer:
        """Wait for all that comes of the frame of a stamp."""
        self.cropper.client.wait_for(
            lambda: self.outputs.answer(stamp) is not None, f"an answer to {stamp}", self.cropper
        )
        answer = self.outputs.answer(stamp)
        assert answer is not None
        return answer
