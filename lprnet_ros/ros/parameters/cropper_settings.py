"""The settings of ``plate_cropper``: the values of its parameters, checked and converted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from lprnet_ros.cropping.cropper import CropRule
from lprnet_ros.cropping.detection import DetectionFilter
from lprnet_ros.ros.parameters.cropper_parameters import PARAMETERS
from lprnet_ros.ros.parameters.parameter import check_values
from lprnet_ros.ros.parameters.search_parameters import SEARCH_PARAMETERS, SearchSettings


@dataclass(frozen=True)
class CropperSettings:
    """The values of all parameters, checked.

    Attributes:
        search: where plates are searched; of no use where a detector locates them.
        filter: which detections count as plates.
        rule: what is cropped, and how.

    The other attributes are the parameters of ``PARAMETERS``.
    """

    transport: str
    qos_profile: str
    queue_depth: int
    max_image_pixels: int
    frame_id: str
    detections: str
    detections_qos_profile: str
    cache_frames: int
    cache_seconds: float
    clean_frame_id: bool
    search: SearchSettings
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
        search = SearchSettings.from_values(given)
        for parameter in SEARCH_PARAMETERS:
            del given[parameter.name]
        has_detector = given["detections"] != "none"
        if has_detector and search.regions:
            raise ValueError("plates are where regions or detections say: set one of them (both are set)")
        if not (has_detector or search.regions or search.find_plates):
            raise ValueError(
                "find_plates is false, so plates are where regions or detections say: set one of them "
                "(neither is set)"
            )
        rule = CropRule(**{field.name: given.pop(field.name) for field in fields(CropRule)})  # type: ignore[arg-type]
        if not search.find_plates and len(search.regions) > rule.maximum_crops:
            raise ValueError(
                f"{len(search.regions)} regions, but maximum_crops is {rule.maximum_crops}: raise it"
            )
        labels = frozenset(label for label in _texts(given.pop("classes")) if label)
        chosen = DetectionFilter(labels, given.pop("minimum_score"))  # type: ignore[arg-type]
        return cls(search=search, filter=chosen, rule=rule, **given)  # type: ignore[arg-type]


def _texts(value: object) -> list[str]:
    assert isinstance(value, (list, tuple))
    return [str(text) for text in value]
