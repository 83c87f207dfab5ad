"""The counts of ``plate_cropper``: logged by reason at most every 5 s, and published in diagnostics."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Sequence

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from lprnet_ros.images.conversion import ImageRejectedError
from lprnet_ros.ros.reports.statistics import LogLimiter
from lprnet_ros.text.escaping import one_line

_MEANINGS = {
    "frame_alone": "frames without detections of the same stamp: does the detector see this camera's frames, "
    "does it keep their stamps, and is cache_seconds longer than it takes?",
    "detections_alone": "detections without a frame of the same stamp: does the detector see this camera's "
    "frames and keep their stamps, and do all frames arrive here?",
    "image_lost": "frames lost on the way here: set qos_profile to auto or reliable where the camera can "
    "publish reliably, or see docs/cropper.md, large frames",
    "detections_lost": "detections lost on the way here: set detections_qos_profile to reliable",
    "frame_twice": "frames with the stamp of another one: does the camera stamp its frames?",
    "detections_twice": "detections for a frame that had some already: is there a second detector?",
    "out_of_order": "frames that came after a later one",
    "too_small": "plates smaller than minimum_width x minimum_height",
    "out_of_frame": "plates of which less than minimum_visible lies in the frame",
    "too_many": "plates beyond maximum_crops in their frame",
    "too_many_detections": "detections beyond the first 1000 of their frame",
    "bad_numbers": "detections with impossible coordinates or scores",
}
_ORDINARY = frozenset(
    {"other_class", "low_score", "overlapping", "unchanged", "searched", "found", "outside_regions"}
)
"""Counted, but not worth a log message."""

_LONGEST_REASON = 200
"""Maximum length of an unexpected error's text; it may contain text of the message."""


class CropperReport:
    """Collects the counts of a cropper's parts.

    Args:
        node: the node that is reported on.
        parts: the counters of its parts, by name.
        ordinary: further reasons that are counted, but not worth a log message here.

    Attributes:
        frames: frames that arrived.
        detections: messages of the detector that arrived.
        crops: crops that were published.
        rejected: frames that could not be used, by reason.
    """

    def __init__(self, node: Node, parts: dict[str, Counter[str]], ordinary: Sequence[str] = ()) -> None:
        self._node = node
        self._ordinary = _ORDINARY.union(ordinary)
        self._parts = parts
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self._limiter = LogLimiter()
        self._told: Counter[tuple[str, str]] = Counter()
        self._rejected_before = 0
        self.frames = 0
        self.detections = 0
        self.crops = 0
        self.rejected: Counter[str] = Counter()

    def reject(self, topic: str, error: ImageRejectedError) -> None:
        """Count and log a frame that could not be used."""
        self._reject(error.reason.value, f"frame on {topic} rejected ({error.reason.value}): {error}")

    def fail(self, topic: str, error: Exception) -> None:
        """Count and log a frame or a message that failed unexpectedly."""
        reason = one_line(str(error), _LONGEST_REASON)
        self._reject("failure", f"frame on {topic} could not be cropped: {type(error).__name__}: {reason}")

    def bug(self, what: str) -> None:
        """Count and log an unexpected exception; called where it was caught, with what was being handled."""
        self._reject("bug", f"{what} was lost, which is a bug:\n{traceback.format_exc()}")

    def _reject(self, reason: str, line: str) -> None:
        self.rejected[reason] += 1
        if self._limiter.allows(reason):
            self._node.get_logger().warning(line)

    def publish(self) -> None:
        """Publish diagnostics, and log what was dropped since the last log message."""
        for part, counts in self._parts.items():
            for reason, count in counts.items():
                new = count - self._told[part, reason]
                if new and reason not in self._ordinary and self._limiter.allows(f"{part} {reason}"):
                    self._told[part, reason] = count
                    self._node.get_logger().warning(f"{new} {_MEANINGS.get(reason, reason)} ({reason})")
        rejected = sum(self.rejected.values())
        bad = rejected - self._rejected_before
        self._rejected_before = rejected
        pairs = [("frames", self.frames), ("detections", self.detections), ("crops", self.crops)]
        pairs += [(f"frame rejected: {reason}", count) for reason, count in sorted(self.rejected.items())]
        for part, counts in self._parts.items():
            pairs += [(f"{part}: {reason}", count) for reason, count in sorted(counts.items())]
        status = DiagnosticStatus(
            level=DiagnosticStatus.WARN if bad else DiagnosticStatus.OK,
            name=f"{self._node.get_fully_qualified_name()}: crops",
            message=f"{bad} unusable frames in the last second" if bad else f"{self.crops} crops published",
            hardware_id="lprnet_ros",
            values=[KeyValue(key=key, value=str(value)) for key, value in pairs],
        )
        array = DiagnosticArray(status=[status])
        array.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(array)
