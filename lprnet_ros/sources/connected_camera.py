"""Frames of a camera that is connected to this machine, such as /dev/video0."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from lprnet_ros.images.camera_frame import Picture
from lprnet_ros.images.decoder_output import call_and_listen
from lprnet_ros.sources.labelled import LabelledDataError

_NAME = re.compile(r"/dev/(video\d+|v4l/.+)$")
_MOST_LOST = 50
"""Frames in a row that may be missing before a camera counts as gone: some begin with broken ones."""


def is_camera(path: Path) -> bool:
    """Tell by its name whether a path is a camera: ``/dev/video0``, or a link of ``/dev/v4l/by-id``."""
    return _NAME.match(str(path)) is not None


def camera_frames(path: Path, is_ended: Callable[[], bool]) -> Iterator[tuple[float, Picture]]:
    """Yield what a camera shows, until it is asked to end.

    Args:
        path: the camera's device.
        is_ended: asked before each frame.

    Yields:
        When a frame came, in seconds since 1970, and the frame: BGR, uint8, height x width x 3.

    Raises:
        LabelledDataError: there is no such camera, it cannot be opened, or it gives no more frames.
    """
    if not path.exists():
        there = ", ".join(sorted(map(str, Path("/dev").glob("video*")))) or "none"
        raise LabelledDataError(f"{path}: no such camera; connected: {there}")
    if not os.access(path, os.R_OK | os.W_OK):
        raise LabelledDataError(f"{path}: no permission to use this camera; sudo usermod -aG video $USER")
    camera, _ = call_and_listen(partial(cv2.VideoCapture, str(path), cv2.CAP_V4L2))
    try:
        if not camera.isOpened():
            raise LabelledDataError(
                f"{path}: no camera that can be opened; it is in use, or this is a camera's second device, "
                "which gives no pictures"
            )
        lost = 0
        while lost < _MOST_LOST and not is_ended():
            is_there, picture = camera.read()
            lost = 0 if is_there else lost + 1
            if is_there:
                yield time.time(), np.asarray(picture, np.uint8)
        if lost:
            raise LabelledDataError(f"{path}: the camera gives no more frames")
    finally:
        camera.release()
