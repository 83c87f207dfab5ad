"""Reads crops in the thread that asks."""

from __future__ import annotations

from collections.abc import Sequence

import cv2

from lprnet_ros.flow.job import ReadingFailedError, ReadResult
from lprnet_ros.images.crop_image import BgrImage, CropImage, ImageRejectedError
from lprnet_ros.reading.plate_reading import PlateReading
from lprnet_ros.reading.recognizer import PlateRecognizer
from lprnet_ros.reading.rules import ReadingRules


class LocalReader:
    """A recognizer as a :class:`~lprnet_ros.flow.job.CropReader`.

    Args:
        recognizer: an opened one, for this reader alone.
    """

    def __init__(self, recognizer: PlateRecognizer) -> None:
        self._recognizer = recognizer

    def read(self, crops: Sequence[CropImage], rules: ReadingRules) -> list[ReadResult]:
        """Read crops; what one of them does wrong becomes its own result."""
        if rules is not self._recognizer.rules:
            self._recognizer.set_rules(rules)
        images = [_converted(crop) for crop in crops]
        readings = iter(self._read_many([image for image in images if not isinstance(image, Exception)]))
        return [image if isinstance(image, Exception) else _as_result(next(readings)) for image in images]

    def _read_many(self, images: list[BgrImage]) -> list[PlateReading | Exception]:
        try:
            return self._recognizer.read_many(images)
        except Exception:  # noqa: BLE001 - a library may raise what no manual names: whose crop was it?
            return [self._read_alone(image) for image in images]

    def _read_alone(self, image: BgrImage) -> PlateReading | Exception:
        try:
            (reading,) = self._recognizer.read_many([image])
        except Exception as error:  # noqa: BLE001 - it costs this crop
            return ReadingFailedError(f"unforeseen: {error!r}")
        return reading

    def close(self) -> None:
        """Release the model."""
        self._recognizer.close()

    def abandon(self) -> None:
        """Do nothing: the library may hold its locks, and no thread can be ended from outside."""


def _converted(crop: CropImage) -> BgrImage | ImageRejectedError | ReadingFailedError:
    try:
        return crop.to_bgr()
    except ImageRejectedError as error:
        return error
    except cv2.error as error:
        return ReadingFailedError(f"OpenCV cannot convert the image: {error.err}")


def _as_result(reading: PlateReading | Exception) -> ReadResult:
    if isinstance(reading, PlateReading):
        return reading
    return ReadingFailedError(str(reading))
