import dataclasses
import re

import numpy as np
import pytest

from lprnet_ros.models.temperature import TemperatureScaling
from lprnet_ros.plates.alphabet import CHINESE_PLATES


def test_without_calibration_the_logits_stay_as_they_are():
    assert TemperatureScaling() == TemperatureScaling(1.0, {})
    assert TemperatureScaling().bias_vector(CHINESE_PLATES) is None


def test_a_character_that_is_not_named_gets_no_bias():
    biases = TemperatureScaling(class_bias={"京": -1.5, "7": 2.0, "I": 0.25}).bias_vector(CHINESE_PLATES)
    expected = np.zeros((68, 1))
    expected[[0, 38, 65], 0] = -1.5, 2.0, 0.25
    np.testing.assert_array_equal(biases, expected)


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), float("inf"), float("-inf")])
def test_a_temperature_that_is_not_above_0_is_refused(temperature):
    with pytest.raises(ValueError, match=f"temperature is {temperature!r}, expected a number above 0"):
        TemperatureScaling(temperature)


@pytest.mark.parametrize("bias", [float("nan"), float("inf"), float("-inf")])
def test_a_bias_that_is_no_finite_number_is_named_with_its_character(bias):
    with pytest.raises(ValueError, match=f"class_bias of 沪 is {bias!r}"):
        TemperatureScaling(class_bias={"京": 1.0, "沪": bias})


@pytest.mark.parametrize("name", ["", "京沪"])
def test_a_bias_is_that_of_one_character(name):
    with pytest.raises(ValueError, match=f"class_bias names {name!r}, expected one character"):
        TemperatureScaling(class_bias={name: 1.0})


@pytest.mark.parametrize("character", ["港", "a", "-"])
def test_a_bias_of_a_character_that_the_network_cannot_write_is_refused(character):
    with pytest.raises(ValueError, match=re.escape(repr(character))):
        TemperatureScaling(class_bias={character: 1.0}).bias_vector(CHINESE_PLATES)


def test_a_calibration_cannot_be_changed_by_those_who_use_it():
    with pytest.raises(dataclasses.FrozenInstanceError):
        TemperatureScaling().temperature = 2.0
