"""Publishes one final reading a vehicle: ``~/vehicle_plate``, with its crop ``~/vehicle_record``, the log."""

from __future__ import annotations

import bisect
import dataclasses
import math
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from rclpy.clock import Clock, ClockType
from rclpy.duration import Duration
from rclpy.lifecycle import LifecycleNode
from std_msgs.msg import String

from lprnet_ros.consensus.vehicles import Consensus, ConsensusSettings, Sighting, VehiclePlate
from lprnet_ros.flow.job import CropJob, Source
from lprnet_ros.images.crop_image import CropImage
from lprnet_ros.plates.syntax import PlateSyntax
from lprnet_ros.reading.plate_kind import kind_of
from lprnet_ros.reading.plate_reading import PlateReading, Verdict
from lprnet_ros.ros.messages.cdr import serialise_string
from lprnet_ros.ros.messages.vehicle_json import vehicle_line, vehicle_to_json
from lprnet_ros.ros.process.guarded import guarded
from lprnet_ros.ros.process.node_time import seconds

_DEPTH = 100
_PERIOD = 0.1
"""Seconds between two looks at the clock: a vehicle that has gone is published this much late at most."""

_LONGEST_BACKLOG = 30.0
"""Seconds; a crop that is read for longer does not hold the vehicles up."""

_MOST_BYTES = 16 * 1024 * 1024
"""Of crops that are kept for the vehicles that they may turn out to be the best of; the oldest go first."""

_LONGEST_FLUSH = Duration(nanoseconds=100_000_000)
"""Given to the last messages to arrive, since the publisher may be removed at once."""


_KEEPING = 1024
"""Bytes that a kept crop takes beside its pixels, about."""


def _held_bytes(pixels: npt.NDArray[np.uint8]) -> int:
    """Return the bytes that pixels keep from being freed: a view keeps its whole message, padding too."""
    owner: Any = pixels
    while isinstance(owner, np.ndarray) and owner.base is not None:
        owner = owner.base
    return max(pixels.nbytes, owner.nbytes if isinstance(owner, np.ndarray) else memoryview(owner).nbytes)


class Kept:
    """Where a crop came from, and the crop as long as there is room; ``size`` is what it takes, in bytes."""

    __slots__ = ("crop", "size", "source")

    def __init__(self, source: Source, crop: CropImage) -> None:
        self.source = source
        self.crop: CropImage | None = crop
        self.size = _KEEPING + _held_bytes(crop.pixels)


class VehiclePublisher:
    """Gathers the readings of each vehicle, and publishes what they say together.

    The times are those at which the crops arrive, by the node's clock (which
    follows ``/clock`` with ``use_sim_time``): cameras whose clocks differ, or
    that stamp nothing, do no harm.  Time does not pass a crop that is still being
    read, so that a backlog changes nothing.  Without a subscriber or ``logs`` nothing is gathered.

    Args:
        node: the node whose private names ``~/vehicle_plate`` and ``~/vehicle_record`` are used.
        settings: when a vehicle is published.
        judge: gives a final reading its verdict.
        syntax: of the plates, for their kinds.
        report_bug: logs and counts an exception in a callback.

    Attributes:
        logs: whether each vehicle is logged; may be changed at any time.
    """

    def __init__(
        self,
        node: LifecycleNode,
        settings: ConsensusSettings,
        judge: Callable[[PlateReading], Verdict],
        syntax: PlateSyntax | None,
        report_bug: Callable[[str], None],
    ) -> None:
        self.logs = False
        self._node = node
        self._settings = settings
        self._judge = judge
        self._syntax = syntax
        self._kept: deque[Kept] = deque()
        self._kept_bytes = 0
        self._lock = threading.Lock()  # crops come from the workers, time from the executor
        self._consensus: Consensus | None = None
        self._awaited: list[float] = []  # when the crops arrived that are still being read, in order
        self._publisher = node.create_publisher(String, "~/vehicle_plate", _DEPTH)
        self._with_crop = node.create_publisher(String, "~/vehicle_record", _DEPTH)
        # steady: a clock that is set back would stop the timer for as long
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        advance = guarded(self._advance, report_bug, "a look at the vehicles")
        self._timer = node.create_timer(_PERIOD, advance, clock=self._steady)
        self.published = 0
        self.look_for_listeners()

    def look_for_listeners(self) -> None:
        """See whether somebody listens."""
        self._is_plate_heard = self._publisher.get_subscription_count() > 0
        self._is_record_heard = self._with_crop.get_subscription_count() > 0
        self.is_heard = self._is_plate_heard or self._is_record_heard or self.logs

    def arrival(self) -> float:
        """Return when a crop arrives that arrives now, for its ``Source.received``; ``add`` must follow."""
        if not self.is_heard:
            return math.nan
        now = self._now()
        with self._lock:
            bisect.insort(self._awaited, now)
        return now

    def add(self, reading: PlateReading | None, job: CropJob) -> None:
        """Take the reading of one crop in.

        Args:
            reading: what was read, or None if the crop could not be read or was dropped.
            job: the crop, with its topic, stamp, frame_id and time of arrival.
        """
        source = job.source
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
                    Sighting(source.received, source.topic, reading, _track_of(source), self._keep(job))
                )
            )

    def flush(self) -> None:
        """Publish every vehicle that is still gathered."""
        with self._lock:
            self._awaited.clear()
            if self._consensus is not None:
                self._publish(self._consensus.flush())
                for publisher in (self._publisher, self._with_crop):
                    publisher.wait_for_all_acked(_LONGEST_FLUSH)

    def destroy(self) -> None:
        """Remove publishers and timer from the node."""
        self._node.destroy_timer(self._timer)
        self._node.destroy_publisher(self._publisher)
        self._node.destroy_publisher(self._with_crop)

    def _now(self) -> float:
        return seconds(self._node.get_clock())

    def _advance(self) -> None:
        with self._lock:
            if self._consensus is not None:
                now = self._now()
                del self._awaited[: bisect.bisect_left(self._awaited, now - _LONGEST_BACKLOG)]
                self._publish(self._consensus.advance(min([now, *self._awaited[:1]])))

    def _publish(self, vehicles: Iterable[VehiclePlate]) -> None:
        for gathered in vehicles:
            self.published += 1
            kept = gathered.best.stamp
            assert isinstance(kept, Kept)
            crop = kept.crop.to_bgr() if kept.crop is not None else None
            kind = kind_of(gathered.reading.text, crop, self._syntax) if crop is not None else None
            name, colour = (kind.name, kind.colour) if kind is not None else (None, None)
            verdict = self._judge(gathered.reading)
            reading = dataclasses.replace(gathered.reading, verdict=verdict, kind=name, colour=colour)
            vehicle = dataclasses.replace(gathered, reading=reading)
            if self.logs:
                self._node.get_logger().info(vehicle_line(vehicle, kept.source))
            if self._is_plate_heard:
                self._publisher.publish(serialise_string(vehicle_to_json(vehicle, kept.source)))
            if self._is_record_heard:
                self._with_crop.publish(serialise_string(vehicle_to_json(vehicle, kept.source, crop)))

    def _keep(self, job: CropJob) -> Kept:
        kept = Kept(job.source, job.crop)
        self._kept.append(kept)
        self._kept_bytes += kept.size
        while self._kept_bytes > _MOST_BYTES:
            oldest = self._kept.popleft()
            self._kept_bytes -= oldest.size
            oldest.crop = None
        return kept


def _track_of(source: Source) -> str | None:
    return str(source.place.track_id) if source.place is not None and source.place.track_id else None
