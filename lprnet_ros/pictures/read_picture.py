"""A picture, or a frame of a video, with what was read in it."""

from __future__ import annotations

from dataclasses import dataclass

from lprnet_ros.images.camera_frame import Picture
from lprnet_ros.reading.plate_reading import PlateReading


@dataclass(frozen=True)
class ReadPicture:
    """A picture and the plates that were read in it.

    Attributes:
        picture: BGR, uint8, height x width x 3; None where it could not be read.
        file: its path, or that of its video; empty for a picture in memory.
        frame: its number within the video or the row that was handed in, from 0.
        seconds: since the video's beginning; None for pictures.
        problem: why it could not be read; empty where it could.
        plates: accepted or not, most surely a plate first; a crop has exactly one, possibly without text.
    """

    picture: Picture | None
    file: str
    frame: int
    seconds: float | None
    problem: str
    plates: tuple[PlateReading, ...]
