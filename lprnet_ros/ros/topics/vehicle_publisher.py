"""Publishes one final reading a vehicle on ``~/vehicle_plate``."""

from __future__ import annotations

import bisect
import dataclasses
import json
import math
import threading
from collections.abc import Callable, Iterable

from rclpy.clock import Clock, ClockType
from rclpy.duration import Duration
from rclpy.lifecycle import LifecycleNode
from std_msgs.msg import String

from lprnet_ros.consensus.vehicles import Consensus, ConsensusSettings, Sighting, VehiclePlate
from lprnet_ros.flow.job import Source
from lprnet_ros.reading.plate_reading import PlateReading, Verdict
from lprnet_ros.ros.messages.cdr import serialise_string
from lprnet_ros.ros.messages.reading_json import reading_to_json
from lprnet_ros.ros.process.guarded import guarded
from lprnet_ros.ros.process.node_time import seconds

_DEPTH = 100
_PERIOD = 0.1
"""Seconds between two looks at the clock: a vehicle that has gone is published this much late at most."""

_LONGEST_BACKLOG = 30.0
"""Seconds; a crop that is read for longer does not hold the vehicles up."""

_LONGEST_FLUSH = Duration(nanoseconds=100_000_000)
"""Given to the last messages to arrive, since the publisher may be removed at once."""


class VehiclePublisher:
    """Gathers the readings of each vehicle, and publishes what they say together.

    The times are those at which the crops arrive, by the node's clock (which
    follows ``/clock`` with ``use_sim_time``): cameras whose clocks differ, or
    that stamp nothing, do no harm.  Time does not pass a crop that is still being
    read, so that a backlog changes nothing.  Without a subscriber nothing is gathered.

    Args:
        node: the node whose private name ``~/vehicle_plate`` is used.
        settings: when a vehicle is published.
        judge: gives a final reading its verdict.
        report_bug: logs and counts an exception in a callback.
    """

    def __init__(
        self,
        node: LifecycleNode,
        settings: ConsensusSettings,
        judge: Callable[[PlateReading], Verdict],
        report_bug: Callable[[str], None],
    ) -> None:
        self._node = node
        self._settings = settings
        self._judge = judge
        self._lock = threading.Lock()  # crops come from the workers, time from the executor
        self._consensus: Consensus | None = None
        self._awaited: list[float] = []  # when the crops arrived that are still being read, in order
        self._publisher = node.create_publisher(String, "~/vehicle_plate", _DEPTH)
        # steady: a clock that is set back would stop the timer for as long
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        advance = guarded(self._advance, report_bug, "a look at the vehicles")
        self._timer = node.create_timer(_PERIOD, advance, clock=self._steady)
        self.published = 0
        self.look_for_listeners()

    def look_for_listeners(self) -> None:
        """See whether somebody listens."""
        self.is_heard = self._publisher.get_subscription_count() > 0

    def arrival(self) -> float:
        """Return when a crop arrives that arrives now, for its ``Source.received``; ``add`` must follow."""
        if not self.is_heard:
            return math.nan
        now = self._now()
        with self._lock:
            bisect.insort(self._awaited, now)
        return now

    def add(self, reading: PlateReading | None, source: Source) -> None:
        """Take the reading of one crop in.

        Args:
            reading: what was read, or None if the crop could not be read or was dropped.
            source: the crop's topic, stamp, frame_id and time of arrival.
        """
        with self._lock:
            place = bisect.bisect_left(self._awaited, source.received)
            if self._awaited[place : place + 1] == [source.received]:
                del self._awaited[place]
            if reading is None:
                return
            if not self.is_heard:
                self._consensus = None
                return
            if self._consensus is None:
                self._consensus = Consensus(self._settings)
            self._publish(
                self._consensus.add(
                    Sighting(source.received, source.topic, reading, _track_of(source), stamp=source)
                )
            )

    def flush(self) -> None:
        """Publish every vehicle that is still gathered."""
        with self._lock:
            self._awaited.clear()
            if self._consensus is not None:
                self._publish(self._consensus.flush())
                self._publisher.wait_for_all_acked(_LONGEST_FLUSH)

    def destroy(self) -> None:
        """Remove publisher and timer from the node."""
        self._node.destroy_timer(self._timer)
        self._node.destroy_publisher(self._publisher)

    def _now(self) -> float:
        return seconds(self._node.get_clock())

    def _advance(self) -> None:
        with self._lock:
            if self._consensus is not None:
                now = self._now()
                del self._awaited[: bisect.bisect_left(self._awaited, now - _LONGEST_BACKLOG)]
                self._publish(self._consensus.advance(min([now, *self._awaited[:1]])))

    def _publish(self, vehicles: Iterable[VehiclePlate]) -> None:
        for vehicle in vehicles:
            self.published += 1
            self._publisher.publish(serialise_string(vehicle_to_json(vehicle, self._judge)))


def _track_of(source: Source) -> str | None:
    return str(source.place.track_id) if source.place is not None and source.place.track_id else None


def vehicle_to_json(vehicle: VehiclePlate, judge: Callable[[PlateReading], Verdict]) -> str:
    """Write a final reading as one JSON object: the shape of ``~/reading``, and what only vehicles have.

    Args:
        vehicle: the final reading; the stamp of its best sighting is that crop's Source.
        judge: gives the reading its verdict.
    """
    best = vehicle.best
    assert isinstance(best.stamp, Source)
    members = {
        "crops": vehicle.crops,
        "agreeing": vehicle.agreeing,
        "revised": vehicle.revised,
        "seconds": round(vehicle.last - vehicle.first, 3),
    }
    reading = dataclasses.replace(vehicle.reading, verdict=judge(vehicle.reading))
    return reading_to_json(reading, best.stamp, more=f', "vehicle": {json.dumps(members)}')
