"""Cuts a plate out of a frame: straightened where its corners are known, else as its padded box."""

from __future__ import annotations

import math

import cv2
import numpy as np

from lprnet_ros.cropping.detection import Detection
from lprnet_ros.images.camera_frame import Frame, Picture
from lprnet_ros.images.geometry import Box, Point, Quad, bounding_box
from lprnet_ros.images.single_pixel import widen_single_pixel

MOST_WIDTH = 188
MOST_HEIGHT = 96
"""Size of the largest crop in pixels: twice LPRNet's input, and room for two rows; more is read no better."""

_WIDTH_TO_HEIGHT = {1: 440 / 140, 2: 440 / 220}
"""Of plates with one row and with two, as GA 36 has them."""


def rectify(frame: Frame, detection: Detection, padding: float) -> Picture:
    """Cut one plate out.

    Args:
        frame: the whole picture.
        detection: where the plate is.  What lies outside of the frame is filled
            with the frame's edge where corners are known, else left away.  Where its rows are known
            too, the crop has the proportions of such a plate: 3.14:1 with one, 2:1 with two.
        padding: room on each side, as a share of the plate's width and height.

    Returns:
        BGR, uint8, at least 1 x 1 and at most 96 x 188 pixels, its own copy.
    """
    if detection.quad is not None:
        return _straighten(frame, _widened(detection.quad, padding), _WIDTH_TO_HEIGHT.get(detection.rows))
    picture = frame.cut(*detection.box.padded(padding).pixels_in(*frame.size))
    return _shrunk(picture, _scale(picture.shape[1], picture.shape[0])).copy()


def _straighten(frame: Frame, quad: Quad, aspect: float | None) -> Picture:
    top_left, top_right, bottom_right, bottom_left = quad
    width = max(math.dist(top_left, top_right), math.dist(bottom_left, bottom_right))
    height = max(math.dist(top_left, bottom_left), math.dist(top_right, bottom_right))
    seen = width, height
    if aspect is not None:  # a plate seen from aside is as wide as one seen from the front
        width, height = max(width, aspect * height), max(height, width / aspect)
    box = bounding_box(quad)
    rectangle = Box(box.x - 1, box.y - 1, box.width + 2, box.height + 2).pixels_in(*frame.size)
    scale = _scale(width, height)
    shrinkage = max(width * scale / max(seen[0], 1.0), height * scale / max(seen[1], 1.0))
    picture = widen_single_pixel(_shrunk(frame.cut(*rectangle), shrinkage))
    across, down = picture.shape[1] / rectangle[2], picture.shape[0] / rectangle[3]
    size = _length(width * scale, MOST_WIDTH), _length(height * scale, MOST_HEIGHT)
    corners = [((x - rectangle[0]) * across, (y - rectangle[1]) * down) for x, y in quad]
    # OpenCV counts from the centre of the first pixel, corners from its corner
    source = np.array(corners, np.float32) - np.float32(0.5)
    target = np.array([(0, 0), (size[0], 0), size, (0, size[1])], np.float32) - np.float32(0.5)
    matrix = cv2.getPerspectiveTransform(source, target)
    warped = cv2.warpPerspective(
        picture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(warped, np.uint8)


def _widened(quad: Quad, share: float) -> Quad:
    """Return a quad with room on each side, along its own edges."""

    def moved(corner: Point, beside: Point, above: Point) -> Point:
        return (
            corner[0] + share * (2 * corner[0] - beside[0] - above[0]),
            corner[1] + share * (2 * corner[1] - beside[1] - above[1]),
        )

    top_left, top_right, bottom_right, bottom_left = quad
    return (
        moved(top_left, top_right, bottom_left),
        moved(top_right, top_left, bottom_right),
        moved(bottom_right, bottom_left, top_right),
        moved(bottom_left, bottom_right, top_left),
    )


def _scale(width: float, height: float) -> float:
    return min(1.0, MOST_WIDTH / max(width, 1.0), MOST_HEIGHT / max(height, 1.0))


def _shrunk(picture: Picture, scale: float) -> Picture:
    height, width = picture.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if scale >= 1.0 or size == (width, height):
        return picture
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _length(value: float, most: int) -> int:
    return min(most, max(1, round(value)))
