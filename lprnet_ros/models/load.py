"""Reads the manifest beside a model file, and says what is wrong with it."""

from __future__ import annotations

import re
from pathlib import Path

from lprnet_ros.models.manifest import ManifestError, RecognizerManifest, SelfTest, manifest_path
from lprnet_ros.models.temperature import TemperatureScaling
from lprnet_ros.models.tensor_spec import DTYPES, LAYOUTS, MOST_PIXELS, TensorSpec
from lprnet_ros.plates.alphabet import Alphabet
from lprnet_ros.plates.syntax import PlateSyntax, bundled_syntax, load_syntax
from lprnet_ros.text.fields import FieldError, Fields, read_yaml

MOST_TIME_STEPS = 4096

_MODEL_FIELDS = ("name", "sha256", "url", "input", "output", "self_test", "compiled")
_INPUT_FIELDS = ("channel_order", "mean", "scale", "width", "height", "dtype", "layout", "name")
_OUTPUT_FIELDS = ("alphabet", "blank", "time_steps", "syntax", "name")
_SELF_TEST_FIELDS = ("blue_pixel", "image", "text", "logits", "minimum_cosine")


def load_manifest(model: Path) -> RecognizerManifest:
    """Read the manifest beside a model file.

    Args:
        model: the model file; it need not exist yet.

    Raises:
        ManifestError: the manifest is missing, is no YAML, lacks something, holds
            something unknown or contradicts itself; the message names the file and the field.
    """
    path = manifest_path(model)
    if not path.is_file():
        missing = "" if model.is_file() else f" (nor is there a model {model.name})"
        raise ManifestError(
            f"{path}: no such manifest{missing}; every model needs one beside it, see models/README.md"
        )
    try:
        values = read_yaml(path)
    except FieldError as error:
        raise ManifestError(str(error)) from error
    try:
        return _recognizer(model, Fields(values, (*_MODEL_FIELDS, "calibration")))
    except ValueError as error:
        raise ManifestError(f"{path}: {error}") from error


def _recognizer(model: Path, fields: Fields) -> RecognizerManifest:
    source = fields.section("input", _INPUT_FIELDS)
    output = fields.section("output", _OUTPUT_FIELDS)
    test = _self_test(model, fields.section("self_test", _SELF_TEST_FIELDS))
    syntax, syntax_file = _syntax(model, output)
    alphabet = _alphabet(output, syntax)
    sha256, url = fields.text("sha256"), fields.text("url", "")
    if re.fullmatch("[0-9a-fA-F]{64}", sha256) is None:
        raise ManifestError("sha256 is not 64 hexadecimal digits")
    if url and not url.startswith(("https://", "http://")):
        raise ManifestError(f"url is {url!r}, expected an address that begins with https:// or http://")
    return RecognizerManifest(
        path=model,
        name=fields.text("name"),
        sha256=sha256.lower(),
        input=_input(source),
        output=TensorSpec(
            (1, len(alphabet), output.count("time_steps", 1, MOST_TIME_STEPS)), name=output.text("name", "")
        ),
        alphabet=alphabet,
        self_test=test,
        syntax=syntax,
        calibration=_calibration(fields, alphabet),
        url=url,
        compiled=fields.section("compiled", None, {}).values,
        companions=tuple(file for file in (test.image, test.logits, syntax_file) if file is not None),
    )


def _input(fields: Fields) -> TensorSpec:
    mean, scale = (
        fields.numbers(name, 3) if isinstance(fields.get(name), list) else fields.number(name)
        for name in ("mean", "scale")
    )
    return TensorSpec.picture(
        fields.text("channel_order"),
        mean,
        scale,
        fields.count("width", 1, MOST_PIXELS),
        fields.count("height", 1, MOST_PIXELS),
        dtype=fields.choice("dtype", DTYPES, "float32"),
        layout=fields.choice("layout", LAYOUTS, "NCHW"),
        name=fields.text("name", ""),
    )


def _self_test(model: Path, fields: Fields) -> SelfTest:
    test = SelfTest(
        blue_pixel=fields.numbers("blue_pixel", 3),
        image=fields.file_beside("image", model.parent),
        text=fields.text("text", ""),
        logits=fields.file_beside("logits", model.parent),
        minimum_cosine=fields.number("minimum_cosine", 0.97),
    )
    if test.image is not None and not test.text:
        raise ManifestError("self_test has an image but no text, which is read on it")
    return test


def _syntax(model: Path, output: Fields) -> tuple[PlateSyntax | None, Path | None]:
    """Return the syntax that a manifest names, and its file where that lies beside the model."""
    if "syntax" not in output or output.get("syntax") is None:
        return None, None
    name = output.text("syntax")
    if not name:
        raise ManifestError("output.syntax is empty, expected a name such as ga36, or a .yaml file")
    if not name.endswith(".yaml"):
        return bundled_syntax(name), None
    file = output.file_beside("syntax", model.parent)
    assert file is not None
    return load_syntax(file), file


def _alphabet(output: Fields, syntax: PlateSyntax | None) -> Alphabet:
    """Return the alphabet that a manifest states, or that of its syntax."""
    if "alphabet" not in output and syntax is not None:
        return syntax.alphabet
    alphabet = Alphabet.of_text(output.text("alphabet"), output.text("blank"))
    if syntax is not None and alphabet != syntax.alphabet:
        raise ManifestError(f"output.alphabet is not the alphabet of output.syntax ({syntax.name})")
    return alphabet


def _calibration(fields: Fields, alphabet: Alphabet) -> TemperatureScaling:
    values = fields.section("calibration", ("temperature", "class_bias"), {})
    biases = values.section("class_bias", None, {})
    calibration = TemperatureScaling(
        values.number("temperature", 1.0), {str(key): biases.number(key) for key in biases.values}
    )
    calibration.bias_vector(alphabet)  # raises where a character is not in the alphabet
    return calibration
