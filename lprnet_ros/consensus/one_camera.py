"""The vehicles of one camera over time: which sighting is whose, and when a vehicle is published."""

from __future__ import annotations

import heapq
import itertools
import math
from collections import Counter

from lprnet_ros.consensus.consensus_settings import ConsensusSettings
from lprnet_ros.consensus.sighted_vehicle import SightedVehicle
from lprnet_ros.consensus.sightings import (
    MOST_CROPS,
    TWO_AT_ONCE,
    TWO_VEHICLES,
    Look,
    Sighting,
    VehiclePlate,
    is_end,
)
from lprnet_ros.consensus.vehicles_in_view import MOST_VEHICLES, VehiclesInView

TRACK_MEMORY_SECONDS = 60.0
"""How long a track is remembered after its last crop; later its id may belong to another vehicle."""


class OneCamera:
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
        if vehicle.agreeing < self._settings.minimum_crops or not vehicle.is_news:
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
        if vehicle.is_news and not vehicle.has_left:
            event = min(vehicle.last + self._settings.gap_seconds, self._due(vehicle))
        else:
            event = vehicle.last + self._memory(vehicle)
        if event < vehicle.next_event:
            vehicle.next_event = event
            heapq.heappush(self._events, (event, next(self._serial), vehicle))

    def _publish(self, vehicle: SightedVehicle, *, has_gone: bool) -> list[VehiclePlate]:
        """Publish a vehicle if it was not published before and has enough crops."""
        if not vehicle.is_news or not vehicle.has_enough(self._settings.minimum_crops, has_gone=has_gone):
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
