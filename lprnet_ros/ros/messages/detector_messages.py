"""From detector messages to detections.

Reads anything with the fields of ``ai_msgs/PerceptionTargets`` or
``vision_msgs/Detection2DArray`` (version 4, as in Humble and Jazzy).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from lprnet_ros.cropping.detection import Detection
from lprnet_ros.images.geometry import Box, Quad, bounding_box, rotated_box, upright_quad

_MOST_TRACK = 2**64


def detections_of_targets(message: Any) -> Iterator[Detection]:
    """Read a ``ai_msgs/PerceptionTargets``.

    Every roi of every target is a detection.  Its class is the type of the roi, or of
    the target if the roi has none.  If a target with one roi has four points around
    the roi's centre, they are the plate's corners, in any order.

    Args:
        message: the message.
    """
    for target in message.targets:
        quad = _corners(target) if len(target.rois) == 1 else None
        for roi in target.rois:
            rect = roi.rect
            box = Box(float(rect.x_offset), float(rect.y_offset), float(rect.width), float(rect.height))
            found = quad if quad is not None and _are_same(box, bounding_box(quad)) else None
            yield Detection(
                box if found is None else bounding_box(found),
                found,
                roi.type or target.type,
                float(roi.confidence),
                target.track_id,
            )


def detections_of_array(message: Any) -> Iterator[Detection]:
    """Read a ``vision_msgs/Detection2DArray``.

    The class is that of the most probable hypothesis.  A rotated box (``theta``,
    radians from x towards y) gives the plate's corners.  An ``id`` that is an integer
    is the track.

    Args:
        message: the message.
    """
    for one in message.detections:
        centre, width, height = one.bbox.center, one.bbox.size_x, one.bbox.size_y
        position = (centre.position.x, centre.position.y)
        box = Box(position[0] - width / 2, position[1] - height / 2, width, height)
        quad = None
        if not math.isfinite(centre.theta):
            box = Box(math.nan, math.nan, math.nan, math.nan)  # the filter drops and counts it
        elif centre.theta:
            quad = upright_quad(rotated_box(position, width, height, centre.theta))
        best = max((result.hypothesis for result in one.results), key=lambda h: h.score, default=None)
        yield Detection(
            box if quad is None else bounding_box(quad),
            quad,
            best.class_id if best is not None else "",
            float(best.score) if best is not None else 0.0,
            _track(one.id),
        )


def _corners(target: Any) -> Quad | None:
    for group in target.points:
        if len(group.point) == 4:
            return upright_quad([(float(point.x), float(point.y)) for point in group.point])
    return None


def _are_same(roi: Box, corners: Box) -> bool:
    """Tell whether four points belong to the roi; they may describe something else of the target."""
    x, y = corners.x + corners.width / 2, corners.y + corners.height / 2
    return roi.x <= x <= roi.right and roi.y <= y <= roi.bottom


def _track(name: str) -> int:
    is_number = name.isascii() and name.isdigit() and len(name) <= 20
    return int(name) if is_number and int(name) < _MOST_TRACK else 0
