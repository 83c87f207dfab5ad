"""The node's state as ``diagnostic_msgs``, once a second."""

from __future__ import annotations

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from lprnet_ros.nodes.statistics import Statistics
from lprnet_ros.recognizer import PlateRecognizer


class DiagnosticsPublisher:
    """Publishes one status on ``/diagnostics``.

    Args:
        node: the node that is spoken of.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self._previous = Statistics()

    def publish(self, statistics: Statistics, recognizer: PlateRecognizer | None, state: str) -> None:
        """Publish the state of the last second.

        Args:
            statistics: what was counted.
            recognizer: the opened model, or None while there is none.
            state: label of the lifecycle state.
        """
        level, message = self._judge(statistics, state)
        name = f"{self._node.get_fully_qualified_name()}: readings"
        status = DiagnosticStatus(level=level, name=name, message=message, hardware_id="lprnet_ros")
        pairs = [("state", state), *statistics.as_pairs()]
        if recognizer is not None:
            manifest = recognizer.manifest
            pairs += [
                ("model", manifest.name),
                ("sha256", manifest.sha256),
                ("runtime", recognizer.runtime.name),
            ]
        status.values = [KeyValue(key=key, value=value) for key, value in pairs]
        array = DiagnosticArray(status=[status])
        array.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(array)

    def _judge(self, now: Statistics, state: str) -> tuple[bytes, str]:
        """Compare with the last second."""
        before = self._previous
        if now.received < before.received:  # configured anew
            before = Statistics()
        failures = now.failures - before.failures
        bad = sum(now.bad_images.values()) - sum(before.bad_images.values())
        self._previous = Statistics(
            received=now.received, failures=now.failures, bad_images=now.bad_images.copy()
        )
        if failures:
            return DiagnosticStatus.ERROR, f"the runtime failed on {failures} crops in the last second"
        if state != "active":
            return DiagnosticStatus.WARN, f"the node is {state}"
        if bad:
            return DiagnosticStatus.WARN, f"{bad} unusable images in the last second"
        return DiagnosticStatus.OK, f"{now.read} crops read"
