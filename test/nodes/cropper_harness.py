"""What the tests of the cropper share: the real node as a process, and what it publishes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ros_harness import ROOT, ReaderProcess
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from lprnet_ros.cropping.place import FrameMark, Place, parse_frame, parse_frame_id

Stamp = tuple[int, int]


class CropperProcess(ReaderProcess):
    """``plate_cropper`` as a process of its own."""

    module = "lprnet_ros.nodes.plate_cropper"

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

    def stamps(self) -> set[Stamp]:
        """Of every frame that something was published of."""
        return {stamp for stamp, *_ in [*self.crops, *self.empty_frames]}


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
        command = [sys.executable, "-m", "lprnet_ros.nodes.frame_player", "--ros-args"]
        for name, topic in topics.items():
            command += ["-r", f"{name}:={topic}"]
        for parameter in parameters:
            command += ["-p", parameter]
        with self._log.open("wb") as stream:
            self.process = subprocess.Popen(
                command,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": str(ROOT), "ROS_LOG_DIR": str(folder)},
            )

    @property
    def log(self) -> str:
        """Everything it has printed so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
