"""Whether a frame goes on from the one before: in time, and in what it shows."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.frames.frame_cache import Stamp
from lprnet_ros.images.camera_frame import Frame

LONGEST_STEP = 1.0
"""Seconds between two frames, forwards or backwards, beyond which nothing is known of what moved."""

_ROWS, _COLUMNS = 12, 20
_STRIP = 4
"""Rows of the frame, at most, that make one row of its sketch."""

_SAME_SCENE = 0.6
"""Least correlation of the sketches of two frames of one scene.  Of 160 pictures one moved by 2 % of its
width and enlarged by 1 % always has more (0.82 and above); 97 % of pictures of different scenes have less."""

Sketch = npt.NDArray[np.float32]


class Continuity:
    """Looks at one camera's frames in the order in which they arrive.

    A camera that starts again, simulated time that jumps and a folder of photographs break it; frames
    that overtake each other do not, their step is below 0.
    """

    def __init__(self) -> None:
        self._last: tuple[Stamp, float, Sketch] | None = None

    def step(self, stamp: Stamp, frame: Frame, now: float) -> float | None:
        """Look at the next frame.

        Args:
            stamp: of the frame; where the camera stamps all alike, the times of arrival count.
            frame: the picture.
            now: seconds, of a clock that does not run backwards.

        Returns:
            Seconds from the frame before to this one, possibly below 0; None if this one begins anew.

        Raises:
            Whatever the frame raises when it is converted; then it counts as not seen.
        """
        sketch = sketch_of(frame)
        last, self._last = self._last, (stamp, now, sketch)
        if last is None:
            return None
        seconds = stamp[0] - last[0][0] + (stamp[1] - last[0][1]) * 1e-9
        if stamp == last[0]:
            seconds = now - last[1]
        is_same = abs(seconds) <= LONGEST_STEP and correlation(last[2], sketch) >= _SAME_SCENE
        return seconds if is_same else None


def sketch_of(frame: Frame) -> Sketch:
    """Return the frame as 12 x 20 grey levels, float32, each the mean of some pixels around its place."""
    width, height = frame.size
    sketch = np.empty((_ROWS, _COLUMNS), np.float32)
    for row in range(_ROWS):
        y = int((row + 0.5) * height / _ROWS)
        top = max(0, min(y - _STRIP // 2, height - _STRIP))
        strip = frame.grey(0, top, width, min(_STRIP, height))
        sketch[row] = cv2.resize(strip, (_COLUMNS, 1), interpolation=cv2.INTER_AREA)
    return sketch


def correlation(first: Sketch, second: Sketch) -> float:
    """Return the correlation of two sketches, -1..1; of flat ones 1."""
    first, second = first - first.mean(), second - second.mean()
    scale = float(np.sqrt((first * first).sum() * (second * second).sum()))
    return float((first * second).sum()) / scale if scale > 1e-3 else 1.0
