"""The vehicles that the page shows: where they come from, and the list in memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from lprnet_ros.record.vehicle_record import RecordedVehicle


class VehicleSource(Protocol):
    """Vehicles that can be looked up, such as the list in memory or a record on disk.

    A ``RuntimeError`` says in one sentence why they cannot be looked up now.
    """

    def search(
        self, text: str = "", limit: int = 100, before: int | None = None
    ) -> Sequence[RecordedVehicle]:
        """Return vehicles whose text holds ``text``, newest first.

        Args:
            text: in any case; empty finds all.
            limit: how many at most.
            before: only those with smaller identifiers: for the next page, that of the last one here.
        """

    def crop(self, identifier: int) -> bytes | None:
        """Return a vehicle's best crop as JPEG, or None where there is none."""

    def close(self) -> None:
        """Release what was opened."""


@dataclass(frozen=True)
class ListedVehicle(RecordedVehicle):
    """A vehicle of the list in memory.

    Attributes:
        verdict: ``accepted``, or the reason why it is not.
        has_crop: whether ``VehicleList.crop`` has its crop.
    """

    verdict: str = "accepted"
    has_crop: bool = False


class VehicleList:
    """Keeps the last vehicles; every method may be called from any thread.

    Args:
        most: vehicles that are kept; the oldest go first.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, tuple[ListedVehicle, bytes | None]] = OrderedDict()

    def add(self, vehicle: ListedVehicle, crop: bytes | None) -> None:
        """Take a vehicle in, with its crop as JPEG if there is one."""
        with self._lock:
            self._kept[vehicle.identifier] = vehicle, crop
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def search(self, text: str = "", limit: int = 100, before: int | None = None) -> list[ListedVehicle]:
        """See ``VehicleSource.search``; the newest is the one that was added last."""
        wanted = text.casefold()
        found: list[ListedVehicle] = []
        with self._lock:
            vehicles = [vehicle for vehicle, _ in reversed(self._kept.values())]
        for vehicle in vehicles:
            is_older = before is None or vehicle.identifier < before
            if is_older and wanted in vehicle.text.casefold() and len(found) < limit:
                found.append(vehicle)
        return found

    def crop(self, identifier: int) -> bytes | None:
        """See ``VehicleSource.crop``."""
        with self._lock:
            return self._kept.get(identifier, (None, None))[1]

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()
