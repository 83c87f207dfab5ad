"""Consensus: the readings of one vehicle's plate over time become one final reading.

One rule decides which vehicle a sighting belongs to, when the next vehicle has
arrived, and which apparent vehicle was only a misreading: sightings belong to two
vehicles if two texts explain them better than one by more than
:data:`~lprnet_ros.consensus.sightings.TWO_VEHICLES`, or, if they overlap in time,
:data:`~lprnet_ros.consensus.sightings.TWO_AT_ONCE`.
"""

from __future__ import annotations

import math
from collections import Counter

from lprnet_ros.consensus.consensus_settings import ConsensusSettings
from lprnet_ros.consensus.one_camera import OneCamera
from lprnet_ros.consensus.sightings import Sighting, VehiclePlate
from lprnet_ros.reading.plate_reading import Verdict

__all__ = ["Consensus", "ConsensusSettings", "Sighting", "VehiclePlate"]

_UNUSABLE = frozenset({Verdict.EMPTY, Verdict.SYNTAX, Verdict.CUT_OFF, Verdict.WRONG_LENGTH})


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
        self._cameras: dict[str, OneCamera] = {}
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
            camera = self._cameras[sighting.camera] = OneCamera(self._settings, self._counts, sighting.time)
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
