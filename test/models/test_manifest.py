import copy
import dataclasses
import hashlib
import re
from pathlib import Path

import pytest
import yaml

from lprnet_ros.models.find import bundled_model, find_models_folder
from lprnet_ros.models.load import load_manifest
from lprnet_ros.models.manifest import ManifestError, ReadingSelfTest, manifest_path
from lprnet_ros.models.temperature import TemperatureScaling
from lprnet_ros.models.tensor_spec import TensorSpec
from lprnet_ros.plates.alphabet import CHINESE_PLATES, Alphabet
from lprnet_ros.plates.syntax import bundled_syntax

CONTENT = b"the model's bytes"
VALUES = {
    "name": "mine",
    "sha256": hashlib.sha256(CONTENT).hexdigest(),
    "input": {"channel_order": "bgr", "mean": 127.5, "scale": 0.0078125, "width": 94, "height": 24},
    "output": {"alphabet": "".join(CHINESE_PLATES.characters), "blank": "-", "time_steps": 18},
    "self_test": {
        "blue_pixel": [0.99609375, -0.99609375, -0.99609375],
        "image": "mine.png",
        "text": "京A12345",
        "logits": "mine.npy",
        "minimum_cosine": 0.9,
    },
}
REQUIRED = [
    ("name",),
    ("sha256",),
    ("input",),
    ("input", "channel_order"),
    ("input", "mean"),
    ("input", "scale"),
    ("input", "width"),
    ("input", "height"),
    ("output",),
    ("output", "alphabet"),
    ("output", "blank"),
    ("output", "time_steps"),
    ("self_test",),
    ("self_test", "blue_pixel"),
]
BROKEN = [
    (("sha256",), "abc"),
    (("sha256",), "z" * 64),
    (("input",), None),
    (("input",), 5),
    (("input", "channel_order"), "RGB"),
    (("input", "channel_order"), None),
    (("input", "mean"), None),
    (("input", "mean"), "half"),
    (("input", "mean"), float("nan")),
    (("input", "scale"), 0),
    (("input", "scale"), [1, 2]),
    (("input", "scale"), [1, 0, 1]),
    (("input", "mean"), [1, 2, "3"]),
    (("input", "dtype"), "int4"),
    (("input", "layout"), "HWC"),
    (("input", "name"), 5),
    (("name",), ["mine"]),
    (("url",), 5),
    (("output", "alphabet"), 123),
    (("input", "scale"), float("inf")),
    (("input", "width"), "wide"),
    (("input", "width"), float("inf")),
    (("input", "height"), None),
    (("output",), "all"),
    (("output", "alphabet"), "AAB-"),
    (("output", "blank"), "*"),
    (("output", "blank"), ""),
    (("output", "blank"), "IO"),
    (("output", "time_steps"), "many"),
    (("output", "time_steps"), 0),
    (("output", "time_steps"), -18),
    (("output", "syntax"), ""),
    (("output", "syntax"), 36),
    (("output", "syntax"), ["ga36"]),
    (("calibration",), None),
    (("calibration",), 1.5),
    (("calibration",), []),
    (("calibration",), {"temperature": 0}),
    (("calibration",), {"temperature": -1.0}),
    (("calibration",), {"temperature": "hot"}),
    (("calibration",), {"temperature": True}),
    (("calibration",), {"temperature": float("inf")}),
    (("calibration",), {"class_bias": None}),
    (("calibration",), {"class_bias": [1.0]}),
    (("calibration",), {"class_bias": {"京": "more"}}),
    (("calibration",), {"class_bias": {"京": float("nan")}}),
    (("self_test",), []),
    (("self_test", "blue_pixel"), [1.0, -1.0]),
    (("self_test", "blue_pixel"), 5),
    (("self_test", "blue_pixel"), ["a", "b", "c"]),
    (("self_test", "image"), 5),
    (("self_test", "minimum_cosine"), "high"),
]


def write(folder, values, name="mine.onnx", content=CONTENT):
    """Write a model and its manifest; values may be text."""
    model = folder / name
    model.parent.mkdir(parents=True, exist_ok=True)
    if content is not None:
        model.write_bytes(content)
    text = values if isinstance(values, str) else yaml.safe_dump(values, allow_unicode=True)
    manifest_path(model).write_text(text, encoding="utf-8")
    return model


def changed(field, value):
    values = copy.deepcopy(VALUES)
    place = values
    for key in field[:-1]:
        place = place[key]
    place[field[-1]] = value
    return values


def lacking(field):
    values = changed(field, None)
    place = values
    for key in field[:-1]:
        place = place[key]
    del place[field[-1]]
    return values


def test_a_manifest_says_all_there_is_to_know(tmp_path):
    model = write(tmp_path, VALUES)
    manifest = load_manifest(model)
    assert manifest.path == model
    assert manifest.name == "mine"
    assert manifest.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert manifest.input == TensorSpec.picture("bgr", 127.5, 0.0078125, 94, 24)
    assert manifest.alphabet == CHINESE_PLATES
    assert manifest.input.shape == (1, 3, 24, 94)
    assert manifest.output.shape == (1, 68, 18)
    assert manifest.self_test == ReadingSelfTest(
        blue_pixel=(0.99609375, -0.99609375, -0.99609375),
        image=tmp_path / "mine.png",
        text="京A12345",
        logits=tmp_path / "mine.npy",
        minimum_cosine=0.9,
    )


def test_the_self_test_needs_no_picture(tmp_path):
    manifest = load_manifest(write(tmp_path, changed(("self_test",), {"blue_pixel": [1, 0, 0]})))
    assert manifest.self_test == ReadingSelfTest(blue_pixel=(1.0, 0.0, 0.0))


def test_a_picture_without_the_text_on_it_is_refused(tmp_path):
    with pytest.raises(ManifestError, match="text"):
        load_manifest(write(tmp_path, lacking(("self_test", "text"))))


def test_the_manifest_lies_beside_the_model_under_its_full_name():
    assert manifest_path(Path("/a/b.c/lpr.bin")) == Path("/a/b.c/lpr.bin.yaml")


@pytest.mark.parametrize("field", REQUIRED, ids=".".join)
def test_a_missing_field_is_named_with_the_file(tmp_path, field):
    with pytest.raises(ManifestError, match=rf"mine\.onnx\.yaml.*{field[-1]}"):
        load_manifest(write(tmp_path, lacking(field)))


@pytest.mark.parametrize(("field", "value"), BROKEN, ids=[f"{'.'.join(f)}={v!r:.12}" for f, v in BROKEN])
def test_a_broken_field_is_named_with_the_file(tmp_path, field, value):
    name = next(iter(value)) if field == ("calibration",) and isinstance(value, dict) else field[-1]
    with pytest.raises(ManifestError, match=rf"mine\.onnx\.yaml.*{name}"):
        load_manifest(write(tmp_path, changed(field, value)))


# the syntax and the calibration

ABROAD = """
name: abroad
alphabet: ABC012_
blank: _
sets: {L: ABC, D: '012'}
kinds: {car: [LLDD]}
"""


def with_output(**fields):
    """The values with other fields in ``output``; None leaves a field out."""
    output = {**VALUES["output"], **fields}
    return changed(("output",), {name: value for name, value in output.items() if value is not None})


def test_a_manifest_that_says_nothing_of_syntax_and_calibration_has_none(tmp_path):
    manifest = load_manifest(write(tmp_path, VALUES))
    assert manifest.syntax is None
    assert manifest.calibration == TemperatureScaling(1.0, {})


def test_a_bundled_syntax_is_named(tmp_path):
    assert load_manifest(write(tmp_path, with_output(syntax="ga36"))).syntax == bundled_syntax("ga36")


def test_a_manifest_that_names_a_syntax_may_leave_out_the_alphabet(tmp_path):
    manifest = load_manifest(write(tmp_path, with_output(syntax="ga36", alphabet=None, blank=None)))
    assert manifest.alphabet == CHINESE_PLATES
    assert manifest.output.shape == (1, 68, 18)


def test_the_syntax_of_another_country_lies_beside_the_model(tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "abroad.yaml").write_text(ABROAD, encoding="utf-8")
    monkeypatch.chdir(tmp_path)  # beside the model, not in the working folder
    values = with_output(syntax="abroad.yaml", alphabet=None, blank=None)
    manifest = load_manifest(write(tmp_path / "models", values))
    assert manifest.syntax.kind("AB01") == "car"
    assert manifest.syntax.kind("京A12345") is None
    assert manifest.alphabet == Alphabet(tuple("ABC012_"), blank=6)


def test_an_alphabet_that_is_not_the_syntaxs_is_refused(tmp_path):
    (tmp_path / "abroad.yaml").write_text(ABROAD, encoding="utf-8")
    contradiction = r"mine\.onnx\.yaml: output\.alphabet is not the alphabet of output\.syntax \(abroad\)"
    for output in ({"alphabet": "ABC021_", "blank": "_"}, {"alphabet": "ABC012_", "blank": "2"}, {}):
        with pytest.raises(ManifestError, match=contradiction):
            load_manifest(write(tmp_path, with_output(syntax="abroad.yaml", **output)))
    load_manifest(write(tmp_path, with_output(syntax="abroad.yaml", alphabet="ABC012_", blank="_")))


def test_a_syntax_that_is_not_there_is_named_with_the_manifest(tmp_path):
    with pytest.raises(ManifestError, match=r"mine\.onnx\.yaml: no bundled syntax 'ga35'; there are: .*ga36"):
        load_manifest(write(tmp_path, with_output(syntax="ga35")))
    with pytest.raises(ManifestError, match=r"mine\.onnx\.yaml: .*gone\.yaml: not readable YAML"):
        load_manifest(write(tmp_path, with_output(syntax="gone.yaml")))


def test_a_broken_syntax_is_named_with_the_manifest_and_the_reason(tmp_path):
    (tmp_path / "abroad.yaml").write_text(ABROAD.replace("LLDD", "LLDX"), encoding="utf-8")
    with pytest.raises(ManifestError, match=r"mine\.onnx\.yaml: .*abroad\.yaml: .*'LLDX'"):
        load_manifest(write(tmp_path, with_output(syntax="abroad.yaml")))


def test_the_calibration_says_how_logits_become_probabilities(tmp_path):
    values = changed(("calibration",), {"temperature": 1.25, "class_bias": {"京": -2, "N": 0.5}})
    assert load_manifest(write(tmp_path, values)).calibration == TemperatureScaling(
        1.25, {"京": -2.0, "N": 0.5}
    )
    values = changed(("calibration",), {"temperature": 2})
    assert load_manifest(write(tmp_path, values)).calibration == TemperatureScaling(2.0)


def test_characters_that_yaml_takes_for_numbers_or_might_take_for_truths_keep_their_bias(tmp_path):
    text = (
        yaml.safe_dump(VALUES, allow_unicode=True) + "calibration: {class_bias: {0: 1, 7: 2, N: 3, Y: 4}}\n"
    )
    biases = load_manifest(write(tmp_path, text)).calibration.class_bias
    assert biases == {"0": 1.0, "7": 2.0, "N": 3.0, "Y": 4.0}


@pytest.mark.parametrize("character", ["港", "-", "京沪"])
def test_a_bias_of_what_is_no_character_of_the_network_is_refused(tmp_path, character):
    with pytest.raises(ManifestError, match=rf"mine\.onnx\.yaml: .*'{character}'"):
        load_manifest(write(tmp_path, changed(("calibration",), {"class_bias": {character: 1.0}})))


@pytest.mark.parametrize("path", sorted(find_models_folder().glob("lpr*.yaml")), ids=lambda path: path.stem)
def test_every_bundled_model_reads_the_plates_of_ga36(path):
    assert load_manifest(path.with_suffix("")).syntax == bundled_syntax("ga36")


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        (("input", "width"), 0, "input.width is 0, expected 1 to 8192"),
        (("input", "height"), -1, "input.height is -1, expected 1 to 8192"),
        (("input", "width"), 8193, "input.width is 8193, expected 1 to 8192"),
        (("output", "time_steps"), 4097, "output.time_steps is 4097, expected 1 to 4096"),
    ],
)
def test_an_absurd_size_is_refused(tmp_path, field, value, says):
    with pytest.raises(ManifestError, match=rf"mine\.onnx\.yaml: {re.escape(says)}$"):
        load_manifest(write(tmp_path, changed(field, value)))


@pytest.mark.parametrize(
    ("field", "says"),
    [
        (("calibrations",), "calibrations is an unknown field; did you mean calibration?"),
        (("input", "chanel_order"), "input.chanel_order is an unknown field; did you mean channel_order?"),
        (("output", "timesteps"), "output.timesteps is an unknown field; did you mean time_steps?"),
        (("self_test", "xyz"), "self_test.xyz is an unknown field; expected blue_pixel, image, text"),
        ((7,), "7 is an unknown field; expected name, sha256"),
    ],
)
def test_an_unknown_field_is_refused_and_the_nearest_known_one_named(tmp_path, field, says):
    with pytest.raises(ManifestError, match=rf"mine\.onnx\.yaml: {re.escape(says)}"):
        load_manifest(write(tmp_path, changed(field, 1)))


@pytest.mark.parametrize("name", ["../evil.png", "a/../../evil.png", "/etc/passwd", "a\\b.png", "a\0.png"])
@pytest.mark.parametrize("field", [("self_test", "image"), ("self_test", "logits"), ("output", "syntax")])
def test_companions_stay_in_the_manifests_folder(tmp_path, field, name):
    name = f"{name}.yaml" if field[-1] == "syntax" else name
    says = rf"mine\.onnx\.yaml: {'.'.join(field)} is .*, expected a file in the manifest's own folder"
    with pytest.raises(ManifestError, match=says):
        load_manifest(write(tmp_path, changed(field, name)))


def test_companions_may_lie_in_a_folder_below(tmp_path):
    manifest = load_manifest(write(tmp_path, changed(("self_test", "image"), "test/..mine.png")))
    assert manifest.companions == (tmp_path / "test" / "..mine.png", tmp_path / "mine.npy")


def test_mean_and_scale_may_differ_by_channel(tmp_path):
    source = {**VALUES["input"], "mean": [123.7, 116.3, 103.5], "scale": [0.017, 0.0175, 0.018]}
    spec = load_manifest(write(tmp_path, changed(("input",), source))).input
    assert spec.mean == (123.7, 116.3, 103.5)
    assert spec.scale == (0.017, 0.0175, 0.018)
    assert spec.formula == "(x - 123.7,116.3,103.5) * 0.017,0.0175,0.018"


def test_type_layout_and_names_of_the_tensors_may_be_given(tmp_path):
    source = {**VALUES["input"], "dtype": "uint8", "layout": "NHWC", "name": "image", "mean": 0, "scale": 1}
    values = changed(("input",), source)
    values["output"]["name"] = "logits"
    manifest = load_manifest(write(tmp_path, values))
    assert (manifest.input.dtype, manifest.input.layout) == ("uint8", "NHWC")
    assert manifest.input.shape == (1, 24, 94, 3)
    assert (manifest.input.name, manifest.output.name) == ("image", "logits")


def test_the_output_has_as_many_classes_as_the_alphabet():
    manifest = load_manifest(bundled_model())
    with pytest.raises(ManifestError, match="expected 1 x 68 classes x time steps"):
        dataclasses.replace(manifest, output=TensorSpec((1, 18, 68)))


@pytest.mark.parametrize("text", ["", "just words", "- a\n- b\n", "a: b: c\n", "{", "\t"])
def test_what_is_no_manifest_is_refused_with_the_files_name(tmp_path, text):
    with pytest.raises(ManifestError, match=r"mine\.onnx\.yaml: "):
        load_manifest(write(tmp_path, text))


def test_a_manifest_that_is_no_text_is_refused(tmp_path):
    model = write(tmp_path, VALUES)
    manifest_path(model).write_bytes(b"\xff\xfe\x00name")
    with pytest.raises(ManifestError, match="not readable YAML"):
        load_manifest(model)


def test_a_manifest_cannot_make_python_objects(tmp_path):
    with pytest.raises(ManifestError, match="not readable YAML"):
        load_manifest(write(tmp_path, "!!python/object/apply:os.getcwd []"))


def test_a_missing_manifest_is_told_from_a_missing_model(tmp_path):
    (tmp_path / "there.onnx").write_bytes(CONTENT)
    with pytest.raises(ManifestError, match=r"there\.onnx\.yaml: no such manifest;"):
        load_manifest(tmp_path / "there.onnx")
    with pytest.raises(ManifestError, match=r"nor is there a model gone\.onnx"):
        load_manifest(tmp_path / "gone.onnx")


def test_the_file_of_the_manifest_passes_whatever_the_case_of_its_sum(tmp_path):
    load_manifest(write(tmp_path, changed(("sha256",), VALUES["sha256"].upper()))).verify_file()


def test_another_file_is_refused_with_both_sums(tmp_path):
    manifest = load_manifest(write(tmp_path, VALUES, content=CONTENT + b"!"))
    with pytest.raises(ManifestError, match="not the file its manifest describes") as caught:
        manifest.verify_file()
    assert VALUES["sha256"] in str(caught.value)
    assert hashlib.sha256(CONTENT + b"!").hexdigest() in str(caught.value)


def test_a_missing_file_is_refused(tmp_path):
    manifest = load_manifest(write(tmp_path, VALUES, content=None))
    with pytest.raises(ManifestError, match=r"mine\.onnx: no such model file"):
        manifest.verify_file()


def test_the_bundled_manifest_describes_the_bundled_file_and_the_published_contract():
    manifest = load_manifest(bundled_model())
    manifest.verify_file()
    assert manifest.input.shape == (1, 3, 24, 94)
    assert manifest.output.shape == (1, 68, 18)
    assert manifest.alphabet == CHINESE_PLATES
    assert manifest.self_test.image is not None
    assert manifest.self_test.logits is not None


def test_the_boards_manifest_describes_the_boards_file():
    manifest = load_manifest(find_models_folder() / "lpr.bin")
    assert manifest.sha256 == "f480391507b6d15274bfff90900acc3271f4e46ac9afd4bf7d0fee4aa50f91bc"
    assert manifest.input == TensorSpec.picture("rgb", 127.5, 1 / 127.5, 94, 24)
    assert manifest.output.shape == (1, 68, 18)
    assert manifest.alphabet == CHINESE_PLATES
    assert manifest.self_test == ReadingSelfTest(blue_pixel=(-1.0, -1.0, 1.0))


def test_a_manifest_cannot_be_changed_by_those_who_use_it():
    manifest = load_manifest(bundled_model())
    with pytest.raises(dataclasses.FrozenInstanceError):
        manifest.input.mean = (0.0,) * 3
