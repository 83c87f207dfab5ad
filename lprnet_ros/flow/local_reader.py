"""Reads crops in the thread that asks."""

from __future__ import annotations

from collections.abc import Sequence

from lprnet_ros.images.crop_image import CropImage
from lprnet_ros.reading.recognizer import PlateRecognizer, ReadingRules, ReadResult


class LocalReader:
    """A recognizer as a :class:`~lprnet_ros.flow.job.CropReader`.

    Args:
        recognizer: an opened one, for this reader alone.
    """

    def __init__(self, recognizer: PlateRecognizer) -> None:
        self._recognizer = recognizer

    def read(self, crops: Sequence[CropImage], rules: ReadingRules) -> list[ReadResult]:
        """Read crops; what is wrong with one of them becomes its own result."""
        if rules is not self._recognizer.rules:
            self._recognizer.set_rules(rules)
        return self._recognizer.read_batch(crops)

    def close(self) -> None:
        """Release the model."""
        self._recognizer.close()

    def abandon(self) -> None:
        """Do nothing: no thread can be ended from outside."""
