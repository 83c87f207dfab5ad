"""The programs of TROS that frames pass through, by the name that it is started with.

mipi_cam and hobot_usb_cam publish the picture that SCENE names; hobot_codec_republish makes JPEG of
frames in shared memory; websocket pairs frames and targets as the page does, by stamp, and writes what it
draws to DRAWN.  Topics, types, QoS and stamps are the real ones' (facts of hobot_mipi_cam b323b38,
hobot_usb_cam ff3cdd0, hobot_codec b95ffab, hobot_websocket b0b3ae1).
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import cv2
import numpy as np
from rclpy.node import Node
from rclpy.qos import QoSProfile, qos_profile_sensor_data
from sensor_msgs.msg import CompressedImage

from lprnet_ros.ros.process.run_node import run_node

RATE = 10.0


class Board(Node):
    """One of the programs."""

    def __init__(self, name: str) -> None:
        super().__init__(name, automatically_declare_parameters_from_overrides=True)
        getattr(self, name)()

    def value(self, name: str) -> object:
        return self.get_parameter(name).value

    def picture(self, prefix: str) -> np.ndarray:
        """Read the scene; it must have the size that is asked for."""
        picture = cv2.imdecode(np.fromfile(os.environ["SCENE"], np.uint8), cv2.IMREAD_COLOR)
        size = self.value(f"{prefix}_image_width"), self.value(f"{prefix}_image_height")
        assert picture.shape[1::-1] == size, (picture.shape, size)
        return picture

    def mipi_cam(self) -> None:
        from hbm_img_msgs.msg import HbmMsg1080P  # noqa: PLC0415

        assert self.value("mipi_io_method") == "shared_mem"
        height, width = self.picture("mipi").shape[:2]
        planes = cv2.cvtColor(self.picture("mipi"), cv2.COLOR_BGR2YUV_I420)
        u, v = planes[height:].reshape(2, -1)
        data = np.concatenate([planes[:height].reshape(-1), np.stack([u, v], axis=1).reshape(-1)])
        message = HbmMsg1080P(height=height, width=width, step=width, data_size=data.size)
        message.encoding[:4] = np.frombuffer(b"nv12", np.uint8)
        message.data[: data.size] = data
        publisher = self.create_publisher(HbmMsg1080P, "hbmem_img", qos_profile_sensor_data)

        def publish() -> None:
            message.time_stamp = self.get_clock().now().to_msg()
            publisher.publish(message)

        self.create_timer(1.0 / RATE, publish)

    def hobot_usb_cam(self) -> None:
        assert self.value("usb_pixel_format") == "mjpeg"
        message = jpeg_message(self.picture("usb"))
        message.header.frame_id = self.value("usb_frame_id")
        publisher = self.create_publisher(CompressedImage, "image", QoSProfile(depth=100))

        def publish() -> None:
            message.header.stamp = self.get_clock().now().to_msg()
            publisher.publish(message)

        self.create_timer(1.0 / RATE, publish)

    def hobot_codec_republish(self) -> None:
        from hbm_img_msgs.msg import HbmMsg1080P  # noqa: PLC0415

        publisher = self.create_publisher(CompressedImage, self.value("codec_pub_topic"), QoSProfile(depth=5))

        def encode(frame: HbmMsg1080P) -> None:
            data = np.asarray(frame.data)[: frame.data_size].reshape(-1, frame.width)
            message = jpeg_message(cv2.cvtColor(data, cv2.COLOR_YUV2BGR_NV12))
            message.header.stamp = frame.time_stamp
            publisher.publish(message)

        topic = self.value("codec_sub_topic")
        self.create_subscription(HbmMsg1080P, topic, encode, qos_profile_sensor_data)

    def websocket(self) -> None:
        from ai_msgs.msg import PerceptionTargets  # noqa: PLC0415

        images: set[tuple[int, int]] = set()
        targets: dict[tuple[int, int], PerceptionTargets] = {}

        def draw(stamp: tuple[int, int]) -> None:
            """Draw a frame once both are there, whichever came first."""
            if stamp not in images or stamp not in targets:
                return
            rois = [
                (roi.type, roi.rect.x_offset, roi.rect.y_offset, roi.rect.width, roi.rect.height)
                for target in targets[stamp].targets
                for roi in target.rois
            ]
            drawn = {"stamp": stamp, "rois": rois, "frame_id": targets[stamp].header.frame_id}
            with Path(os.environ["DRAWN"]).open("ab", buffering=0) as stream:
                stream.write(json.dumps(drawn).encode() + b"\n")

        def on_image(message: CompressedImage) -> None:
            images.add(stamp := (message.header.stamp.sec, message.header.stamp.nanosec))
            draw(stamp)

        def on_targets(message: PerceptionTargets) -> None:
            targets[stamp := (message.header.stamp.sec, message.header.stamp.nanosec)] = message
            draw(stamp)

        qos = QoSProfile(depth=10)
        self.create_subscription(CompressedImage, self.value("websocket_image_topic"), on_image, qos)
        self.create_subscription(PerceptionTargets, self.value("websocket_smart_topic"), on_targets, qos)


def jpeg_message(picture: np.ndarray) -> CompressedImage:
    message = CompressedImage(format="jpeg")
    message.data.frombytes(cv2.imencode(".jpg", picture)[1].tobytes())
    return message


if __name__ == "__main__":
    program = Path(sys.argv[0]).name
    sys.exit(run_node(program, None, lambda: Board(program)))
