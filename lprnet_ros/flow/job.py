"""One crop or frame on its way, and who reads it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

from lprnet_ros.frames.place import Place
from lprnet_ros.images.crop_image import CropImage
from lprnet_ros.reading.recognizer import ReadingRules, ReadResult

Picture = TypeVar("Picture")
Result = TypeVar("Result")
_Taken_contra = TypeVar("_Taken_contra", contravariant=True)


class WorkerLostError(RuntimeError):
    """A reader has died or does not answer any more; it can only be replaced."""


class Source(NamedTuple):
    """Where a crop came from.

    Attributes:
        topic: its topic, fully resolved; the name of its camera.
        seconds, nanoseconds: its stamp.
        frame_id: of its header; where that tells the crop's place, the camera's own.
        arrived: when it arrived, by ``time.perf_counter``.
        place: where it lies in a frame, or None where nobody said.
        received: when it arrived, in seconds of the node's clock; NaN where nobody needs to know.
    """

    topic: str
    seconds: int
    nanoseconds: int
    frame_id: str
    arrived: float
    place: Place | None = None
    received: float = math.nan


class Job(Generic[Picture]):
    """A crop that waits, is being read, or was read; or a frame that is searched.

    Args:
        source: where it came from.
        crop: the image.

    Attributes:
        source, crop: the same.
        attempts: how often a worker was lost over it.
        ticket: its position in the order of its camera; given when a worker takes it.
    """

    __slots__ = ("attempts", "crop", "source", "ticket")

    def __init__(self, source: Source, crop: Picture) -> None:
        self.source = source
        self.crop = crop
        self.attempts = 0
        self.ticket = -1


CropJob = Job[CropImage]


class Reader(Protocol[_Taken_contra, Result]):
    """Reads crops, one caller at a time: a ``PlateRecognizer`` here, or a ``ProcessReader``.

    One that can be ended while it reads has a method ``kill`` too, which returns at once.
    """

    def read_batch(self, crops: Sequence[_Taken_contra], rules: ReadingRules) -> list[Result]:
        """Read crops.

        Args:
            crops: at least one.
            rules: how to read and judge them.

        Returns:
            One result a crop, in their order; what is wrong with one does not touch the others.

        Raises:
            WorkerLostError: the reader is of no use any more.
        """
        ...

    def close(self) -> None:
        """Release the model; called by the thread that reads, when it does not."""
        ...


CropReader = Reader[CropImage, ReadResult]
