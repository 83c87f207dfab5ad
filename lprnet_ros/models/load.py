"""Reads the manifest beside a model file, and says what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from lprnet_ros.models.manifest import (
    CELL_CHANNELS,
    FinderManifest,
    FindingSelfTest,
    ManifestError,
    Quad,
    ReadingSelfTest,
    RecognizerManifest,
    manifest_path,
)
from lprnet_ros.models.temperature import TemperatureScaling
from lprnet_ros.models.tensor_spec import DTYPES, LAYOUTS, MOST_PIXELS, TensorSpec
from lprnet_ros.plates.alphabet import Alphabet
from lprnet_ros.plates.syntax import PlateSyntax, bundled_syntax, load_syntax
from lprnet_ros.text.fields import FieldError, Fields, read_yaml

MOST_TIME_STEPS = 4096

_MODEL_FIELDS = ("name", "sha256", "url", "input", "output", "self_test", "compiled")
_INPUT_FIELDS = ("channel_order", "mean", "scale", "width", "height", "dtype", "layout", "name")
_OUTPUT_FIELDS = ("alphabet", "blank", "time_steps", "syntax", "name")
_FINDER_OUTPUT_FIELDS = ("stride", "minimum_score", "name")
_SELF_TEST_FIELDS = ("blue_pixel", "image", "text", "logits", "minimum_cosine")
_FINDER_SELF_TEST_FIELDS = ("blue_pixel", "image", "quads", "tolerance")
_MOST_QUADS = 100


def load_manifest(model: Path) -> RecognizerManifest:
    """Read the manifest beside a file of a network that reads plates; see ``load_any_manifest``."""
    manifest = load_any_manifest(model)
    if not isinstance(manifest, RecognizerManifest):
        raise ManifestError(f"{model} finds plates in pictures, expected a network that reads plates")
    return manifest


def load_finder_manifest(model: Path) -> FinderManifest:
    """Read the manifest beside a file of a network that finds plates; see ``load_any_manifest``."""
    manifest = load_any_manifest(model)
    if not isinstance(manifest, FinderManifest):
        raise ManifestError(f"{model} reads plates, expected a network that finds plates in pictures")
    return manifest


def load_any_manifest(model: Path) -> RecognizerManifest | FinderManifest:
    """Read the manifest beside a model file; that of a finder says ``output.stride``.

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
        output = values.get("output") if isinstance(values, dict) else None
        if isinstance(output, dict) and "stride" in output:
            return _finder(model, Fields(values, _MODEL_FIELDS))
        return _recognizer(model, Fields(values, (*_MODEL_FIELDS, "calibration")))
    except ValueError as error:
        raise ManifestError(f"{path}: {error}") from error


def _recognizer(model: Path, fields: Fields) -> RecognizerManifest:
    source = fields.section("input", _INPUT_FIELDS)
    output = fields.section("output", _OUTPUT_FIELDS)
    test = _self_test(model, fields.section("self_test", _SELF_TEST_FIELDS))
    syntax, syntax_file = _syntax(model, output)
    alphabet = _alphabet(output, syntax)
    sha256, url = _origin(fields)
    return RecognizerManifest(
        path=model,
        name=fields.text("name"),
        sha256=sha256,
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


def _finder(model: Path, fields: Fields) -> FinderManifest:
    spec = _input(fields.section("input", _INPUT_FIELDS))
    output = fields.section("output", _FINDER_OUTPUT_FIELDS)
    test = _finding_self_test(model, fields.section("self_test", _FINDER_SELF_TEST_FIELDS))
    stride = output.count("stride", 1, MOST_PIXELS)
    rows, columns = max(1, spec.height // stride), max(1, spec.width // stride)
    sha256, url = _origin(fields)
    return FinderManifest(
        path=model,
        name=fields.text("name"),
        sha256=sha256,
        input=spec,
        output=TensorSpec((1, CELL_CHANNELS, rows, columns), name=output.text("name", "")),
        stride=stride,
        minimum_score=output.number("minimum_score"),
        self_test=test,
        url=url,
        compiled=fields.section("compiled", None, {}).values,
        companions=(test.image,) if test.image is not None else (),
    )


def _origin(fields: Fields) -> tuple[str, str]:
    """Return the file's SHA-256 and where it is published."""
    sha256, url = fields.text("sha256"), fields.text("url", "")
    if re.fullmatch("[0-9a-fA-F]{64}", sha256) is None:
        raise ManifestError("sha256 is not 64 hexadecimal digits")
    if url and not url.startswith(("https://", "http://")):
        raise ManifestError(f"url is {url!r}, expected an address that begins with https:// or http://")
    return sha256.lower(), url


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


def _self_test(model: Path, fields: Fields) -> ReadingSelfTest:
    test = ReadingSelfTest(
        blue_pixel=fields.numbers("blue_pixel", 3),
        image=fields.file_beside("image", model.parent),
        text=fields.text("text", ""),
        logits=fields.file_beside("logits", model.parent),
        minimum_cosine=fields.number("minimum_cosine", 0.97),
    )
    if test.image is not None and not test.text:
        raise ManifestError("self_test has an image but no text, which is read on it")
    return test


def _finding_self_test(model: Path, fields: Fields) -> FindingSelfTest:
    image = fields.file_beside("image", model.parent)
    if (image is None) == ("quads" in fields):
        raise ManifestError(
            "self_test has one of image and quads, expected both or none: quads lie in the image"
        )
    test = FindingSelfTest(
        blue_pixel=fields.numbers("blue_pixel", 3),
        image=image,
        quads=tuple(_quads(fields)) if image is not None else (),
        tolerance=fields.number("tolerance", FindingSelfTest.tolerance),
    )
    if not 0 < test.tolerance < 1:
        raise ManifestError(f"self_test.tolerance is {test.tolerance}, expected more than 0 and less than 1")
    return test


def _quads(fields: Fields) -> Iterator[Quad]:
    """Read the plates of the self-test, 8 numbers each."""
    quads = fields.get("quads")
    if not isinstance(quads, list) or not 1 <= len(quads) <= _MOST_QUADS:
        raise ManifestError(f"self_test.quads is no list of 1 to {_MOST_QUADS} plates of 8 numbers")
    for index in range(len(quads)):
        name = f"quads[{index}]"
        x1, y1, x2, y2, x3, y3, x4, y4 = Fields({name: quads[index]}, None, "self_test").numbers(name, 8)
        yield (x1, y1), (x2, y2), (x3, y3), (x4, y4)


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
