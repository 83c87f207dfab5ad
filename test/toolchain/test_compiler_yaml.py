"""The YAML of hb_mapper: the keys that calibration samples depend on."""

import contextlib
from pathlib import Path

import pytest
import yaml
from finder_cells import finder_manifest
from hb_mapper_values import CAMERA, CONFIGS, MANIFEST, VALID, changed
from hypothesis import given
from hypothesis import strategies as st

from lprnet_ros.toolchain.compiler_yaml import (
    HbMapperError,
    check_against_manifest,
    load_config,
    parse_config,
)

NOT_ALLOWED = {
    "input_type_train": ["nv12", "RGB", "rgb;rgb", 5],
    "input_layout_train": ["CHW", "nchw", ["NCHW"]],
    "input_shape": ["1,3,24,94", "1x3x24x", "?x3x24x94", [1, 3, 24, 94]],
    "norm_type": ["none", "data_std"],
    "mean_value": ["a b c", "127.5,127.5", float("nan"), "1e999", [127.5]],
    "scale_value": ["", "one"],
    "cal_data_type": ["float16", "int8"],
}

CONTRADICTIONS = {
    "mean missing": (
        {"mean_value": None},
        CAMERA,
        "mean_value is 'None', expected numbers.*data_mean_and_scale",
    ),
    "mean said to be None": ({"mean_value": "None"}, CAMERA, "mean_value is 'None', expected numbers"),
    "scale missing": ({"scale_value": None}, CAMERA, "scale_value is 'None', expected numbers"),
    "mean unused": ({"mean_value": 127.5}, VALID, "mean_value is 127.5.*no such key.*no_preprocess"),
    "scale unused": ({"norm_type": "data_mean"}, CAMERA, "scale_value is '0.0078.*no such key.*data_mean"),
    "normalised in 8 bits": ({"cal_data_type": "uint8"}, VALID, "cal_data_type is uint8 .*expected float32"),
    "8 bits by the folder's name": ({"cal_data_type": None}, VALID, "cal_data_type is .*left out.*float32"),
}


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_configuration_compiles_the_bundled_network(path):
    is_finder = path.stem.startswith("plate_finder")
    check_against_manifest(load_config(path), finder_manifest(Path("x.onnx")) if is_finder else MANIFEST)


def test_the_shipped_configurations_say_what_they_are_for():
    floats, camera = (load_config(CONFIGS / f"lprnet_x5{name}.yaml") for name in ("", "_camera"))
    assert (floats.type_train, floats.samples_are_normalised) == ("featuremap", True)
    assert (camera.type_train, camera.samples_are_normalised) == ("rgb", False)
    assert floats.sample_dtype == camera.sample_dtype == "float32"
    assert floats.calibration_folder != camera.calibration_folder


@pytest.mark.parametrize("name", NOT_ALLOWED)
def test_a_value_that_is_not_allowed_is_named_with_its_key_and_what_is(name):
    for value in NOT_ALLOWED[name]:
        with pytest.raises(HbMapperError) as caught:
            parse_config(changed({name: value}, CAMERA))
        assert str(caught.value).startswith(f"{name} is {value!r}, expected ")


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_keys_that_contradict_each_other_are_named(name):
    changes, base, message = CONTRADICTIONS[name]
    parse_config(base)
    with pytest.raises(HbMapperError, match=message):
        parse_config(changed(changes, base))


@pytest.mark.parametrize("key", ["input_type_train", "input_layout_train", "norm_type"])
def test_a_required_key_is_asked_for(key):
    with pytest.raises(HbMapperError, match=rf"{key} is None, expected"):
        parse_config(changed({key: None}, VALID))


@pytest.mark.parametrize("group", ["input_parameters", "calibration_parameters"])
@pytest.mark.parametrize("content", [None, [], "text"])
def test_a_group_is_asked_for(group, content):
    for values in ({**VALID, group: content}, {name: keys for name, keys in VALID.items() if name != group}):
        with pytest.raises(HbMapperError, match=f"the group {group} is missing or holds no keys"):
            parse_config(values)


@pytest.mark.parametrize("values", [None, [], "text", 5])
def test_what_has_no_groups_is_refused(values):
    with pytest.raises(HbMapperError, match="the group input_parameters is missing"):
        parse_config(values)


def test_what_the_samples_do_not_depend_on_is_left_to_the_compiler():
    groups = {name: VALID[name] for name in ("input_parameters", "calibration_parameters")}
    more = {**groups, "model_parameters": {"march": "nash"}, "new_group": 1}
    more["calibration_parameters"] = {**groups["calibration_parameters"], "optimization": "asymmetric;new"}
    assert parse_config(more) == parse_config(groups) == parse_config(VALID)


def test_the_type_of_the_samples_may_follow_from_the_folders_name():
    changes = {"cal_data_type": None, "cal_data_dir": "./crops_f32/"}
    assert parse_config(changed(changes, CAMERA)).sample_dtype == "float32"
    assert parse_config(changed({"cal_data_type": None}, CAMERA)).sample_dtype == "uint8"


@given(
    st.sampled_from([*NOT_ALLOWED, "cal_data_dir", "preprocess_on"]),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text(), max_size=2)
    | st.dictionaries(st.text(), st.text(), max_size=2),
)  # fmt: skip
def test_whatever_stands_in_a_key_is_accepted_or_refused_in_one_sentence(name, value):
    with contextlib.suppress(HbMapperError):
        parse_config(changed({name: value}, CAMERA))


@pytest.mark.parametrize("text", ["a: b: c", "{", "\t"])
def test_a_file_that_is_no_yaml_is_named(tmp_path, text):
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(HbMapperError, match=r"x\.yaml: not readable YAML"):
        load_config(tmp_path / "x.yaml")


def test_a_missing_or_broken_file_is_named(tmp_path):
    with pytest.raises(HbMapperError, match=r"gone\.yaml: not readable YAML"):
        load_config(tmp_path / "gone.yaml")
    (tmp_path / "x.yaml").write_text(yaml.safe_dump(changed({"norm_type": "x"}, VALID)))
    with pytest.raises(HbMapperError, match=r"x\.yaml: norm_type is 'x', expected no_preprocess or "):
        load_config(tmp_path / "x.yaml")
