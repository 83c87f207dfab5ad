"""The page's server with a list of vehicles, on a free port."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from lprnet_ros.web.live_view import LiveView
from lprnet_ros.web.page_server import PageServer
from lprnet_ros.web.vehicle_list import ListedVehicle, VehicleList

JPEG = b"\xff\xd8\xff a crop"


def vehicle(number: int, text: str = "京A12345", **changes: object) -> ListedVehicle:
    """Make a vehicle."""
    values = {"kind": "blue", "colour": "blue", "confidence": 0.987, "first_seen": 1e9 + number}
    values |= {"last_seen": 1e9 + number + 2.5, "camera": "/gate"}
    return ListedVehicle(number, text, **{**values, **changes})


@contextlib.contextmanager
def serving(
    vehicles: VehicleList | None = None, view: LiveView | None = None, *, most_connections: int = 64
) -> Iterator[PageServer]:
    """Serve the page until the end of the block."""
    server = PageServer(
        "/lpr_node",
        view if view is not None else LiveView(),
        vehicles if vehicles is not None else VehicleList(1000),
        address="127.0.0.1",
        port=0,
        most_connections=most_connections,
    )
    server.start()
    try:
        yield server
    finally:
        server.stop()
