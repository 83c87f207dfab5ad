"""``frame_player``: plays pictures or a video as a camera, for demonstrations and tests without one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from lprnet_ros.ros.messages.frame_messages import detection_array_of_plates, frame_message, targets_of_plates
from lprnet_ros.ros.messages.optional_messages import message_module
from lprnet_ros.ros.parameters.declare import declare_parameters, read_values
from lprnet_ros.ros.parameters.parameter import check_values
from lprnet_ros.ros.parameters.player_parameters import FRAME_PLAYER as PARAMETERS
from lprnet_ros.ros.process.run_node import run_node
from lprnet_ros.sources.labelled import LabelledDataError, list_images, skipped_images
from lprnet_ros.sources.scenes import LabelledPlate, Scene, SceneSource, read_plates
from lprnet_ros.text.escaping import as_utf8, one_line

_DEPTH = 10
_PICTURES_A_SECOND = 10.0


class FramePlayer(Node):
    """Publishes frames on ``image``, and where plates are on ``detections`` if labels are given.

    Waits for a subscriber of each first, so that none is lost.

    Raises:
        LabelledDataError: there is nothing to play, or the labels cannot be read.
        ValueError: a parameter has a value that makes no sense, or a package of messages is missing.
    """

    def __init__(self) -> None:
        super().__init__("frame_player")
        declare_parameters(self, PARAMETERS)
        values: dict[str, Any] = read_values(self, PARAMETERS)
        check_values(PARAMETERS, values)
        if not values["source"]:
            raise LabelledDataError("set the parameter source to a folder of pictures, a picture or a video")
        self._path = Path(values["source"]).expanduser()
        self._source = SceneSource(self._path)
        skipped = skipped_images(self._path) if self._path.is_dir() else ""
        if skipped:
            self.get_logger().warning(one_line(skipped))
        self._scenes: Iterator[Scene | LabelledDataError] = self._source.scenes()
        self._loop: bool = values["loop"]
        self._encoding: str = values["encoding"]
        self._frame_id: str = values["frame_id"]
        message_type = CompressedImage if self._encoding == "jpeg" else Image
        self._images = self.create_publisher(message_type, "image", QoSProfile(depth=_DEPTH))
        self._played = [self._images]
        self._plates: dict[Path, list[LabelledPlate]] | None = None
        if values["labels"]:
            self._plates = read_plates(Path(values["labels"]).expanduser())
            pictures = list_images(self._path) if self._path.is_dir() else [self._path]
            if not any(picture.resolve() in self._plates for picture in pictures):
                raise LabelledDataError(
                    f"{values['labels']} labels nothing of {self._path}: correct its column file"
                )
            self._publish_plates = self._prepare_detections(values["detections"])
        self._is_at_end = False
        self._played_in_pass = 0
        self._left_out: set[str] = set()
        rate = values["rate"] or self._source.rate or _PICTURES_A_SECOND
        self.create_timer(1.0 / rate, self._publish_next)

    def is_done(self) -> bool:
        """Tell whether every frame was published and delivered, and none is to be repeated.

        Waits up to 10 s after the last one, until every subscriber that asked for it has confirmed all.

        Raises:
            LabelledDataError: of a whole pass no frame could be read.
        """
        if not self._is_at_end:
            return False
        if self._played_in_pass == 0:
            raise LabelledDataError(f"{self._path}: nothing in it can be read, so there is nothing to play")
        for publisher in self._played:
            publisher.wait_for_all_acked(Duration(seconds=10))
        return True

    def _prepare_detections(self, kind: str) -> Any:
        package = "ai_msgs" if kind == "targets" else "vision_msgs"
        messages = message_module(package, f"detections {kind}")
        make = targets_of_plates if kind == "targets" else detection_array_of_plates
        message_type = messages.PerceptionTargets if kind == "targets" else messages.Detection2DArray
        publisher = self.create_publisher(message_type, "detections", QoSProfile(depth=_DEPTH))
        self._played.append(publisher)
        return lambda plates, header: publisher.publish(make(messages, plates, header))

    def _publish_next(self) -> None:
        if self._is_at_end or any(one.get_subscription_count() == 0 for one in self._played):
            return
        scene = next(self._scenes, None)
        if scene is None and self._loop and self._played_in_pass:
            self._scenes, self._played_in_pass = self._source.scenes(), 0
            scene = next(self._scenes, None)
        if scene is None:
            self._is_at_end = True
        elif isinstance(scene, LabelledDataError):
            if str(scene) not in self._left_out:
                self._left_out.add(str(scene))
                self.get_logger().warning(one_line(f"left out: {scene}"))
        else:
            self._played_in_pass += 1
            header = Header(frame_id=self._frame_id or as_utf8(scene.name))
            header.stamp = self.get_clock().now().to_msg()
            self._images.publish(frame_message(scene.picture, self._encoding, header))
            if self._plates is not None:
                self._publish_plates(self._plates.get(scene.path, []), header)


def main(arguments: list[str] | None = None) -> int:
    """Play the source once (or for ever with ``loop``), then end.

    Args:
        arguments: the command line; None is this process's.

    Returns:
        The exit status: 0, or 1 where there is nothing to play.
    """
    return run_node(
        "frame_player",
        arguments,
        FramePlayer,
        description="Plays pictures or a video as a camera.",
        parameters=PARAMETERS,
        example="--ros-args -p source:=street.jpg -p loop:=true",
        is_done=FramePlayer.is_done,
    )


if __name__ == "__main__":
    sys.exit(main())
