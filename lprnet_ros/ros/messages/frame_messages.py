"""From pictures and labels to the messages of a camera and a detector, for ``frame_player``."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from lprnet_ros.images.camera_frame import Picture
from lprnet_ros.images.geometry import bounding_box
from lprnet_ros.ros.messages.optional_messages import message_module
from lprnet_ros.sources.scenes import LabelledPlate

_JPEG_QUALITY = 95
_CLASS = "license_plate"


def frame_message(picture: Picture, encoding: str, header: Header) -> Image | CompressedImage:
    """Make a camera message from a picture.

    Args:
        picture: BGR, uint8, height x width x 3.
        encoding: ``bgr8``, ``nv12`` (an odd last row or column is cut off), ``jpeg`` or ``png``.
        header: of the frame.
    """
    if encoding in ("jpeg", "png"):
        compressed = CompressedImage(header=header, format=encoding)
        options = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY] if encoding == "jpeg" else []
        compressed.data.frombytes(cv2.imencode(f".{encoding}", picture, options)[1].tobytes())
        return compressed
    data = picture
    if encoding == "nv12":
        picture = picture[: picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2]
        data = nv12_of(picture)
    height, width = picture.shape[:2]
    step = width if encoding == "nv12" else 3 * width
    message = Image(header=header, height=height, width=width, encoding=encoding, step=step)
    message.data.frombytes(data.tobytes())
    return message


def nv12_of(picture: Picture) -> Picture:
    """Return a BGR picture of even size as nv12: uint8, 1.5 x height x width."""
    height, width = picture.shape[:2]
    planes = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), np.uint8)
    u, v = planes[height:].reshape(2, -1)
    return np.vstack([planes[:height], np.stack([u, v], axis=1).reshape(height // 2, width)])


def targets_of_plates(messages: Any, plates: list[LabelledPlate], header: Header) -> Any:
    """Make a ``PerceptionTargets`` with the boxes and corners of a frame's labelled plates.

    Args:
        messages: the module ``ai_msgs.msg``.
        plates: of the frame.
        header: of the frame.
    """
    corner_type = message_module("geometry_msgs", "detections targets").Point32
    message = messages.PerceptionTargets(header=header)
    for plate in plates:
        left, top, width, height = bounding_box(plate.quad).pixels_in(2**31, 2**31)
        roi = messages.Roi(type=_CLASS, confidence=1.0)
        roi.rect.x_offset, roi.rect.y_offset, roi.rect.width, roi.rect.height = left, top, width, height
        corners = messages.Point(type="corners", point=[corner_type(x=x, y=y) for x, y in plate.quad])
        message.targets.append(messages.Target(type=_CLASS, rois=[roi], points=[corners]))
    return message


def detection_array_of_plates(messages: Any, plates: list[LabelledPlate], header: Header) -> Any:
    """Make a ``Detection2DArray`` with the boxes of a frame's labelled plates.

    Args:
        messages: the module ``vision_msgs.msg``.
        plates: of the frame.
        header: of the frame.
    """
    array = messages.Detection2DArray(header=header)
    for plate in plates:
        box = bounding_box(plate.quad)
        best = messages.ObjectHypothesisWithPose()
        best.hypothesis.class_id, best.hypothesis.score = _CLASS, 1.0
        detection = messages.Detection2D(header=header, results=[best])
        detection.bbox.center.position.x = box.x + box.width / 2
        detection.bbox.center.position.y = box.y + box.height / 2
        detection.bbox.size_x, detection.bbox.size_y = box.width, box.height
        array.detections.append(detection)
    return array
