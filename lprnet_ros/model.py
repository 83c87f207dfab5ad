"""A model file and the manifest beside it, which says how the file wants to be used.

The manifest of ``lprnet.onnx`` is ``lprnet.onnx.yaml`` in the same folder.
Channel order, scale and alphabet differ between published LPRNets, and a wrong
one costs nearly every plate (89.4 % falls to 2 % for LPRNet_Pytorch), so they
are never defaults of the code.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from lprnet_ros.alphabet import Alphabet
from lprnet_ros.calibration import Calibration
from lprnet_ros.syntax import PlateSyntax, bundled_syntax, load_syntax

MANIFEST_SUFFIX = ".yaml"
BUNDLED_MODEL = "lprnet.onnx"


class ManifestError(ValueError):
    """A manifest or its model file is missing or broken; the message says which and why."""


@dataclass(frozen=True)
class Preprocessing:
    """How a crop becomes a network's input.

    Attributes:
        channel_order: ``rgb`` or ``bgr``.
        mean: subtracted from each 8-bit value.
        scale: multiplies the difference.
        width: input width in pixels.
        height: input height in pixels.

    Raises:
        ManifestError: an order, size or scale that makes no sense.
    """

    channel_order: str
    mean: float
    scale: float
    width: int = 94
    height: int = 24

    def __post_init__(self) -> None:
        """Check every field."""
        if self.channel_order not in ("rgb", "bgr"):
            raise ManifestError(f"channel_order is {self.channel_order!r}, expected 'rgb' or 'bgr'")
        if self.scale == 0:
            raise ManifestError("scale is 0, every input would be 0")
        if self.width < 1 or self.height < 1:
            raise ManifestError(f"input of {self.width} x {self.height} pixels, expected at least 1 x 1")

    def normalise(self, blue: float, green: float, red: float) -> tuple[float, float, float]:
        """Return what one pixel becomes, in the order of the input's channels."""
        pixel = (red, green, blue) if self.channel_order == "rgb" else (blue, green, red)
        first, second, third = ((value - self.mean) * self.scale for value in pixel)
        return first, second, third


@dataclass(frozen=True)
class SelfTest:
    """What a model must answer before it may be used.

    Attributes:
        blue_pixel: what a pure blue pixel becomes at the input, one value a
            channel; guards order and scale without running the network.
        image: a picture of a plate, or None where none is published.
        text: what the network reads on it.
        logits: a ``.npy`` file with the logits for it (classes x time steps),
            or None; a network that is robust to colour still reads the plate
            when red and blue are swapped, but its logits differ.
        minimum_cosine: least cosine similarity with these logits, 0..1; leaves
            room for 8-bit arithmetic.
    """

    blue_pixel: tuple[float, float, float]
    image: Path | None = None
    text: str = ""
    logits: Path | None = None
    minimum_cosine: float = 0.97


@dataclass(frozen=True)
class ModelManifest:
    """How to use one model file.

    Attributes:
        path: the model file.
        name: what people call it.
        sha256: of the file, lower-case hexadecimal.
        preprocessing: how a crop becomes its input, 1 x 3 x height x width float32.
        alphabet: its classes.
        time_steps: length of its output, 1 x classes x time steps float32.
        self_test: what it must answer.
        syntax: which texts are plates, or None where nobody said.
        calibration: how its logits become probabilities.
    """

    path: Path
    name: str
    sha256: str
    preprocessing: Preprocessing
    alphabet: Alphabet
    time_steps: int
    self_test: SelfTest
    syntax: PlateSyntax | None = None
    calibration: Calibration = field(default_factory=Calibration)

    @property
    def input_shape(self) -> tuple[int, int, int, int]:
        """Shape of the input, NCHW."""
        return (1, 3, self.preprocessing.height, self.preprocessing.width)

    @property
    def output_shape(self) -> tuple[int, int, int]:
        """Shape of the output: 1, classes, time steps."""
        return (1, len(self.alphabet), self.time_steps)

    def verify_file(self) -> None:
        """Check that the model file is the one the manifest speaks of.

        Raises:
            ManifestError: it is missing, unreadable, or has another SHA-256.
        """
        if not self.path.is_file():
            raise ManifestError(f"{self.path}: no such model file")
        try:
            actual = hashlib.sha256(self.path.read_bytes()).hexdigest()
        except OSError as error:
            raise ManifestError(f"{self.path}: cannot be read ({error.strerror})") from error
        if actual != self.sha256:
            raise ManifestError(
                f"{self.path} is not the file its manifest describes: sha256 {actual}, "
                f"expected {self.sha256}; get the file again, or write a manifest for this one"
            )


def manifest_path(model: Path) -> Path:
    """Return where the manifest of a model file lies."""
    return model.with_name(model.name + MANIFEST_SUFFIX)


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


def find_models_folder() -> Path:
    """Return the folder of the bundled models.

    In a source tree it is ``models/``; installed by pip, colcon or a Debian
    package it is ``share/lprnet_ros/models`` below the same prefix.

    Raises:
        ManifestError: it is in neither place.
    """
    package = Path(__file__).resolve().parent
    candidates = [package.parent / "models"]
    candidates += [parent / "share" / "lprnet_ros" / "models" for parent in package.parents]
    for folder in candidates:
        if manifest_path(folder / BUNDLED_MODEL).is_file():
            return folder
    raise ManifestError(
        f"the bundled models are not installed: no {BUNDLED_MODEL} in {candidates[0]} "
        f"or in share/lprnet_ros/models above {package}"
    )


def bundled_model() -> Path:
    """Return the path of the bundled network.

    Raises:
        ManifestError: the package was installed without its models.
    """
    return find_models_folder() / BUNDLED_MODEL


def find_model(name: str) -> Path:
    """Return the model file that a user means.

    Args:
        name: empty for the bundled network; the bare name of a bundled model, such
            as ``lprnet_int8.onnx``; or a path, which wins where such a file lies in
            the working folder.

    Raises:
        ManifestError: a bundled model is meant, and the package was installed
            without them.
    """
    if not name:
        return bundled_model()
    path = Path(name).expanduser()
    if path.name == name and not path.exists():
        bundled = find_models_folder() / name
        if manifest_path(bundled).is_file():
            return bundled
    return path
