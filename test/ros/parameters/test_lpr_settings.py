import dataclasses
from pathlib import Path

import pytest

from lprnet_ros.models.find import bundled_model
from lprnet_ros.reading.decoding import DECODERS
from lprnet_ros.ros.parameters.frame_parameters import FRAME_PARAMETERS
from lprnet_ros.ros.parameters.lpr_settings import PARAMETERS, Settings
from lprnet_ros.ros.parameters.parameter import Parameter
from lprnet_ros.runtimes import RUNTIME_NAMES

BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}


def defaults():
    return {parameter.name: parameter.default for parameter in PARAMETERS}


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: parameter.name)
def test_every_parameter_is_described_within_its_own_limits(parameter):
    assert len(parameter.description) > 20
    assert parameter.description.endswith(".")
    assert parameter.description.isascii()
    assert parameter.chinese.endswith("。")
    assert parameter.complaint(parameter.default) is None
    assert (parameter.minimum is None) == (parameter.maximum is None)
    if parameter.minimum is not None:
        assert parameter.minimum <= parameter.default <= parameter.maximum


def test_every_number_has_limits_and_every_name_is_used_once():
    for parameter in PARAMETERS:
        is_number = isinstance(parameter.default, (int, float)) and not isinstance(parameter.default, bool)
        assert (parameter.minimum is not None) == is_number, parameter.name
    assert len(BY_NAME) == len(PARAMETERS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("runtime", "cuda"),
        ("runtime", ""),
        ("decoder", "viterbi"),
        ("transport", "Raw"),
        ("qos_profile", "default"),
        ("runtime", 3),
    ],
)
def test_a_value_outside_the_choices_is_named_with_the_choices(name, value):
    complaint = BY_NAME[name].complaint(value)
    assert repr(value) in complaint
    assert name in complaint
    assert all(choice in complaint for choice in BY_NAME[name].choices)


@pytest.mark.parametrize("value", [[], (), [""], ["", ""], "image", None])
def test_a_list_without_a_topic_is_named_where_one_is_needed(value):
    topics = Parameter("topics", ["image"], "", "")
    assert topics.complaint(value) == "topics is empty: name at least one topic, such as ['image']"


@pytest.mark.parametrize("value", [["image"], ("a", "b"), ["", "b"]])
def test_a_list_with_a_topic_is_accepted(value):
    assert Parameter("topics", ["image"], "", "").complaint(value) is None


@pytest.mark.parametrize(
    ("crops", "frames", "read"),
    [
        ([""], [""], ("image",)),
        ([], [], ("image",)),
        (["gate"], [""], ("gate",)),
        ([""], ["camera"], ()),
        (["gate"], ["camera"], ("gate",)),
    ],
)
def test_crops_are_read_where_they_are_named_or_no_frames_are(crops, frames, read):
    settings = Settings.from_values(defaults() | {"image_topics": crops, "frame_topics": frames})
    assert settings.crop_topics == read
    assert settings.frames.topics == tuple(topic for topic in frames if topic)


def test_all_crops_of_a_frame_may_wait():
    values = defaults() | {"queue_depth": 5, "maximum_crops": 12}
    assert Settings.from_values(values).least_queue_depth == 5
    assert Settings.from_values(values | {"frame_topics": ["camera"]}).least_queue_depth == 12


def test_every_runtime_and_every_decoder_may_be_chosen():
    assert BY_NAME["runtime"].choices == RUNTIME_NAMES
    assert BY_NAME["decoder"].choices == DECODERS


@pytest.mark.parametrize(
    ("parameter", "when"),
    [
        (Parameter("a", 1, "", "", read_only=True), "at start"),
        (Parameter("a", 1, "", "", dynamic=True), "immediately"),
        (Parameter("a", 1, "", ""), "on configure"),
    ],
)
def test_a_parameter_tells_when_it_takes_effect(parameter, when):
    assert parameter.when() == when


def test_the_defaults_make_settings():
    settings = Settings.from_values(defaults())
    own = [name for name in BY_NAME if name not in {parameter.name for parameter in FRAME_PARAMETERS}]
    assert [field.name for field in dataclasses.fields(settings)] == [*own, "frames"]
    assert settings.crop_topics == ("image",)
    assert settings.model_path == bundled_model()
    assert settings.rules.minimum_confidence == BY_NAME["minimum_confidence"].default
    assert settings.rules.require_syntax
    assert settings.decoder == "syntax"


def test_values_become_settings():
    settings = Settings.from_values(
        defaults()
        | {
            "image_topics": ["left", "", "right"],
            "model": "~/plates/lpr.bin",
            "minimum_confidence": 0.9,
            "require_syntax": False,
            "decoder": "beam",
        }
    )
    assert settings.image_topics == ("left", "right")
    assert settings.model_path == Path.home() / "plates" / "lpr.bin"
    assert (settings.rules.minimum_confidence, settings.rules.require_syntax) == (0.9, False)
    assert settings.decoder == "beam"


def test_a_value_that_is_not_allowed_makes_no_settings():
    with pytest.raises(ValueError, match="transport is 'morse', expected one of raw, compressed"):
        Settings.from_values(defaults() | {"transport": "morse"})


def test_logging_vehicles_needs_vehicles():
    assert Settings.from_values({**defaults(), "log_readings": True}).log_readings
    with pytest.raises(ValueError, match="log_readings logs vehicles, and consensus is false"):
        Settings.from_values({**defaults(), "log_readings": True, "consensus": False})
