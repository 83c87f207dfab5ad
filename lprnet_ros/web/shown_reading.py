"""A reading or vehicle as the page shows it, from the JSON of ``~/reading`` and ``~/vehicle_record``.

Any program on the network may publish there, so nothing of the JSON is believed.
"""

from __future__ import annotations

import base64
import json
import math
from dataclasses import dataclass
from typing import Any

from lprnet_ros.text.escaping import one_line

LONGEST_MESSAGE = 2**20
"""Characters; the JSON of a vehicle with the largest crop has a tenth."""

_LONGEST_TEXT = 64
_LONGEST_NAME = 256
Stamp = tuple[int, int]


@dataclass(frozen=True)
class ShownReading:
    """What was read, and where.

    Attributes:
        topic: of the crop or its frame.
        stamp: of the picture: seconds, nanoseconds.
        text, confidence, verdict, kind, colour: as in the JSON; the verdict is ``accepted`` or the reason.
        quad: its corners in pixels of the frame; empty where only its box, or nothing, is known.
        box: x, y, width and height in the frame, or None where the picture is the crop.
        frame: width and height of the frame, or None.
        first, last: when the vehicle was seen, seconds since the epoch; 0 for a reading of one crop.
        jpeg: the vehicle's best crop, if there is one.
    """

    topic: str
    stamp: Stamp
    text: str
    confidence: float
    verdict: str
    kind: str | None
    colour: str | None
    quad: tuple[tuple[float, float], ...] = ()
    box: tuple[float, float, float, float] | None = None
    frame: tuple[int, int] | None = None
    first: float = 0.0
    last: float = 0.0
    jpeg: bytes | None = None

    def corners(self) -> list[tuple[float, float]]:
        """Return the corners of the quad, or of the box; none where the picture is the crop."""
        if self.quad or self.box is None:
            return list(self.quad)
        x, y, width, height = self.box
        return [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]


def parse_reading(message: str) -> ShownReading:
    """Read the JSON of a reading or vehicle.

    Raises:
        ValueError: it is no such JSON.
    """
    if len(message) > LONGEST_MESSAGE:
        raise ValueError(f"{len(message)} characters")
    try:
        values = json.loads(message)
        stamp, place, vehicle = values["stamp"], values.get("place"), values.get("vehicle") or {}
        quad = place["quad"] if place else []
        return ShownReading(
            topic=_name(values["topic"]) or "",
            stamp=(int(stamp["sec"]), int(stamp["nanosec"])),
            text=one_line(str(values["text"]), _LONGEST_TEXT),
            confidence=min(1.0, max(0.0, _number(values["confidence"]))),
            verdict="accepted" if values["accepted"] is True else _name(values["rejection"]) or "rejected",
            kind=_name(vehicle.get("kind")),
            colour=_name(vehicle.get("colour")),
            quad=tuple((_number(x), _number(y)) for x, y in quad) if len(quad) == 4 else (),
            box=tuple(_number(place[side]) for side in ("x", "y", "width", "height")) if place else None,  # type: ignore[arg-type]
            frame=(int(place["frame_width"]), int(place["frame_height"])) if place else None,
            first=max(0.0, _number(vehicle.get("first", 0.0))),
            last=max(0.0, _number(vehicle.get("last", 0.0))),
            jpeg=_jpeg(vehicle["jpeg"]) if "jpeg" in vehicle else None,
        )
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError, RecursionError) as error:
        raise ValueError(f"no reading: {type(error).__name__}") from error


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number) or abs(number) > 1e10:
        raise ValueError("out of range")
    return number


def _name(value: Any) -> str | None:
    return one_line(str(value), _LONGEST_NAME) if value is not None else None


def _jpeg(text: str) -> bytes:
    data = base64.b64decode(text, validate=True)
    if not data.startswith(b"\xff\xd8\xff"):
        raise ValueError("its crop is no JPEG")
    return data
