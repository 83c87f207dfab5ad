"""The settings of ``lpr_node`` for frames: the values of their parameters, checked and converted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import partial

from lprnet_ros.cropping.cropper import CropRule
from lprnet_ros.flow.frame_reader import FrameReader
from lprnet_ros.ros.parameters.search_parameters import SearchSettings


@dataclass(frozen=True)
class FrameSettings:
    """What frames are read, and how they are searched.

    Attributes:
        topics: of the frames; none reads no frames.
        transport, qos_profile, queue_depth, frame_id: the parameters of the same names, without ``frame_``.
        timeout_seconds: how long a search may take before it counts as hung.
        search: where plates are searched, and with what.
        rule: what is cropped, and how.
    """

    topics: tuple[str, ...]
    transport: str
    qos_profile: str
    queue_depth: int
    frame_id: str
    timeout_seconds: float
    search: SearchSettings
    rule: CropRule

    @classmethod
    def from_values(cls, values: Mapping[str, object]) -> FrameSettings:
        """Build the settings from values that have been checked one by one.

        Args:
            values: one value for each parameter, by name.

        Raises:
            ValueError: a region is none, or nothing says where plates are; the message names it.
        """
        topics, search = _texts(values["frame_topics"]), SearchSettings.from_values(values)
        if topics and not (search.find_plates or search.regions):
            raise ValueError("nothing says where plates are: set regions, or find_plates to true")
        rule = CropRule(**{field.name: values[field.name] for field in fields(CropRule)})  # type: ignore[arg-type]
        return cls(
            topics=topics,
            transport=str(values["frame_transport"]),
            qos_profile=str(values["frame_qos_profile"]),
            queue_depth=int(str(values["frame_queue_depth"])),
            frame_id=str(values["frame_id"]),
            timeout_seconds=float(str(values["worker_timeout"])),
            search=search,
            rule=rule,
        )

    def open_reader(self) -> FrameReader:
        """Open what searches the frames.

        Raises:
            NoFinderError: the finder's model or runtime cannot be used.
        """
        finder = self.search.open_finder()
        release = finder.close if finder is not None else lambda: None
        return FrameReader(partial(self.search.locator, finder), self.rule, release)


def _texts(value: object) -> tuple[str, ...]:
    assert isinstance(value, (list, tuple))
    return tuple(str(text) for text in value if text)
