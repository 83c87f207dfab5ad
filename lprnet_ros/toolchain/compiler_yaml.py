"""The YAML by which the board's compiler, ``hb_mapper makertbin``, turns an ONNX model into a ``.bin``.

Sources: those of ``compiler_keys``.  Networks with one input, of this package, are meant.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lprnet_ros.models.manifest import RecognizerManifest
from lprnet_ros.toolchain.compiler_keys import PICTURE_TYPES, HbMapperError, as_flag, as_whole, check_keys

__all__ = ["HbMapperConfig", "HbMapperError", "check_against_manifest", "load_config", "parse_config"]

_RUNS_AS = {
    "yuv444": ("nv12", "yuv444"),
    "rgb": ("nv12", "yuv444", "rgb", "bgr"),
    "bgr": ("nv12", "yuv444", "rgb", "bgr"),
    "gray": ("gray",),
    "featuremap": ("featuremap",),
}
"""What may be fed on the board to a network that was trained on the key (rdk_doc's table)."""


@dataclass(frozen=True)
class HbMapperConfig:
    """What a YAML says about the input and its calibration.

    Attributes:
        input_name: name of the ONNX model's input; empty where the YAML leaves it out.
        type_train: ``rgb``, ``bgr``, ``yuv444``, ``gray`` or ``featuremap``: the calibration samples' type.
        type_rt: the same or ``nv12``: what the board is fed.
        layout_train: ``NCHW`` or ``NHWC``, of the ONNX model and the samples.
        shape: of the ONNX model's input in that layout, or None where the YAML leaves it out.
        norm_type: what the compiler puts in front of the network.
        mean: subtracted there, one number a channel or one for all; empty where nothing is.
        scale: multiplies there; likewise.
        calibration_folder: where the compiler looks for the samples, as written; empty for none.
        sample_dtype: ``float32`` or ``uint8``.
        reads_pictures: ``preprocess_on``: the compiler reads picture files instead of raw samples.
    """

    input_name: str
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

    @property
    def channels(self) -> int | None:
        """Channels of the input, or None where its shape is not known or has not four dimensions."""
        if self.shape is None or len(self.shape) != 4:
            return None
        return self.shape[1 if self.layout_train == "NCHW" else 3]

    @property
    def height_width(self) -> tuple[int, ...]:
        """Height and width of the input; empty where there are no channels."""
        if self.shape is None or len(self.shape) != 4:
            return ()
        return self.shape[2:] if self.layout_train == "NCHW" else self.shape[1:3]


def load_config(path: Path) -> HbMapperConfig:
    """Read and check a YAML.

    Raises:
        HbMapperError: it is missing or no YAML, a key is unknown or missing, a value is not
            allowed, or two keys contradict each other; the message names file, key and remedy.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise HbMapperError(f"{path}: not readable YAML ({error})") from error
    try:
        return parse_config(values)
    except HbMapperError as error:
        raise HbMapperError(f"{path}: {error}") from error


def parse_config(values: Any) -> HbMapperConfig:
    """Check what a YAML holds, key by key and the keys against each other.

    Raises:
        HbMapperError: as for :func:`load_config`, without the file's name.
    """
    groups = check_keys(values)
    source, calibration = groups["input_parameters"], groups["calibration_parameters"]
    shape = source.get("input_shape")
    folder = str(calibration.get("cal_data_dir", ""))
    by_suffix = "float32" if folder.rstrip("/").endswith("_f32") else "uint8"  # as the compiler guesses
    config = HbMapperConfig(
        input_name=source.get("input_name", "").strip(),
        type_train=source["input_type_train"],
        type_rt=source["input_type_rt"],
        layout_train=source["input_layout_train"],
        shape=tuple(map(int, shape.split("x"))) if shape is not None else None,
        norm_type=source["norm_type"],
        mean=_numbers(source.get("mean_value")),
        scale=_numbers(source.get("scale_value")),
        calibration_folder=folder,
        sample_dtype=calibration.get("cal_data_type", by_suffix),
        reads_pictures=as_flag(calibration.get("preprocess_on", False)),
    )
    for group, find_complaints in _RULES.items():
        for complaint in find_complaints(config, groups):
            raise HbMapperError(f"{group}.{complaint}")
    return config


def _numbers(value: Any) -> tuple[float, ...]:
    return () if value is None or value == "None" else tuple(map(float, str(value).split()))


_Groups = Mapping[str, Mapping[str, Any]]


def _about_model(_config: HbMapperConfig, groups: _Groups) -> Iterator[str]:
    model = groups["model_parameters"]
    caffe = ("caffe_model" in model, "prototxt" in model)
    if ("onnx_model" in model) == any(caffe) or any(caffe) != all(caffe):
        yield "onnx_model: expected it alone, or caffe_model with prototxt"
    sources = groups["compiler_parameters"].get("input_source", {})
    if as_flag(model.get("layer_out_dump", False)) and "resizer" in sources.values():
        yield "layer_out_dump is True, expected False where input_source is resizer"


def _about_input(config: HbMapperConfig, groups: _Groups) -> Iterator[str]:
    source, train, rt = groups["input_parameters"], config.type_train, config.type_rt
    size = str(source.get("input_shape"))
    if ";" in config.input_name:
        yield f"input_name is {config.input_name!r}, expected one input: LPRNet has no more"
    if rt not in _RUNS_AS[train]:
        allowed = " or ".join(_RUNS_AS[train])
        yield f"input_type_rt is {rt!r}, expected {allowed} where input_type_train is {train}"
    if source.get("input_space_and_range") == "bt601_video" and (rt != "nv12" or train not in ("rgb", "bgr")):
        yield "input_space_and_range is 'bt601_video', expected regular where not nv12 is fed"
    if config.shape is not None:
        yield from _about_shape(config, size)
        if as_whole(source.get("input_batch", 1)) != 1 and config.shape[0] != 1:
            yield f"input_batch is {source['input_batch']}, expected 1 where input_shape is {size}"
    for key, word, numbers in (("mean_value", "mean", config.mean), ("scale_value", "scale", config.scale)):
        if word in config.norm_type and not numbers:
            yield f"{key} is missing, expected a number where norm_type is {config.norm_type}"
        if word not in config.norm_type and numbers:
            yield f"{key} is {source[key]!r}, expected no such key where norm_type is {config.norm_type}"
        if config.channels is not None and len(numbers) not in (0, 1, config.channels):
            yield f"{key} is {source[key]!r}, expected 1 number or {config.channels}"


def _about_shape(config: HbMapperConfig, size: str) -> Iterator[str]:
    train, has_four = config.type_train, config.channels is not None
    if train in PICTURE_TYPES and not has_four:
        yield f"input_shape is {size!r}, expected 4 dimensions where pictures go in"
    wanted = 1 if train == "gray" else 3
    if train in PICTURE_TYPES and config.channels != wanted:
        yield f"input_shape is {size!r}, expected {wanted} channels for {train}, {config.layout_train}"
    if config.type_rt in ("nv12", "yuv444") and any(length % 2 for length in config.height_width):
        yield f"input_shape is {size!r}, expected even sizes where {config.type_rt} is fed"
    if not has_four and config.norm_type != "no_preprocess":
        yield f"norm_type is {config.norm_type!r}, expected no_preprocess where input_shape is {size}"


def _about_calibration(config: HbMapperConfig, groups: _Groups) -> Iterator[str]:
    calibration = groups["calibration_parameters"]
    kind = calibration["calibration_type"]
    if kind not in ("load", "skip") and not config.calibration_folder:
        yield f"cal_data_dir is missing, expected a folder where calibration_type is {kind}"
    if config.samples_are_normalised and config.sample_dtype != "float32" and config.calibration_folder:
        state = "is 'uint8'" if "cal_data_type" in calibration else "is missing, so the compiler takes uint8"
        yield f"cal_data_type {state}, expected float32 for normalised feature maps"
    if "max_percentile" in calibration and kind != "max":
        yield f"max_percentile belongs to calibration_type max, which is {kind!r}"
    if as_flag(calibration.get("per_channel", False)) and kind in ("default", "mix"):
        yield f"per_channel is True, expected False where calibration_type is {kind}"


def _about_compiler(config: HbMapperConfig, groups: _Groups) -> Iterator[str]:
    compiler = groups["compiler_parameters"]
    if (compiler["compile_mode"] == "balance") != ("balance_factor" in compiler):
        yield "balance_factor belongs to compile_mode balance, and is required there"
    for name, place in compiler.get("input_source", {}).items():
        if name not in (config.input_name or name, "_default_value"):
            yield f"input_source names {name!r}, expected the input_name, {config.input_name!r}"
        if place != "ddr" and config.type_rt not in ("nv12", "gray"):
            yield f"input_source is {place!r}, expected ddr where {config.type_rt} is fed"
        if place == "resizer" and math.prod(config.height_width or (1,)) >= 18432:
            yield "input_source is 'resizer', expected an input of less than 18432 pixels there"


_RULES: Mapping[str, Callable[[HbMapperConfig, _Groups], Iterator[str]]] = {
    "model_parameters": _about_model,
    "input_parameters": _about_input,
    "calibration_parameters": _about_calibration,
    "compiler_parameters": _about_compiler,
}
"""By group: a function that yields what contradicts another key."""


def check_against_manifest(config: HbMapperConfig, manifest: RecognizerManifest) -> None:
    """Check that a YAML compiles the network that a manifest describes.

    Raises:
        HbMapperError: layout, shape, channel order, mean or scale are not the manifest's.
    """
    rule, says = manifest.input, f"the manifest of {manifest.path.name} says"
    wanted = manifest.input.shape
    if config.layout_train != "NCHW":
        raise HbMapperError(f"input_layout_train is {config.layout_train}, {says} NCHW")
    if config.shape not in (None, wanted):
        raise HbMapperError(f"input_shape is {_joined(config.shape)}, {says} {_joined(wanted)}")
    if config.type_train not in (rule.channel_order, "featuremap"):
        raise HbMapperError(f"input_type_train is {config.type_train}, {says} {rule.channel_order}")
    if config.samples_are_normalised:
        return
    for key, numbers, nothing, expected in (
        ("mean_value", config.mean, 0.0, rule.mean),
        ("scale_value", config.scale, 1.0, rule.scale),
    ):
        given = numbers if len(numbers) == 3 else (numbers or (nothing,)) * 3
        for number, wanted_number in zip(given, expected, strict=True):
            if not math.isclose(number, wanted_number, rel_tol=1e-4):
                where = f"{key} is" if numbers else f"norm_type is {config.norm_type}, which means a {key} of"
                raise HbMapperError(f"{where} {number:.10g}, {says} {wanted_number:.10g}")


def _joined(shape: tuple[int, ...] | None) -> str:
    return "x".join(map(str, shape or ()))
