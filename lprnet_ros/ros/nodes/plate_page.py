"""``plate_page``: shows cameras, readings, vehicles and health in a browser."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock, ClockType
from rclpy.exceptions import InvalidTopicNameException
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.subscription import Subscription
from rclpy.validate_full_topic_name import validate_full_topic_name
from std_msgs.msg import String

from lprnet_ros.record.vehicle_record import RecordedVehicle, RecordReader
from lprnet_ros.ros.parameters.declare import declare_parameters, read_values
from lprnet_ros.ros.parameters.page_parameters import PLATE_PAGE as PARAMETERS
from lprnet_ros.ros.parameters.parameter import check_values
from lprnet_ros.ros.process.guarded import guarded
from lprnet_ros.ros.process.run_node import run_node
from lprnet_ros.ros.topics.watched_camera import WatchedCamera
from lprnet_ros.text.console import WEB_HINT
from lprnet_ros.text.escaping import one_line
from lprnet_ros.web.live_view import LiveView
from lprnet_ros.web.shown_reading import ShownReading, parse_reading
from lprnet_ros.web.vehicle_list import ListedVehicle, VehicleList

if TYPE_CHECKING:
    from lprnet_ros.web.page_server import PageServer

_MOST_VALUES = 64


class Record:
    """A record as the source of vehicles, opened once it is there: its writer may start later than the page.

    Args:
        path: the file.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._reader: RecordReader | None = None

    def search(self, text: str = "", limit: int = 100, before: int | None = None) -> list[RecordedVehicle]:
        """See ``RecordReader.search``."""
        return self._opened().search(text, limit, before)

    def crop(self, identifier: int) -> bytes | None:
        """See ``RecordReader.crop``."""
        return self._opened().crop(identifier)

    def close(self) -> None:
        """Close the file, if it was opened."""
        if self._reader is not None:
            self._reader.close()

    def _opened(self) -> RecordReader:
        self._reader = self._reader or RecordReader(Path(self._path).expanduser())
        return self._reader


class PlatePage(Node):
    """Gives the page what it shows.

    Vehicles and diagnostics are always heard; readings and pictures only while somebody looks.

    Raises:
        ValueError: aiohttp is missing, a parameter makes no sense, or the port is taken.
    """

    def __init__(self) -> None:
        super().__init__("plate_page")
        declare_parameters(self, PARAMETERS)
        values: dict[str, Any] = read_values(self, PARAMETERS)
        check_values(PARAMETERS, values)
        if importlib.util.find_spec("aiohttp") is None:
            raise ValueError(f"the page needs aiohttp: {WEB_HINT}")
        from lprnet_ros.web.page_server import PageServer  # noqa: PLC0415 - needs aiohttp

        self._view = LiveView()
        self._list = VehicleList(values["most_vehicles"])
        self._numbers = itertools.count(1)
        self._cameras: dict[str, WatchedCamera] = {}
        topics = [topic for topic in values["frame_topics"] if topic]
        self._learns_cameras = not topics
        for topic in topics:
            self._add_camera(self.resolve_topic_name(topic))
        self._reader = self.resolve_topic_name(values["reader"])
        self._shown_nodes = {self._reader, f"{self.get_namespace().rstrip('/')}/plate_cropper"}
        self._readings: Subscription | None = None
        depth = QoSProfile(depth=100)
        record = values["record"]
        if not record:
            topic = f"{self._reader}/vehicle_record"
            self.create_subscription(String, topic, self._guarded(self._on_vehicle), depth)
        self.create_subscription(DiagnosticArray, "/diagnostics", self._guarded(self._on_diagnostics), depth)
        # steady: a clock that is set back would stop the timer for as long
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(1.0 / values["rate"], self._guarded(self._look_after), clock=self._steady)
        self._server: PageServer = PageServer(
            self._reader,
            self._view,
            Record(record) if record else self._list,
            address=values["address"],
            port=values["port"],
            most_connections=values["most_connections"],
        )
        self._server.start()
        self.get_logger().info(f"the page is at {self._server.url}")

    def destroy_node(self) -> None:
        """End the page and the node."""
        self._server.stop()
        super().destroy_node()

    def _guarded(self, callback: Callable[..., None]) -> Callable[..., None]:
        def report(what: str) -> None:
            error = one_line(traceback.format_exc())
            self.get_logger().error(f"a bug in {what}: {error}", throttle_duration_sec=5.0)

        return guarded(callback, report, callback.__name__)

    def _add_camera(self, topic: str) -> None:
        if topic not in self._cameras and self._view.add_camera(topic):
            self._cameras[topic] = WatchedCamera(self, topic, self._view)

    def _learn_camera(self, topic: str) -> None:
        with contextlib.suppress(InvalidTopicNameException):  # anybody may write anything into a reading
            validate_full_topic_name(topic)
            self._add_camera(topic)

    def _look_after(self) -> None:
        is_open = self._view.is_open()
        if is_open and self._readings is None:
            topic = f"{self._reader}/reading"
            take = self._guarded(self._on_reading)
            self._readings = self.create_subscription(String, topic, take, QoSProfile(depth=100))
        elif not is_open and self._readings is not None:
            self.destroy_subscription(self._readings)
            self._readings = None
        for camera in self._cameras.values():
            camera.look_after()

    def _parsed(self, message: String) -> ShownReading | None:
        try:
            reading = parse_reading(message.data)
        except ValueError as error:
            self.get_logger().warning(f"{self._reader}: {error}", throttle_duration_sec=5.0)
            return None
        if self._learns_cameras:
            self._learn_camera(reading.topic)
        return reading

    def _on_reading(self, message: String) -> None:
        reading = self._parsed(message)
        if reading is None:
            return
        own = self._cameras.get(reading.topic)  # crops of a plate_cropper name its topic, not the camera's
        for camera in [own] if own is not None else self._cameras.values():
            camera.add(reading)

    def _on_vehicle(self, message: String) -> None:
        reading = self._parsed(message)
        if reading is None or not reading.text:
            return
        vehicle = ListedVehicle(
            next(self._numbers),
            reading.text,
            reading.kind,
            reading.colour,
            reading.confidence,
            reading.first,
            reading.last,
            reading.topic,
            reading.verdict,
            reading.jpeg is not None,
        )
        self._list.add(vehicle, reading.jpeg)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name.partition(":")[0] in self._shown_nodes:
                values = {
                    one_line(one.key, 80): one_line(one.value, 200) for one in status.values[:_MOST_VALUES]
                }
                level = int.from_bytes(status.level, "little")
                self._view.tell(one_line(status.name, 200), level, one_line(status.message, 500), values)


def main(arguments: list[str] | None = None) -> int:
    """Serve the page until a signal.

    Args:
        arguments: the command line; None is this process's.

    Returns:
        The exit status: 0, or 1 where the page cannot be served.
    """
    return run_node(
        "plate_page",
        arguments,
        PlatePage,
        description="Shows cameras, readings, vehicles and health in a browser.",
        parameters=PARAMETERS,
    )


if __name__ == "__main__":
    sys.exit(main())
