"""The YAML of hb_mapper beside the manifest of the model that it compiles."""

import dataclasses

import pytest
from hb_mapper_values import CAMERA, MANIFEST, VALID, changed

from lprnet_ros.models.tensor_spec import TensorSpec
from lprnet_ros.toolchain.compiler_yaml import HbMapperError, check_against_manifest, parse_config


@pytest.mark.parametrize(
    ("rule", "base", "message"),
    [
        ({"channel_order": "bgr"}, CAMERA, "input_type_train is rgb, the manifest of lprnet.onnx says bgr"),
        ({"mean": 127.0}, CAMERA, "mean_value is 127.5, .* says 127$"),
        ({"scale": 1 / 128}, CAMERA, "scale_value is 0.0078431.*, .* says 0.0078125"),
        ({"width": 96}, CAMERA, "input_shape is 1x3x24x94, .* says 1x3x24x96"),
        ({"height": 48}, VALID, "input_shape is 1x3x24x94, .* says 1x3x48x94"),
    ],
)
def test_a_yaml_for_another_model_is_refused(rule, base, message):
    spec = MANIFEST.input
    given = {"channel_order": spec.channel_order, "mean": spec.mean, "scale": spec.scale, **rule}
    other = dataclasses.replace(MANIFEST, input=TensorSpec.picture(**given))
    with pytest.raises(HbMapperError, match=message):
        check_against_manifest(parse_config(base), other)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"norm_type": "data_mean", "scale_value": None},
            "data_mean, which means a scale_value of 1, .*0.0078",
        ),
        (
            {"norm_type": "data_scale", "mean_value": None},
            "data_scale, which means a mean_value of 0, .*127.5",
        ),
        (
            {"norm_type": "no_preprocess", "mean_value": None, "scale_value": None},
            "no_preprocess, which means",
        ),
        ({"mean_value": "127.5 127.5 127"}, "mean_value is 127, "),
        ({"input_type_train": "yuv444"}, "input_type_train is yuv444, .* says rgb"),
        ({"input_layout_train": "NHWC", "input_shape": "1x24x94x3"}, "input_layout_train is NHWC, .* NCHW"),
    ],
)
def test_a_yaml_that_feeds_the_network_something_else_is_refused(changes, message):
    with pytest.raises(HbMapperError, match=message):
        check_against_manifest(parse_config(changed(changes, CAMERA)), MANIFEST)


def test_a_yaml_may_leave_the_shape_out_and_round_its_scale():
    changes = {"input_shape": None, "mean_value": 127.5, "scale_value": "0.0078431373"}
    check_against_manifest(parse_config(changed(changes, CAMERA)), MANIFEST)
    with pytest.raises(HbMapperError, match=r"scale_value is 0\.00784, "):
        check_against_manifest(parse_config(changed({"scale_value": 0.00784}, CAMERA)), MANIFEST)


def test_feature_maps_that_the_compiler_normalises_follow_the_manifest_too():
    changes = {"norm_type": "data_mean_and_scale", "mean_value": 127.5, "scale_value": 1 / 127.5}
    config = parse_config(changed(changes, VALID))
    assert not config.samples_are_normalised
    check_against_manifest(config, MANIFEST)
