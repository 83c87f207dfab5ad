"""From the plates that were found in a frame to their readings: the same way for photographs and cameras."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from lprnet_ros.cropping.detection import Detection
from lprnet_ros.cropping.rectify import rectify
from lprnet_ros.finding.found_plate import FoundPlate
from lprnet_ros.images.camera_frame import Frame, Picture
from lprnet_ros.images.crop_image import CropImage
from lprnet_ros.images.geometry import bounding_box
from lprnet_ros.reading.plate_kind import kind_of
from lprnet_ros.reading.plate_reading import PlateReading, Seen
from lprnet_ros.reading.recognizer import PlateRecognizer

PADDING = 0.02
"""Room around a found plate, as a share of its width and height."""


def read_found(
    recognizer: PlateRecognizer, frame: Frame, found: Sequence[FoundPlate], padding: float = PADDING
) -> list[PlateReading]:
    """Cut plates out of a frame and read them.

    Args:
        recognizer: reads the crops.
        frame: the whole picture.
        found: the plates in it.
        padding: room on each side, as a share of a plate's width and height.

    Returns:
        One reading for each plate, in their order, each with its place.

    Raises:
        ReadingFailedError, or its cause (InferenceError, LogitsError): the runtime failed.
    """
    crops = [rectify(frame, Detection(bounding_box(plate.quad), plate.quad), padding) for plate in found]
    places = [Seen(plate.quad, plate.rows, plate.score) for plate in found]
    return read_crops(recognizer, crops, places) if crops else []


def read_crops(
    recognizer: PlateRecognizer, crops: Sequence[Picture], places: Sequence[Seen]
) -> list[PlateReading]:
    """Read crops and tell their kind and colour; errors as of ``read_found``.

    Args:
        recognizer: reads them.
        crops: at least one: BGR, uint8, height x width x 3.
        places: where each was seen.
    """
    readings = []
    results = recognizer.read_batch([CropImage(crop) for crop in crops])
    for result, crop, seen in zip(results, crops, places, strict=True):
        if isinstance(result, Exception):
            raise result.__cause__ or result
        kind = kind_of(result.text, crop, recognizer.manifest.syntax)
        name, colour = (kind.name, kind.colour) if kind is not None else (None, None)
        readings.append(dataclasses.replace(result, kind=name, colour=colour, seen=seen))
    return readings
