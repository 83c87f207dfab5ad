"""A plate that was found in a picture."""

from __future__ import annotations

from dataclasses import dataclass

from lprnet_ros.images.geometry import Quad


@dataclass(frozen=True)
class FoundPlate:
    """One plate in a picture.

    Attributes:
        quad: its corners in pixels of the picture, from the plate's own top left.
        score: how surely it is a plate, 0..1.
        rows: of characters, 1 or 2.
    """

    quad: Quad
    score: float
    rows: int = 1
