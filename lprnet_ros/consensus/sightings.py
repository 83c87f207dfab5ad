"""One reading of one crop as evidence, and the final reading of a vehicle.

Each reading is a probability distribution: the texts that it names, and for all others a share that
falls with the distance from what was read.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

from lprnet_ros.consensus.text_lanes import LONGEST
from lprnet_ros.reading.plate_reading import PlateReading

DOUBT = 0.01
"""Share of each reading's probability that is given to other texts: networks are overconfident."""

NEAR = 1 / 50
"""Share of a reading's unnamed probability for each text that is one edit away ..."""

FURTHER = 1 / 3
"""... and factor for each further edit: a blurred plate is misread as a whole, not character by character."""

CUT = 0.5
"""A plate that drives into the picture is read without its end.  A longer text that was read on another crop
of the vehicle therefore gets this share of the probability of its own beginning or end: one crop of the
whole plate outweighs ten of a part, and a part is no vehicle of its own however often it is read."""

CORRELATION = 0.3
"""Correlation of the errors of two crops of one vehicle: ``n`` crops count as
``n / (1 + CORRELATION * (n - 1))`` independent ones (Kish's design effect)."""

TWO_VEHICLES = 9.0
"""Nats by which two texts must explain the sightings better than one before they count as two vehicles.
A single crop, however confident, is worth at most log(0.99 / (DOUBT * NEAR)) = 8.5 against a text one edit
away: it is not enough."""

TWO_AT_ONCE = 13.5
"""The same for vehicles whose crops overlap in time: two crops (13.1) are not enough."""

MOST_CROPS = 128
"""Maximum number of sightings kept of a vehicle that is not published yet ..."""

REMEMBERED_CROPS = 32
"""... and of a published one: enough to recognise it."""

MOST_NAMED = 4
"""Texts of a reading that count: what was read, and the best alternatives."""

LOG_CUT = math.log(CUT)
LOG_SHARES = math.log(NEAR) + math.log(FURTHER) * np.maximum(0, np.arange(LONGEST + 1) - 1)
"""Logarithm of the share of the unnamed probability that a text gets, by its distance."""
WEIGHTS = 1 / (1 + CORRELATION * np.maximum(0, np.arange(MOST_CROPS + 2) - 1))
"""How much each crop counts, 0..1, by the number of crops."""


@dataclass(frozen=True)
class Sighting:
    """One reading of one crop.

    Attributes:
        time: when the crop arrived, seconds.
        camera: where the crop came from, such as its topic.
        reading: what was read.
        track: the tracker's id of the vehicle on this camera, or None.
        stamp: any value that the caller wants back with the best crop.
    """

    time: float
    camera: str
    reading: PlateReading
    track: str | None = None
    stamp: Hashable = None


@dataclass(frozen=True)
class VehiclePlate:
    """The final reading of one vehicle.

    Attributes:
        reading: the plate, without a verdict.  A character's confidence is the total probability of
            the candidates that have it in this position; there are at most three alternatives; the
            timings are those of the best crop.
        crops: number of sightings it is based on, at most :data:`MOST_CROPS`.
        agreeing: how many of them read exactly this text.
        best: the sighting that gives this text the highest probability: the crop to keep.
        first, last: times of the first and the last sighting, seconds.
        revised: whether another text, with enough agreeing crops, was ahead before.
    """

    reading: PlateReading
    crops: int
    agreeing: int
    best: Sighting
    first: float
    last: float
    revised: bool


class Look:
    """A sighting and the probabilities that its reading gives to texts.

    Confidences are cut to 0..1 and NaN counts as 0: data raises nothing.

    Attributes:
        sighting: the sighting.
        text: what was read.
        named: the log-probability of each text that the reading names, :data:`DOUBT` taken off.
        likeliest, surest: the text with the greatest of them, and that one.
        unnamed: the logarithm of the probability of all other texts together.
    """

    __slots__ = ("likeliest", "named", "sighting", "surest", "text", "unnamed")

    def __init__(self, sighting: Sighting) -> None:
        reading = sighting.reading
        pairs = (*reading.alternatives[: MOST_NAMED - 1], (reading.text, reading.confidence))
        named = {text: min(p, 1.0) if p > 0.0 else 0.0 for text, p in pairs if text}
        total = sum(named.values())
        scale = (1.0 - DOUBT) / max(1.0, total)
        unnamed = max(DOUBT, 1.0 - scale * total)
        self.sighting = sighting
        self.text = reading.text
        self.named = {text: math.log(scale * p + NEAR * unnamed) for text, p in named.items()}
        self.likeliest = max(self.named, key=self.named.__getitem__)
        self.surest = self.named[self.likeliest]
        self.unnamed = math.log(unnamed)


def is_end(part: str, whole: str) -> bool:
    """Tell whether a text is a proper prefix or suffix of another one."""
    return 0 < len(part) < len(whole) and (whole.startswith(part) or whole.endswith(part))
