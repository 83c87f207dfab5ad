"""What the YAML of the board's compiler, ``hb_mapper makertbin``, says about the calibration samples.

Only the keys that the samples depend on are read; the compiler checks all of them itself.

Source: D-Robotics rdk_doc, ptq_process.md, "Explanation of YAML Configuration Parameters".
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lprnet_ros.models.manifest import ModelManifest

_TYPES = ("rgb", "bgr", "yuv444", "gray", "featuremap")
_NORMS = ("no_preprocess", "data_mean", "data_scale", "data_mean_and_scale")


class HbMapperError(ValueError):
    """A YAML for hb_mapper is broken or contradicts the model; the message names key, value and remedy."""


@dataclass(frozen=True)
class HbMapperConfig:
    """What a YAML says about the input and its calibration.

    Attributes:
        type_train: ``rgb``, ``bgr``, ``yuv444``, ``gray`` or ``featuremap``: the calibration samples' type.
        type_rt: what the compiled model takes, such as ``featuremap`` (floats) or ``nv12``.
        layout_train: ``NCHW`` or ``NHWC``, of the ONNX model and the samples.
        shape: of the ONNX model's input in that layout, or None where the YAML leaves it out.
        norm_type: what the compiler puts in front of the network.
        mean: subtracted there, one number a channel or one for all; empty where nothing is.
        scale: multiplies there; likewise.
        calibration_folder: where the compiler looks for the samples, as written; empty for none.
        sample_dtype: ``float32`` or ``uint8``.
        reads_pictures: ``preprocess_on``: the compiler reads picture files instead of raw samples.
    """

    type_train: str
    type_rt: str
    layout_train: str
    shape: tuple[int, ...] | None
    norm_type: str
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    calibration_folder: str
    sample_dtype: str
    reads_pictures: bool

    @property
    def samples_are_normalised(self) -> bool:
        """Whether mean and scale belong into the samples: a feature map with nothing in front of it."""
        return self.type_train == "featuremap" and self.norm_type == "no_preprocess"


def load_config(path: Path) -> HbMapperConfig:
    """Read a YAML.

    Raises:
        HbMapperError: it is missing or no YAML, or a key that is read is missing or wrong; the message
            names file, key and what is expected.
    """
    try:
        return parse_config(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise HbMapperError(f"{path}: not readable YAML ({error})") from error
    except HbMapperError as error:
        raise HbMapperError(f"{path}: {error}") from error


def parse_config(values: Any) -> HbMapperConfig:
    """Read what a YAML holds; errors as of ``load_config``, without the file's name."""
    source, calibration = _group(values, "input_parameters"), _group(values, "calibration_parameters")
    norm_type = _choice(source, "norm_type", _NORMS)
    folder = str(calibration.get("cal_data_dir") or "")
    by_suffix = "float32" if folder.rstrip("/").endswith("_f32") else "uint8"  # as the compiler guesses
    calibration.setdefault("cal_data_type", by_suffix)
    config = HbMapperConfig(
        type_train=_choice(source, "input_type_train", _TYPES),
        type_rt=str(source.get("input_type_rt")),
        layout_train=_choice(source, "input_layout_train", ("NCHW", "NHWC")),
        shape=_shape(source.get("input_shape")),
        norm_type=norm_type,
        mean=_numbers(source, "mean_value", "mean" in norm_type),
        scale=_numbers(source, "scale_value", "scale" in norm_type),
        calibration_folder=folder,
        sample_dtype=_choice(
            {"cal_data_type": by_suffix} | calibration, "cal_data_type", ("float32", "uint8")
        ),
        reads_pictures=str(calibration.get("preprocess_on")).lower() == "true",
    )
    if config.samples_are_normalised and config.sample_dtype != "float32":
        raise HbMapperError("cal_data_type is uint8 (or left out), expected float32 for feature maps")
    return config


def _group(values: Any, name: str) -> dict[str, Any]:
    group = values.get(name) if isinstance(values, dict) else None
    if not isinstance(group, dict):
        raise HbMapperError(f"the group {name} is missing or holds no keys")
    return {key: value for key, value in group.items() if value is not None}


def _choice(group: Mapping[str, Any], key: str, words: tuple[str, ...]) -> str:
    value = group.get(key)
    if value not in words:
        raise HbMapperError(f"{key} is {value!r}, expected {' or '.join(words)}")
    return str(value)


def _shape(value: Any) -> tuple[int, ...] | None:
    try:
        return None if value is None else tuple(map(int, str(value).split("x")))
    except ValueError as error:
        raise HbMapperError(f"input_shape is {value!r}, expected such as 1x3x24x94") from error


def _numbers(group: Mapping[str, Any], key: str, is_used: bool) -> tuple[float, ...]:
    value = group.get(key, "None")
    try:
        numbers = () if value == "None" else tuple(map(float, str(value).split()))
    except ValueError:
        numbers = (math.nan,)
    if bool(numbers) != is_used or not all(map(math.isfinite, numbers)):
        expected = "numbers separated by spaces" if is_used else "no such key"
        raise HbMapperError(
            f"{key} is {value!r}, expected {expected} where norm_type is {group['norm_type']}"
        )
    return numbers


def check_against_manifest(config: HbMapperConfig, manifest: ModelManifest) -> None:
    """Check that a YAML compiles the network that a manifest describes.

    Raises:
        HbMapperError: layout, shape, channel order, mean or scale are not the manifest's.
    """
    rule, says = manifest.input, f"the manifest of {manifest.path.name} says"
    wanted = manifest.input.shape
    if config.layout_train != "NCHW":
        raise HbMapperError(f"input_layout_train is {config.layout_train}, {says} NCHW")
    if config.shape not in (None, wanted):
        found, expected = ("x".join(map(str, shape or ())) for shape in (config.shape, wanted))
        raise HbMapperError(f"input_shape is {found}, {says} {expected}")
    if config.type_train not in (rule.channel_order, "featuremap"):
        raise HbMapperError(f"input_type_train is {config.type_train}, {says} {rule.channel_order}")
    if config.samples_are_normalised:
        return
    mean, scale = ("mean_value", config.mean, 0.0, rule.mean), ("scale_value", config.scale, 1.0, rule.scale)
    for key, numbers, nothing, wants in (mean, scale):
        given = numbers or (nothing,)
        for number, want in zip(given * len(wants) if len(given) == 1 else given, wants, strict=True):
            if not math.isclose(number, want, rel_tol=1e-4):
                where = f"{key} is" if numbers else f"norm_type is {config.norm_type}, which means a {key} of"
                raise HbMapperError(f"{where} {number:.10g}, {says} {want:.10g}")
