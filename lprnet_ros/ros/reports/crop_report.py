"""Counts the fate of crops and frames and logs problems with them, each kind at most every 5 s."""

from __future__ import annotations

import traceback
from collections import Counter

from rclpy.node import Node

from lprnet_ros.flow.job import Source
from lprnet_ros.images.crop_image import ImageRejectedError
from lprnet_ros.images.crop_shape import why_no_crop
from lprnet_ros.reading.plate_reading import PlateReading
from lprnet_ros.ros.process.node_time import seconds
from lprnet_ros.ros.reports.statistics import NO_CROP, Counts, LogLimiter, Statistics
from lprnet_ros.text.escaping import one_line

_LONGEST_REASON = 300
_DROPPED = "dropped: more arrive than can be read; raise workers or queue_depth"
_LOST = "lost on the way here: set qos_profile to 'reliable', or raise subscription_depth"
_FRAMES_DROPPED = "dropped: more arrive than can be searched and read; raise find_every, or name regions"
_FRAMES_LOST = "lost on the way here: set frame_qos_profile to 'auto', or see docs/cropper.md, large frames"


class CropReport:
    """What one node counts and logs of crops and frames; every method may be called from any thread.

    Args:
        node: the node whose log is used.

    Attributes:
        statistics: the counts.
    """

    def __init__(self, node: Node) -> None:
        self._logger = node.get_logger()
        self._clock = node.get_clock()
        self._told: Counter[tuple[str, str]] = Counter()
        self._limiter = LogLimiter()
        self.statistics = Statistics()

    def start_again(self) -> None:
        """Reset the counts."""
        self.statistics = Statistics()
        self._told.clear()

    def arrival(self) -> None:
        """Count a message that has arrived."""
        self.statistics.count_arrival()

    def bad_image(self, topic: str, error: ImageRejectedError) -> None:
        """Count and log a message that is not a usable image."""
        self.statistics.count_bad_image(error.reason.value)
        if self._limiter.allows(error.reason.value):
            self._logger.warning(f"image on {topic} rejected ({error.reason.value}): {error}")

    def drop(self, topic: str) -> None:
        """Count a crop that is dropped for newer ones."""
        self.statistics.count_drop(topic)

    def lost(self, topic: str, messages: int) -> None:
        """Count messages that the middleware lost on the way here."""
        self.statistics.count_lost(topic, messages)

    def frame_dropped(self, topic: str) -> None:
        """Count a frame that is dropped for newer ones."""
        self.statistics.count_frame_drop(topic)

    def frame_lost(self, topic: str, messages: int) -> None:
        """Count frames that the middleware lost on the way here."""
        self.statistics.count_frames_lost(topic, messages)

    def frame_searched(self, plates: int, milliseconds: float) -> None:
        """Count a frame that was searched, and the plates found in it."""
        self.statistics.count_search(plates, milliseconds)

    def size(self, topic: str, width: int, height: int) -> None:
        """Count and log a picture that cannot be the crop of one plate; it is read all the same."""
        reason = why_no_crop(width, height)
        if reason:
            self.statistics.count_photograph()
            if self._limiter.allows("photograph"):
                self._logger.warning(f"pictures on {topic}: {reason}; {NO_CROP}")

    def tell_losses(self, counts: Counts) -> None:
        """Log how many pictures were dropped or lost since the last log message; called every second."""
        for what, by_topic, meaning in (
            ("crop", counts.dropped, _DROPPED),
            ("crop", counts.lost, _LOST),
            ("frame", counts.frames_dropped, _FRAMES_DROPPED),
            ("frame", counts.frames_lost, _FRAMES_LOST),
        ):
            for topic, count in by_topic.items():
                new = count - self._told[meaning, topic]
                if new > 0 and self._limiter.allows(f"{meaning} {topic}"):
                    self._told[meaning, topic] = count
                    self._logger.warning(f"{new} {what}{'s' * (new > 1)} of {topic} {meaning}")

    def failure(self, topic: str, error: Exception) -> None:
        """Count and log a crop that could not be read."""
        self._fail(f"crop on {topic} could not be read", error)

    def frame_failure(self, topic: str, error: Exception) -> None:
        """Count and log a frame that could not be searched."""
        self._fail(f"frame on {topic} could not be searched", error)

    def _fail(self, what: str, error: Exception) -> None:
        self.statistics.count_failure(one_line(str(error), _LONGEST_REASON))
        if self._limiter.allows(f"failure: {what}"):
            self._logger.error(f"{what}: {error}")

    def bug(self, what: str) -> None:
        """Count and log an unexpected exception; called where it was caught, with what was being handled."""
        self.statistics.count_failure("a bug, see the log")
        if self._limiter.allows("bug"):
            self._logger.error(f"{what} was lost, which is a bug:\n{traceback.format_exc()}")

    def reading(self, reading: PlateReading, source: Source) -> None:
        """Count a crop that was read and whose reading was published."""
        self.statistics.count_reading(reading, source, seconds(self._clock))
