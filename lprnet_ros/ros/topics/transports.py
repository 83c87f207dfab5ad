"""The types of messages that bring crops and frames, and how each is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lprnet_ros.images.conversion import inspect_compressed, inspect_image
from lprnet_ros.images.frame_conversion import compressed_frame, image_frame, shared_memory_frame
from lprnet_ros.images.serialised_image import parse_compressed, parse_image, parse_shared_memory
from lprnet_ros.ros.messages.optional_messages import message_module


@dataclass(frozen=True)
class Transport:
    """A type of messages with pictures.

    Attributes:
        package: its package.
        message: its name in there.
        parse: reads the fields of a serialised message; raises ``ImageRejectedError``.
        convert: makes a ``CropImage`` or a ``Frame`` of the fields; takes ``max_pixels``, raises the same.
    """

    package: str
    message: str
    parse: Callable[[bytes], Any]
    convert: Callable[..., Any]

    @property
    def type_name(self) -> str:
        """The type's full name."""
        return f"{self.package}/msg/{self.message}"

    def message_type(self, wanted_by: str) -> Any:
        """Return the class of the messages; ``MissingMessagesError`` names the setting that wants it."""
        return getattr(message_module(self.package, wanted_by), self.message)


CROPS = {
    "raw": Transport("sensor_msgs", "Image", parse_image, inspect_image),
    "compressed": Transport("sensor_msgs", "CompressedImage", parse_compressed, inspect_compressed),
}
FRAMES = {
    "raw": Transport("sensor_msgs", "Image", parse_image, image_frame),
    "compressed": Transport("sensor_msgs", "CompressedImage", parse_compressed, compressed_frame),
    "shared_mem": Transport("hbm_img_msgs", "HbmMsg1080P", parse_shared_memory, shared_memory_frame),
}
