"""The way of every crop through ``lpr_node``: message in, queue, reading, messages out."""

from __future__ import annotations

import dataclasses
import math
import time
from functools import partial

from rclpy._rclpy_pybind11 import RCLError
from rclpy.lifecycle import LifecycleNode
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from lprnet_ros.flow.job import CropJob, Job, Source
from lprnet_ros.flow.opening import ChosenModel, open_flow
from lprnet_ros.flow.pool import PoolSettings, PoolStatus
from lprnet_ros.frames.place import parse_frame_id
from lprnet_ros.images.conversion import inspect_compressed, inspect_image
from lprnet_ros.images.crop_image import ImageRejectedError
from lprnet_ros.images.encoded_size import encoded_size
from lprnet_ros.reading.plate_reading import PlateReading, ReadingFailedError, Verdict
from lprnet_ros.reading.recognizer import ReadingRules, ReadResult
from lprnet_ros.ros.messages.cdr import parse_compressed, parse_image
from lprnet_ros.ros.parameters.lpr_settings import Settings
from lprnet_ros.ros.process.guarded import guarded
from lprnet_ros.ros.reports.crop_report import CropReport
from lprnet_ros.ros.topics.camera_names import CameraNames
from lprnet_ros.ros.topics.frame_outputs import FrameOutputs, kinds_of
from lprnet_ros.ros.topics.memory_bound import MemoryBound
from lprnet_ros.ros.topics.qos import TopicWatch, image_qos, subscribe_counting_losses, unique_topics
from lprnet_ros.ros.topics.reading_publisher import ReadingPublisher
from lprnet_ros.ros.topics.vehicle_publisher import VehiclePublisher
from lprnet_ros.text.escaping import one_line, quoted

_EMPTY_FRAMES_DEPTH = 100


class CropPath:
    """Reads the crops of all cameras; whatever arrives, the node lives on.

    Follow a crop: ``_on_message`` checks it and hands it to the workers, which read it
    (``PlateRecognizer.read_batch``); ``_on_result`` publishes what was read.

    Args:
        node: the node that subscribes and publishes.
        settings: its parameters.
        model: what to read with.
        report: counts and logs what becomes of crops.

    Attributes:
        max_pixels: greatest width x height of an image; may be changed at any time.

    Raises:
        Exception: those of ``open_flow``; then ``close`` releases what was opened.
    """

    def __init__(
        self, node: LifecycleNode, settings: Settings, model: ChosenModel, report: CropReport
    ) -> None:
        self.max_pixels = settings.max_image_pixels
        self._node, self._settings, self._report, self._syntax = node, settings, report, model.manifest.syntax
        self._is_closed = False
        self._readings = ReadingPublisher(node)
        self._vehicles = (
            VehiclePublisher(node, settings.consensus_settings, self._judge, report.bug)
            if settings.consensus
            else None
        )
        kinds = kinds_of(settings.outputs)
        self._frames = FrameOutputs(node, kinds, model_name=model.manifest.name) if kinds else None
        is_compressed = settings.transport == "compressed"
        self._parse = parse_compressed if is_compressed else parse_image
        self._inspect = inspect_compressed if is_compressed else inspect_image
        self._message_type = CompressedImage if is_compressed else Image
        self._watch = TopicWatch(node, f"sensor_msgs/msg/{self._message_type.__name__}")
        self._subscriptions: list[Subscription] = []
        self._memory = MemoryBound(node, "subscription_depth")
        self._cameras: CameraNames | None = None
        self._empty_frames: Subscription | None = None
        pool = PoolSettings(
            settings.workers, settings.queue_depth, settings.queue_policy, settings.worker_timeout
        )
        log = node.get_logger().error
        deliver = guarded(self._on_result, report.bug, "a reading")
        try:
            self._flow = open_flow(model, settings.rules, pool, deliver, log, threads=settings.threads)
        except Exception:
            self._destroy_publishers()
            raise

    @property
    def rules(self) -> ReadingRules:
        """How crops are read and judged; may be replaced at any time."""
        return self._flow.rules

    @rules.setter
    def rules(self, rules: ReadingRules) -> None:
        self._flow.rules = rules

    def subscribe(self) -> list[str]:
        """Subscribe to the image topics.

        Returns:
            The topics, fully resolved and remapped.

        Raises:
            ValueError: a topic's name is none.
        """
        settings = self._settings
        qos = image_qos(settings.qos_profile, settings.subscription_depth, settings.queue_policy)
        topics, repeated = unique_topics(_resolved(self._node, topic) for topic in settings.image_topics)
        for topic in repeated:
            self._node.get_logger().warning(f"image_topics names {topic} more than once; it is read once")
        # bytes: their fields are read where they lie, and bytes that are no message are counted too
        for topic in topics:
            callback = guarded(partial(self._on_message, topic), self._report.bug, f"a message on {topic}")
            on_lost = partial(self._report.lost, topic)
            self._subscriptions.append(
                subscribe_counting_losses(
                    self._node, self._message_type, topic, callback, qos, on_lost, raw=True
                )
            )
        self._cameras = CameraNames(self._node) if len(topics) > 1 else None
        if settings.empty_frames_topic:
            take = guarded(self._on_empty_frame, self._report.bug, "a message on empty_frames_topic")
            self._empty_frames = self._node.create_subscription(
                Header, settings.empty_frames_topic, take, _EMPTY_FRAMES_DEPTH
            )
        return [subscription.topic_name for subscription in self._subscriptions]

    def _on_message(self, topic: str, message: bytes) -> None:
        """Check a message that has arrived, and let its crop wait for a worker."""
        arrived = time.perf_counter()
        self._report.arrival()
        self._memory.see(len(message), self.max_pixels)
        try:
            image = self._parse(message)
            crop = self._inspect(image, max_pixels=self.max_pixels)
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
        if self._cameras is not None:
            self._cameras.add(topic, frame_id)
        received = self._vehicles.arrival() if self._vehicles is not None else math.nan
        source = Source(topic, image.seconds, image.nanoseconds, frame_id, arrived, place, received)
        dropped = self._flow.submit(Job(source, crop))
        if dropped is not None:
            self._drop(dropped)

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
            self._vehicles.add(reading, source)
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
            self._vehicles.add(None, job.source)

    def _add_to_frame(self, job: CropJob, reading: PlateReading | None) -> None:
        if self._frames is not None:
            self._frames.add(job, reading)

    def _on_empty_frame(self, header: Header) -> None:
        if self._frames is not None:
            self._frames.empty(header)

    def _judge(self, reading: PlateReading) -> Verdict:
        return self._flow.rules.judge(reading, self._syntax)

    def look_for_listeners(self) -> None:
        """See which topics have subscribers, since nothing is made for the others; let time pass."""
        self._readings.look_for_listeners()
        if self._vehicles is not None:
            self._vehicles.look_for_listeners()
        if self._frames is not None:
            self._frames.look_for_listeners()
            self._frames.advance()

    def check_publishers(self) -> None:
        """Name publishers whose messages cannot arrive, each once."""
        for subscription in self._subscriptions:
            self._watch.check(subscription)

    def limit_memory(self) -> None:
        """Let fewer messages wait where they are large."""
        self._subscriptions = self._memory.apply(self._subscriptions)

    def status(self) -> tuple[PoolStatus, int]:
        """Return how the workers are, and how many crops wait for them."""
        return self._flow.status(), self._flow.waiting()

    def stop_waiting(self) -> None:
        """Let no callback wait for workers any more.  May be called by a signal handler."""
        self._flow.stop_waiting()

    def unsubscribe(self, seconds: float) -> None:
        """Take nothing more in; crops that are being read get so many seconds to be finished."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions = []
        if self._empty_frames is not None:
            self._node.destroy_subscription(self._empty_frames)
            self._empty_frames = None
        for job in self._flow.discard(seconds):
            self._drop(job)

    def flush(self) -> None:
        """Publish the vehicles and frames that are still gathered."""
        if self._vehicles is not None:
            self._vehicles.flush()
        if self._frames is not None:
            self._frames.advance(math.inf)

    def close(self, seconds: float) -> None:
        """End the workers within so many seconds, publish nothing more, and remove the publishers."""
        self._flow.close(seconds)
        self.flush()
        self._is_closed = True
        self._destroy_publishers()

    def _destroy_publishers(self) -> None:
        for publisher in (self._readings, self._vehicles, self._frames):
            if publisher is not None:
                publisher.destroy()


def _resolved(node: LifecycleNode, topic: str) -> str:
    try:
        return str(node.resolve_topic_name(topic))
    except RCLError as error:
        reason = one_line(str(error), 300)
        raise ValueError(f"image_topics: {quoted(topic)} is no topic name ({reason})") from error
