"""What becomes of each crop's result: counted, published, given to its vehicle, or logged."""

from __future__ import annotations

from rclpy.lifecycle import LifecycleNode

from lprnet_ros.crop_image import ImageRejectedError
from lprnet_ros.flow.job import Job, ReadingFailedError, ReadResult
from lprnet_ros.nodes.crop_subscriptions import report_bad_image
from lprnet_ros.nodes.outputs import ReadingPublisher
from lprnet_ros.nodes.statistics import LogLimiter, Statistics
from lprnet_ros.nodes.vehicles import VehiclePublisher


class Results:
    """Takes the results in the order of their cameras, from one thread at a time.

    Args:
        node: the node that publishes.
        outputs: publishes readings.
        vehicles: gathers them by vehicle; None gathers nothing.
        statistics: counts them.
        limiter: limits the log.
    """

    def __init__(
        self,
        node: LifecycleNode,
        outputs: ReadingPublisher,
        vehicles: VehiclePublisher | None,
        statistics: Statistics,
        limiter: LogLimiter,
    ) -> None:
        self._node = node
        self._outputs = outputs
        self._vehicles = vehicles
        self._statistics = statistics
        self._limiter = limiter
        self._is_closed = False

    def deliver(self, job: Job, result: ReadResult) -> None:
        """Publish a reading, or count and log why there is none."""
        if self._is_closed:
            return
        source = job.source
        if isinstance(result, ImageRejectedError):
            report_bad_image(self._node, self._statistics, self._limiter, source.topic, result)
        elif isinstance(result, ReadingFailedError):
            self._statistics.count_failure()
            if self._limiter.allows("failure"):
                self._node.get_logger().error(f"crop on {source.topic} could not be read: {result}")
        else:
            self._outputs.publish(result, job)
            if self._vehicles is not None:
                self._vehicles.add(result, source)
            self._statistics.count_reading(result, source)

    def look_for_listeners(self) -> None:
        """See which topics somebody listens to; what nobody does is not made."""
        self._outputs.look_for_listeners()
        if self._vehicles is not None:
            self._vehicles.look_for_listeners()

    def flush(self) -> None:
        """Publish the vehicles that are still gathered."""
        if self._vehicles is not None:
            self._vehicles.flush()

    def destroy(self) -> None:
        """Publish nothing more, and remove the publishers from the node."""
        self._is_closed = True
        self._outputs.destroy()
        if self._vehicles is not None:
            self._vehicles.destroy()
