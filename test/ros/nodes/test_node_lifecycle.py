"""The live node's lifecycle: what a lifecycle manager and a person with a wrong model see."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from lifecycle_msgs.msg import Transition
from ros_harness import (
    ACTIVATE,
    CLEANUP,
    CONFIGURE,
    DEACTIVATE,
    Client,
    Conversation,
    ReaderProcess,
    known_plate,
    raw_image,
    running_reader,
)

from lprnet_ros.models.find import bundled_model
from lprnet_ros.models.manifest import manifest_path

SETTINGS = ("qos_profile:=reliable", "minimum_confidence:=0.0")
StartReader = Callable[..., ReaderProcess]


def copy_of_the_model(folder: Path) -> Path:
    """Copy the bundled model with its manifest and self-test; return the model."""
    model = bundled_model()
    for source in model.parent.glob(f"{model.stem}.*"):
        shutil.copy(source, folder)
    return folder / model.name


@pytest.fixture(scope="module")
def idle_process(client: Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReaderProcess]:
    folder = tmp_path_factory.mktemp("idle")
    with running_reader(client, folder, *SETTINGS, "autostart:=false") as reader:
        yield reader


@pytest.fixture
def idle(idle_process: ReaderProcess) -> Iterator[ReaderProcess]:
    """A reader that is unconfigured and has its default model, before and after each test."""
    reader = idle_process
    assert reader.state() == "unconfigured"
    yield reader
    if reader.state() == "active":
        assert reader.change_state(DEACTIVATE)
    if reader.state() == "inactive":
        assert reader.change_state(CLEANUP)
    assert reader.set_parameters(model="", image_topics=["image"]) == [(True, "")] * 2


def failure_to_configure(reader: ReaderProcess) -> str:
    """Try to configure, which must fail and be logged with how to retry; return what is logged."""
    earlier = len(reader.log)
    assert not reader.change_state(CONFIGURE)
    assert reader.state() == "unconfigured"
    retry = f"ros2 lifecycle set {reader.full_name} configure"
    reader.client.wait_for(lambda: retry in reader.log[earlier:], "how to retry in the log", reader)
    told = reader.log[earlier:]
    assert "ERROR" in told
    assert "cannot configure" in told
    assert "Traceback" not in told
    return told


def test_without_autostart_the_node_waits_for_a_lifecycle_manager(idle: ReaderProcess) -> None:
    assert idle.client.node.count_subscribers(f"{idle.namespace}/image") == 0
    assert idle.next_status()["state"] == "unconfigured"
    assert idle.change_state(CONFIGURE)
    assert idle.state() == "inactive"
    assert idle.client.node.count_subscribers(f"{idle.namespace}/image") == 0
    assert idle.change_state(ACTIVATE)
    assert idle.state() == "active"
    assert Conversation(idle).read_known("a crop")["text"] == known_plate()[0]


def test_while_inactive_nothing_is_read_and_diagnostics_say_so(idle: ReaderProcess) -> None:
    idle.change_state(CONFIGURE)
    idle.change_state(ACTIVATE)
    conversation = Conversation(idle)
    assert idle.change_state(DEACTIVATE)
    client, image = idle.client, conversation.image
    client.wait_for(lambda: image.get_subscription_count() == 0, "the subscription to go")
    image.publish(raw_image(known_plate()[1], "unheard"))
    status = idle.wait_for_status(lambda status: status["state"] == "inactive", "the state inactive")
    assert status["level"] == "warn"
    assert idle.change_state(ACTIVATE)
    conversation.match(image)
    conversation.read_known("heard")
    assert not conversation.outputs.of("unheard")


def test_five_rounds_of_the_whole_lifecycle_read_each_time(idle: ReaderProcess) -> None:
    outputs, image = idle.outputs(), idle.publisher()
    client, topic = idle.client, f"{idle.full_name}/reading"
    for number in range(5):
        assert idle.change_state(CONFIGURE)
        assert idle.change_state(ACTIVATE)
        client.wait_for(lambda: image.get_subscription_count() == 1, "one subscription")
        client.wait_for(lambda: client.node.count_publishers(topic) == 1, "one publisher of readings")

        def is_read(frame_id: str = f"round {number}") -> bool:
            image.publish(raw_image(known_plate()[1], frame_id))
            return client.spin_until(lambda: bool(outputs.of(frame_id)), 1.0)

        client.wait_for(is_read, f"a reading in round {number}")
        assert outputs.of(f"round {number}")[0]["text"] == known_plate()[0]
        assert idle.change_state(DEACTIVATE)
        assert idle.change_state(CLEANUP)
        assert idle.state() == "unconfigured"
        client.wait_for(lambda: image.get_subscription_count() == 0, "the subscription to go")
        client.wait_for(lambda: client.node.count_publishers(topic) == 0, "the publisher to go")
    assert not idle.lines("cannot")


def test_counts_begin_anew_when_the_node_is_configured_again(idle: ReaderProcess) -> None:
    idle.change_state(CONFIGURE)
    idle.change_state(ACTIVATE)
    Conversation(idle).read_known("counted")
    idle.wait_for_status(lambda status: status["received"] != "0", "a count")
    idle.change_state(DEACTIVATE)
    idle.change_state(CLEANUP)
    idle.change_state(CONFIGURE)
    status = idle.wait_for_status(lambda status: status["state"] == "inactive", "the state inactive")
    assert status["received"] == status["read"] == "0"


def test_transitions_out_of_turn_are_refused_and_change_nothing(start_reader: StartReader) -> None:
    reader = start_reader(*SETTINGS, "autostart:=false")
    assert not reader.change_state(ACTIVATE)
    assert not reader.change_state(DEACTIVATE)
    assert not reader.change_state(99)
    assert reader.state() == "unconfigured"
    assert reader.change_state(CONFIGURE)
    assert not reader.change_state(CONFIGURE)
    assert reader.state() == "inactive"
    assert reader.change_state(ACTIVATE)
    assert not reader.change_state(CLEANUP)
    assert Conversation(reader).read_known("still active")["text"] == known_plate()[0]


def test_after_the_shutdown_transition_the_node_is_finalized_and_can_be_ended(
    start_reader: StartReader,
) -> None:
    reader = start_reader(*SETTINGS)
    Conversation(reader).read_known("active")
    assert reader.change_state(Transition.TRANSITION_ACTIVE_SHUTDOWN)
    assert reader.state() == "finalized"
    assert reader.next_status(2)["state"] == "finalized"
    reader.signal(signal.SIGTERM)
    assert reader.process.returncode == 0


def test_where_the_boards_bundled_model_cannot_be_opened_the_log_says_how_to_go_on(
    idle: ReaderProcess,
) -> None:
    assert idle.set_parameters(runtime="hbm") == [(True, "")]
    told = failure_to_configure(idle)
    assert idle.set_parameters(runtime="auto") == [(True, "")]
    assert "hbm_runtime" in told
    assert "to go on with the CPU: runtime:=onnx model:=lprnet.onnx" in told


def test_a_missing_model_is_reported_and_configuring_works_once_it_is_named_right(
    start_reader: StartReader, tmp_path: Path
) -> None:
    missing = tmp_path / "nowhere" / "missing.onnx"
    reader = start_reader(*SETTINGS, f"model:={missing}")
    line = reader.wait_for_log("cannot configure")
    assert "ERROR" in line
    assert str(missing) in line
    assert f"ros2 lifecycle set {reader.full_name} configure" in line
    assert reader.state() == "unconfigured"
    status = reader.next_status()
    assert (status["level"], status["state"]) == ("warn", "unconfigured")
    assert str(missing) in failure_to_configure(reader)
    assert reader.set_parameters(model="") == [(True, "")]
    assert reader.change_state(CONFIGURE)
    assert reader.change_state(ACTIVATE)
    assert Conversation(reader).read_known("a crop")["text"] == known_plate()[0]


def test_a_copy_of_the_model_elsewhere_is_configured(idle: ReaderProcess, tmp_path: Path) -> None:
    """The refusals below come from what they change, not from the copy."""
    folder = tmp_path / "模型 with blanks"
    folder.mkdir()
    idle.set_parameters(model=str(copy_of_the_model(folder)))
    assert idle.change_state(CONFIGURE)


def test_a_model_with_another_sha256_is_refused(idle: ReaderProcess, tmp_path: Path) -> None:
    model = copy_of_the_model(tmp_path)
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    idle.set_parameters(model=str(model))
    line = failure_to_configure(idle)
    assert "sha256" in line
    assert str(model) in line


def test_a_manifest_with_the_wrong_channel_order_is_refused(idle: ReaderProcess, tmp_path: Path) -> None:
    model = copy_of_the_model(tmp_path)
    path = manifest_path(model)
    manifest = yaml.safe_load(path.read_text(encoding="utf-8"))
    manifest["input"]["channel_order"] = {"rgb": "bgr", "bgr": "rgb"}[manifest["input"]["channel_order"]]
    path.write_text(yaml.safe_dump(manifest, allow_unicode=True), encoding="utf-8")
    idle.set_parameters(model=str(model))
    assert "channel_order" in failure_to_configure(idle)


def test_a_wrong_channel_order_is_noticed_by_the_network_itself(idle: ReaderProcess, tmp_path: Path) -> None:
    """Whoever swaps the order in both places of the manifest is told by the self-test's logits."""
    model = copy_of_the_model(tmp_path)
    path = manifest_path(model)
    manifest = yaml.safe_load(path.read_text(encoding="utf-8"))
    manifest["input"]["channel_order"] = {"rgb": "bgr", "bgr": "rgb"}[manifest["input"]["channel_order"]]
    manifest["self_test"]["blue_pixel"].reverse()
    path.write_text(yaml.safe_dump(manifest, allow_unicode=True), encoding="utf-8")
    idle.set_parameters(model=str(model))
    assert "channel" in failure_to_configure(idle)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("name: lprnet", "lacks the field"),
        ("{{ no yaml", "not readable YAML"),
        ("- a list", "lprnet.onnx.yaml"),
        ("", "lprnet.onnx.yaml"),
    ],
    ids=["field_missing", "no_yaml", "a_list", "empty"],
)
def test_a_broken_manifest_is_refused_by_name(
    idle: ReaderProcess, tmp_path: Path, content: str, told: str
) -> None:
    model = copy_of_the_model(tmp_path)
    manifest_path(model).write_text(content, encoding="utf-8")
    idle.set_parameters(model=str(model))
    assert told in failure_to_configure(idle)


def test_the_model_being_a_folder_is_refused(idle: ReaderProcess, tmp_path: Path) -> None:
    idle.set_parameters(model=str(tmp_path))
    assert str(tmp_path) in failure_to_configure(idle)


@pytest.mark.parametrize("topic", ["not a topic", "1camera", "a//b"])
def test_an_invalid_topic_name_is_reported_by_name_and_can_be_put_right(
    idle: ReaderProcess, topic: str
) -> None:
    earlier = len(idle.log)
    idle.set_parameters(image_topics=["image", topic])
    assert not (idle.change_state(CONFIGURE) and idle.change_state(ACTIVATE))
    assert idle.state() in ("unconfigured", "inactive")
    told = idle.log[earlier:]
    assert "ERROR" in told
    assert repr(topic) in told
    assert f"ros2 lifecycle set {idle.full_name}" in told
    assert "Traceback" not in told
    assert idle.client.node.count_subscribers(f"{idle.namespace}/image") == 0
    if idle.state() == "inactive":
        assert idle.change_state(CLEANUP)
    idle.set_parameters(image_topics=["image"])
    assert idle.change_state(CONFIGURE)
    assert idle.change_state(ACTIVATE)
