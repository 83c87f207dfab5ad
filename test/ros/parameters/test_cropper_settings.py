import dataclasses

import pytest

from lprnet_ros.cropping.cropper import CropRule
from lprnet_ros.ros.parameters.cropper_parameters import PARAMETERS
from lprnet_ros.ros.parameters.cropper_settings import (
    CropperSettings,
)

REGIONS = ["0.1,0.1,0.2,0.1"]


def values(**changes):
    return {parameter.name: parameter.default for parameter in PARAMETERS} | changes


def test_the_defaults_with_regions_make_settings():
    settings = CropperSettings.from_values(values(regions=REGIONS))
    assert len(settings.search.regions) == 1
    assert settings.search.find_plates
    assert settings.rule == CropRule()
    assert settings.filter.labels == frozenset()
    assert (settings.transport, settings.detections, settings.cache_frames) == ("raw", "none", 10)


def test_values_become_settings():
    settings = CropperSettings.from_values(
        values(
            detections="targets",
            classes=["plate", "", "green_plate"],
            minimum_score=0.4,
            padding=0.1,
            maximum_crops=3,
            refresh_period=2.0,
            change_threshold=0.0,
            minimum_width=50,
        )
    )
    assert settings.search.regions == ()
    assert settings.filter.labels == {"plate", "green_plate"}
    assert settings.filter.minimum_score == 0.4
    assert settings.rule == CropRule(
        padding=0.1, maximum_crops=3, refresh_period=2.0, change_threshold=0.0, minimum_width=50
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"find_plates": False}, "find_plates is false.*neither is set"),
        ({"regions": REGIONS, "detections": "targets"}, "both are set"),
        ({"regions": ["0,0,2"]}, r"region 1 \('0,0,2'\) is neither"),
        ({"regions": REGIONS * 9, "find_plates": False}, "9 regions, but maximum_crops is 8"),
        ({"finder_runtime": "cuda"}, "finder_runtime is 'cuda', expected one of auto"),
        ({"regions": REGIONS, "transport": "shm"}, "transport is 'shm', expected one of raw"),
        ({"detections": "yes"}, "detections is 'yes', expected one of none"),
        ({"regions": REGIONS, "qos_profile": "best"}, "qos_profile is 'best'"),
    ],
)
def test_values_that_make_no_sense_are_refused_by_name(changes, told):
    with pytest.raises(ValueError, match=told):
        CropperSettings.from_values(values(**changes))


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: parameter.name)
def test_every_parameter_is_described_within_its_own_limits(parameter):
    assert len(parameter.description) > 20
    assert parameter.description.endswith(".")
    assert parameter.description.isascii()
    assert parameter.chinese.endswith("。")
    assert parameter.complaint(parameter.default) is None
    assert parameter.when() == "at start"
    is_number = isinstance(parameter.default, (int, float)) and not isinstance(parameter.default, bool)
    assert (parameter.minimum is not None) == (parameter.maximum is not None) == is_number
    if is_number:
        assert parameter.minimum <= parameter.default <= parameter.maximum


def test_every_rule_and_every_name_is_a_parameter_once():
    names = [parameter.name for parameter in PARAMETERS]
    assert len(set(names)) == len(names)
    assert {field.name for field in dataclasses.fields(CropRule)} <= set(names)
