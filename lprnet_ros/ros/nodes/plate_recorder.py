"""``plate_recorder``: keeps the vehicles that ``lpr_node`` has read in a file that lasts."""

from __future__ import annotations

import sys
import time
import traceback
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from std_msgs.msg import String

from lprnet_ros.record.record_writer import RecordWriter
from lprnet_ros.record.vehicle_record import RecordError
from lprnet_ros.ros.messages.vehicle_json import recorded_vehicle
from lprnet_ros.ros.parameters.declare import declare_parameters, read_values
from lprnet_ros.ros.parameters.parameter import check_values
from lprnet_ros.ros.parameters.recorder_parameters import PARAMETERS
from lprnet_ros.ros.process.guarded import guarded
from lprnet_ros.ros.process.run_node import run_node
from lprnet_ros.ros.reports.statistics import LogLimiter
from lprnet_ros.text.escaping import one_line

_DEPTH = 100
_SECONDS_TO_OPEN = 10.0
"""A file that cannot be written is tried again after so long, and with every vehicle."""
_SECONDS_TO_PRUNE = 60.0
_SECONDS_BETWEEN_LOGS = 600.0
"""The same fault is logged again after so long."""


class PlateRecorder(Node):
    """Records the accepted vehicles of ``lpr_node/vehicle_record``.

    Where the file cannot be written, the vehicle is lost and counted, the reason is logged once and stands in
    the diagnostics, and the next vehicle is tried again.

    Raises:
        ValueError: a parameter has a value that makes no sense.
    """

    def __init__(self) -> None:
        super().__init__("plate_recorder")
        declare_parameters(self, PARAMETERS)
        values: dict[str, Any] = read_values(self, PARAMETERS)
        check_values(PARAMETERS, values)
        if not values["record"]:
            raise ValueError("set the parameter record to a file, such as vehicles.db")
        self._path = Path(values["record"]).expanduser().absolute()
        self._values = values
        self._writer: RecordWriter | None = None
        self._fault = ""
        self._opened = self._pruned = 0.0
        self._counts = {"recorded": 0, "not recorded": 0, "messages rejected": 0}
        self._limiter = LogLimiter(_SECONDS_BETWEEN_LOGS)
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        take = guarded(self._on_vehicle, self._bug, "a vehicle")
        self.create_subscription(String, "lpr_node/vehicle_record", take, _DEPTH)
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        every_second = guarded(self._every_second, self._bug, "a diagnostics message")
        self.create_timer(1.0, every_second, clock=self._steady)
        if self._open():
            self.get_logger().info(f"recording vehicles in {one_line(str(self._path))}")

    def destroy_node(self) -> None:
        """Close the record."""
        self._close()
        super().destroy_node()

    def _on_vehicle(self, message: String) -> None:
        try:
            recorded = recorded_vehicle(message.data)
        except ValueError as error:
            self._counts["messages rejected"] += 1
            if self._limiter.allows("message"):
                self.get_logger().warning(f"a message is no vehicle: {one_line(str(error), 200)}")
            return
        if recorded is None:
            return
        vehicle, jpeg = recorded
        try:
            if self._writer is None and not self._open():
                self._counts["not recorded"] += 1
            elif self._writer is not None:
                self._writer.add(vehicle, jpeg if self._values["crops"] else None, time.time())
                self._counts["recorded"] += 1
        except RecordError as error:
            self._counts["not recorded"] += 1
            self._find_fault(error)

    def _every_second(self) -> None:
        now = time.monotonic()
        if self._writer is None and now - self._opened >= _SECONDS_TO_OPEN:
            self._open()
        if self._writer is not None and now - self._pruned >= _SECONDS_TO_PRUNE:
            self._pruned = now
            try:
                self._writer.prune(time.time())
            except RecordError as error:
                self._find_fault(error)
        self._report()

    def _open(self) -> bool:
        self._opened = time.monotonic()
        try:
            self._writer = RecordWriter(
                self._path, self._values["keep_days"], float(self._values["keep_megabytes"])
            )
        except RecordError as error:
            self._find_fault(error)
            return False
        if self._fault:
            self._fault = ""
            lost = self._counts["not recorded"]
            self.get_logger().info(f"recording again; vehicles that were not recorded: {lost}")
        return True

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _find_fault(self, error: RecordError) -> None:
        """Log why nothing is recorded, and close the file: it may be another one at the next try."""
        self._close()
        self._fault = str(error)
        if self._limiter.allows(self._fault):
            self.get_logger().error(f"vehicles are not recorded: {self._fault}")

    def _report(self) -> None:
        lost = self._counts["not recorded"]
        level, message = DiagnosticStatus.OK, f"{self._counts['recorded']} vehicles recorded"
        if self._fault:
            level, message = DiagnosticStatus.ERROR, f"vehicles are not recorded: {self._fault}"
        elif lost:
            level, message = DiagnosticStatus.WARN, f"{lost} vehicles were not recorded"
        values = [KeyValue(key=name, value=str(count)) for name, count in self._counts.items()]
        values.append(KeyValue(key="record", value=str(self._path)))
        status = DiagnosticStatus(
            level=level,
            name=f"{self.get_fully_qualified_name()}: record",
            message=message,
            hardware_id="lprnet_ros",
            values=values,
        )
        array = DiagnosticArray(status=[status])
        array.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(array)

    def _bug(self, what: str) -> None:
        if self._limiter.allows(what):
            self.get_logger().error(f"{what} was lost, which is a bug:\n{traceback.format_exc()}")


def main(arguments: list[str] | None = None) -> int:
    """Record until SIGINT or SIGTERM.

    Args:
        arguments: the command line; None is this process's.

    Returns:
        The exit status: 0, or 1 where a parameter is wrong.
    """
    return run_node(
        "plate_recorder",
        arguments,
        PlateRecorder,
        description="Keeps the vehicles that lpr_node has read in an SQLite file.",
        parameters=PARAMETERS,
        example="--ros-args -p record:=vehicles.db",
    )


if __name__ == "__main__":
    sys.exit(main())
