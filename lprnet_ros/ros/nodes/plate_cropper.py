"""``plate_cropper``: camera frames in, plate crops out."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import cv2
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.subscription import Subscription
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from lprnet_ros.cropping.cropper import Crop, Cropper
from lprnet_ros.cropping.locator import DetectorTopic, LocatedFrame, PlateLocator
from lprnet_ros.finding.finder import PlateFinder
from lprnet_ros.images.conversion import ImageRejectedError
from lprnet_ros.images.frame_conversion import compressed_frame, image_frame, shared_memory_frame
from lprnet_ros.ros.messages.detector_messages import detections_of_array, detections_of_targets
from lprnet_ros.ros.messages.optional_messages import message_module
from lprnet_ros.ros.parameters.cropper_parameters import PARAMETERS
from lprnet_ros.ros.parameters.cropper_settings import CropperSettings
from lprnet_ros.ros.parameters.declare import declare_parameters, read_values
from lprnet_ros.ros.process.guarded import guarded
from lprnet_ros.ros.process.large_messages import keep_memory_of_large_messages
from lprnet_ros.ros.process.run_node import run_node
from lprnet_ros.ros.reports.cropper_report import CropperReport
from lprnet_ros.ros.topics.memory_bound import MemoryBound
from lprnet_ros.ros.topics.qos import TopicWatch, image_qos, match_publishers, subscribe_counting_losses

_CROPS_DEPTH = 100  # reliable: all crops of a frame come at once
_DETECTIONS_DEPTH = 10
_OF_A_VEHICLE_THAT_COMES_OR_GOES = ("too_small", "out_of_frame")


class _Source(NamedTuple):
    """A type of messages that the node can read."""

    package: str
    message: str
    convert: Callable[..., Any]

    @property
    def type_name(self) -> str:
        return f"{self.package}/msg/{self.message}"


_FRAMES = {
    "raw": _Source("sensor_msgs", "Image", image_frame),
    "compressed": _Source("sensor_msgs", "CompressedImage", compressed_frame),
    "shared_mem": _Source("hbm_img_msgs", "HbmMsg1080P", shared_memory_frame),
}
_DETECTIONS = {
    "targets": _Source("ai_msgs", "PerceptionTargets", detections_of_targets),
    "detection_2d_array": _Source("vision_msgs", "Detection2DArray", detections_of_array),
}


class PlateCropper(Node):
    """Cuts plates out of a camera's frames, where a :class:`PlateLocator` says that they are.

    Each crop carries its frame's stamp, and its place in ``header.frame_id``
    (``lprnet_ros.frames.place``), unless ``clean_frame_id`` is set.  A frame of which no crop is
    published is named on ``~/empty_frames``.  Without a subscriber nothing is converted or searched.

    Raises:
        ValueError: a parameter has a value that makes no sense, a package of messages is missing, or the
            finder cannot be opened.
    """

    def __init__(self) -> None:
        super().__init__("plate_cropper")
        declare_parameters(self, PARAMETERS)
        self._settings = settings = CropperSettings.from_values(read_values(self, PARAMETERS))
        self._cropper = Cropper(settings.rule)
        detector = DetectorTopic(settings.filter, settings.cache_frames, settings.cache_seconds)
        self._finder: PlateFinder | None = None
        self._locator: PlateLocator = detector
        if settings.detections == "none":
            self._finder = settings.search.open_finder()
            self._locator = settings.search.locator(self._finder)
        self._crops = self.create_publisher(Image, "~/crops", QoSProfile(depth=_CROPS_DEPTH))
        self._empty_frames = self.create_publisher(Header, "~/empty_frames", QoSProfile(depth=_CROPS_DEPTH))
        self._lost: Counter[str] = Counter()
        parts = {"plates": self._cropper.counts, "way here": self._lost, **self._locator.counts}
        ordinary = _OF_A_VEHICLE_THAT_COMES_OR_GOES if self._finder is not None else ()
        self._report = CropperReport(self, parts, ordinary)
        self._memory = MemoryBound(self, "queue_depth")
        self._watches: list[tuple[Subscription, TopicWatch]] = []
        self._frames = self._subscribe(
            "image",
            "transport",
            _FRAMES,
            partial(self._guard, self._take_frame),
            image_qos(settings.qos_profile, settings.queue_depth),
            "qos_profile",
        )
        self.get_logger().info(f"cropping {settings.transport} frames of {self._frames.topic_name}")
        if self._finder is not None:
            where = f"{len(settings.search.regions)} regions" if settings.search.regions else "whole frames"
            name = f"{self._finder.manifest.path.name} ({self._finder.runtime.name})"
            self.get_logger().info(f"searching {where} for plates with {name}")
        if settings.detections != "none":
            detections = self._subscribe(
                "detections",
                "detections",
                _DETECTIONS,
                partial(self._guard, self._take_detections, detector),
                image_qos(settings.detections_qos_profile, _DETECTIONS_DEPTH),
                "detections_qos_profile",
            )
            self.get_logger().info(f"plates are where {detections.topic_name} says")
        # steady: diagnostics go on while simulated time stands still or jumps
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        tick = guarded(self._every_second, self._report.bug, "a diagnostics message")
        self.create_timer(1.0, tick, clock=self._steady)

    def destroy_node(self) -> None:
        """Give the finder's model back too."""
        super().destroy_node()
        if self._finder is not None:
            self._finder.close()

    def _subscribe(
        self,
        topic: str,
        parameter: str,
        sources: Mapping[str, _Source],
        handle: Callable[[Any], None],
        qos: QoSProfile,
        qos_parameter: str,
    ) -> Subscription:
        """Subscribe to messages of the type that a parameter names."""
        choice = getattr(self._settings, parameter)
        source = sources[choice]
        message_type = getattr(message_module(source.package, f"{parameter} {choice}"), source.message)

        def count_lost(messages: int) -> None:
            self._lost[f"{topic}_lost"] += messages

        subscription = subscribe_counting_losses(self, message_type, topic, handle, qos, count_lost)
        advice = {s.type_name: f"set the parameter {parameter} to {name!r}" for name, s in sources.items()}
        self._watches.append((subscription, TopicWatch(self, source.type_name, advice, qos_parameter)))
        return subscription

    def _guard(self, take: Callable[..., None], *arguments: Any) -> None:
        """Handle a message; whatever it holds, the node lives on."""
        try:
            take(*arguments)
        except ImageRejectedError as error:
            self._report.reject(self._frames.topic_name, error)
        except Exception as error:  # noqa: BLE001 - OpenCV raises what it likes on odd pictures
            self._report.fail(self._frames.topic_name, error)

    def _take_frame(self, message: Any) -> None:
        """Check a frame, and crop it once its plates are known."""
        self._report.frames += 1
        self._memory.see(len(message.data), self._settings.max_image_pixels)
        if not self._has_listener():
            return
        settings = self._settings
        if settings.transport == "shared_mem":
            stamp, frame_id = message.time_stamp, settings.frame_id
        else:
            stamp, frame_id = message.header.stamp, message.header.frame_id
        frame = _FRAMES[settings.transport].convert(message, max_pixels=settings.max_image_pixels)
        when = (stamp.sec, stamp.nanosec)
        self._crop(self._locator.add_frame(when, frame, frame_id, time.monotonic()))

    def _take_detections(self, detector: DetectorTopic, message: Any) -> None:
        """Take in the plates of a frame, and crop that frame if it is there."""
        self._report.detections += 1
        if not self._has_listener():
            return
        when = (message.header.stamp.sec, message.header.stamp.nanosec)
        found = _DETECTIONS[self._settings.detections].convert(message)
        self._crop(detector.add_detections(when, found, time.monotonic()))

    def _has_listener(self) -> bool:
        return self._crops.get_subscription_count() > 0 or self._empty_frames.get_subscription_count() > 0

    def _crop(self, located: LocatedFrame | None) -> None:
        """Publish the crops of a frame, or that it has none."""
        if located is None:
            return
        cropped = self._cropper.crop(located.frame, located.frame_id, located.detections, time.monotonic())
        is_clean = self._settings.clean_frame_id
        header = Header(frame_id=located.frame_id if is_clean else cropped.mark.to_frame_id())
        header.stamp.sec, header.stamp.nanosec = located.stamp
        if not cropped.crops:
            self._empty_frames.publish(header)
        for crop in cropped.crops:
            self._crops.publish(_crop_message(crop, header, is_clean=is_clean))
        self._report.crops += len(cropped.crops)

    def _every_second(self) -> None:
        self._locator.advance(time.monotonic())
        frames, (self._frames,) = self._frames, self._memory.apply([self._frames])
        if self._settings.qos_profile == "auto":
            self._frames = match_publishers(self, self._frames, _FRAMES[self._settings.transport].type_name)
        self._watches = [(self._frames if one is frames else one, watch) for one, watch in self._watches]
        for subscription, watch in self._watches:
            watch.check(subscription)
        self._report.publish()


def _crop_message(crop: Crop, header: Header, *, is_clean: bool) -> Image:
    height, width = crop.picture.shape[:2]
    message = Image(height=height, width=width, encoding="bgr8", step=3 * width)
    message.header.stamp = header.stamp
    message.header.frame_id = crop.place.frame_id if is_clean else crop.place.to_frame_id()
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
    cv2.setNumThreads(1)  # waking others for work of a millisecond costs more than it saves
    return run_node(
        "plate_cropper",
        arguments,
        PlateCropper,
        description="Cuts plates out of camera frames and publishes the crops.",
        parameters=PARAMETERS,
        example="--ros-args -r image:=/image_raw",
    )


if __name__ == "__main__":
    sys.exit(main())
