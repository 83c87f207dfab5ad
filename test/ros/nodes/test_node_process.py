"""The live node as a process: command line, signals, exit status."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from ros_harness import Conversation, ReaderProcess, known_plate, python_process, raw_image

SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])


def assert_ended_well(reader: ReaderProcess) -> None:
    assert reader.process.returncode == 0, reader.log
    assert "Traceback" not in reader.log
    assert "Error" not in reader.log


@SIGNALS
def test_a_signal_ends_the_idle_node_with_status_0(
    start_reader: Callable[..., ReaderProcess], number: int
) -> None:
    reader = start_reader()
    reader.wait_for_log("reading raw crops")
    reader.signal(number)
    assert_ended_well(reader)


@SIGNALS
def test_a_signal_ends_the_node_while_crops_stream_in(
    start_reader: Callable[..., ReaderProcess], number: int
) -> None:
    reader = start_reader("image_topics:=[image, second]", "minimum_confidence:=0.0")
    conversation = Conversation(reader, *[type(raw_image(known_plate()[1]))], "image", "second")
    crop = raw_image(known_plate()[1], "stream")

    def send() -> bool:
        for publisher in conversation.publishers:
            publisher.publish(crop)
        return len(conversation.outputs.readings) >= 50

    reader.client.wait_for(send, "50 readings", reader)
    reader.process.send_signal(number)
    reader.client.wait_for(lambda: send() and reader.process.poll() is not None, "the end of the process")
    assert_ended_well(reader)


@pytest.mark.parametrize("nothing", ["['']", "[]"])
def test_no_image_topics_mean_the_topic_image(
    start_reader: Callable[..., ReaderProcess], nothing: str
) -> None:
    reader = start_reader(f"image_topics:={nothing}")
    reader.wait_for_log("reading raw crops on")
    assert "/image" in reader.log
    reader.signal(signal.SIGTERM)
    assert reader.process.returncode == 0


def test_a_signal_ends_the_node_that_could_not_be_configured(
    start_reader: Callable[..., ReaderProcess],
) -> None:
    reader = start_reader("model:=/nowhere/missing.onnx")
    reader.wait_for_log("cannot configure")
    reader.signal(signal.SIGTERM)
    assert reader.process.returncode == 0


@pytest.mark.parametrize(
    ("parameter", "named"),
    [
        ("threads:=two", "threads"),
        ("threads:=0", "threads"),
        ("minimum_confidence:=1.5", "minimum_confidence"),
        ("runtime:=tpu", "runtime"),
        ("frame_transport:=fax", "frame_transport"),
    ],
)
def test_a_wrong_parameter_ends_the_node_with_one_line_and_status_1(
    ros_environment: None, parameter: str, named: str
) -> None:
    status, _, errors = python_process("lprnet_ros.ros.nodes.lpr_node", "--ros-args", "-p", parameter)
    lines = errors.strip().splitlines()
    assert status == 1, errors
    assert len(lines) == 1, errors
    assert lines[0].startswith("lpr_node: ")
    assert named in lines[0]


def test_ros_arguments_that_cannot_be_parsed_end_the_node_without_a_traceback(ros_environment: None) -> None:
    status, _, errors = python_process(
        "lprnet_ros.ros.nodes.lpr_node", "--ros-args", "-p", "image_topics:=[gate, 1]"
    )
    assert status == 1
    assert "Traceback" not in errors
    assert "image_topics" in errors


def test_the_process_survives_a_second_signal_without_a_traceback(
    start_reader: Callable[..., ReaderProcess],
) -> None:
    """A terminal sends Ctrl-C to launch and to the node; launch passes its own on."""
    reader = start_reader()
    reader.wait_for_log("reading raw crops")
    reader.process.send_signal(signal.SIGINT)
    reader.process.send_signal(signal.SIGINT)
    reader.client.wait_for(lambda: reader.process.poll() is not None, "the end after two SIGINTs")
    assert reader.process.returncode == 0
