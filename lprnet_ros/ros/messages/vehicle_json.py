"""A vehicle as one JSON object, for ``~/vehicle_plate`` and ``~/vehicle_record``, and back for the record."""

from __future__ import annotations

import base64
import json
from typing import Any

import cv2
import numpy as np

from lprnet_ros.consensus.vehicles import VehiclePlate
from lprnet_ros.flow.job import Source
from lprnet_ros.images.crop_image import BgrImage
from lprnet_ros.images.single_pixel import widen_single_pixel
from lprnet_ros.record.vehicle_record import RecordedVehicle
from lprnet_ros.ros.messages.reading_json import reading_to_json
from lprnet_ros.text.escaping import as_utf8, one_line

_LONGEST_SIDE = 480
"""Pixels of a crop in the JSON; larger ones are scaled down."""
_QUALITY = 90
_MOST_CHARACTERS = 2**20
"""Of a message; one with the largest crop has a tenth."""
_LONGEST_TEXT = 32
_LONGEST_NAME = 200


def vehicle_to_json(vehicle: VehiclePlate, source: Source, crop: BgrImage | None = None) -> str:
    """Write a final reading as one JSON object: the shape of ``~/reading``, and what only vehicles have.

    Args:
        vehicle: the final reading, judged.
        source: of its best crop.
        crop: the best crop, if it is to be part of the object.
    """
    reading = vehicle.reading
    members: dict[str, Any] = {
        "crops": vehicle.crops,
        "agreeing": vehicle.agreeing,
        "revised": vehicle.revised,
        "seconds": round(vehicle.last - vehicle.first, 3),
        "first": round(vehicle.first, 3),
        "last": round(vehicle.last, 3),
        "kind": reading.kind,
        "colour": reading.colour,
    }
    if crop is not None:
        members["jpeg"] = base64.b64encode(_jpeg(crop)).decode()
    return reading_to_json(reading, source, more=f', "vehicle": {json.dumps(members)}')


def vehicle_line(vehicle: VehiclePlate, source: Source) -> str:
    """Return a vehicle as one line for a log."""
    reading = vehicle.reading
    facts = [f"{reading.confidence:.3f}", *([reading.colour] if reading.colour else [])]
    facts += [] if reading.accepted else [f"not accepted: {reading.verdict.value}"]
    where = one_line(f"{source.topic} {source.frame_id}".strip(), _LONGEST_NAME)
    return (
        f"vehicle {one_line(reading.text, 40)} ({', '.join(facts)}) on {where}: "
        f"{vehicle.crops} crop{'s' * (vehicle.crops != 1)} in {vehicle.last - vehicle.first:.1f} s"
    )


def recorded_vehicle(text: str) -> tuple[RecordedVehicle, bytes | None] | None:
    """Read a vehicle for the record.

    Args:
        text: a message of ``~/vehicle_record``, or whatever else somebody has published there.

    Returns:
        The vehicle, and its best crop as JPEG where there is one; None where the reading is not accepted.

    Raises:
        ValueError: it is no such message; the message says why.
    """
    if len(text) > _MOST_CHARACTERS:
        raise ValueError(f"it has {len(text)} characters")
    try:
        reading = json.loads(text)
        vehicle = reading["vehicle"]
        if reading["accepted"] is not True:
            return None
        recorded = RecordedVehicle(
            identifier=0,
            text=_text(reading["text"], _LONGEST_TEXT),
            kind=None if vehicle["kind"] is None else _text(vehicle["kind"], _LONGEST_TEXT),
            colour=None if vehicle["colour"] is None else _text(vehicle["colour"], _LONGEST_TEXT),
            confidence=_number(reading["confidence"], 1.0),
            first_seen=_number(vehicle["first"], 1e11),
            last_seen=_number(vehicle["last"], 1e11),
            camera=_text(f"{reading['topic']} {reading['frame_id']}".strip(), _LONGEST_NAME),
        )
        jpeg = base64.b64decode(vehicle["jpeg"], validate=True) if "jpeg" in vehicle else None
    except KeyError as error:
        raise ValueError(f"{error} is missing") from error
    except (TypeError, RecursionError) as error:
        raise ValueError(str(error)) from error
    if jpeg is not None and not jpeg.startswith(b"\xff\xd8\xff"):
        raise ValueError("its crop is no JPEG")
    return recorded, jpeg


def _jpeg(crop: BgrImage) -> bytes:
    scale = min(1.0, _LONGEST_SIDE / max(crop.shape[:2]))
    width, height = (max(1, round(side * scale)) for side in crop.shape[1::-1])
    if scale < 1.0:
        crop = np.asarray(cv2.resize(widen_single_pixel(crop), (width, height), interpolation=cv2.INTER_AREA))
    return cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()


def _text(value: object, longest: int) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("a text is missing")
    return one_line(as_utf8(value), max(40, longest))


def _number(value: object, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0.0 <= value <= most:
        raise ValueError(f"{one_line(str(value), 40)} is no number from 0 to {most:g}")
    return float(value)
