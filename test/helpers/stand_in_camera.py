"""A camera without a device: what cv2.VideoCapture does with a V4L2 camera, from pictures.

Copied of it: it never raises; a device that is none, or is busy, is not opened; a frame that does not come
in time is ``(False, None)``; each frame is a new array.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np


class StandInCamera:
    """Takes the place of ``cv2.VideoCapture``, and of the clock: each frame takes a period.

    Args:
        frames: what it shows, None where a frame is lost; after the last it gives no more.
        period: seconds from frame to frame.
        at: called with the number of each frame that is asked for, before it is given.
        is_device: whether it can be opened.
    """

    def __init__(
        self,
        frames: Sequence[np.ndarray | None],
        period: float = 0.1,
        at: Callable[[int], object] = lambda number: None,
        *,
        is_device: bool = True,
    ) -> None:
        self._frames, self._period, self._at, self._is_device = frames, period, at, is_device
        self.asked = 0
        self.is_released = False
        self.opened: list[tuple[object, ...]] = []

    def __call__(self, *arguments: object) -> StandInCamera:
        self.opened.append(arguments)
        return self

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return self._is_device

    def read(self) -> tuple[bool, np.ndarray | None]:
        number, self.asked = self.asked, self.asked + 1
        self._at(number)
        frame = self._frames[number] if number < len(self._frames) else None
        return frame is not None, None if frame is None else frame.copy()

    def release(self) -> None:
        self.is_released = True

    def time(self) -> float:
        return 1_795_813_868.0 + self.asked * self._period
