"""The live node's parameters: what may be set when, and what it does."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from rcl_interfaces.srv import DescribeParameters, ListParameters
from ros_harness import (
    CONFIGURE,
    Client,
    Conversation,
    ReaderProcess,
    crops,
    known_plate,
    raw_image,
    running_reader,
)

from lprnet_ros.models.find import bundled_model
from lprnet_ros.models.manifest import manifest_path
from lprnet_ros.plates.syntax import bundled_syntax
from lprnet_ros.reading.recognizer import PlateRecognizer, ReadingRules
from lprnet_ros.ros.parameters.lpr_settings import PARAMETERS

kind_of = bundled_syntax("ga36").kind

DEFAULTS = {
    "decoder": "syntax",
    "minimum_confidence": 0.0,
    "require_syntax": True,
    "max_image_pixels": 8_847_360,
}


@pytest.fixture(scope="module")
def active_process(client: Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Conversation]:
    folder = tmp_path_factory.mktemp("parameters")
    settings = ("qos_profile:=reliable", "queue_depth:=200", "minimum_confidence:=0.0")
    with running_reader(client, folder, *settings) as reader:
        yield Conversation(reader)


@pytest.fixture
def active(active_process: Conversation) -> Iterator[Conversation]:
    """A configured and active reader, with the same settings before and after each test."""
    yield active_process
    assert all(success for success, _ in active_process.reader.set_parameters(**DEFAULTS))
    active_process.outputs.settle()
    active_process.outputs.clear()


def refusal(reader: ReaderProcess, **change: object) -> str:
    """Set one parameter, which must be refused and keep its value; return the reason."""
    ((name, _),) = change.items()
    before = reader.parameter(name)
    ((success, reason),) = reader.set_parameters(**change)
    assert not success
    assert reader.parameter(name) == before
    return reason


def test_every_parameter_is_described_with_its_limits(active: Conversation) -> None:
    reader = active.reader
    names = [parameter.name for parameter in PARAMETERS]
    response = reader.call(DescribeParameters, "describe_parameters", DescribeParameters.Request(names=names))
    for parameter, descriptor in zip(PARAMETERS, response.descriptors, strict=True):
        assert parameter.description in descriptor.description
        assert parameter.when() in descriptor.description
        assert descriptor.read_only is parameter.read_only
        ranges = [*descriptor.integer_range, *descriptor.floating_point_range]
        limits = [(one.from_value, one.to_value) for one in ranges]
        assert limits == ([] if parameter.minimum is None else [(parameter.minimum, parameter.maximum)])
        assert all(choice in descriptor.additional_constraints for choice in parameter.choices)


def test_the_node_has_no_undocumented_parameters(active: Conversation) -> None:
    reader = active.reader
    response = reader.call(ListParameters, "list_parameters", ListParameters.Request())
    known = {parameter.name for parameter in PARAMETERS}
    assert {name for name in response.result.names if name not in known} <= {
        "use_sim_time",
        "start_type_description_service",
    }


def test_autostart_is_read_only(active: Conversation) -> None:
    assert refusal(active.reader, autostart=False)


@pytest.mark.parametrize("value", [-0.001, 1.001, float("nan"), float("inf")])
def test_minimum_confidence_beyond_its_range_is_refused(active: Conversation, value: float) -> None:
    assert refusal(active.reader, minimum_confidence=value)


@pytest.mark.parametrize("value", [0, -1, 2**40])
def test_max_image_pixels_beyond_its_range_is_refused(active: Conversation, value: int) -> None:
    assert refusal(active.reader, max_image_pixels=value)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("runtime", "tpu", "onnx"),
        ("decoder", "viterbi", "greedy"),
        ("transport", "theora", "compressed"),
        ("qos_profile", "best", "reliable"),
    ],
)
def test_a_value_that_is_no_choice_is_refused_with_the_choices(
    active: Conversation, name: str, value: str, expected: str
) -> None:
    reason = refusal(active.reader, **{name: value})
    assert name in reason
    assert repr(value) in reason
    assert expected in reason


@pytest.mark.parametrize(
    ("name", "value"), [("minimum_confidence", "high"), ("require_syntax", 1), ("decoder", 1)]
)
def test_a_value_of_another_type_is_refused(active: Conversation, name: str, value: object) -> None:
    assert refusal(active.reader, **{name: value})


@pytest.mark.parametrize("topics", [[""], ["", ""]])
def test_no_topic_at_all_is_refused(active: Conversation, topics: list[str]) -> None:
    assert "image_topics" in refusal(active.reader, image_topics=topics)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model", "other.onnx"),
        ("runtime", "onnx"),
        ("threads", 2),
        ("image_topics", ["other"]),
        ("transport", "compressed"),
        ("qos_profile", "sensor_data"),
        ("queue_depth", 7),
    ],
)
def test_what_is_read_at_configure_is_refused_later_with_what_to_do(
    active: Conversation, name: str, value: object
) -> None:
    reason = refusal(active.reader, **{name: value})
    assert name in reason
    assert "clean up" in reason


def test_minimum_confidence_takes_effect_on_the_next_crop(active: Conversation) -> None:
    recognizer = PlateRecognizer.open()
    readings = [(recognizer.read(image), image) for _, image in crops()]
    sure = [(reading.confidence, image) for reading, image in readings if kind_of(reading.text)]
    confidence, image = min(sure, key=lambda one: one[0])
    reader, outputs = active.reader, active.outputs

    active.image.publish(raw_image(image, "before"))
    assert outputs.wait_for_reading("before")["accepted"] is True
    assert reader.set_parameters(minimum_confidence=(1 + confidence) / 2) == [(True, "")]
    active.image.publish(raw_image(image, "after"))
    after = outputs.wait_for_reading("after")
    assert (after["accepted"], after["rejection"]) == (False, "low_confidence")
    assert reader.set_parameters(minimum_confidence=confidence / 2) == [(True, "")]
    active.image.publish(raw_image(image, "lowered"))
    assert outputs.wait_for_reading("lowered")["accepted"] is True
    outputs.settle()
    assert len(outputs.plates) == len(outputs.confidences) == 2
    status = reader.next_status(2)
    assert int(status["not accepted: low_confidence"]) >= 1


def test_require_syntax_takes_effect_on_the_next_crop(active: Conversation) -> None:
    recognizer = PlateRecognizer.open()
    halves = (image[:, width:] for _, image in crops() for width in (20, 30, 40))
    image = next(half for half in halves if (text := recognizer.read(half).text) and kind_of(text) is None)
    outputs = active.outputs
    active.image.publish(raw_image(image, "strict"))
    strict = outputs.wait_for_reading("strict")
    assert strict["accepted"] is False
    assert strict["rejection"] in ("syntax", "cut_off")  # the half begins with a cut character
    assert active.reader.set_parameters(require_syntax=False) == [(True, "")]
    active.image.publish(raw_image(image, "lenient"))
    assert outputs.wait_for_reading("lenient")["accepted"] is True


def test_decoder_takes_effect_on_the_next_crop(active: Conversation) -> None:
    by_syntax, by_path = PlateRecognizer.open(), PlateRecognizer.open(rules=ReadingRules("greedy"))
    halves = (image[:, width:] for _, image in crops() for width in (10, 15, 20, 25))
    image, plate, text = next(
        (half, plate, text)
        for half in halves
        if (plate := by_syntax.read(half).text) != (text := by_path.read(half).text)
    )
    active.image.publish(raw_image(image, "by syntax"))
    assert active.outputs.wait_for_reading("by syntax")["text"] == plate
    assert active.reader.set_parameters(decoder="greedy") == [(True, "")]
    active.image.publish(raw_image(image, "by path"))
    assert active.outputs.wait_for_reading("by path")["text"] == text
    assert active.reader.set_parameters(decoder="syntax") == [(True, "")]
    active.image.publish(raw_image(image, "by syntax again"))
    assert active.outputs.wait_for_reading("by syntax again")["text"] == plate


def test_a_model_without_a_syntax_is_told_what_needs_one(
    start_reader: Callable[..., ReaderProcess], tmp_path: Path
) -> None:
    for source in bundled_model().parent.glob("lprnet.*"):
        shutil.copy(source, tmp_path)
    model = tmp_path / bundled_model().name
    values = yaml.safe_load(manifest_path(model).read_text(encoding="utf-8"))
    del values["output"]["syntax"]
    manifest_path(model).write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")

    reader = start_reader(f"model:={model}")
    assert "names no plate syntax: add output.syntax" in reader.wait_for_log("cannot configure")
    assert reader.set_parameters(decoder="beam", require_syntax=False) == [(True, "")] * 2
    assert reader.change_state(CONFIGURE)
    for change in ({"decoder": "syntax"}, {"require_syntax": True}):
        assert "names no plate syntax" in refusal(reader, **change)
    assert reader.set_parameters(decoder="greedy") == [(True, "")]


def test_max_image_pixels_takes_effect_on_the_next_crop(active: Conversation) -> None:
    image = known_plate()[1]
    pixels = image.shape[0] * image.shape[1]
    assert active.reader.set_parameters(max_image_pixels=pixels - 1) == [(True, "")]
    active.image.publish(raw_image(image, "too large"))
    active.reader.wait_for_log(f"expected 1 to {pixels - 1} pixels")
    assert active.reader.set_parameters(max_image_pixels=pixels) == [(True, "")]
    active.read_known("fits")
    assert not active.outputs.of("too large")


def test_a_refused_change_takes_no_effect_on_the_other_parameters_of_its_request(
    active: Conversation,
) -> None:
    from rcl_interfaces.srv import SetParametersAtomically  # noqa: PLC0415
    from rclpy.parameter import Parameter  # noqa: PLC0415

    reader = active.reader
    changes = [Parameter("minimum_confidence", value=1.0), Parameter("threads", value=2)]
    request = SetParametersAtomically.Request(parameters=[one.to_parameter_msg() for one in changes])
    response = reader.call(SetParametersAtomically, "set_parameters_atomically", request)
    assert not response.result.successful
    assert reader.parameter("minimum_confidence") == 0.0
    assert active.read_known("as before")["accepted"] is True
