"""From the plates that were found in a frame to their readings: the same way for photographs and cameras."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from lprnet_ros.cropping.detection import Detection
from lprnet_ros.cropping.rectify import rectify
from lprnet_ros.finding.found_plate import FoundPlate
from lprnet_ros.images.camera_frame import Frame, Picture
from lprnet_ros.images.crop_image import CropImage
from lprnet_ros.images.geometry import bounding_box
from lprnet_ros.reading.decoding import CERTAIN
from lprnet_ros.reading.plate_kind import kind_of
from lprnet_ros.reading.plate_reading import PlateReading, Seen, Verdict
from lprnet_ros.reading.recognizer import PlateRecognizer

PADDINGS = (0.06, 0.02, 0.1)
"""Room around a found plate, as a share of its width and height: corners are a little off, and the reader
wants all of the plate and little else.  What is unsure is read with the others too."""


_CUT = (Verdict.CUT_OFF, Verdict.WRONG_LENGTH)
_OPEN = (Verdict.ACCEPTED, Verdict.LOW_CONFIDENCE, Verdict.AMBIGUOUS)
"""Verdicts that the confidence decides."""

_Look = tuple[PlateReading, Picture]
"""A reading and the crop that it is from."""


def read_found(
    recognizer: PlateRecognizer,
    frame: Frame,
    found: Sequence[FoundPlate],
    paddings: Sequence[float] = PADDINGS,
) -> list[PlateReading]:
    """Cut plates out of a frame and read them; unsure ones several times, cut a little otherwise.

    Args:
        recognizer: reads the crops.
        frame: the whole picture.
        found: the plates in it.
        paddings: room on each side, as a share of a plate's width and height: at first, and where that
            leaves doubts.

    Returns:
        One reading for each plate, in their order, each with its place.

    Raises:
        ReadingFailedError, or its cause (InferenceError, LogitsError): the runtime failed.
    """
    if not found:
        return []
    first, *others = paddings
    looks = [[look] for look in _looks(recognizer, frame, found, first)]
    unsure = [i for i, ((one, _),) in enumerate(looks) if one.confidence < CERTAIN or not one.accepted]
    for padding in others if unsure else ():
        again = _looks(recognizer, frame, [found[i] for i in unsure], padding)
        for index, look in zip(unsure, again, strict=True):
            looks[index].append(look)
    return [each[0][0] if len(each) == 1 else _together(each, recognizer) for each in looks]


def _looks(
    recognizer: PlateRecognizer, frame: Frame, found: Sequence[FoundPlate], padding: float
) -> list[_Look]:
    crops = [
        rectify(frame, Detection(bounding_box(plate.quad), plate.quad, rows=plate.rows), padding)
        for plate in found
    ]
    places = [Seen(plate.quad, plate.rows, plate.score) for plate in found]
    return list(zip(read_crops(recognizer, crops, places), crops, strict=True))


def _together(looks: Sequence[_Look], recognizer: PlateRecognizer) -> PlateReading:
    """Return the most confident of several looks at one plate, as sure as the others agree.

    A look whose edge cuts characters off says nothing against one that shows more.
    """
    whole = [look for look in looks if look[0].verdict not in _CUT] or looks
    best, crop = max(whole, key=lambda look: look[0].confidence)
    shares = [
        look.confidence if look.text == best.text else dict(look.alternatives).get(best.text, 0.0)
        for look, _ in whole
    ]
    confidence = math.sqrt(sum(shares) / len(shares))
    if sum(look.text == best.text for look, _ in looks) > 1:
        confidence = max(confidence, best.confidence)
    reading = dataclasses.replace(best, confidence=confidence)
    if best.verdict in _OPEN:
        verdict = recognizer.rules.judge(reading, recognizer.manifest.syntax, crop)
        reading = dataclasses.replace(reading, verdict=verdict)
    return reading


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
