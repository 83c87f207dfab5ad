"""Consensus: the readings of one vehicle's plate over time become one final reading.

One rule decides which vehicle a sighting belongs to, when the next vehicle has
arrived, and which apparent vehicle was only a misreading: sightings belong to two
vehicles if two texts explain them better than one by more than
:data:`~lprnet_ros.consensus.sightings.TWO_VEHICLES`, or, if they overlap in time,
:data:`~lprnet_ros.consensus.sightings.TWO_AT_ONCE`.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import Counter
from dataclasses import dataclass

from lprnet_ros.consensus.sighted_vehicle import SightedVehicle
from lprnet_ros.consensus.sightings import (
    MOST_CROPS,
    REMEMBERED_CROPS,
    TWO_AT_ONCE,
    TWO_VEHICLES,
    Look,
    Sighting,
    VehiclePlate,
    is_end,
)
from lprnet_ros.consensus.vehicles_in_view import MOST_VEHICLES, VehiclesInView
from lprnet_ros.reading.plate_reading import Verdict

__all__ = ["Consensus", "ConsensusSettings", "Sighting", "VehiclePlate"]

TRACK_MEMORY_SECONDS = 60.0
"""How long a track is remembered after its last crop; later its id may belong to another vehicle."""

_UNUSABLE = frozenset({Verdict.EMPTY, Verdict.SYNTAX})


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


class _Camera:
    """The vehicles of one camera.

    Every vehicle stands in a heap with the time at which something is due for it, or earlier.
    """

    def __init__(self, settings: ConsensusSettings, counts: Counter[str], since: float) -> None:
        self._settings, self._counts = settings, counts
        self._newest = -math.inf
        self._events: list[tuple[float, int, SightedVehicle]] = []
        self._serial = itertools.count()
        self.view = VehiclesInView(since)

    def add(self, sighting: Sighting) -> list[VehiclePlate]:
        """Take a sighting in; return the vehicles that are finished by now."""
        finished = self.pass_time(sighting.time)
        self._newest = max(self._newest, sighting.time) if len(self.view) else sighting.time
        self._place(SightedVehicle([Look(sighting)]))
        if len(self.view) > MOST_VEHICLES:
            finished += self.finish([self.view.longest_unseen()])
        return finished

    def pass_time(self, now: float) -> list[VehiclePlate]:
        """Publish the vehicles that are due, and forget those that have gone; all if time was set back."""
        if now < self._newest - self._settings.gap_seconds:
            self._newest = -math.inf
            self._events.clear()
            return self.finish(list(self.view))
        finished: list[VehiclePlate] = []
        due = []
        while self._events and self._events[0][0] <= now:
            time, _, vehicle = heapq.heappop(self._events)
            if vehicle not in self.view or time != vehicle.next_event:
                continue
            vehicle.next_event = math.inf
            if vehicle.has_left and now > vehicle.last + self._memory(vehicle):
                self._forget(vehicle)
            else:
                due.append(vehicle)
        for vehicle in due:
            finished += self._look_after(vehicle, now)
            self._schedule(vehicle)
        return finished

    def finish(self, leaving: list[SightedVehicle]) -> list[VehiclePlate]:
        """Publish vehicles whatever the time, first come first, and forget them."""
        finished: list[VehiclePlate] = []
        for vehicle in sorted(leaving, key=len):  # a fragment goes to its vehicle first
            finished += self._publish(vehicle, has_gone=True)
        for vehicle in leaving:
            self._forget(vehicle)
        return sorted(finished, key=lambda plate: plate.first)

    def _look_after(self, vehicle: SightedVehicle, now: float) -> list[VehiclePlate]:
        finished: list[VehiclePlate] = []
        has_gone = now > vehicle.last + self._settings.gap_seconds
        if has_gone or now >= self._due(vehicle):
            finished = self._publish(vehicle, has_gone=has_gone)
            vehicle.has_left = has_gone
        if now > vehicle.last + self._memory(vehicle):
            self._forget(vehicle)
        return finished

    def _due(self, vehicle: SightedVehicle) -> float:
        """Return when a vehicle that is still there is to be published."""
        if not vehicle.is_news or vehicle.agreeing < self._settings.minimum_crops:
            return math.inf
        if vehicle.published is not None or len(vehicle) >= MOST_CROPS:
            return vehicle.first
        return vehicle.first + self._settings.longest_wait_seconds

    def _memory(self, vehicle: SightedVehicle) -> float:
        memory = 2 * self._settings.gap_seconds
        return memory if vehicle.track is None else max(memory, TRACK_MEMORY_SECONDS)

    def _schedule(self, vehicle: SightedVehicle) -> None:
        """Let the vehicle be looked after in time."""
        if vehicle not in self.view:
            return
        event = vehicle.last + self._memory(vehicle)
        if vehicle.is_news and not vehicle.has_left:
            event = min(vehicle.last + self._settings.gap_seconds, self._due(vehicle))
        if event < vehicle.next_event:
            vehicle.next_event = event
            heapq.heappush(self._events, (event, next(self._serial), vehicle))

    def _publish(self, vehicle: SightedVehicle, *, has_gone: bool) -> list[VehiclePlate]:
        """Publish a vehicle if it was not published before and has enough crops."""
        if not vehicle.is_news:
            return []
        if not vehicle.has_enough(self._settings.minimum_crops, has_gone=has_gone):
            return []
        if has_gone:
            for other in self.view.resembling(vehicle, TWO_AT_ONCE):
                if self._is_fragment(vehicle, other):
                    self.view.remove(vehicle)
                    self._merge(vehicle, other)
                    return []
        plate = vehicle.plate(self._settings.minimum_crops)
        vehicle.published = plate.reading.text
        return [plate]

    def _is_fragment(self, vehicle: SightedVehicle, other: SightedVehicle) -> bool:
        """Tell whether a vehicle, now that it is complete, turns out to be part of another one."""
        gap = self._settings.gap_seconds
        is_near = other.first - gap <= vehicle.last and vehicle.first - gap <= other.last
        if is_near and is_end(
            vehicle.best_text, other.best_text
        ):  # a tracker may lose a plate that drives in
            return True
        is_at_once = other.first < vehicle.last and vehicle.first < other.last
        return (
            other.track == vehicle.track
            and (is_near or vehicle.track is not None)
            and (other.published is not None or len(other) >= len(vehicle))
            and vehicle.gain(other) <= (TWO_AT_ONCE if is_at_once else TWO_VEHICLES)
        )

    def _forget(self, vehicle: SightedVehicle) -> None:
        if vehicle in self.view:
            self.view.remove(vehicle)
            self._counts["dropped"] += vehicle.published is None

    def _place(self, new: SightedVehicle) -> None:
        """Add a sighting to its vehicle, or create a new one for it."""
        gap = self._settings.gap_seconds
        if new.track is None:
            vehicle = self.view.nearest(new, gap, TWO_VEHICLES)
        else:
            known = self.view.of_track(new.track)
            present = [v for v in known if v.first - gap <= new.last and new.first <= v.last + gap]
            if present:  # the tracker knows better than the text
                vehicle = max(present, key=lambda v: v.last)
            else:
                similar = [(v.gain(new), -v.last, v) for v in known]
                gain, _, vehicle = min(similar, key=lambda each: each[:2], default=(0.0, 0.0, None))
                vehicle = vehicle if gain <= TWO_VEHICLES else None
        if vehicle is None:
            self.view.put(new)
            self._schedule(new)
            return
        self._merge(new, vehicle)
        parts = vehicle.split() if vehicle.track is None else []
        if parts:
            self.view.remove(vehicle)
        for part in parts:
            self.view.put(part)
            self._schedule(part)

    def _merge(self, vehicle: SightedVehicle, other: SightedVehicle) -> None:
        """Give a vehicle's sightings to another one."""
        for look in vehicle.looks:
            other.add(look)
        other.has_left = False
        self.view.refresh(other)
        self._schedule(other)


class Consensus:
    """Collects sightings into vehicles and publishes each vehicle once.

    Crops with the same track are one vehicle as long as they follow each other
    within the gap.  Other crops of a camera are distinguished by time and text.
    Cameras do not influence each other.  A published vehicle is remembered while
    its crops follow each other within the gap, a track for a minute.

    Time: a sighting that is late by no more than the gap counts like any other.
    An earlier one means that time was set back (a bag was restarted): the camera's
    vehicles are published and forgotten.  Sightings without a finite time or a
    usable text (rejected as empty or for their syntax) are ignored.

    Args:
        settings: when a vehicle is published.
    """

    def __init__(self, settings: ConsensusSettings | None = None) -> None:
        self._settings = settings if settings is not None else ConsensusSettings()
        self._cameras: dict[str, _Camera] = {}
        self._counts: Counter[str] = Counter()

    @property
    def ignored(self) -> int:
        """Sightings without a finite time or a usable text."""
        return self._counts["ignored"]

    @property
    def dropped(self) -> int:
        """Vehicles that went without enough crops to be published."""
        return self._counts["dropped"]

    def add(self, sighting: Sighting) -> list[VehiclePlate]:
        """Add a sighting.

        Returns:
            The vehicles of its camera that are now finished.
        """
        reading = sighting.reading
        if not (math.isfinite(sighting.time) and reading.text) or reading.verdict in _UNUSABLE:
            self._counts["ignored"] += 1
            return []
        camera = self._cameras.get(sighting.camera)
        if camera is None:
            camera = self._cameras[sighting.camera] = _Camera(self._settings, self._counts, sighting.time)
        return camera.add(sighting)

    def advance(self, now: float) -> list[VehiclePlate]:
        """Let time pass.

        Args:
            now: seconds, by the clock of the sightings.  Crops that are still on
                their way must not be older than the gap.  NaN is ignored; a time
                further back than the gap finishes all vehicles.

        Returns:
            The vehicles that are now finished.
        """
        if not math.isfinite(now):
            return []
        finished = [plate for camera in self._cameras.values() for plate in camera.pass_time(now)]
        self._cameras = {name: camera for name, camera in self._cameras.items() if len(camera.view)}
        return finished

    def flush(self) -> list[VehiclePlate]:
        """Finish and forget all vehicles; return those that were not published before."""
        finished = [plate for camera in self._cameras.values() for plate in camera.finish(list(camera.view))]
        self._cameras.clear()
        return finished
