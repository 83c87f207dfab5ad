"""Every key of the YAML of ``hb_mapper makertbin``, and what may stand in it.

Sources: D-Robotics rdk_doc, ptq_process.md, "Explanation of YAML Configuration Parameters"; for
``compile_mode: balance``, ``advice`` and the optimisations of single operators the manual of OpenExplorer
1.2.8 as D-Robotics/rdk-skills quotes it (reference of x5-ptq-compile).  Only the RDK X5 is meant.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

PICTURE_TYPES = ("rgb", "bgr", "yuv444", "gray")
_LAYOUTS = ("NCHW", "NHWC")
_NUMBER = r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?"
_OPTIMISATION = re.compile(
    r"set_(model_output|\w+_(input|output))_int(8|16)|asymmetric|bias_correction|lstm_batch_last"
)


class HbMapperError(ValueError):
    """A YAML for hb_mapper is broken or contradicts the model; the message names key, value and remedy."""


class Key(NamedTuple):
    """One key.

    Attributes:
        allows: tells whether a value is allowed.
        expected: what is allowed, in words.
        required: whether the compiler asks for it.
    """

    allows: Callable[[Any], bool]
    expected: str
    required: bool = False


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool) or (isinstance(value, str) and value.lower() in ("true", "false"))


def _is_numbers(value: Any) -> bool:
    """One finite number, or several separated by spaces, or the word None."""
    if isinstance(value, str):
        return value == "None" or (
            re.fullmatch(rf"\s*{_NUMBER}(\s+{_NUMBER})*\s*", value) is not None
            and all(math.isfinite(float(number)) for number in value.split())
        )
    return not isinstance(value, bool) and isinstance(value, (int, float)) and math.isfinite(value)


def _is_whole(least: int, most: int, also: tuple[int, ...] = ()) -> Callable[[Any], bool]:
    def allows(value: Any) -> bool:
        number = as_whole(value)
        return number is not None and (least <= number <= most or number in also)

    return allows


def as_whole(value: Any) -> int | None:
    """Return a whole number, written as a number or as text; None where it is neither."""
    if isinstance(value, str) and re.fullmatch(r"\d{1,20}", value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def as_flag(value: Any) -> bool:
    """Return a flag, written as a YAML boolean or as text."""
    return value is True or str(value).lower() == "true"


def _is_list_of(words: tuple[str, ...]) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, str) and all(word.strip() in words for word in value.rstrip("; ").split(";"))
    )


def _is_optimisations(value: Any) -> bool:
    words = value.split(",") if isinstance(value, str) else value
    return (
        isinstance(words, list)
        and bool(words)
        and all(isinstance(word, str) and _OPTIMISATION.fullmatch(word.strip()) for word in words)
    )


def _is_sources(value: Any) -> bool:
    sources = ("ddr", "pyramid", "resizer")
    return isinstance(value, dict) and bool(value) and all(source in sources for source in value.values())


def _one_of(*words: str, required: bool = False) -> Key:
    return Key(lambda value: isinstance(value, str) and value in words, " or ".join(words), required)


_TEXT = Key(_is_text, "text")
_REQUIRED_TEXT = Key(_is_text, "text", True)
_FLAG = Key(_is_flag, "True or False")
_NUMBERS = Key(_is_numbers, "a number, or one for each channel, separated by spaces")
_REMOVABLE = ("Quantize", "Dequantize", "Transpose", "Cast", "Reshape", "Softmax")

KEYS: Mapping[str, Mapping[str, Key]] = {
    "model_parameters": {
        **dict.fromkeys(("onnx_model", "caffe_model", "prototxt"), _TEXT),
        "march": _one_of("bayes-e", required=True),
        "output_model_file_prefix": _REQUIRED_TEXT,
        "working_dir": _TEXT,
        "layer_out_dump": _FLAG,
        "output_nodes": _TEXT,
        "remove_node_type": Key(_is_list_of(_REMOVABLE), f"{', '.join(_REMOVABLE)}, separated by ;"),
        "remove_node_name": _TEXT,
        "set_node_data_type": _TEXT,
        "debug_mode": _one_of("dump_calibration_data"),
        "node_info": Key(lambda value: isinstance(value, dict) or _is_text(value), "fields by node, or text"),
    },
    "input_parameters": {
        "input_name": Key(lambda value: isinstance(value, str), "text"),
        "input_type_train": _one_of(*PICTURE_TYPES, "featuremap", required=True),
        "input_layout_train": _one_of(*_LAYOUTS, required=True),
        "input_type_rt": _one_of(*PICTURE_TYPES, "nv12", "featuremap", required=True),
        "input_layout_rt": _one_of(*_LAYOUTS),
        "input_space_and_range": _one_of("regular", "bt601_video"),
        "input_shape": Key(
            lambda value: isinstance(value, str) and re.fullmatch(r"[1-9]\d*(x[1-9]\d*)*", value) is not None,
            "whole numbers joined by x, such as 1x3x24x94",
        ),
        "input_batch": Key(_is_whole(1, 128), "1 to 128"),
        "norm_type": _one_of(
            "no_preprocess", "data_mean", "data_scale", "data_mean_and_scale", required=True
        ),
        "mean_value": _NUMBERS,
        "scale_value": _NUMBERS,
    },
    "calibration_parameters": {
        "cal_data_dir": _TEXT,
        "cal_data_type": _one_of("float32", "uint8"),
        "preprocess_on": _FLAG,
        "calibration_type": _one_of("default", "mix", "kl", "max", "load", "skip", required=True),
        "max_percentile": Key(
            lambda value: not isinstance(value, bool) and isinstance(value, (int, float)) and 0 <= value <= 1,
            "0.0 to 1.0",
        ),
        "per_channel": _FLAG,
        "run_on_cpu": _TEXT,
        "run_on_bpu": _TEXT,
        "optimization": Key(
            _is_optimisations,
            "such as set_model_output_int8, set_model_output_int16 or set_Softmax_input_int8",
        ),
    },
    "compiler_parameters": {
        "compile_mode": _one_of("latency", "bandwidth", "balance", required=True),
        "balance_factor": Key(_is_whole(0, 100), "0 to 100"),
        "debug": _FLAG,
        "core_num": Key(_is_whole(1, 1), "1 (the RDK X5 has one core)"),
        "optimize_level": _one_of("O0", "O1", "O2", "O3", required=True),
        "input_source": Key(_is_sources, "the input's name with ddr, pyramid or resizer"),
        "max_time_per_fc": Key(_is_whole(1000, 4294967295, also=(0,)), "0, or 1000 to 4294967295"),
        "jobs": Key(_is_whole(1, 1024), "at least 1"),
        "advice": Key(_is_whole(0, 4294967295), "0 or more microseconds"),
    },
    "custom_op": {
        "custom_op_method": _one_of("register"),
        "op_register_files": _TEXT,
        "custom_op_dir": _TEXT,
    },
}
"""The groups and their keys; all groups but ``custom_op`` are required."""


def check_keys(values: Any) -> dict[str, dict[str, Any]]:
    """Check each key by itself.

    Args:
        values: what the YAML holds.

    Returns:
        The values by group and key; keys that are left empty are gone.

    Raises:
        HbMapperError: a group or key is missing or unknown, or a value is not allowed.
    """
    if not isinstance(values, dict):
        raise HbMapperError(f"holds no groups, expected {', '.join(KEYS)}")
    _check_names("group", values, KEYS)
    groups = {}
    for group, keys in KEYS.items():
        given = values.get(group, {} if group == "custom_op" else None)
        if not isinstance(given, dict):
            wrong = "is missing" if group not in values else f"is {given!r}, expected keys"
            raise HbMapperError(f"the group {group} {wrong}; all but custom_op are required")
        _check_names(group, given, keys)
        groups[group] = {name: value for name, value in given.items() if value is not None}
        for name, key in keys.items():
            if name not in groups[group]:
                if key.required:
                    raise HbMapperError(f"{group}.{name} is missing, expected {key.expected}")
            elif not key.allows(groups[group][name]):
                value = groups[group][name]
                raise HbMapperError(f"{group}.{name} is {value!r}, expected {key.expected}")
    return groups


def _check_names(what: str, given: Mapping[Any, Any], known: Mapping[str, Any]) -> None:
    for name in given:
        if name not in known:
            near = get_close_matches(str(name), known, 1)
            remedy = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
            place = "there is no group" if what == "group" else f"{what} has no key"
            raise HbMapperError(f"{place} {name!r}; {remedy}")
