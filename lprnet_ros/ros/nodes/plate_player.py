"""``plate_player``: publishes the crops of a folder, for demonstrations and tests."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from lprnet_ros.ros.messages.frame_messages import frame_message
from lprnet_ros.ros.parameters.declare import declare_parameters, read_values
from lprnet_ros.ros.parameters.parameter import check_values
from lprnet_ros.ros.parameters.player_parameters import PLATE_PLAYER as PARAMETERS
from lprnet_ros.ros.process.run_node import run_node
from lprnet_ros.sources.labelled import LabelledDataError, list_images, read_image, skipped_images
from lprnet_ros.text.escaping import as_utf8, one_line


class PlatePlayer(Node):
    """Publishes each picture of a folder; its path in the folder goes into ``header.frame_id``.

    Waits for a subscriber first, so that none is lost.

    Raises:
        LabelledDataError: no folder is given, or it holds no pictures.
        ValueError: a parameter has a value that makes no sense.
    """

    def __init__(self) -> None:
        super().__init__("plate_player")
        declare_parameters(self, PARAMETERS)
        values: dict[str, Any] = read_values(self, PARAMETERS)
        check_values(PARAMETERS, values)
        folder, rate, self._loop = values["images"], values["rate"], values["loop"]
        if not folder:
            raise LabelledDataError("set the parameter images to a folder of crops")
        self._folder = Path(folder).expanduser()
        self._paths = list_images(self._folder) if self._folder.is_dir() else []
        skipped = skipped_images(self._folder) if self._folder.is_dir() else ""
        if not self._paths:
            raise LabelledDataError(
                f"{self._folder}: not a folder with pictures (parameter images)"
                f"{'; ' if skipped else ''}{skipped}"
            )
        if skipped:
            self.get_logger().warning(one_line(skipped))
        if rate <= 0:
            raise ValueError(f"rate is {rate}, expected more than 0 crops a second")
        is_compressed = values["transport"] == "compressed"
        self._encoding = "png" if is_compressed else "bgr8"
        self._next = self._played_in_pass = 0
        self._left_out: set[Path] = set()
        message_type = CompressedImage if is_compressed else Image
        self._images = self.create_publisher(message_type, "image", QoSProfile(depth=100))
        self.create_timer(1.0 / rate, self._publish_next)

    def is_done(self) -> bool:
        """Tell whether every picture was published and delivered, and none is to be repeated.

        Waits up to 10 s after the last picture, until every subscriber that asked
        for it has confirmed all.

        Raises:
            LabelledDataError: of a whole pass no picture could be read.
        """
        if self._next < len(self._paths) or (self._loop and self._played_in_pass):
            return False
        if self._played_in_pass == 0:
            raise LabelledDataError(f"{self._folder}: no picture in it can be read")
        self._images.wait_for_all_acked(Duration(seconds=10))
        return True

    def _publish_next(self) -> None:
        if self._images.get_subscription_count() == 0:
            return
        if self._loop and self._next >= len(self._paths) and self._played_in_pass:
            self._next = self._played_in_pass = 0
        if self._next >= len(self._paths):
            return
        path = self._paths[self._next]
        self._next += 1
        try:
            image = read_image(path)
        except LabelledDataError as error:
            if path not in self._left_out:
                self._left_out.add(path)
                self.get_logger().warning(one_line(f"left out: {error}"))
            return
        self._played_in_pass += 1
        header = Header(frame_id=as_utf8(path.relative_to(self._folder).as_posix()))
        header.stamp = self.get_clock().now().to_msg()
        self._images.publish(frame_message(image, self._encoding, header))


def main(arguments: list[str] | None = None) -> int:
    """Publish the folder once (or for ever with ``loop``), then end.

    Args:
        arguments: the command line; None is this process's.

    Returns:
        The exit status: 0, or 1 where there is nothing to play.
    """
    return run_node(
        "plate_player",
        arguments,
        PlatePlayer,
        description="Publishes the crops of a folder.",
        parameters=PARAMETERS,
        example="--ros-args -p images:=my_crops",
        is_done=PlatePlayer.is_done,
    )


if __name__ == "__main__":
    sys.exit(main())
