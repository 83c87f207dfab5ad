"""When a vehicle is published."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lprnet_ros.consensus.sightings import REMEMBERED_CROPS


@dataclass(frozen=True)
class ConsensusSettings:
    """When a vehicle is published.

    Attributes:
        minimum_crops: minimum number of crops that read the published text, at least
            1.  A vehicle with twice as many crops is not a stray detection: it is
            published when it has gone even if fewer agree, with the lower confidence.
            Others are dropped.
        gap_seconds: a vehicle counts as gone after this time without a crop.
        longest_wait_seconds: a vehicle that is still present is published this long
            after its first crop.

    Raises:
        ValueError: a number is out of its range; the message names it.
    """

    minimum_crops: int = 2
    gap_seconds: float = 1.0
    longest_wait_seconds: float = 5.0

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 1 <= self.minimum_crops <= REMEMBERED_CROPS:
            raise ValueError(f"minimum_crops is {self.minimum_crops}, expected 1 to {REMEMBERED_CROPS}")
        for name in ("gap_seconds", "longest_wait_seconds"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0.0):
                raise ValueError(f"{name} is {value}, expected a finite number above 0")
