"""The YAML of hb_mapper: every key with its values, and the keys against each other."""

import copy

import pytest
import yaml
from hb_mapper_values import CAMERA, CONFIGS, MANIFEST, VALID, changed
from hypothesis import given
from hypothesis import strategies as st

from lprnet_ros.toolchain.compiler_keys import KEYS
from lprnet_ros.toolchain.compiler_yaml import (
    HbMapperError,
    check_against_manifest,
    load_config,
    parse_config,
)

# rdk_doc, ptq_process.md: which input_type_rt (columns) a network of an input_type_train (rows) may have
VENDORS_TABLE = """
           nv12 yuv444 rgb bgr gray featuremap
yuv444     Y    Y      N   N   N    N
rgb        Y    Y      Y   Y   N    N
bgr        Y    Y      Y   Y   N    N
gray       N    N      N   N   Y    N
featuremap N    N      N   N   N    Y
"""

# what the published lpr.bin says of itself, and the values of every other key in the documentation
DOCUMENTED = {
    "model_parameters": {
        "onnx_model": ["./model.onnx"],
        "march": ["bayes-e"],
        "output_model_file_prefix": ["lpr"],
        "working_dir": ["model_output"],
        "layer_out_dump": [True, False, "True", "false"],
        "output_nodes": ["a; b"],
        "remove_node_type": ["Quantize", "Quantize;Dequantize;Transpose;Cast;Reshape", "Quantize; Softmax;"],
        "remove_node_name": ["a"],
        "set_node_data_type": ["conv_0:int16"],
        "debug_mode": ["dump_calibration_data"],
        "node_info": [
            {"Pow_0": {"ON": "BPU", "InputType": "int16", "OutputType": "int16"}},
            "a:int16;b:int16",
        ],
    },
    "input_parameters": {
        "input_name": ["image", ""],
        "input_layout_train": ["NCHW", "NHWC"],
        "input_layout_rt": ["NCHW", "NHWC"],
        "input_space_and_range": ["regular"],
        "input_shape": ["1x3x24x94"],
        "input_batch": [1, 128, "8"],
    },
    "calibration_parameters": {
        "cal_data_dir": ["./calib", "/data/calib_f32"],
        "cal_data_type": ["float32"],
        "preprocess_on": [True, False],
        "calibration_type": ["default", "mix", "kl", "max", "load", "skip"],
        "per_channel": [False],
        "run_on_cpu": ["conv_0; conv_1"],
        "run_on_bpu": ["Softmax_1"],
        "optimization": [
            "set_model_output_int8",
            "set_model_output_int16",
            "set_Softmax_input_int8,set_Softmax_output_int8",
            ["set_Conv_output_int16", "asymmetric"],
        ],
    },
    "compiler_parameters": {
        "compile_mode": ["latency", "bandwidth"],
        "debug": [True, False],
        "core_num": [1, "1"],
        "optimize_level": ["O0", "O1", "O2", "O3"],
        "input_source": [{"image": "ddr"}, {"_default_value": "ddr"}],
        "max_time_per_fc": [0, 1000, 4294967295],
        "jobs": [1, 16],
        "advice": [0, 100],
    },
    "custom_op": {
        "custom_op_method": ["register"],
        "op_register_files": ["sample_custom.py"],
        "custom_op_dir": ["./custom_op"],
    },
}

NOT_ALLOWED = {
    "model_parameters.march": ["bayes", "bernoulli2", "nash-e", "BAYES-E", 5],
    "model_parameters.output_model_file_prefix": ["", 3],
    "model_parameters.layer_out_dump": ["yes", 1, "maybe"],
    "model_parameters.remove_node_type": ["Conv", "Quantize,Dequantize", 1],
    "model_parameters.debug_mode": ["on"],
    "model_parameters.node_info": [1, ["a"]],
    "input_parameters.input_type_train": ["nv12", "RGB", "rgb "],
    "input_parameters.input_type_rt": ["nv21", "rgb8"],
    "input_parameters.input_layout_train": ["CHW", "nchw"],
    "input_parameters.input_space_and_range": ["bt709"],
    "input_parameters.input_shape": ["1,3,24,94", "0x3x24x94", "1x3x24x", "?x3x24x94", [1, 3, 24, 94]],
    "input_parameters.input_batch": [0, 129, "many", 1.5, True],
    "input_parameters.norm_type": ["none", "data_std"],
    "input_parameters.mean_value": ["a b c", "127.5,127.5", float("nan"), "1e999", True, [127.5]],
    "calibration_parameters.cal_data_type": ["float16", "int8"],
    "calibration_parameters.calibration_type": ["minmax"],
    "calibration_parameters.max_percentile": [-0.1, 1.1, float("nan"), "most"],
    "calibration_parameters.optimization": ["set_output_int4", "fast", [], [1]],
    "compiler_parameters.compile_mode": ["fast"],
    "compiler_parameters.core_num": [2, 0, "two"],
    "compiler_parameters.optimize_level": ["O4", 3],
    "compiler_parameters.input_source": [{"image": "file"}, {}, "ddr"],
    "compiler_parameters.max_time_per_fc": [1, 999, 4294967296, -1],
    "compiler_parameters.jobs": [0],
}

CONTRADICTIONS = {
    "odd width": ({"input_shape": "1x3x24x95"}, CAMERA, "input_shape.*'1x3x24x95'.*even"),
    "odd height": ({"input_shape": "1x3x23x94"}, CAMERA, "input_shape.*even"),
    "video range without nv12": (
        {"input_type_rt": "rgb", "input_space_and_range": "bt601_video"},
        CAMERA,
        "input_space_and_range.*'bt601_video'.*regular",
    ),
    "two inputs": ({"input_name": "a;b"}, VALID, "input_name.*'a;b'.*one input"),
    "mean missing": ({"mean_value": None}, CAMERA, "mean_value is missing.*data_mean_and_scale"),
    "mean said to be None": ({"mean_value": "None"}, CAMERA, "mean_value is missing"),
    "scale missing": ({"scale_value": None}, CAMERA, "scale_value is missing"),
    "mean unused": ({"mean_value": 127.5}, VALID, "mean_value is 127.5.*no_preprocess"),
    "scale unused": ({"norm_type": "data_mean"}, CAMERA, "scale_value is '0.0078.*no such key.*data_mean"),
    "two means": ({"mean_value": "1 2"}, CAMERA, "mean_value is '1 2', expected 1 number or 3"),
    "four channels": ({"input_shape": "1x4x24x94"}, CAMERA, "input_shape.*3 channels for rgb, NCHW"),
    "channels last": ({"input_layout_train": "NHWC"}, CAMERA, "input_shape.*3 channels for rgb, NHWC"),
    "flat picture": ({"input_shape": "3x24x94"}, CAMERA, "input_shape.*4 dimensions"),
    "flat normalised": (
        {"input_shape": "3x24x94", "norm_type": "data_scale", "scale_value": 1},
        VALID,
        "norm_type is 'data_scale', expected no_preprocess",
    ),
    "batch twice": ({"input_shape": "2x3x24x94", "input_batch": 4}, VALID, "input_batch is 4, expected 1"),
    "no folder": ({"cal_data_dir": None}, VALID, "cal_data_dir is missing.*default"),
    "normalised in 8 bits": ({"cal_data_type": "uint8"}, VALID, "cal_data_type is 'uint8', expected float32"),
    "8 bits by the folder's name": ({"cal_data_type": None}, VALID, "cal_data_type is missing.*float32"),
    "percentile of default": ({"max_percentile": 0.9}, VALID, "max_percentile belongs to.*max.*'default'"),
    "channels of mix": ({"calibration_type": "mix", "per_channel": True}, VALID, "per_channel.*mix"),
    "balance of nothing": ({"compile_mode": "balance"}, VALID, "balance_factor"),
    "factor without balance": ({"balance_factor": 50}, VALID, "balance_factor"),
    "another input's source": (
        {"input_source": {"data": "ddr"}},
        VALID,
        "input_source names 'data'.*'image'",
    ),
    "floats from the pyramid": ({"input_source": {"image": "pyramid"}}, VALID, "'pyramid', expected ddr"),
    "large for the resizer": (
        {"input_source": {"image": "resizer"}, "input_shape": "1x3x128x144"},
        CAMERA,
        "'resizer', expected an input of less than 18432 pixels",
    ),
    "layers out of the resizer": (
        {"input_source": {"image": "resizer"}, "layer_out_dump": True},
        CAMERA,
        "layer_out_dump is True",
    ),
    "two models": ({"caffe_model": "a", "prototxt": "b"}, VALID, "onnx_model: expected it alone"),
    "half a model": (
        {"onnx_model": None, "caffe_model": "a"},
        VALID,
        "onnx_model.*caffe_model with prototxt",
    ),
    "no model": ({"onnx_model": None}, VALID, "onnx_model"),
}


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_configuration_compiles_the_bundled_network(path):
    check_against_manifest(load_config(path), MANIFEST)


def test_the_shipped_configurations_say_what_they_are_for():
    floats, camera = (load_config(CONFIGS / f"lprnet_x5{name}.yaml") for name in ("", "_camera"))
    assert (floats.type_train, floats.type_rt, floats.samples_are_normalised) == (
        "featuremap",
        "featuremap",
        True,
    )
    assert (camera.type_train, camera.type_rt, camera.samples_are_normalised) == ("rgb", "nv12", False)
    assert floats.sample_dtype == camera.sample_dtype == "float32"
    assert floats.calibration_folder != camera.calibration_folder


def test_the_settings_of_the_published_model_are_valid():
    changes = {
        "calibration_type": "max",
        "max_percentile": 0.99999,
        "per_channel": False,
        "input_name": "image",
    }
    config = parse_config(changed(changes, VALID))
    assert config.shape == (1, 3, 24, 94)


@pytest.mark.parametrize(
    ("group", "key"), [(group, key) for group, keys in DOCUMENTED.items() for key in keys], ids="-".join
)
def test_every_documented_value_of_a_key_is_allowed(group, key):
    for value in DOCUMENTED[group][key]:
        values = copy.deepcopy(VALID)
        values.setdefault(group, {})[key] = value
        parse_config(values)


def test_every_key_is_tried_or_has_a_test_of_its_own():
    of_their_own = {"caffe_model", "prototxt", "max_percentile", "balance_factor"}
    of_their_own |= {"input_type_train", "input_type_rt", "norm_type", "mean_value", "scale_value"}
    for group, keys in KEYS.items():
        assert set(keys) - set(DOCUMENTED[group]) - of_their_own == set()


def test_caffe_models_and_balance_are_complete_in_twos():
    parse_config(changed({"onnx_model": None, "caffe_model": "a", "prototxt": "b"}, VALID))
    parse_config(changed({"compile_mode": "balance", "balance_factor": 50}, VALID))


@pytest.mark.parametrize("name", NOT_ALLOWED)
def test_a_value_that_is_not_allowed_is_named_with_its_key_and_what_is(name):
    group, key = name.split(".")
    for value in NOT_ALLOWED[name]:
        with pytest.raises(HbMapperError) as caught:
            parse_config({**VALID, group: {**VALID[group], key: value}})
        assert str(caught.value).startswith(f"{name} is {value!r}, expected ")
        assert caught.value.args[0].endswith(KEYS[group][key].expected)


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_keys_that_contradict_each_other_are_named(name):
    changes, base, message = CONTRADICTIONS[name]
    parse_config(base)
    with pytest.raises(HbMapperError, match=message):
        parse_config(changed(changes, base))


@pytest.mark.parametrize(
    ("group", "key"),
    [(group, name) for group, keys in KEYS.items() for name, key in keys.items() if key.required],
)
@pytest.mark.parametrize("empty", [False, True])
def test_a_required_key_is_asked_for(group, key, empty):
    values = copy.deepcopy(VALID)
    values[group][key] = None
    if not empty:
        del values[group][key]
    with pytest.raises(HbMapperError, match=rf"{group}\.{key} is missing, expected"):
        parse_config(values)


@pytest.mark.parametrize("group", [group for group in KEYS if group != "custom_op"])
def test_a_group_is_asked_for(group):
    with pytest.raises(HbMapperError, match=f"group {group} is missing"):
        parse_config({name: keys for name, keys in VALID.items() if name != group})
    for broken in (None, [], "text"):
        with pytest.raises(HbMapperError, match=f"group {group} is {broken!r}".replace("[", r"\[")):
            parse_config({**VALID, group: broken})


def test_an_unknown_name_brings_the_one_that_was_meant():
    with pytest.raises(
        HbMapperError, match="no group 'calibration_parameter'; did you mean calibration_parameters"
    ):
        parse_config({**VALID, "calibration_parameter": {}})
    with pytest.raises(
        HbMapperError, match="input_parameters has no key 'mean_values'; did you mean mean_value"
    ):
        parse_config(
            changed({}, {**VALID, "input_parameters": {**VALID["input_parameters"], "mean_values": 1}})
        )


@pytest.mark.parametrize("values", [None, [], "text", 5])
def test_what_has_no_groups_is_refused(values):
    with pytest.raises(HbMapperError, match="holds no groups, expected model_parameters"):
        parse_config(values)


def test_the_type_of_the_samples_may_follow_from_the_folders_name():
    changes = {"cal_data_type": None, "cal_data_dir": "./crops_f32/"}
    assert parse_config(changed(changes, CAMERA)).sample_dtype == "float32"
    assert parse_config(changed({"cal_data_type": None}, CAMERA)).sample_dtype == "uint8"


def vendors_table():
    head, *rows = VENDORS_TABLE.strip().splitlines()
    for row in rows:
        train, *marks = row.split()
        for rt, mark in zip(head.split(), marks, strict=True):
            yield train, rt, mark == "Y"


@pytest.mark.parametrize(("train", "rt", "allowed"), list(vendors_table()))
def test_types_pair_as_in_the_vendors_table(train, rt, allowed):
    shape = "1x1x24x94" if train == "gray" else "1x3x24x94"
    values = changed({"input_type_train": train, "input_type_rt": rt, "input_shape": shape}, VALID)
    if allowed:
        assert parse_config(values).type_rt == rt
    else:
        with pytest.raises(
            HbMapperError, match=f"input_type_rt is '{rt}', expected .* input_type_train is {train}"
        ):
            parse_config(values)


@given(
    st.integers(1, 200), st.integers(1, 200), st.sampled_from(["nv12", "yuv444", "rgb", "bgr"]), st.booleans()
)
def test_a_picture_has_even_sizes_where_the_colour_is_halved(height, width, rt, channels_last):
    layout, shape = ("NHWC", f"1x{height}x{width}x3") if channels_last else ("NCHW", f"1x3x{height}x{width}")
    changes = {"input_shape": shape, "input_layout_train": layout, "input_type_rt": rt, "input_source": None}
    values = changed(changes, CAMERA)
    if rt in ("nv12", "yuv444") and (height % 2 == 1 or width % 2 == 1):
        with pytest.raises(HbMapperError, match="even"):
            parse_config(values)
    else:
        config = parse_config(values)
        assert (config.channels, config.height_width) == (3, (height, width))


@given(
    st.sampled_from([f"{group}.{key}" for group, keys in KEYS.items() for key in keys]),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text(), max_size=2)
    | st.dictionaries(st.text(), st.text(), max_size=2),
)  # fmt: skip
def test_whatever_stands_in_a_key_is_accepted_or_refused_in_one_sentence(name, value):
    group, key = name.split(".")
    values = copy.deepcopy(VALID)
    values.setdefault(group, {})[key] = value
    try:
        parse_config(values)
    except HbMapperError as error:
        assert key in str(error) or "balance_factor" in str(error)


@pytest.mark.parametrize("text", ["a: b: c", "{", "\t"])
def test_a_file_that_is_no_yaml_is_named(tmp_path, text):
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(HbMapperError, match=r"x\.yaml: not readable YAML"):
        load_config(tmp_path / "x.yaml")


def test_a_missing_or_broken_file_is_named(tmp_path):
    with pytest.raises(HbMapperError, match=r"gone\.yaml: not readable YAML"):
        load_config(tmp_path / "gone.yaml")
    (tmp_path / "x.yaml").write_text(yaml.safe_dump(changed({"core_num": 2}, VALID)))
    with pytest.raises(HbMapperError, match=r"x\.yaml: compiler_parameters\.core_num is 2, expected 1 "):
        load_config(tmp_path / "x.yaml")
