"""Consensus: the readings of one vehicle's plate over time become one final reading.

One rule says which vehicle a sighting belongs to, when the next vehicle has
come, and what was taken for a vehicle of its own but was a misread: sightings
are of two vehicles where two texts explain them better than one by more than
:data:`~lprnet_ros.consensus.sightings.TWO_VEHICLES`, or, where they overlap in time,
:data:`~lprnet_ros.consensus.sightings.TWO_AT_ONCE`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from lprnet_ros.consensus.sightings import (
    MOST_CROPS,
    REMEMBERED_CROPS,
    TWO_AT_ONCE,
    TWO_VEHICLES,
    SightedVehicle,
    Sighting,
    VehiclePlate,
)
from lprnet_ros.reading.plate_reading import Verdict

__all__ = ["Consensus", "ConsensusSettings", "Sighting", "VehiclePlate"]

MOST_VEHICLES = 64
"""Vehicles kept for each camera."""

TRACK_MEMORY_SECONDS = 60.0
"""How long after its last crop a track is known; later its id may name another vehicle."""

_UNUSABLE = frozenset({Verdict.EMPTY, Verdict.SYNTAX, Verdict.CUT_OFF, Verdict.WRONG_LENGTH})


@dataclass(frozen=True)
class ConsensusSettings:
    """When a vehicle is published.

    Attributes:
        minimum_crops: least number of crops that read the published text, from
            1.  A vehicle of twice as many crops is no stray detection: when
            it has gone it is published though fewer agree, with the confidence
            that is left.  Others are dropped.
        gap_seconds: a vehicle that was not seen for longer has gone.
        longest_wait_seconds: a vehicle is published so long after its first
            crop though it is still there.

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


class Consensus:
    """Gathers sightings into vehicles and publishes each vehicle once.

    Crops with the same track are one vehicle as long as they follow each other
    within the gap.  Other crops of a camera are told apart by time and text.
    Cameras do not influence each other.  A published vehicle stays known while
    crops of it follow each other within the gap, a track for a minute.

    Time: a sighting that is late by no more than the gap counts like any other.
    One that lies further back means that time was set back (a bag starts anew):
    the camera's vehicles are published and forgotten.  Sightings without a
    finite time or a usable text (rejected as empty or for their syntax) are ignored.

    Args:
        settings: when a vehicle is published.

    Attributes:
        ignored: sightings without a finite time or a usable text.
        dropped: vehicles that went without enough crops to be published.
    """

    def __init__(self, settings: ConsensusSettings | None = None) -> None:
        self._settings = settings if settings is not None else ConsensusSettings()
        self._vehicles: dict[str, list[SightedVehicle]] = {}
        self._now = -math.inf
        self.ignored = 0
        self.dropped = 0

    def add(self, sighting: Sighting) -> list[VehiclePlate]:
        """Take a sighting in.

        Returns:
            The vehicles of its camera that are finished by now.
        """
        reading = sighting.reading
        if not (math.isfinite(sighting.time) and reading.text) or reading.verdict in _UNUSABLE:
            self.ignored += 1
            return []
        finished = []
        vehicles = self._vehicles.setdefault(sighting.camera, [])
        if vehicles and sighting.time < max(v.last for v in vehicles) - self._settings.gap_seconds:
            finished = self._finish(vehicles, list(vehicles))
        finished += self._pass_time(vehicles, sighting.time)
        self._place(vehicles, sighting)
        if len(vehicles) > MOST_VEHICLES:
            longest_unseen = min(vehicles, key=lambda v: v.last)
            finished += self._finish(vehicles, [longest_unseen])
        return finished

    def advance(self, now: float) -> list[VehiclePlate]:
        """Let time pass.

        Args:
            now: seconds, by the clock of the stamps.  Crops that are still on
                their way must not be older than the gap.  NaN is ignored; a time
                further back than the gap finishes all vehicles.

        Returns:
            The vehicles that are finished by now.
        """
        if not math.isfinite(now):
            return []
        if now < self._now - self._settings.gap_seconds:
            self._now = now
            return self.flush()
        self._now = max(now, self._now)
        finished = [plate for vehicles in self._vehicles.values() for plate in self._pass_time(vehicles, now)]
        self._vehicles = {camera: vehicles for camera, vehicles in self._vehicles.items() if vehicles}
        return finished

    def flush(self) -> list[VehiclePlate]:
        """Finish and forget all vehicles; return those that were not published yet."""
        finished = [
            plate for vehicles in self._vehicles.values() for plate in self._finish(vehicles, list(vehicles))
        ]
        self._vehicles.clear()
        return finished

    def _finish(self, vehicles: list[SightedVehicle], leaving: list[SightedVehicle]) -> list[VehiclePlate]:
        """Publish vehicles of a camera whatever the time, first come first, and forget them."""
        finished: list[VehiclePlate] = []
        for vehicle in sorted(leaving, key=len):  # a fragment goes to its vehicle first
            finished += self._publish(vehicles, vehicle)
        for vehicle in leaving:
            self._forget(vehicles, vehicle)
        return sorted(finished, key=lambda plate: plate.first)

    def _pass_time(self, vehicles: list[SightedVehicle], now: float) -> list[VehiclePlate]:
        """Publish those of a camera's vehicles that are due, forget those that have gone."""
        settings, finished = self._settings, []
        for vehicle in list(vehicles):
            has_gone = now > vehicle.last + settings.gap_seconds
            is_due = now >= vehicle.first + settings.longest_wait_seconds or len(vehicle) >= MOST_CROPS
            if has_gone or is_due:
                finished += self._publish(vehicles, vehicle, has_gone=has_gone)
            memory = 2 * settings.gap_seconds
            if vehicle.track is not None:
                memory = max(memory, TRACK_MEMORY_SECONDS)
            if now > vehicle.last + memory:
                self._forget(vehicles, vehicle)
        return finished

    def _publish(
        self, vehicles: list[SightedVehicle], vehicle: SightedVehicle, *, has_gone: bool = True
    ) -> list[VehiclePlate]:
        """Publish a vehicle where that is still to be done and it has crops enough."""
        if vehicle.published is not None:
            return []
        if has_gone:
            for other in vehicles:
                if self._is_fragment(vehicle, other):
                    vehicles.remove(vehicle)
                    for sighting in vehicle.sightings:
                        other.add(sighting)
                    return []
        plate = vehicle.plate(self._settings.minimum_crops, has_gone=has_gone)
        if plate is None:
            return []
        vehicle.published = plate.reading.text
        return [plate]

    def _is_fragment(self, vehicle: SightedVehicle, other: SightedVehicle) -> bool:
        """Tell whether a vehicle, now that all is seen of it, turns out to belong to another one."""
        gap = self._settings.gap_seconds
        is_near = other.first - gap <= vehicle.last and vehicle.first - gap <= other.last
        is_at_once = other.first < vehicle.last and vehicle.first < other.last
        return (
            other is not vehicle
            and other.track == vehicle.track
            and (is_near or vehicle.track is not None)
            and (other.published is not None or len(other) >= len(vehicle))
            and vehicle.gain(other) <= (TWO_AT_ONCE if is_at_once else TWO_VEHICLES)
        )

    def _forget(self, vehicles: list[SightedVehicle], vehicle: SightedVehicle) -> None:
        if vehicle in vehicles:
            vehicles.remove(vehicle)
            self.dropped += vehicle.published is None

    def _place(self, vehicles: list[SightedVehicle], sighting: Sighting) -> None:
        """Give a sighting to its vehicle, or make it a new one."""
        gap = self._settings.gap_seconds
        known = [v for v in vehicles if v.track == sighting.track]
        present = [v for v in known if v.first - gap <= sighting.time <= v.last + gap]
        if sighting.track is not None and present:  # the tracker knows better than the text
            max(present, key=lambda v: v.last).add(sighting)
            return
        new = SightedVehicle([sighting])
        candidates = [(v.gain(new), -v.last, v) for v in (known if sighting.track is not None else present)]
        least_gain, _, vehicle = min(candidates, key=lambda c: c[:2], default=(math.inf, 0.0, new))
        if least_gain > TWO_VEHICLES:
            vehicles.append(new)
            return
        vehicle.add(sighting)
        if sighting.track is None:
            parts = vehicle.split()
            if parts:
                vehicles.remove(vehicle)
                vehicles += parts
