"""The settings of ``plate_cropper``: the values of its parameters, checked and converted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from lprnet_ros.cropping.cropper import CropRule
from lprnet_ros.cropping.detection import DetectionFilter
from lprnet_ros.cropping.regions import Region, parse_regions
from lprnet_ros.ros.parameters.cropper_parameters import PARAMETERS
from lprnet_ros.ros.parameters.parameter import check_values


@dataclass(frozen=True)
class CropperSettings:
    """The values of all parameters, checked.

    Attributes:
        regions: where plates are; empty if a detector locates them.
        filter: which detections count as plates.
        rule: what is cropped, and how.

    The other attributes are the parameters of ``PARAMETERS``.
    """

    transport: str
    qos_profile: str
    queue_depth: int
    max_image_pixels: int
    frame_id: str
    regions: tuple[Region, ...]
    detections: str
    detections_qos_profile: str
    cache_frames: int
    cache_seconds: float
    filter: DetectionFilter
    rule: CropRule

    @classmethod
    def from_values(cls, values: Mapping[str, object]) -> CropperSettings:
        """Check the values and build the settings.

        Args:
            values: one value for each parameter, by name.

        Raises:
            ValueError: a value is not allowed, or two values contradict each other; the message names them.
        """
        check_values(PARAMETERS, values)
        given = dict(values)
        regions = parse_regions(_texts(given.pop("regions")))
        if bool(regions) == (given["detections"] != "none"):
            what = "both are" if regions else "neither is"
            raise ValueError(f"plates are where regions or detections say: set one of them ({what} set)")
        rule = CropRule(**{field.name: given.pop(field.name) for field in fields(CropRule)})  # type: ignore[arg-type]
        if len(regions) > rule.maximum_crops:
            raise ValueError(f"{len(regions)} regions, but maximum_crops is {rule.maximum_crops}: raise it")
        labels = frozenset(label for label in _texts(given.pop("classes")) if label)
        chosen = DetectionFilter(labels, given.pop("minimum_score"))  # type: ignore[arg-type]
        return cls(regions=regions, filter=chosen, rule=rule, **given)  # type: ignore[arg-type]


def _texts(value: object) -> list[str]:
    assert isinstance(value, (list, tuple))
    return [str(text) for text in value]
