"""The sightings that are taken for one vehicle, and what they say of its plate."""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Sequence

import numpy as np

from lprnet_ros.consensus.evidence import Evidence
from lprnet_ros.consensus.sightings import (
    LOG_CUT,
    LOG_SHARES,
    MOST_CROPS,
    NEAR,
    REMEMBERED_CROPS,
    WEIGHTS,
    Look,
    VehiclePlate,
    is_end,
)
from lprnet_ros.consensus.text_lanes import misreads
from lprnet_ros.reading.plate_reading import PlateReading


class SightedVehicle:
    """Sightings that are attributed to one vehicle.

    Args:
        looks: at least one, in the order of their times, all of one camera.

    Attributes:
        track: of the first sighting, or None.
        first, last: times of the earliest and the latest sighting, seconds.
        published: the published text, or None.
        best_text: the likeliest text.
        best_sum: the sum of its log-probabilities over the looks.
        surest: sum of the greatest log-probability of each look.
        unnamed: sum of the looks' unnamed log-probability.
        slot, next_event, has_left: for whoever keeps the vehicle.
    """

    def __init__(self, looks: Sequence[Look]) -> None:
        look = looks[0]
        self.track = look.sighting.track
        self.first = self.last = look.sighting.time
        self.published: str | None = None
        self.slot, self.next_event = -1, math.inf
        self.has_left = False
        self._only: Look = look
        self._evidence: Evidence | None = None  # of a single look it would say nothing more
        self._reads = {look.text: 1}
        self.best_text = look.likeliest
        self.best_sum, self.surest, self.unnamed = look.surest, look.surest, look.unnamed
        for other in looks[1:]:
            self.add(other)

    def __len__(self) -> int:
        return len(self._evidence.looks) if self._evidence is not None else 1

    @property
    def looks(self) -> list[Look]:
        """The looks in the order of their times."""
        return self._evidence.looks if self._evidence is not None else [self._only]

    @property
    def is_news(self) -> bool:
        """Whether it is not published yet, or only an end of its plate is."""
        return self.published is None or is_end(self.published, self.best_text)

    @property
    def agreeing(self) -> int:
        """How many looks read the likeliest text."""
        return self._reads.get(self.best_text, 0)

    def add(self, look: Look) -> None:
        """Put one more look in its place in time; of too many the oldest is forgotten."""
        evidence = self._evidence
        if evidence is None:
            evidence = self._evidence = Evidence(self._only)
        time = look.sighting.time
        if time >= self.last:
            self.last, place = time, len(evidence.looks)
        else:
            self.first = min(self.first, time)
            place = bisect.bisect_right([each.sighting.time for each in evidence.looks], time)
        self._reads[look.text] = self._reads.get(look.text, 0) + 1
        most = MOST_CROPS if self.published is None else REMEMBERED_CROPS
        evidence.add(look, place)
        if len(evidence.looks) > most:
            excess = len(evidence.looks) - most
            for forgotten in evidence.looks[:excess]:
                self._reads[forgotten.text] -= 1
                if not self._reads[forgotten.text]:
                    del self._reads[forgotten.text]
            evidence.forget(excess)
        self.best_text = evidence.texts[evidence.best]
        self.best_sum = evidence.best_sum
        self.surest, self.unnamed = evidence.surest, evidence.unnamed

    def gain(self, other: SightedVehicle) -> float:
        """Return by how many nats two texts explain the sightings of two vehicles better than one text."""
        return min(self.loss(text) + other.loss(text) for text in {*self.texts, *other.texts})

    @property
    def texts(self) -> Iterable[str]:
        """The candidates."""
        return self._evidence.texts if self._evidence is not None else self._only.named

    def loss(self, text: str) -> float:
        """Return by how many nats a text explains the sightings worse than the best one."""
        if self._evidence is not None:
            return max(0.0, float(WEIGHTS[len(self)]) * (self.best_sum - self._evidence.total(text)))
        look = self._only
        value = look.named.get(text)
        if value is None and is_end(look.text, text):
            value = look.named[look.text] + LOG_CUT
        if value is None:
            value = look.unnamed + float(LOG_SHARES[misreads(look.text, text)])
        return look.surest - value

    def split(self) -> list[SightedVehicle]:
        """Split the sightings where the next vehicle arrived; return both parts, or nothing if none did."""
        place = self._evidence.split() if self._evidence is not None else 0
        if not place:
            return []
        parts = [SightedVehicle(self.looks[:place]), SightedVehicle(self.looks[place:])]
        is_later = parts[0].best_text != self.published == parts[1].best_text
        parts[is_later].published = self.published
        return parts

    def has_enough(self, minimum_crops: int, *, has_gone: bool) -> bool:
        """Tell whether ``minimum_crops`` crops agree on the likeliest text.

        Once the vehicle has gone, twice as many crops are also enough, however few of them agree.
        """
        return self.agreeing >= minimum_crops or (has_gone and len(self) >= 2 * minimum_crops)

    def plate(self, minimum_crops: int) -> VehiclePlate:
        """Return the final reading; it is revised if ``minimum_crops`` crops agreed on another one before."""
        evidence = self._evidence
        if evidence is None:
            evidence = Evidence(self._only)
        sums, texts, text = evidence.sums, evidence.texts, self.best_text
        ranked = sorted(zip(texts, self._probabilities(evidence), strict=True), key=lambda pair: -pair[1])
        alike = [pair for pair in ranked if len(pair[0]) == len(text)]
        best = evidence.looks[int(np.diff(sums[evidence.best]).argmax())].sighting
        reading = PlateReading(
            text,
            dict(ranked)[text],
            tuple([min(1.0, sum([p for t, p in alike if t[i] == text[i]])) for i in range(len(text))]),
            tuple(pair for pair in ranked if pair[0] != text)[:3],
            timings=best.reading.timings,
        )
        return VehiclePlate(
            reading,
            crops=len(self),
            agreeing=self.agreeing,
            best=best,
            first=self.first,
            last=self.last,
            revised=self._is_revised(evidence, minimum_crops),
        )

    def _is_revised(self, evidence: Evidence, minimum_crops: int) -> bool:
        """Tell whether another text led when enough crops had read it."""
        if self.published not in (None, self.best_text):
            return True
        reads = dict.fromkeys(evidence.texts, 0)
        for look, leader in zip(evidence.looks, evidence.sums[:, 1:].argmax(axis=0), strict=True):
            reads[look.text] = reads.get(look.text, 0) + 1
            text = evidence.texts[leader]
            if text != self.best_text and reads[text] >= minimum_crops:
                return True
        return False

    def _probabilities(self, evidence: Evidence) -> list[float]:
        """Return the probability of each candidate; all texts that no reading names count as one more."""
        others = self.unnamed + len(self) * math.log(NEAR)
        scores = WEIGHTS[len(self)] * np.array([*evidence.sums[:, -1], others])
        scores[-1] -= math.log(NEAR)  # there are 1 / NEAR of them
        shares = np.exp(scores - scores.max())
        return [float(share) for share in shares[:-1] / shares.sum()]
