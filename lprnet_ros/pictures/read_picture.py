"""A picture, or a frame of a video, with what was read in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lprnet_ros.pictures.picture_input import InputPicture
from lprnet_ros.reading.plate_reading import PlateReading
from lprnet_ros.sources.labelled import LabelledDataError


@dataclass(frozen=True)
class ReadPicture(InputPicture):
    """A picture and the plates that were read in it.

    Attributes:
        plates: accepted or not, most surely a plate first; a crop has exactly one, possibly without text.
    """

    plates: tuple[PlateReading, ...] = ()


def refuse_broken(problems: Sequence[str]) -> None:
    """Raise LabelledDataError with the first of some problems and their number, if there are any."""
    if problems:
        raise LabelledDataError(problems[0] + (f" (and {len(problems) - 1} more)" if problems[1:] else ""))
