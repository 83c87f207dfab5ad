"""The settings of ``lpr_node`` for frames: the values of their parameters, checked and converted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import partial

from lprnet_ros.cropping.cropper import CropRule
from lprnet_ros.cropping.locator import FixedRegions
from lprnet_ros.cropping.regions import Region, parse_regions
from lprnet_ros.flow.frame_reader import FrameReader


@dataclass(frozen=True)
class FrameSettings:
    """What frames are read, and how they are searched.

    Attributes:
        topics: of the frames; none reads no frames.
        transport, qos_profile, queue_depth, frame_id: the parameters of the same names, without ``frame_``.
        timeout_seconds: how long a search may take before it counts as hung.
        regions: parts of the frame that are searched; none is the whole frame.
        rule: what is cropped, and how.
    """

    topics: tuple[str, ...]
    transport: str
    qos_profile: str
    queue_depth: int
    frame_id: str
    timeout_seconds: float
    regions: tuple[Region, ...]
    rule: CropRule

    @classmethod
    def from_values(cls, values: Mapping[str, object]) -> FrameSettings:
        """Build the settings from values that have been checked one by one.

        Args:
            values: one value for each parameter, by name.

        Raises:
            ValueError: a region is none; the message names it.
        """
        rule = CropRule(**{field.name: values[field.name] for field in fields(CropRule)})  # type: ignore[arg-type]
        return cls(
            topics=_texts(values["frame_topics"]),
            transport=str(values["frame_transport"]),
            qos_profile=str(values["frame_qos_profile"]),
            queue_depth=int(str(values["frame_queue_depth"])),
            frame_id=str(values["frame_id"]),
            timeout_seconds=float(str(values["worker_timeout"])),
            regions=parse_regions(_texts(values["regions"])),
            rule=rule,
        )

    def open_reader(self) -> FrameReader:
        """Open what searches the frames.

        Raises:
            ManifestError, RuntimeUnavailableError, InferenceError, ValueError, OSError: the finder's model
                cannot be used.
        """
        return FrameReader(partial(FixedRegions, self.regions), self.rule)


def _texts(value: object) -> tuple[str, ...]:
    assert isinstance(value, (list, tuple))
    return tuple(str(text) for text in value if text)
