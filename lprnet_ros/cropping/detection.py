"""Where a plate may be in a frame: a detector's box, or a region that the user named."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from lprnet_ros.images.geometry import Box, Quad

MOST_DETECTIONS = 1000
"""Detections of one frame that are looked at; a message may claim any number."""

_FARTHEST = 1e6
"""Pixels; what lies beyond is no place in any picture."""


_ONE_PLATE = 0.8
"""Boxes of one plate have at least this share of their union in common."""


@dataclass(frozen=True)
class Detection:
    """One place in a frame.

    Attributes:
        box: in pixels of the frame.
        quad: the plate's corners in pixels, where they are known.
        label: the detector's class.
        score: the detector's confidence, 0..1.
        track_id: of the tracker; 0 is none.
        rows: of the plate's characters, 1 or 2; 0 is unknown.
    """

    box: Box
    quad: Quad | None = None
    label: str = ""
    score: float = 1.0
    track_id: int = 0
    rows: int = 0


@dataclass(frozen=True)
class DetectionFilter:
    """Which detections are plates.

    Attributes:
        labels: classes that count; empty lets every class count.
        minimum_score: least score, 0..1.
    """

    labels: frozenset[str] = frozenset()
    minimum_score: float = 0.0

    def select(self, detections: Iterable[Detection], left_out: Counter[str]) -> list[Detection]:
        """Return the detections that count.

        Args:
            detections: of one frame; those after the first 1000 are left out.
            left_out: counts the others by reason.
        """
        selected: list[Detection] = []
        for number, detection in enumerate(detections):
            reason = "too_many_detections" if number >= MOST_DETECTIONS else self._fault(detection)
            if reason is None:
                selected.append(detection)
            else:
                left_out[reason] += 1
        return selected

    def _fault(self, detection: Detection) -> str | None:
        box, corners = detection.box, detection.quad or ()
        places = [box.x, box.y, box.width, box.height, *(value for corner in corners for value in corner)]
        # NaN fails every comparison
        if not (all(abs(place) <= _FARTHEST for place in places) and math.isfinite(detection.score)):
            return "bad_numbers"
        if self.labels and detection.label not in self.labels:
            return "other_class"
        if detection.score < self.minimum_score:
            return "low_score"
        return None


def most_certain(detections: Sequence[Detection], most: int, left_out: Counter[str]) -> list[Detection]:
    """Return the detections with the highest scores; boxes that overlap almost wholly are one plate.

    Args:
        detections: of one frame.
        most: how many are returned at most.
        left_out: counts the others, as ``overlapping`` or ``too_many``.
    """
    chosen: list[int] = []
    edges = np.array([(one.box.x, one.box.y, one.box.right, one.box.bottom) for one in detections])
    areas = np.array([one.box.area for one in detections])
    is_left = np.ones(len(detections), dtype=bool)
    for number in sorted(range(len(detections)), key=lambda i: -detections[i].score):
        if not is_left[number]:
            continue
        if len(chosen) == most:
            break
        chosen.append(number)
        is_left[number] = False
        sides = np.minimum(edges[:, 2:], edges[number, 2:]) - np.maximum(edges[:, :2], edges[number, :2])
        common = sides.clip(min=0).prod(axis=1)
        twins = is_left & (common > _ONE_PLATE * (areas + areas[number] - common))
        if twins.any():
            left_out["overlapping"] += int(twins.sum())
            is_left &= ~twins
    if is_left.any():
        left_out["too_many"] += int(is_left.sum())
    return [detections[number] for number in sorted(chosen)]
