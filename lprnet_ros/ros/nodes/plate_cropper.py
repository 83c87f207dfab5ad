"""``plate_cropper``: camera frames in, plate crops out."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from lprnet_ros.cropping.cropper import Crop, Cropper
from lprnet_ros.cropping.detection import Detection
from lprnet_ros.frames.frame_cache import FrameCache, Stamp
from lprnet_ros.images.camera_frame import Frame
from lprnet_ros.images.conversion import ImageRejectedError
from lprnet_ros.images.frame_conversion import compressed_frame, image_frame, shared_memory_frame
from lprnet_ros.ros.messages.detector_messages import detections_of_array, detections_of_targets
from lprnet_ros.ros.messages.optional_messages import message_module
from lprnet_ros.ros.parameters.cropper_parameters import PARAMETERS
from lprnet_ros.ros.parameters.cropper_settings import CropperSettings
from lprnet_ros.ros.parameters.declare import declare_parameters, read_values
from lprnet_ros.ros.process.large_messages import keep_memory_of_large_messages
from lprnet_ros.ros.process.run_node import run_node
from lprnet_ros.ros.reports.cropper_report import CropperReport
from lprnet_ros.ros.topics.qos import QUIET_EVENTS, TopicWatch, image_qos

_CROPS_DEPTH = 100  # reliable: all crops of a frame come at once
_DETECTIONS_DEPTH = 10
_FRAME_ADVICE = {
    "sensor_msgs/msg/Image": "set the parameter transport to 'raw'",
    "sensor_msgs/msg/CompressedImage": "set the parameter transport to 'compressed'",
    "hbm_img_msgs/msg/HbmMsg1080P": "set the parameter transport to 'shared_mem'",
}
_DETECTIONS_ADVICE = {
    "ai_msgs/msg/PerceptionTargets": "set the parameter detections to 'targets'",
    "vision_msgs/msg/Detection2DArray": "set the parameter detections to 'detection_2d_array'",
}


class PlateCropper(Node):
    """Cuts plates out of a camera's frames, where regions or a detector say that they are.

    Each crop carries its frame's stamp, and its place in ``header.frame_id``
    (``lprnet_ros.frames.place``).  A frame of which no crop is published is named on
    ``~/empty_frames``.  Without a subscriber nothing is converted.

    Raises:
        ValueError: a parameter has a value that makes no sense, or a package of messages is missing.
    """

    def __init__(self) -> None:
        super().__init__("plate_cropper")
        declare_parameters(self, PARAMETERS)
        self._settings = CropperSettings.from_values(read_values(self, PARAMETERS))
        self._cropper = Cropper(self._settings.rule)
        self._cache: FrameCache[tuple[Frame, str], list[Detection]] = FrameCache(
            self._settings.cache_frames, self._settings.cache_seconds
        )
        self._left_out: Counter[str] = Counter()
        self._crops = self.create_publisher(Image, "~/crops", QoSProfile(depth=_CROPS_DEPTH))
        self._empty_frames = self.create_publisher(Header, "~/empty_frames", QoSProfile(depth=_CROPS_DEPTH))
        self._report = CropperReport(
            self,
            {"plates": self._cropper.counts, "detections": self._left_out, "pairing": self._cache.counts},
        )
        self._watches: list[tuple[Subscription, TopicWatch]] = []
        self._subscribe_to_frames()
        self._subscribe_to_detections()
        self.create_timer(1.0, self._every_second)

    def _subscribe_to_frames(self) -> None:
        settings = self._settings
        message_type: Any = {"raw": Image, "compressed": CompressedImage}.get(settings.transport)
        handle = self._on_compressed if settings.transport == "compressed" else self._on_image
        package = "sensor_msgs"
        if message_type is None:
            package, handle = "hbm_img_msgs", self._on_shared_memory
            message_type = message_module(package, "transport shared_mem").HbmMsg1080P
        self._frames = self.create_subscription(
            message_type,
            "image",
            handle,
            image_qos(settings.qos_profile, settings.queue_depth),
            event_callbacks=QUIET_EVENTS,
        )
        watch = TopicWatch(self, f"{package}/msg/{message_type.__name__}", _FRAME_ADVICE)
        self._watches.append((self._frames, watch))
        self.get_logger().info(f"cropping {settings.transport} frames of {self._frames.topic_name}")

    def _subscribe_to_detections(self) -> None:
        kind = self._settings.detections
        if kind == "none":
            return
        wanted_by = f"detections {kind}"
        if kind == "targets":
            package, handle = "ai_msgs", self._on_targets
            message_type = message_module(package, wanted_by).PerceptionTargets
        else:
            package, handle = "vision_msgs", self._on_detection_array
            message_type = message_module(package, wanted_by).Detection2DArray
        detections = self.create_subscription(
            message_type,
            "detections",
            handle,
            image_qos(self._settings.detections_qos_profile, _DETECTIONS_DEPTH),
            event_callbacks=QUIET_EVENTS,
        )
        expected = f"{package}/msg/{message_type.__name__}"
        watch = TopicWatch(self, expected, _DETECTIONS_ADVICE, "detections_qos_profile")
        self._watches.append((detections, watch))
        self.get_logger().info(f"plates are where {detections.topic_name} says")

    def _on_image(self, message: Image) -> None:
        self._guard(self._take_frame, message, image_frame, message.header.stamp, message.header.frame_id)

    def _on_compressed(self, message: CompressedImage) -> None:
        header = message.header
        self._guard(self._take_frame, message, compressed_frame, header.stamp, header.frame_id)

    def _on_shared_memory(self, message: Any) -> None:
        frame_id = self._settings.frame_id
        self._guard(self._take_frame, message, shared_memory_frame, message.time_stamp, frame_id)

    def _on_targets(self, message: Any) -> None:
        self._guard(self._take_detections, message, detections_of_targets)

    def _on_detection_array(self, message: Any) -> None:
        self._guard(self._take_detections, message, detections_of_array)

    def _guard(self, take: Callable[..., None], *arguments: Any) -> None:
        """Handle a message; whatever it holds, the node lives on."""
        try:
            take(*arguments)
        except ImageRejectedError as error:
            self._report.reject(self._frames.topic_name, error)
        except Exception as error:  # noqa: BLE001 - OpenCV raises what it likes on odd pictures
            self._report.fail(self._frames.topic_name, error)

    def _take_frame(self, message: Any, convert: Callable[..., Frame], stamp: Any, frame_id: str) -> None:
        """Check a frame; crop it, or let it wait for its detections."""
        self._report.frames += 1
        if not self._has_listener():
            return
        frame = convert(message, max_pixels=self._settings.max_image_pixels)
        when = (stamp.sec, stamp.nanosec)
        if self._settings.regions:
            size = frame.size
            self._crop(when, frame, frame_id, [region.in_frame(*size) for region in self._settings.regions])
            return
        pair = self._cache.add_frame(when, (frame, frame_id), time.monotonic())
        if pair is not None:
            self._crop(when, *pair.frame, pair.found)

    def _take_detections(self, message: Any, read: Callable[[Any], Iterable[Detection]]) -> None:
        """Choose the plates of a frame; crop it, or let them wait for it."""
        self._report.detections += 1
        if not self._has_listener():
            return
        found = self._settings.filter.select(read(message), self._left_out)
        when = (message.header.stamp.sec, message.header.stamp.nanosec)
        pair = self._cache.add_found(when, found, time.monotonic())
        if pair is not None:
            self._crop(when, *pair.frame, pair.found)

    def _has_listener(self) -> bool:
        return self._crops.get_subscription_count() > 0 or self._empty_frames.get_subscription_count() > 0

    def _crop(self, stamp: Stamp, frame: Frame, frame_id: str, detections: Sequence[Detection]) -> None:
        """Publish the crops of a frame, or that it has none."""
        cropped = self._cropper.crop(frame, frame_id, detections, time.monotonic())
        header = Header(frame_id=cropped.mark.to_frame_id())
        header.stamp.sec, header.stamp.nanosec = stamp
        if not cropped.crops:
            self._empty_frames.publish(header)
        for crop in cropped.crops:
            self._crops.publish(_crop_message(crop, header))
        self._report.crops += len(cropped.crops)

    def _every_second(self) -> None:
        self._cache.advance(time.monotonic())
        for subscription, watch in self._watches:
            watch.check(subscription)
        self._report.publish()


def _crop_message(crop: Crop, header: Header) -> Image:
    height, width = crop.picture.shape[:2]
    message = Image(height=height, width=width, encoding="bgr8", step=3 * width)
    message.header.stamp = header.stamp
    message.header.frame_id = crop.place.to_frame_id()
    message.data.frombytes(crop.picture.tobytes())
    return message


def main(arguments: list[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM.

    Args:
        arguments: the command line; None is this process's.

    Returns:
        The exit status: 0, or 1 where an argument or a parameter is wrong.
    """
    keep_memory_of_large_messages()
    return run_node(
        "plate_cropper",
        arguments,
        PlateCropper,
        description="Cuts plates out of camera frames and publishes the crops.",
        parameters=PARAMETERS,
    )


if __name__ == "__main__":
    sys.exit(main())
