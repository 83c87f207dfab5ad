"""What the sightings of one vehicle tell about its plate, and whether two vehicles are the same.

Each reading is a probability distribution: over the texts that it names, and over all others with a
share that decreases with the edit distance.  The log-probabilities are added over the sightings.
"""

from __future__ import annotations

import bisect
import functools
import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lprnet_ros.plates.edit_distance import edit_distance
from lprnet_ros.reading.plate_reading import PlateReading

DOUBT = 0.01
"""Share of each reading's probability that is given to other texts: networks are overconfident."""

NEAR = 1 / 50
"""Share of a reading's unnamed probability for each text that is one edit away ..."""

FURTHER = 1 / 3
"""... and factor for each further edit: a blurred plate is misread as a whole, not character by character."""

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


@dataclass(frozen=True)
class Sighting:
    """One reading of one crop.

    Attributes:
        time: of the crop's stamp, seconds.
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


class _Look:
    """A sighting and the probabilities that its reading gives to texts.

    ``named`` holds the probability of each text that the reading names, reduced by the doubt; ``unnamed``
    that of all others together.  Confidences are clipped to 0..1 and NaN counts as 0.
    """

    def __init__(self, sighting: Sighting) -> None:
        reading = sighting.reading
        pairs = [*reading.alternatives, (reading.text, reading.confidence)]
        named = {text: min(p, 1.0) if p > 0.0 else 0.0 for text, p in pairs if text}
        scale = (1.0 - DOUBT) / max(1.0, sum(named.values()))
        self.sighting = sighting
        self.named = {text: scale * p for text, p in named.items()}
        self.unnamed = max(DOUBT, 1.0 - sum(self.named.values()))

    def log_probability(self, text: str) -> float:
        """Return the logarithm of a text's probability, named or not."""
        distance = _distance(self.sighting.reading.text, text)
        share = NEAR * FURTHER ** max(0, distance - 1)
        return math.log(self.named.get(text, 0.0) + share * self.unnamed)


class SightedVehicle:
    """Sightings that are attributed to one vehicle.

    Args:
        sightings: at least one, all of one camera and track.

    Attributes:
        track: of the sightings, or None.
        first, last: times of the earliest and the latest sighting, seconds.
        published: the published text, or None.
    """

    def __init__(self, sightings: Iterable[Sighting]) -> None:
        self.first, self.last = math.inf, -math.inf
        self.published: str | None = None
        self._looks: list[_Look] = []  # in the order of their times
        self._logs: dict[str, list[float]] = {}  # candidate text: its log-probability in each look
        for sighting in sightings:
            self.add(sighting)
            self.track = sighting.track

    def __len__(self) -> int:
        return len(self._looks)

    @property
    def sightings(self) -> list[Sighting]:
        """The sightings in the order of their times."""
        return [look.sighting for look in self._looks]

    def add(self, sighting: Sighting) -> None:
        """Insert a sighting in the order of time; the oldest is dropped if there are too many."""
        self.first, self.last = min(self.first, sighting.time), max(self.last, sighting.time)
        new = _Look(sighting)
        for text in new.named:
            if text not in self._logs:
                self._logs[text] = [look.log_probability(text) for look in self._looks]
        place = bisect.bisect_right(self._looks, sighting.time, key=lambda look: look.sighting.time)
        self._looks.insert(place, new)
        for text, logs in self._logs.items():
            logs.insert(place, new.log_probability(text))
        excess = len(self) - (MOST_CROPS if self.published is None else REMEMBERED_CROPS)
        if excess > 0:
            del self._looks[:excess]
            named = {text for look in self._looks for text in look.named}
            self._logs = {text: logs[excess:] for text, logs in self._logs.items() if text in named}

    def gain(self, other: SightedVehicle) -> float:
        """Return by how many nats two texts explain the sightings of two vehicles better than one text."""
        texts = self._logs.keys() | other._logs.keys()
        return float((self._losses(texts) + other._losses(texts)).min())

    def _losses(self, texts: Iterable[str]) -> npt.NDArray[np.float64]:
        """Return by how many nats each text explains the sightings worse than the best text."""
        logs = (self._logs.get(t) or [look.log_probability(t) for look in self._looks] for t in texts)
        sums = np.array([sum(each) for each in logs])
        return np.asarray(_weight(len(self)) * (sums.max() - sums), dtype=np.float64)

    def split(self) -> list[SightedVehicle]:
        """Split the sightings where the next vehicle arrived; return both parts, or nothing if none did."""
        if len(self) < 2:
            return []
        before = np.array(list(self._logs.values())).cumsum(axis=1)
        before, after = before[:, :-1], before[:, -1:] - before[:, :-1]
        counts = np.arange(1, len(self))
        losses = _weight(counts) * (before.max(axis=0) - before)
        losses += _weight(len(self) - counts) * (after.max(axis=0) - after)
        gains = losses.min(axis=0)
        place = int(gains.argmax()) + 1
        if gains[place - 1] <= TWO_VEHICLES:
            return []
        parts = [SightedVehicle(self.sightings[:place]), SightedVehicle(self.sightings[place:])]
        is_later = parts[0]._best_text() != self.published == parts[1]._best_text()
        parts[is_later].published = self.published
        return parts

    def plate(self, minimum_crops: int, *, has_gone: bool) -> VehiclePlate | None:
        """Return the final reading, or None if fewer than ``minimum_crops`` crops agree on it.

        Once the vehicle has gone, twice as many crops are also enough, however few of them agree.
        """
        texts, logs = list(self._logs), np.array(list(self._logs.values()))
        read = [sighting.reading.text for sighting in self.sightings]
        leaders = [texts[i] for i in logs.cumsum(axis=1).argmax(axis=0)]
        text = leaders[-1]
        others = [i for i, leader in enumerate(leaders) if leader != text]
        agreeing = read.count(text)
        if agreeing < minimum_crops and not (has_gone and len(self) >= 2 * minimum_crops):
            return None
        ranked = sorted(zip(texts, self._probabilities(), strict=True), key=lambda pair: -pair[1])
        best = self.sightings[int(logs[texts.index(text)].argmax())]
        reading = PlateReading(
            text,
            dict(ranked)[text],
            tuple(
                min(1.0, sum(p for t, p in ranked if len(t) == len(text) and t[i] == text[i]))
                for i in range(len(text))
            ),
            tuple(pair for pair in ranked if pair[0] != text)[:3],
            timings=best.reading.timings,
        )
        return VehiclePlate(
            reading,
            crops=len(self),
            agreeing=agreeing,
            best=best,
            first=self.first,
            last=self.last,
            revised=any(read[: i + 1].count(leaders[i]) >= minimum_crops for i in others),
        )

    def _best_text(self) -> str:
        return max(self._logs, key=lambda text: sum(self._logs[text]))

    def _probabilities(self) -> list[float]:
        """Return the probability of each candidate; all texts that no reading names count as one more."""
        sums = [sum(logs) for logs in self._logs.values()]
        others = sum(math.log(look.unnamed * NEAR) for look in self._looks)
        scores = _weight(len(self)) * np.array([*sums, others])
        scores[-1] -= math.log(NEAR)  # there are 1 / NEAR of them
        shares = np.exp(scores - scores.max())
        return [float(share) for share in shares[:-1] / shares.sum()]


def _weight(count: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the weight of each of a number of crops, 0..1."""
    return np.asarray(1 / (1 + CORRELATION * (np.asarray(count) - 1)), dtype=np.float64)


_distance = functools.lru_cache(maxsize=1 << 14)(edit_distance)
