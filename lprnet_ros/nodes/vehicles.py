"""Publishes one final reading a vehicle on ``~/vehicle_plate``."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rclpy.lifecycle import LifecycleNode
from std_msgs.msg import Header, String

from lprnet_ros.escaping import json_line
from lprnet_ros.nodes.outputs import reading_fields
from lprnet_ros.reading import PlateReading
from lprnet_ros.voting import Consensus, ConsensusSettings, Sighting, VehiclePlate

_DEPTH = 100
_PERIOD = 0.1
"""Seconds between two looks at the clock: a vehicle that has gone is published this much late at most."""

_NANOSECONDS = 1e-9


class VehiclePublisher:
    """Gathers the readings of each vehicle, and publishes what they say together.

    The times are those at which the crops arrive, by the node's clock (which
    follows ``/clock`` with ``use_sim_time``): cameras whose clocks differ, or
    that stamp nothing, do no harm.  Without a subscriber nothing is gathered.

    Args:
        node: the node whose private name ``~/vehicle_plate`` is used.
        settings: when a vehicle is published.
        judge: gives a final reading its rejection.
    """

    def __init__(
        self,
        node: LifecycleNode,
        settings: ConsensusSettings,
        judge: Callable[[PlateReading], PlateReading],
    ) -> None:
        self._node = node
        self._settings = settings
        self._judge = judge
        self._consensus: Consensus | None = None
        self._publisher = node.create_lifecycle_publisher(String, "~/vehicle_plate", _DEPTH)
        self._timer = node.create_timer(_PERIOD, self._advance)
        self.published = 0

    def add(self, reading: PlateReading, header: Header, topic: str) -> None:
        """Take the reading of one crop in.

        Args:
            reading: what was read.
            header: the crop's header.
            topic: the crop's topic, fully resolved.
        """
        if self._publisher.get_subscription_count() == 0:
            self._consensus = None
            return
        if self._consensus is None:
            self._consensus = Consensus(self._settings)
        stamp = (header.stamp.sec, header.stamp.nanosec, header.frame_id)
        self._publish(self._consensus.add(Sighting(self._now(), topic, reading, stamp=stamp)))

    def flush(self) -> None:
        """Publish every vehicle that is still gathered."""
        if self._consensus is not None:
            self._publish(self._consensus.flush())

    def destroy(self) -> None:
        """Remove publisher and timer from the node."""
        self._node.destroy_timer(self._timer)
        self._node.destroy_lifecycle_publisher(self._publisher)

    def _now(self) -> float:
        return float(self._node.get_clock().now().nanoseconds * _NANOSECONDS)

    def _advance(self) -> None:
        if self._consensus is not None:
            self._publish(self._consensus.advance(self._now()))

    def _publish(self, vehicles: Iterable[VehiclePlate]) -> None:
        for vehicle in vehicles:
            self.published += 1
            self._publisher.publish(String(data=vehicle_to_json(vehicle, self._judge)))


def vehicle_to_json(vehicle: VehiclePlate, judge: Callable[[PlateReading], PlateReading]) -> str:
    """Write a final reading as one JSON object: the shape of ``~/reading``, and what only vehicles have.

    Args:
        vehicle: the final reading; the stamp of its best sighting is
            (seconds, nanoseconds, frame_id).
        judge: gives the reading its rejection.
    """
    best = vehicle.best
    assert isinstance(best.stamp, tuple)
    seconds, nanoseconds, frame_id = best.stamp
    reading = judge(
        PlateReading(
            text=vehicle.text,
            confidence=vehicle.confidence,
            character_confidences=vehicle.character_confidences,
            alternatives=vehicle.alternatives,
            timings=best.reading.timings,
        )
    )
    header = Header(frame_id=frame_id)
    header.stamp.sec, header.stamp.nanosec = seconds, nanoseconds
    fields = reading_fields(reading, header, vehicle.camera)
    fields["vehicle"] = {
        "crops": vehicle.crops,
        "agreeing": vehicle.agreeing,
        "revised": vehicle.revised,
        "seconds": round(vehicle.last - vehicle.first, 3),
    }
    return json_line(fields)
