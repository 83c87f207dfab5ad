"""Licence-plate reading: finds and reads Chinese plates in pictures and videos, also as ROS 2 nodes.

>>> from lprnet_ros import PlateReader
>>> with PlateReader() as reader:
...     for plate in reader.read("photo.jpg"):
...         print(plate.text, plate.confidence, plate.quad)
"""

import os

TYPE_CHECKING = False  # typing's own would cost every start a millisecond
if TYPE_CHECKING:
    from lprnet_ros.pictures.plate_reader import PlateReader
    from lprnet_ros.reading.plate_reading import PlateReading

__all__ = ["PlateReader", "PlateReading", "__version__"]

# before anything imports onnxruntime, which from 1.32 would write into the home and call its maker
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Load the API when it is asked for: the commands and nodes need little of it."""
    if name == "PlateReader":
        from lprnet_ros.pictures.plate_reader import PlateReader  # noqa: PLC0415

        return PlateReader
    if name == "PlateReading":
        from lprnet_ros.reading.plate_reading import PlateReading  # noqa: PLC0415

        return PlateReading
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), "PlateReader", "PlateReading"]
