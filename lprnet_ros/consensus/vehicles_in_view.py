"""The vehicles that one camera has seen lately, and which of them a sighting belongs to.

All are compared at once, by their likeliest texts: whichever of the two texts explains both sets of sightings
with the smaller loss.  That takes the same short time whatever came before.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from lprnet_ros.consensus.sighted_vehicle import SightedVehicle
from lprnet_ros.consensus.sightings import LOG_CUT, LOG_SHARES, WEIGHTS, is_end
from lprnet_ros.consensus.text_lanes import LONGEST, TextLanes

MOST_VEHICLES = 64
"""Maximum number of vehicles kept for each camera."""

_LIST_OF_WEIGHTS = WEIGHTS.tolist()

_RECENT = 1e-9
"""Nats a second by which of two equal vehicles the one seen last is nearer."""


class VehiclesInView:
    """At most ``MOST_VEHICLES`` vehicles and one more.

    Args:
        since: time of the first sighting, seconds.
    """

    def __init__(self, since: float = 0.0) -> None:
        slots = MOST_VEHICLES + 1
        self._since = since
        self._vehicles: list[SightedVehicle | None] = [None] * slots
        self._free = list(range(slots))
        self._texts = [""] * slots
        self._lanes = TextLanes(slots)
        self._lengths = np.zeros(slots, dtype=np.int8)
        self._last = np.full(slots, -np.inf)
        self._age = np.full(slots, np.inf)  # in nats; infinite for vehicles with a track
        self._seen = np.full(slots, np.inf)  # when each was seen last, with or without a track
        self._by_text: dict[str, set[int]] = {}
        self._tracks: dict[str, list[SightedVehicle]] = {}
        # weighted losses of a vehicle whose sightings another text must explain: offset - factor * share
        self._offset = np.zeros(slots)
        self._factor = np.zeros(slots)

    def __len__(self) -> int:
        return len(self._vehicles) - len(self._free)

    def __iter__(self) -> Iterator[SightedVehicle]:
        return iter([vehicle for vehicle in self._vehicles if vehicle is not None])

    def __contains__(self, vehicle: SightedVehicle) -> bool:
        return vehicle.slot >= 0 and self._vehicles[vehicle.slot] is vehicle

    def put(self, vehicle: SightedVehicle) -> None:
        """Take a vehicle in."""
        slot = vehicle.slot = self._free.pop()
        self._vehicles[slot] = vehicle
        if vehicle.track is not None:
            self._tracks.setdefault(vehicle.track, []).append(vehicle)
        self.refresh(vehicle)

    def refresh(self, vehicle: SightedVehicle) -> None:
        """Take note that a vehicle has been seen once more."""
        slot, count = vehicle.slot, len(vehicle)
        self._seen[slot] = vehicle.last
        if vehicle.track is None:
            self._last[slot] = vehicle.last
            self._age[slot] = _RECENT * (self._since - vehicle.last)
        self._offset[slot] = _LIST_OF_WEIGHTS[count] * (vehicle.surest - vehicle.unnamed)
        self._factor[slot] = _LIST_OF_WEIGHTS[count] * count
        if self._texts[slot] != vehicle.best_text:
            self._write(slot, vehicle.best_text)

    def remove(self, vehicle: SightedVehicle) -> None:
        """Let a vehicle go."""
        slot, vehicle.slot = vehicle.slot, -1
        self._vehicles[slot] = None
        self._age[slot], self._seen[slot] = np.inf, np.inf
        self._unname(slot)
        self._free.append(slot)
        if vehicle.track is not None:
            self._tracks[vehicle.track].remove(vehicle)
            if not self._tracks[vehicle.track]:
                del self._tracks[vehicle.track]

    def of_track(self, track: str) -> list[SightedVehicle]:
        """Return the vehicles of a track."""
        return self._tracks.get(track, [])

    def longest_unseen(self) -> SightedVehicle:
        """Return the vehicle whose last sighting is the oldest one."""
        vehicle = self._vehicles[int(self._seen.argmin())]
        assert vehicle is not None
        return vehicle

    def nearest(self, vehicle: SightedVehicle, gap: float, most: float) -> SightedVehicle | None:
        """Return the vehicle without a track, seen within the gap, that a vehicle may well be one with.

        Args:
            vehicle: whose text is compared.
            gap: seconds between the sightings of both, at most.
            most: nats by which two texts may explain the sightings of both better than one.
        """
        if vehicle.best_text in self._by_text:
            same = [self._vehicles[slot] for slot in self._by_text[vehicle.best_text]]
            present = [v for v in same if v is not None and v.track is None and _are_near(v, vehicle, gap)]
            if present:
                return max(present, key=lambda v: v.last)
        losses = self._losses(vehicle)
        losses += self._age
        slot = int(losses.argmin())
        if losses[slot] <= most and self._last[slot] < vehicle.first - gap:
            losses[self._last < vehicle.first - gap] = np.inf
            slot = int(losses.argmin())
        return self._vehicles[slot] if losses[slot] <= most else None

    def resembling(self, vehicle: SightedVehicle, most: float) -> list[SightedVehicle]:
        """Return at most three other vehicles, the most similar one first; ``most`` as of ``nearest``."""
        losses = self._losses(vehicle)
        losses[list(self._by_text.get(vehicle.best_text, ()))] = 0.0
        losses[vehicle.slot] = np.inf
        losses[self._free] = np.inf
        near = [self._vehicles[slot] for slot in losses.argsort()[:3] if losses[slot] <= most]
        return [other for other in near if other is not None]

    def _losses(self, vehicle: SightedVehicle) -> npt.NDArray[np.float64]:
        """Return by how many nats two texts explain the sightings better than one, for each slot."""
        text, count = vehicle.best_text, len(vehicle)
        distances = self._lanes.distances(text)
        shares = LOG_SHARES.take(distances)
        losses: npt.NDArray[np.float64] = (vehicle.surest - vehicle.unnamed) - (
            shares if count == 1 else count * shares
        )
        if count > 1:
            losses *= _LIST_OF_WEIGHTS[count]
        shares *= self._factor
        np.minimum(losses, np.subtract(self._offset, shares, out=shares), out=losses)
        if not self._lanes.are_all_of(len(text)):
            self._compare_ends(vehicle, distances, losses)
        for text in vehicle.texts:
            if text in self._by_text:
                for slot in self._by_text[text]:
                    losses[slot] = min(losses[slot], vehicle.loss(text))
        return losses

    def _compare_ends(
        self, vehicle: SightedVehicle, distances: npt.NDArray[np.int8], losses: npt.NDArray[np.float64]
    ) -> None:
        """Put in the losses of texts of which the vehicle's is an end, or that are an end of it."""
        text = vehicle.best_text
        for slot in np.flatnonzero(np.abs(self._lengths - len(text)) == distances):
            if is_end(text, self._texts[slot]):
                losses[slot] = min(losses[slot], -LOG_CUT * WEIGHTS[len(vehicle)] * len(vehicle))
            elif is_end(self._texts[slot], text):
                losses[slot] = min(losses[slot], -LOG_CUT * self._factor[slot])

    def _write(self, slot: int, text: str) -> None:
        if self._texts[slot]:
            self._unname(slot)
        self._by_text.setdefault(text, set()).add(slot)
        self._lanes.put(slot, text)
        self._texts[slot] = text
        self._lengths[slot] = min(len(text), LONGEST)

    def _unname(self, slot: int) -> None:
        """Forget which text is in a slot; its lane is written when it is taken again."""
        text, self._texts[slot] = self._texts[slot], ""
        if text:
            self._by_text[text].discard(slot)
            if not self._by_text[text]:
                del self._by_text[text]


def _are_near(one: SightedVehicle, other: SightedVehicle, gap: float) -> bool:
    return one.first - gap <= other.last and other.first - gap <= one.last
