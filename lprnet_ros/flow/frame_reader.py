"""Searches camera frames for plates and cuts these out: what the worker of the frames does."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lprnet_ros.cropping.cropper import CroppedFrame, Cropper, CropRule
from lprnet_ros.cropping.locator import PlateLocator
from lprnet_ros.flow.job import WorkerLostError
from lprnet_ros.frames.frame_cache import Stamp
from lprnet_ros.images.camera_frame import Frame
from lprnet_ros.images.crop_image import ImageRejectedError
from lprnet_ros.reading.plate_reading import ReadingFailedError
from lprnet_ros.reading.rules import ReadingRules


class CameraFrame(NamedTuple):
    """A frame that is to be searched.

    Attributes:
        camera: its topic.
        stamp: its stamp.
        frame_id: the camera's own.
        frame: the picture.
    """

    camera: str
    stamp: Stamp
    frame_id: str
    frame: Frame


@dataclass(frozen=True)
class SearchedFrame:
    """What came of one frame.

    Attributes:
        cropped: its crops, and which frame it is.
        found: plates that were found in it, those that are not cropped included.
        search_ms: how long it took to find them.
    """

    cropped: CroppedFrame
    found: int
    search_ms: float


FrameResult = SearchedFrame | ImageRejectedError | ReadingFailedError
"""What searching a frame gives."""


class FrameReader:
    """Searches the frames of several cameras, one caller at a time; a :class:`~lprnet_ros.flow.job.Reader`.

    Args:
        make_locator: makes what finds the plates of one camera; it must know them at once.
        rule: what is cropped, and how.
        release: called by ``close``.

    Raises:
        Exception: what ``make_locator`` raised.
    """

    def __init__(
        self,
        make_locator: Callable[[], PlateLocator],
        rule: CropRule,
        release: Callable[[], None] = lambda: None,
    ) -> None:
        self._make_locator, self._rule, self._release = make_locator, rule, release
        self._cameras: dict[str, tuple[PlateLocator, Cropper]] = {}

    def read_batch(self, frames: Sequence[CameraFrame], rules: ReadingRules) -> list[FrameResult]:
        """Search frames; what goes wrong with one is its result, and does not touch the others."""
        del rules
        return [self._search(frame) for frame in frames]

    def counts(self) -> Counter[str]:
        """Return what was searched, found and left out, by part and reason; safe in any thread."""
        counts: Counter[str] = Counter()
        for locator, cropper in list(self._cameras.values()):
            for part, numbers in {"plates": cropper.counts, **locator.counts}.items():
                counts.update({f"{part}: {reason}": number for reason, number in list(numbers.items())})
        return counts

    def close(self) -> None:
        """Release what finds plates."""
        self._release()

    def _search(self, frame: CameraFrame) -> FrameResult:
        try:
            if frame.camera not in self._cameras:
                self._cameras[frame.camera] = self._make_locator(), Cropper(self._rule)
            locator, cropper = self._cameras[frame.camera]
            begun = time.perf_counter()
            located = locator.add_frame(frame.stamp, frame.frame, frame.frame_id, time.monotonic())
            search_ms = (time.perf_counter() - begun) * 1e3
            if located is None:
                raise ValueError("the locator did not know the plates at once")
            cropped = cropper.crop(frame.frame, frame.frame_id, located.detections, time.monotonic())
        except WorkerLostError:
            raise
        except ImageRejectedError as error:
            return error
        except Exception as error:  # noqa: BLE001 - OpenCV raises what it likes on odd pictures
            return ReadingFailedError(f"{type(error).__name__}: {error}")
        return SearchedFrame(cropped, len(located.detections), search_ms)
