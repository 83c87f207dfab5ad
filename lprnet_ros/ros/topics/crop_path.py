"""The way of every crop through ``lpr_node``: message or frame in, queue, reading, messages out."""

from __future__ import annotations

import dataclasses
import math
import time

from rclpy.lifecycle import LifecycleNode
from rclpy.subscription import Subscription
from std_msgs.msg import Header

from lprnet_ros.flow.job import CropJob, Job, Source
from lprnet_ros.flow.opening import ChosenModel, open_flow
from lprnet_ros.flow.pool import PoolSettings, PoolStatus
from lprnet_ros.frames.frame_cache import Stamp
from lprnet_ros.frames.place import FrameMark, parse_frame_id
from lprnet_ros.images.crop_image import CropImage, ImageRejectedError
from lprnet_ros.images.encoded_size import encoded_size
from lprnet_ros.reading.plate_reading import PlateReading, ReadingFailedError, Verdict
from lprnet_ros.reading.recognizer import ReadingRules, ReadResult
from lprnet_ros.ros.parameters.lpr_settings import Settings
from lprnet_ros.ros.process.guarded import guarded
from lprnet_ros.ros.reports.crop_report import CropReport
from lprnet_ros.ros.topics.camera_names import CameraNames
from lprnet_ros.ros.topics.frame_outputs import FrameOutputs, kinds_of
from lprnet_ros.ros.topics.frame_path import FramePath
from lprnet_ros.ros.topics.image_subscriptions import ImageSubscriptions, Wanted
from lprnet_ros.ros.topics.qos import image_qos
from lprnet_ros.ros.topics.reading_publisher import ReadingPublisher
from lprnet_ros.ros.topics.transports import CROPS
from lprnet_ros.ros.topics.vehicle_publisher import VehiclePublisher

_EMPTY_FRAMES_DEPTH = 100
_SECONDS_TO_CLOSE = 0.3


class CropPath:
    """Reads the crops of all cameras; whatever arrives, the node lives on.

    Follow a crop: ``_on_message`` checks it, ``take_crop`` hands it to the workers, which read it
    (``PlateRecognizer.read_batch``); ``_on_result`` publishes what was read.  Crops of frames come from
    ``FramePath`` to ``take_crop``.

    Args:
        node: the node that subscribes and publishes.
        settings: its parameters.
        model: what to read with.
        report: counts and logs what becomes of crops.

    Attributes:
        max_pixels: greatest width x height of an image; may be changed at any time.

    Raises:
        Exception: those of ``open_flow`` and ``FramePath``; then all that was opened has been released.
    """

    def __init__(
        self, node: LifecycleNode, settings: Settings, model: ChosenModel, report: CropReport
    ) -> None:
        self.max_pixels = settings.max_image_pixels
        self._node, self._settings, self._report, self._syntax = node, settings, report, model.manifest.syntax
        self._is_closed = False
        self._readings = ReadingPublisher(node)
        self._vehicles = (
            VehiclePublisher(node, settings.consensus_settings, self._judge, self._syntax, report.bug)
            if settings.consensus
            else None
        )
        self.log_readings(settings.log_readings)
        kinds = kinds_of(settings.outputs)
        self._frames = FrameOutputs(node, kinds, model_name=model.manifest.name) if kinds else None
        self._transport = CROPS[settings.transport]
        wanted = Wanted(
            settings.crop_topics,
            settings.transport,
            image_qos(settings.qos_profile, settings.subscription_depth, settings.queue_policy),
            topics_parameter="image_topics",
            transport_parameter="transport",
            qos_parameter="qos_profile",
            depth_parameter="subscription_depth",
        )
        self._subscriptions = ImageSubscriptions(
            node, wanted, CROPS, self._on_message, report.lost, report.bug
        )
        self._cameras: CameraNames | None = None
        self._empty_frames: Subscription | None = None
        pool = PoolSettings(
            settings.workers, settings.least_queue_depth, settings.queue_policy, settings.worker_timeout
        )
        log = node.get_logger().error
        deliver = guarded(self._on_result, report.bug, "a reading")
        try:
            self._flow = open_flow(model, settings.rules, pool, deliver, log, threads=settings.threads)
        except Exception:
            self._destroy_publishers()
            raise
        self._frame_path: FramePath | None = None
        try:
            if settings.frames.topics:
                self._frame_path = FramePath(node, settings.frames, self, report, lambda: self.max_pixels)
        except Exception:
            self.close(_SECONDS_TO_CLOSE)
            raise

    @property
    def rules(self) -> ReadingRules:
        """How crops are read and judged; may be replaced at any time."""
        return self._flow.rules

    @rules.setter
    def rules(self, rules: ReadingRules) -> None:
        self._flow.rules = rules

    def subscribe(self) -> list[str]:
        """Subscribe to the topics of crops and of frames.

        Returns:
            What is read now: transport and topics, fully resolved and remapped, of crops and of frames.

        Raises:
            ValueError: a topic's name is none.
        """
        settings = self._settings
        crops, frames = self._subscriptions.subscribe(), []
        reads = [f"{settings.transport} crops on {', '.join(crops)}"] if crops else []
        if self._frame_path is not None:
            frames = self._frame_path.subscribe()
            reads.append(f"{settings.frames.transport} frames on {', '.join(frames)}")
        self._cameras = CameraNames(self._node) if len({*crops, *frames}) > 1 else None
        if settings.empty_frames_topic:
            take = guarded(self._on_empty_frame, self._report.bug, "a message on empty_frames_topic")
            self._empty_frames = self._node.create_subscription(
                Header, settings.empty_frames_topic, take, _EMPTY_FRAMES_DEPTH
            )
        return reads

    def _on_message(self, topic: str, message: bytes) -> None:
        """Check a message that has arrived, and let its crop wait for a worker."""
        arrived = time.perf_counter()
        self._report.arrival()
        self._subscriptions.see(len(message), self.max_pixels)
        try:
            image = self._transport.parse(message)
            crop: CropImage = self._transport.convert(image, max_pixels=self.max_pixels)
            place = parse_frame_id(image.frame_id) if "#" in image.frame_id else None
            frame_id = place.frame_id if place is not None else image.frame_id
        except ImageRejectedError as error:
            self._report.bad_image(topic, error)
            return
        width, height = (encoded_size(crop.pixels) if crop.is_encoded else None) or (
            image.width,
            image.height,
        )
        self._report.size(topic, width, height)
        self.take_crop(Source(topic, image.seconds, image.nanoseconds, frame_id, arrived, place), crop)

    def take_crop(self, source: Source, crop: CropImage) -> None:
        """Let a crop wait for a worker; may be called from any thread."""
        if self._cameras is not None:
            self._cameras.add(source.topic, source.frame_id)
        if self._vehicles is not None:
            source = source._replace(received=self._vehicles.arrival())
        dropped = self._flow.submit(Job(source, crop))
        if dropped is not None:
            self._drop(dropped)

    def take_empty_frame(self, mark: FrameMark, stamp: Stamp) -> None:
        """Take in that a frame has no crop; may be called from any thread."""
        if self._frames is not None:
            self._frames.add_empty(mark, stamp)

    def wait_until_taken(self, topic: str, seconds: float) -> bool:
        """Wait until no crop of a topic waits for a worker; return whether that came to pass."""
        return self._flow.wait_until_taken(topic, seconds)

    def is_heard(self) -> bool:
        """Tell whether anybody subscribes to what comes of a reading."""
        outputs = (self._readings, self._vehicles, self._frames)
        return any(output.is_heard for output in outputs if output is not None)

    def _on_result(self, job: CropJob, result: ReadResult) -> None:
        """Publish a reading, or count and log why there is none; in order, from one thread at a time."""
        if self._is_closed:
            return
        source = job.source
        if isinstance(result, PlateReading) and not result.text:
            # it would be the probability that there is nothing to read
            result = dataclasses.replace(result, confidence=0.0)
        reading = result if isinstance(result, PlateReading) else None
        self._add_to_frame(job, reading)
        if self._vehicles is not None:
            self._vehicles.add(reading, job)
        if isinstance(result, ImageRejectedError):
            self._report.bad_image(source.topic, result)
        elif isinstance(result, ReadingFailedError):
            self._report.failure(source.topic, result)
        else:
            self._readings.publish(result, job)
            self._report.reading(result, source)

    def _drop(self, job: CropJob) -> None:
        """Count a crop that is not read because newer ones came."""
        self._report.drop(job.source.topic)
        self._add_to_frame(job, None)
        if self._vehicles is not None:
            self._vehicles.add(None, job)

    def _add_to_frame(self, job: CropJob, reading: PlateReading | None) -> None:
        if self._frames is not None:
            self._frames.add(job, reading)

    def _on_empty_frame(self, header: Header) -> None:
        if self._frames is not None:
            self._frames.empty(header)

    def _judge(self, reading: PlateReading) -> Verdict:
        return self._flow.rules.judge(reading, self._syntax)

    def log_readings(self, wanted: bool) -> None:
        """Log a line for each vehicle, or not."""
        if self._vehicles is not None:
            self._vehicles.logs = wanted

    def look_for_listeners(self) -> None:
        """See which topics have subscribers, since nothing is made for the others; let time pass."""
        self._readings.look_for_listeners()
        if self._vehicles is not None:
            self._vehicles.look_for_listeners()
        if self._frames is not None:
            self._frames.look_for_listeners()
            self._frames.advance()

    def look_after_subscriptions(self) -> None:
        """See ``ImageSubscriptions.look_after``."""
        for inputs in (self._subscriptions, self._frame_path):
            if inputs is not None:
                inputs.look_after()

    def status(self) -> tuple[PoolStatus, int]:
        """Return how the workers are, and how many crops wait for them."""
        return self._flow.status(), self._flow.waiting()

    def search_status(self) -> tuple[PoolStatus, list[tuple[str, str]]]:
        """Return how the thread that searches frames is, and what it counts."""
        path = self._frame_path
        return (path.status(), path.counts()) if path is not None else (PoolStatus(), [])

    def stop_waiting(self) -> None:
        """Let no callback wait for workers any more.  May be called by a signal handler."""
        self._flow.stop_waiting()

    def unsubscribe(self, seconds: float) -> None:
        """Take nothing more in; crops that are being read get so many seconds to be finished."""
        end = time.monotonic() + seconds
        self._subscriptions.unsubscribe()
        if self._empty_frames is not None:
            self._node.destroy_subscription(self._empty_frames)
            self._empty_frames = None
        if self._frame_path is not None:
            self._frame_path.unsubscribe(seconds)
        for job in self._flow.discard(max(0.0, end - time.monotonic())):
            self._drop(job)

    def flush(self) -> None:
        """Publish the vehicles and frames that are still gathered."""
        if self._vehicles is not None:
            self._vehicles.flush()
        if self._frames is not None:
            self._frames.advance(math.inf)

    def close(self, seconds: float) -> None:
        """End the workers within so many seconds, publish nothing more, and remove the publishers."""
        if self._frame_path is not None:
            self._frame_path.close(seconds)
        self._flow.close(seconds)
        self.flush()
        self._is_closed = True
        self._destroy_publishers()

    def _destroy_publishers(self) -> None:
        for publisher in (self._readings, self._vehicles, self._frames):
            if publisher is not None:
                publisher.destroy()
