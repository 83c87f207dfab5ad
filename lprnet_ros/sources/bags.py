"""Pictures in rosbag2 recordings, read with the library rosbags: no ROS installation is needed.

Each .mcap and .db3 file is read by itself, so that a recording without its metadata.yaml, or with a
part of its files, is read like any other.
"""

from __future__ import annotations

import importlib.util
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lprnet_ros.images.camera_frame import Frame, Picture
from lprnet_ros.images.crop_image import ImageRejectedError
from lprnet_ros.images.frame_conversion import compressed_frame, image_frame, shared_memory_frame
from lprnet_ros.images.serialised_image import parse_compressed, parse_image, parse_shared_memory
from lprnet_ros.sources.bag_storage import DamagedBagError, stored_messages, unpacked
from lprnet_ros.sources.broken_bags import BagMessage
from lprnet_ros.sources.labelled import LabelledDataError

BAG_SUFFIXES = frozenset({".mcap", ".db3", ".zstd", ".bag"})
_BAG_NAME = re.compile(r".+\.(bag|(mcap|db3)(\.zstd)?)$", re.IGNORECASE)
_METADATA = "metadata.yaml"
_MOST_PIXELS = 1 << 27
"""Of a picture: a message that claims more is not decoded."""

_MOST_NAMED = 10
_KINDS: dict[str, tuple[Callable[[bytes], Any], Callable[..., Any]]] = {
    "sensor_msgs/Image": (parse_image, image_frame),
    "sensor_msgs/CompressedImage": (parse_compressed, compressed_frame),
    "hbm_img_msgs/HbmMsg1080P": (parse_shared_memory, shared_memory_frame),
}
"""How the messages of each type are parsed, and become a frame."""


@dataclass(frozen=True)
class BagPicture:
    """A message with a picture.

    Attributes:
        topic: that it was recorded from.
        number: of the message within its topic, from 0.
        message: as it was stored.
    """

    topic: str
    number: int
    message: BagMessage

    def fields(self) -> Any:
        """Return the message's fields.

        Raises:
            LabelledDataError: the bytes are no such message.
        """
        try:
            return _kind(self.message.type)[0](self.message.data)
        except ImageRejectedError as error:
            raise self._refusal(error) from error

    def seconds(self) -> float:
        """Return the header's stamp in seconds; where it is 0, when the message was recorded."""
        fields = self.fields()
        stamp = fields.seconds * 10**9 + fields.nanoseconds
        return (stamp or self.message.received) / 10**9

    def picture(self) -> Picture:
        """Return the picture: BGR, uint8, height x width x 3.

        Raises:
            LabelledDataError: the message is broken, or of an encoding that cannot be read.
        """
        try:
            frame: Frame = _kind(self.message.type)[1](self.fields(), max_pixels=_MOST_PIXELS)
            return frame.cut(0, 0, *frame.size)
        except ImageRejectedError as error:
            raise self._refusal(error) from error

    def _refusal(self, error: ImageRejectedError) -> LabelledDataError:
        reason = str(error).removesuffix(" (parameter max_image_pixels)")
        return LabelledDataError(f"message {self.number} on {self.topic}: {reason}")


class BagSource:
    """The pictures of a bag.

    Args:
        path: a folder with its files, or one file.
        topics: to read; none means each that holds pictures.

    Raises:
        LabelledDataError: there is no such bag.
    """

    def __init__(self, path: Path, topics: Sequence[str] = ()) -> None:
        self._path, self._topics = path, frozenset(topics)
        self._files = bag_files(path)
        if not self._files:
            raise LabelledDataError(f"{path}: {_why_no_bag(path)}")
        if self._files[0].suffix.lower() == ".bag":
            raise LabelledDataError(
                f"{path}: a bag of ROS 1; convert it: rosbags-convert --src {path} --dst {path.stem}"
            )
        if importlib.util.find_spec("rosbags") is None:
            raise LabelledDataError(f"{path}: reading a bag needs rosbags; pip install rosbags")

    def pictures(self) -> Iterator[BagPicture | LabelledDataError]:
        """Yield the messages with pictures in the order of their recording.

        A damaged file gives what it holds, then its error.

        Raises:
            LabelledDataError: no topic holds pictures, or not those that were asked for.
        """
        counts: dict[str, int] = {}
        known: dict[str, str] = {}
        is_damaged = False
        for file in self._files:
            for message in self._messages(file, known):
                if isinstance(message, LabelledDataError):
                    is_damaged = True
                    yield message
                    continue
                number = counts.get(message.topic, 0)
                counts[message.topic] = number + 1
                yield BagPicture(message.topic, number, message)
        having = {topic for topic, kind in known.items() if _kind(kind)}
        if not (having & self._topics if self._topics else having) and not (is_damaged and not known):
            raise LabelledDataError(f"{self._path}: {self._why_nothing(known, having)}")

    def _messages(self, file: Path, known: dict[str, str]) -> Iterator[BagMessage | LabelledDataError]:
        def is_wanted(topic: str, kind: str) -> bool:
            known[topic] = kind
            return bool(_kind(kind)) and (not self._topics or topic in self._topics)

        try:
            if file.suffix.lower() != ".zstd":
                yield from stored_messages(file, is_wanted)
                return
            with tempfile.TemporaryDirectory() as folder:
                yield from stored_messages(unpacked(file, Path(folder)), is_wanted)
        except DamagedBagError as error:
            yield LabelledDataError(f"{file}: {error}")

    def _why_nothing(self, known: dict[str, str], having: set[str]) -> str:
        if self._topics and having:
            asked = ", ".join(sorted(self._topics))
            return f"no pictures on {asked}; topics with pictures: {', '.join(sorted(having))}"
        topics = [f"{topic} ({kind})" for topic, kind in sorted(known.items())]
        more = f" and {len(topics) - _MOST_NAMED} more" if len(topics) > _MOST_NAMED else ""
        return "no topic with pictures in this bag; " + (
            f"it has {', '.join(topics[:_MOST_NAMED])}{more}" if topics else "it is empty"
        )


def is_bag(path: Path) -> bool:
    """Tell whether a path is a bag: a file of one, or a folder with such files and their metadata.yaml."""
    return (path.is_file() or (path / _METADATA).is_file()) and bool(bag_files(path))


def bag_files(path: Path) -> list[Path]:
    """List the files of a bag in the order of their recording; none where it is no bag."""
    if path.is_file():
        return [path] if _BAG_NAME.match(path.name) else []
    try:
        found = [each for each in path.iterdir() if _BAG_NAME.match(each.name)]
    except OSError:
        return []  # whoever lists the folder says why
    return sorted((each for each in found if each.is_file()), key=lambda each: _natural(each.name))


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


def _why_no_bag(path: Path) -> str:
    if path.is_dir():
        return "no .db3 or .mcap file in this bag"
    return "no file of a bag (.mcap, .db3)" if path.exists() else "no such bag"


def _kind(name: str) -> Any:
    return _KINDS.get(name.replace("/msg/", "/"))
