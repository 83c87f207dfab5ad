"""A finder without a network: takes every blue patch for a plate; and photographs that show such plates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np

from lprnet_ros.finding.found_plate import FoundPlate
from lprnet_ros.images.camera_frame import Frame
from lprnet_ros.images.geometry import Box, upright_quad

_LEAST_AREA = 300


class StandInFinder:
    """Finds blue plates on grounds of other colours."""

    def __init__(self) -> None:
        self.searched = 0
        self.is_closed = False

    @classmethod
    def open(cls, *_: object, **__: object) -> StandInFinder:
        return cls()

    def find(self, frame: Frame, within: Sequence[Box] = ()) -> list[FoundPlate]:
        assert not within
        self.searched += 1
        picture = frame.cut(0, 0, *frame.size).astype(int)
        mask = (picture[:, :, 0] > 1.4 * picture[:, :, 2] + 30).astype(np.uint8)
        mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
        outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        found = []
        for outline in outlines:
            area = cv2.contourArea(outline)
            quad = upright_quad(cv2.boxPoints(cv2.minAreaRect(outline)).tolist())
            if area >= _LEAST_AREA and quad is not None:
                found.append((area, FoundPlate(quad, 0.9)))
        return [plate for _, plate in sorted(found, key=lambda each: -each[0])]

    def close(self) -> None:
        self.is_closed = True


def photograph(
    *plates: tuple[np.ndarray, tuple[int, int]], width: int = 640, height: int = 480, scale: float = 2.0
) -> np.ndarray:
    """Return a grey street with plates in it: crops, and where the top left corner of each lies."""
    picture = np.full((height, width, 3), 120, np.uint8)
    picture[height // 2 :] = (95, 100, 105)
    for crop, (x, y) in plates:
        shown = cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        picture[y : y + shown.shape[0], x : x + shown.shape[1]] = shown
    return picture


def write_video(path: Path, frames: Iterable[np.ndarray], rate: float = 10.0) -> Path:
    """Write frames of one size as Motion JPEG, which every OpenCV can."""
    writer = None
    for frame in frames:
        if writer is None:
            size = frame.shape[1], frame.shape[0]
            writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), rate, size)
        writer.write(frame)
    assert writer is not None
    writer.release()
    return path
