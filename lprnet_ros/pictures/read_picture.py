"""A picture, or a frame of a video, with what was read in it."""

from __future__ import annotations

from dataclasses import dataclass

from lprnet_ros.pictures.picture_input import InputPicture
from lprnet_ros.reading.plate_reading import PlateReading


@dataclass(frozen=True)
class ReadPicture(InputPicture):
    """A picture and the plates that were read in it.

    Attributes:
        plates: accepted or not, most surely a plate first; a crop has exactly one, possibly without text.
    """

    plates: tuple[PlateReading, ...] = ()
