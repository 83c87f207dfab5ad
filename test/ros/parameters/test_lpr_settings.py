import dataclasses
from pathlib import Path

import pytest
import yaml

from lprnet_ros.models.manifest import bundled_model
from lprnet_ros.reading.decoding import DECODERS
from lprnet_ros.ros.parameters.lpr_settings import (
    PARAMETERS,
    Settings,
    markdown_table,
    write_tables,
    yaml_file,
)
from lprnet_ros.ros.parameters.parameter import Parameter
from lprnet_ros.runtimes import RUNTIME_NAMES

REPOSITORY = Path(__file__).resolve().parents[3]
BEGIN, END = "<!-- parameters begin -->", "<!-- parameters end -->"
BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}


def defaults():
    return {parameter.name: parameter.default for parameter in PARAMETERS}


@pytest.mark.parametrize(("name", "chinese"), [("README.md", False), ("README_cn.md", True)])
def test_the_readme_shows_the_table_of_parameters_as_it_is(name, chinese):
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    assert text.count(BEGIN) == text.count(END) == 1
    assert text.split(BEGIN)[1].split(END)[0].strip() == markdown_table(chinese=chinese)


def test_outdated_tables_are_written_anew_and_the_rest_is_kept(tmp_path):
    (tmp_path / "config").mkdir()
    for name in ("README.md", "README_cn.md"):
        (tmp_path / name).write_text(f"{name} 前\n{BEGIN}\n| old |\n{END}\nafter\n", encoding="utf-8")
    write_tables(tmp_path)
    for name, chinese in (("README.md", False), ("README_cn.md", True)):
        table = markdown_table(chinese=chinese)
        expected = f"{name} 前\n{BEGIN}\n{table}\n{END}\nafter\n"
        assert (tmp_path / name).read_text(encoding="utf-8") == expected
    assert (tmp_path / "config" / "lpr.yaml").read_text(encoding="utf-8").strip() == yaml_file()


def test_the_shipped_configuration_is_the_generated_one():
    assert (REPOSITORY / "config" / "lpr.yaml").read_text(encoding="utf-8").strip() == yaml_file()


def test_the_configuration_holds_every_parameter_with_its_default():
    values = yaml.safe_load(yaml_file())["/**"]["ros__parameters"]
    assert values == defaults()
    assert {name: type(value) for name, value in values.items()} == {
        name: type(value) for name, value in defaults().items()
    }


@pytest.mark.parametrize("chinese", [False, True])
def test_the_table_has_a_row_for_every_parameter_in_order(chinese):
    rows = markdown_table(chinese=chinese).splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == [parameter.name for parameter in PARAMETERS]
    assert all(row.count(" | ") == 3 for row in rows)


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
    for chinese in (False, True):
        row = next(r for r in markdown_table(chinese=chinese).splitlines() if f"`{parameter.name}`" in r)
        assert all(f"`{choice}`" in row for choice in parameter.choices)
        assert parameter.maximum is None or f"{parameter.maximum:,}" in row


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
def test_a_list_without_a_topic_is_named(value):
    assert BY_NAME["image_topics"].complaint(value) == "image_topics names no topic"


@pytest.mark.parametrize("value", [["image"], ("a", "b"), ["", "b"]])
def test_a_list_with_a_topic_is_accepted(value):
    assert BY_NAME["image_topics"].complaint(value) is None


def test_every_runtime_and_every_decoder_may_be_chosen():
    assert BY_NAME["runtime"].choices == RUNTIME_NAMES
    assert BY_NAME["decoder"].choices == DECODERS


@pytest.mark.parametrize(
    ("parameter", "when"),
    [
        (Parameter("a", 1, "", "", read_only=True), "at start"),
        (Parameter("a", 1, "", "", dynamic=True), "at once"),
        (Parameter("a", 1, "", ""), "at configure"),
    ],
)
def test_a_parameter_tells_when_it_takes_effect(parameter, when):
    assert parameter.when() == when


def test_the_defaults_make_settings():
    settings = Settings.from_values(defaults())
    assert [field.name for field in dataclasses.fields(settings)] == list(BY_NAME)
    assert settings.image_topics == ("image",)
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
