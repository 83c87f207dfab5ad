"""Readings as lines: separated by tabs, as JSON, as CSV."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any, TextIO

from lprnet_ros.reading.plate_reading import PlateReading
from lprnet_ros.text.escaping import LONGEST_PATH, one_line

if TYPE_CHECKING:
    from lprnet_ros.consensus.vehicles import VehiclePlate

COLUMNS = (
    "file",
    "text",
    "confidence",
    "verdict",
    "kind",
    "colour",
    "rows",
    "quad",
    "score",
    "seconds",
    "crops",
    "last",
    "topic",
)
"""Of a CSV; ``quad`` is written ``x,y x,y x,y x,y``, as ``read_plates`` takes it."""


def values_of(one: PlateReading | VehiclePlate) -> dict[str, Any]:
    """Return a reading, or that of a vehicle with its times, as plain values."""
    if isinstance(one, PlateReading):
        return one.to_dict()
    times = {"first": round(one.first, 6), "last": round(one.last, 6), "crops": one.crops}
    return {**one.reading.to_dict(), **times}


def tab_line(one: PlateReading | VehiclePlate) -> str:
    """Return file, text, confidence and verdict; the file with topic and time, as a media fragment."""
    reading, time = (one, one.seen.seconds) if isinstance(one, PlateReading) else (one.reading, one.first)
    topic = f"topic={reading.seen.topic}&" if reading.seen.topic else ""
    fragment = "" if time is None else f"#{topic}t={time:.2f}"
    name = one_line(reading.seen.file + fragment, LONGEST_PATH)
    confidence = reading.confidence if reading.text else 0.0  # not the one that there is no plate
    return f"{name}\t{reading.text}\t{confidence:.4f}\t{reading.verdict.value}"


def json_line(one: PlateReading | VehiclePlate) -> str:
    r"""Return one JSON object on one line; what is not printable is written as ``\uXXXX``."""
    text = json.dumps(values_of(one), ensure_ascii=False)
    return text if text.isprintable() else json.dumps(values_of(one)).replace("\x7f", "\\u007f")


class CsvRows:
    """Writes readings as CSV with a first line of names.

    Args:
        stream: opened with ``newline=""``.
    """

    def __init__(self, stream: TextIO) -> None:
        self._writer = csv.DictWriter(stream, COLUMNS, extrasaction="ignore", lineterminator="\n")
        self._writer.writeheader()

    def write(self, one: PlateReading | VehiclePlate) -> None:
        """Write one row."""
        values = values_of(one)
        quad = values["quad"] or ()
        values["quad"] = " ".join(f"{x:g},{y:g}" for x, y in quad)
        values["seconds"] = values.get("first", values.get("seconds"))
        values |= {
            name: one_line(values[name], LONGEST_PATH) for name in ("file", "text", "topic") if name in values
        }
        self._writer.writerow(values)
