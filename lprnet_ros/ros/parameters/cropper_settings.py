"""The settings of ``plate_cropper``, and the files that are written of its parameters.

``python -m lprnet_ros.ros.parameters.cropper_settings`` brings config and READMEs up to date.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from lprnet_ros.cropping.cropper import CropRule
from lprnet_ros.cropping.detection import DetectionFilter
from lprnet_ros.cropping.regions import Region, parse_regions
from lprnet_ros.ros.parameters import parameter as parameter_table
from lprnet_ros.ros.parameters.cropper_parameters import PARAMETERS

TABLE_BEGIN = "<!-- cropper parameters begin -->"
TABLE_END = "<!-- cropper parameters end -->"


@dataclass(frozen=True)
class CropperSettings:
    """The values of all parameters, checked.

    Attributes:
        regions: where plates are; empty where a detector says it.
        filter: which detections are plates.
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
        """Check values and make settings of them.

        Args:
            values: one value a parameter, by name.

        Raises:
            ValueError: a value is not allowed, or two contradict each other; the message names them.
        """
        parameter_table.check_values(PARAMETERS, values)
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


def markdown_table(*, chinese: bool = False) -> str:
    """Return the table of parameters of README.md, or that of README_cn.md."""
    return parameter_table.markdown_table(PARAMETERS, chinese=chinese)


def yaml_file() -> str:
    """Return ``config/cropper.yaml``: every parameter with its default, explained."""
    return parameter_table.yaml_file(
        PARAMETERS, node="plate_cropper", module="lprnet_ros.ros.parameters.cropper_settings"
    )


def write_tables(root: Path) -> None:
    """Bring both READMEs and ``config/cropper.yaml`` of a source tree up to date."""
    for name, chinese in (("README.md", False), ("README_cn.md", True)):
        parameter_table.write_between(root / name, TABLE_BEGIN, TABLE_END, markdown_table(chinese=chinese))
    (root / "config" / "cropper.yaml").write_text(yaml_file() + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_tables(Path(__file__).parents[3])
