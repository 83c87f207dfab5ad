"""Reads the manifest beside a model file, and says what is wrong with it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from lprnet_ros.models.manifest import ManifestError, ModelManifest, Preprocessing, SelfTest, manifest_path
from lprnet_ros.models.temperature import Calibration
from lprnet_ros.plates.alphabet import Alphabet
from lprnet_ros.plates.syntax import PlateSyntax, bundled_syntax, load_syntax


def load_manifest(model: Path) -> ModelManifest:
    """Read the manifest beside a model file.

    Args:
        model: the model file; it need not exist yet.

    Raises:
        ManifestError: the manifest is missing, is no YAML, lacks something or
            contradicts itself; the message names the file and the field.
    """
    path = manifest_path(model)
    if not path.is_file():
        missing = "" if model.is_file() else f" (nor is there a model {model.name})"
        raise ManifestError(
            f"{path}: no such manifest{missing}; every model needs one beside it, see models/README.md"
        )
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ManifestError(f"{path}: not readable YAML ({error})") from error
    try:
        return _from_values(model, values)
    except KeyError as error:
        raise ManifestError(f"{path}: lacks the field {error.args[0]!r}") from error
    except (TypeError, ValueError) as error:
        raise ManifestError(f"{path}: {error}") from error


def _from_values(model: Path, values: Any) -> ModelManifest:
    if not isinstance(values, dict):
        raise ManifestError("holds no fields")
    source, output, test = (_section(values, name) for name in ("input", "output", "self_test"))
    syntax = _syntax(model, output.get("syntax"))
    alphabet = _alphabet(output, syntax)
    pixel = test["blue_pixel"]
    if not isinstance(pixel, list) or len(pixel) != 3:
        raise ManifestError(f"self_test.blue_pixel is {pixel!r}, expected 3 numbers")
    if re.fullmatch("[0-9a-fA-F]{64}", str(values["sha256"])) is None:
        raise ManifestError("sha256 is not 64 hexadecimal digits")
    if test.get("image") and not test.get("text"):
        raise ManifestError("self_test has an image but no text, which is read on it")
    blue, green, red = (_number("self_test.blue_pixel", value) for value in pixel)
    return ModelManifest(
        path=model,
        name=str(values["name"]),
        sha256=str(values["sha256"]).lower(),
        preprocessing=Preprocessing(
            channel_order=str(source["channel_order"]),
            mean=_number("input.mean", source["mean"]),
            scale=_number("input.scale", source["scale"]),
            width=_count("input.width", source["width"]),
            height=_count("input.height", source["height"]),
        ),
        alphabet=alphabet,
        time_steps=_positive("output.time_steps", output["time_steps"]),
        self_test=SelfTest(
            blue_pixel=(blue, green, red),
            image=_beside(model, "self_test.image", test.get("image")),
            text=str(test.get("text", "")),
            logits=_beside(model, "self_test.logits", test.get("logits")),
            minimum_cosine=_number("self_test.minimum_cosine", test.get("minimum_cosine", 0.97)),
        ),
        syntax=syntax,
        calibration=_calibration(values.get("calibration", {}), alphabet),
        url=_url(values.get("url", "")),
    )


def _syntax(model: Path, name: object) -> PlateSyntax | None:
    """Return the syntax that a manifest names: a bundled one, or a YAML beside the model."""
    if name is None:
        return None
    if not isinstance(name, str) or not name:
        raise ManifestError(f"output.syntax is {name!r}, expected a name such as ga36, or a .yaml file")
    return load_syntax(model.parent / name) if name.endswith(".yaml") else bundled_syntax(name)


def _alphabet(output: Mapping[str, Any], syntax: PlateSyntax | None) -> Alphabet:
    """Return the alphabet that a manifest states, or that of its syntax."""
    if "alphabet" not in output and syntax is not None:
        return syntax.alphabet
    characters, blank = str(output["alphabet"]), str(output["blank"])
    if len(blank) != 1 or blank not in characters:
        raise ManifestError(f"output.blank is {blank!r}, expected one character of the alphabet")
    alphabet = Alphabet(tuple(characters), blank=characters.index(blank))
    if syntax is not None and alphabet != syntax.alphabet:
        raise ManifestError(f"output.alphabet is not the alphabet of output.syntax ({syntax.name})")
    return alphabet


def _calibration(values: Any, alphabet: Alphabet) -> Calibration:
    biases = values.get("class_bias", {}) if isinstance(values, dict) else None
    if not isinstance(biases, dict):
        raise ManifestError("calibration is expected to hold temperature and class_bias")
    calibration = Calibration(
        _number("calibration.temperature", values.get("temperature", 1.0)),
        {str(name): _number(f"calibration.class_bias.{name}", bias) for name, bias in biases.items()},
    )
    calibration.bias_vector(alphabet)  # raises where a character is not in the alphabet
    return calibration


def _url(value: object) -> str:
    if not isinstance(value, str) or (value and not value.startswith(("https://", "http://"))):
        raise ManifestError(f"url is {value!r}, expected an address that begins with https:// or http://")
    return value


def _section(values: dict[str, Any], name: str) -> dict[str, Any]:
    if not isinstance(values[name], dict):
        raise ManifestError(f"{name} is {values[name]!r}, expected fields")
    return dict(values[name])


def _number(field: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ManifestError(f"{field} is {value!r}, expected a number")
    return float(value)


def _count(field: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ManifestError(f"{field} is {value!r}, expected a whole number")
    return value


def _positive(field: str, value: object) -> int:
    if _count(field, value) < 1:
        raise ManifestError(f"{field} is {value!r}, expected at least 1")
    return _count(field, value)


def _beside(model: Path, field: str, name: object) -> Path | None:
    if name is not None and not isinstance(name, str):
        raise ManifestError(f"{field} is {name!r}, expected a file name")
    return model.parent / name if name else None
