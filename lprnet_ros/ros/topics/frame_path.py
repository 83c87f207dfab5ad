"""The way of every frame through ``lpr_node``: message in, search, crops on to their readers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from rclpy.node import Node

from lprnet_ros.flow.frame_reader import CameraFrame, FrameReader, FrameResult, SearchedFrame
from lprnet_ros.flow.job import Job, Source
from lprnet_ros.flow.pool import PoolSettings, PoolStatus, WorkerPool
from lprnet_ros.frames.frame_cache import Stamp
from lprnet_ros.frames.place import FrameMark
from lprnet_ros.images.crop_image import CropImage, ImageRejectedError
from lprnet_ros.reading.rules import ReadingRules
from lprnet_ros.ros.parameters.frame_settings import FrameSettings
from lprnet_ros.ros.process.guarded import guarded
from lprnet_ros.ros.reports.crop_report import CropReport
from lprnet_ros.ros.topics.image_subscriptions import ImageSubscriptions, Wanted
from lprnet_ros.ros.topics.qos import image_qos
from lprnet_ros.ros.topics.transports import FRAMES

_LOOK_SECONDS = 0.05
_HANG_ADVICE = "the search for plates hangs; restart the node"


class CropTaker(Protocol):
    """Reads the crops of frames; every method may be called from any thread."""

    def take_crop(self, source: Source, crop: CropImage) -> None:
        """Let a crop be read."""

    def take_empty_frame(self, mark: FrameMark, stamp: Stamp) -> None:
        """Take in that a frame has no crop."""

    def wait_until_taken(self, topic: str, seconds: float) -> bool:
        """Wait until no crop of a topic waits any more; return whether that came to pass."""

    def is_heard(self) -> bool:
        """Tell whether anything would be done with a reading."""


class FramePath:
    """Finds the plates in the frames of all cameras, and hands their crops on.

    A thread of its own searches one frame after the other, the cameras in turn.  Of each camera the newest
    frame waits, older ones are dropped.  The thread hands crops on only when a reader has taken those of the
    frame before, and searches no frame meanwhile.  So crops never pile up: no reading is older than two
    searches and the reading of three frames, however slow these are.

    Args:
        node: the node that subscribes.
        settings: what it subscribes to, and how frames are searched.
        crops: takes the crops.
        report: counts and logs what becomes of frames.
        max_pixels: returns the greatest width x height of a frame.

    Raises:
        Exception: what opening the finder raised.
        MissingMessagesError: the package of the frames' messages is not installed.
    """

    def __init__(
        self,
        node: Node,
        settings: FrameSettings,
        crops: CropTaker,
        report: CropReport,
        max_pixels: Callable[[], int],
    ) -> None:
        self._crops, self._report, self._max_pixels = crops, report, max_pixels
        self._transport, self._frame_id = FRAMES[settings.transport], settings.frame_id
        wanted = Wanted(
            settings.topics,
            settings.transport,
            image_qos(settings.qos_profile, settings.queue_depth),
            topics_parameter="frame_topics",
            transport_parameter="frame_transport",
            qos_parameter="frame_qos_profile",
            depth_parameter="frame_queue_depth",
            follows_publishers=settings.qos_profile == "auto",
        )
        self._subscriptions = ImageSubscriptions(
            node, wanted, FRAMES, self._on_message, report.frame_lost, report.bug
        )
        self._is_open = self._is_ending = False
        self._reader: FrameReader | None = None
        self._pool: WorkerPool[CameraFrame, FrameResult] = WorkerPool(
            lambda rules: self._open(settings, rules),
            ReadingRules(),
            guarded(self._on_result, report.bug, "a searched frame"),
            node.get_logger().error,
            PoolSettings(
                depth=settings.queue_depth,
                timeout_seconds=settings.timeout_seconds,
                largest_batch=1,
                work="frame",
                hang_advice=_HANG_ADVICE,
            ),
        )

    def _open(self, settings: FrameSettings, rules: ReadingRules) -> FrameReader:
        del rules
        self._reader = settings.open_reader()
        return self._reader

    def subscribe(self) -> list[str]:
        """Subscribe to the frames; see ``ImageSubscriptions.subscribe``."""
        self._is_open, self._is_ending = True, False
        return self._subscriptions.subscribe()

    def _on_message(self, topic: str, message: bytes) -> None:
        """Check a frame that has arrived, and let it wait for its search."""
        arrived = time.perf_counter()
        self._report.arrival()
        max_pixels = self._max_pixels()
        self._subscriptions.see(len(message), max_pixels)
        if not self._crops.is_heard():
            return
        try:
            fields = self._transport.parse(message)
            frame = self._transport.convert(fields, max_pixels=max_pixels)
        except ImageRejectedError as error:
            self._report.bad_image(topic, error)
            return
        frame_id = fields.frame_id or self._frame_id
        source = Source(topic, fields.seconds, fields.nanoseconds, frame_id, arrived)
        stamp = source.seconds, source.nanoseconds
        dropped = self._pool.submit(Job(source, CameraFrame(topic, stamp, frame_id, frame)))
        if dropped is not None:
            self._report.frame_dropped(dropped.source.topic)

    def _on_result(self, job: Job[CameraFrame], result: FrameResult) -> None:
        """Hand the crops of a frame on, or count and log why there are none; one call at a time."""
        source = job.source
        if isinstance(result, ImageRejectedError):
            self._report.bad_image(source.topic, result)
        elif isinstance(result, SearchedFrame):
            self._report.frame_searched(result.found, result.search_ms)
            if self._is_open:
                self._hand_on(source, result)
        else:
            self._report.frame_failure(source.topic, result)

    def _hand_on(self, source: Source, searched: SearchedFrame) -> None:
        cropped = searched.cropped
        while not self._is_ending and not self._crops.wait_until_taken(source.topic, _LOOK_SECONDS):
            pass
        if not cropped.crops:
            self._crops.take_empty_frame(cropped.mark, (source.seconds, source.nanoseconds))
        for crop in cropped.crops:
            self._crops.take_crop(source._replace(place=crop.place), CropImage(crop.picture))

    def counts(self) -> list[tuple[str, str]]:
        """Return what was searched, found and left out, for a diagnostic status."""
        counts = self._reader.counts() if self._reader is not None else {}
        return [(name, str(count)) for name, count in sorted(counts.items())]

    def status(self) -> PoolStatus:
        """Return how the thread that searches is."""
        return self._pool.status()

    def look_after(self) -> None:
        """See ``ImageSubscriptions.look_after``."""
        self._subscriptions.look_after()

    def unsubscribe(self, seconds: float) -> None:
        """Take nothing more in; a frame that is being searched gets so many seconds to be finished."""
        self._subscriptions.unsubscribe()
        self._is_ending = True
        for job in self._pool.discard(seconds):
            self._report.frame_dropped(job.source.topic)
        self._is_open = False  # for a frame whose search has not been finished

    def close(self, seconds: float) -> None:
        """End the thread within so many seconds, and release the finder."""
        self._is_open, self._is_ending = False, True
        self._pool.close(seconds)
