"""Text that somebody else chose cannot forge a line of the log, steer a terminal or break the JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import cv2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from rclpy.qos import QoSProfile
from rclpy.serialization import serialize_message
from ros_harness import (
    ACTIVATE,
    CONFIGURE,
    Client,
    Conversation,
    ReaderProcess,
    compressed_image,
    known_plate,
    raw_image,
)
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import String
from tethered import environment_of, tethered

from lprnet_ros.consensus.sightings import Sighting, VehiclePlate
from lprnet_ros.flow.job import Source
from lprnet_ros.images.conversion import ImageRejectedError, image_to_bgr
from lprnet_ros.reading.plate_reading import PlateReading
from lprnet_ros.ros.messages.reading_json import reading_to_json
from lprnet_ros.ros.messages.vehicle_json import vehicle_line, vehicle_to_json
from lprnet_ros.ros.topics.qos import TopicWatch

FORGED = "\n[ERROR] [1.0] [lpr_node]: the barrier is broken\r\n"
HOSTILE = {
    "line feeds": FORGED,
    "ansi": "\x1b[2J\x1b[31mred\x07",
    "ansi in one character": "\x9b2J\x9b31mred",
    "quotes": '"\', "accepted": true, \'\\',
    "separators": "a\u2028b\u2029c\x85d\x0be",
    "turned writing": "\u202egnp.a\u2066",
    "not utf-8": "a\ufffd\ufffdb",
    "long": "\x1b" * 4000,
}
MEGABYTE = "\x1b" * 1_000_000
ANY_TEXT = st.text(st.characters()) | st.sampled_from([*HOSTILE.values(), MEGABYTE])


# JSON


@pytest.mark.parametrize("transport", ["raw", "compressed"])
def test_any_frame_id_comes_back_in_json_that_is_one_line(
    start_reader: Callable[..., ReaderProcess], transport: str
) -> None:
    reader = start_reader("qos_profile:=reliable", f"transport:={transport}")
    is_raw = transport == "raw"
    conversation = Conversation(reader) if is_raw else Conversation(reader, CompressedImage)
    lines: list[str] = []
    reader._subscribe(String, f"{reader.full_name}/reading", lambda message: lines.append(message.data))
    for name, text in HOSTILE.items():
        message = (raw_image if is_raw else compressed_image)(known_plate()[1], text)
        if not is_raw:
            message.format = text
        conversation.image.publish(message)
        assert conversation.outputs.wait_for_reading(text)["frame_id"] == text, name
    reader.client.wait_for(lambda: len(lines) >= len(HOSTILE), "the same as text", reader)
    assert [line for line in lines if not line.isprintable()] == []
    assert "barrier" not in reader.log


def test_a_frame_id_that_is_no_utf8_or_holds_a_nul_breaks_nothing(
    start_reader: Callable[..., ReaderProcess],
) -> None:
    conversation = Conversation(start_reader("qos_profile:=reliable"))
    plain = serialize_message(raw_image(known_plate()[1], "0123456789"))
    for bytes_, expected in {
        b"a\xff\xfe\xc3(bcdef": "a\ufffd\ufffd\ufffd(bcdef",
        b"\xed\xa0\x80abcdefg": "\ufffd\ufffd\ufffdabcdefg",  # a lone surrogate, as UTF-8 forbids it
        b"front\0evil": "front",
    }.items():
        assert len(bytes_) == 10
        conversation.image.publish(plain.replace(b"0123456789", bytes_))
        assert conversation.outputs.wait_for_reading(expected)["frame_id"] == expected


@settings(deadline=None)
@given(ANY_TEXT)
def test_a_reading_is_one_printable_line_whatever_the_frame_id(frame_id: str) -> None:
    reading = PlateReading("京A12345", 0.5, (0.5,) * 7)
    source = Source("/image", 1, 2, frame_id, 0.0)
    best = Sighting(0.0, "/image", reading, stamp=source)
    vehicle = VehiclePlate(reading, 1, 1, best, 0.0, 0.0, False)
    frame = frame_id.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    logged = vehicle_line(vehicle, source)
    assert logged.isprintable()
    assert len(logged) < 300
    for line in (reading_to_json(reading, source), vehicle_to_json(vehicle, source)):
        assert line.isprintable()
        assert json.loads(line)["frame_id"] == frame
        assert json.loads(line)["text"] == "京A12345"


# the log


@pytest.mark.parametrize("name", ["line feeds", "ansi", "ansi in one character", "separators", "long"])
def test_an_encoding_is_logged_as_one_short_line(
    start_reader: Callable[..., ReaderProcess], name: str
) -> None:
    conversation = Conversation(start_reader("qos_profile:=reliable"))
    message = raw_image(known_plate()[1])
    message.encoding = HOSTILE[name]
    conversation.image.publish(message)
    line = conversation.reader.wait_for_log("unknown_encoding")
    assert conversation.read_known("alive")
    assert "encoding '" in line
    assert line.isprintable()
    assert len(line) < 1500
    assert not [line for line in conversation.reader.log.split("\n") if line.startswith("[ERROR] [1.0]")]


@pytest.mark.parametrize("field", ["frame_id", "encoding", "format"])
def test_a_megabyte_of_text_is_refused_in_one_short_line(
    start_reader: Callable[..., ReaderProcess], field: str
) -> None:
    is_raw = field != "format"
    reader = start_reader("qos_profile:=reliable", f"transport:={'raw' if is_raw else 'compressed'}")
    conversation = Conversation(reader) if is_raw else Conversation(reader, CompressedImage)
    message = (raw_image if is_raw else compressed_image)(known_plate()[1])
    setattr(message.header if field == "frame_id" else message, field, MEGABYTE)
    conversation.image.publish(message)
    line = reader.wait_for_log("malformed_message")
    assert line.isprintable()
    assert len(line) < 500
    assert conversation.read_known("alive")


@pytest.mark.parametrize("parameter", ["model", "image_topics"])
def test_whoever_may_set_a_parameter_cannot_choose_what_the_log_says(
    start_reader: Callable[..., ReaderProcess], parameter: str
) -> None:
    reader = start_reader("autostart:=false")
    text = FORGED + HOSTILE["ansi"]
    assert reader.set_parameters(**{parameter: text if parameter == "model" else [text]}) == [(True, "")]
    assert reader.change_state(CONFIGURE) == (parameter == "image_topics")
    assert parameter == "model" or not reader.change_state(ACTIVATE)
    line = reader.wait_for_log("barrier")
    assert line.isprintable()
    assert "cannot" in line


@settings(deadline=None)
@given(ANY_TEXT)
def test_an_unknown_encoding_is_told_on_one_printable_line(encoding: str) -> None:
    message = SimpleNamespace(height=1, width=1, step=1, encoding=f"?{encoding}", is_bigendian=0, data=b"\0")
    with pytest.MonkeyPatch.context() as patch:
        for cv_bridge in (None, cv_bridge_that_repeats_the_encoding()):
            patch.setitem(sys.modules, "cv_bridge", cv_bridge)
            with pytest.raises(ImageRejectedError) as caught:
                image_to_bgr(message, max_pixels=100)
            assert str(caught.value).isprintable()
            assert len(str(caught.value)) < 1200


def cv_bridge_that_repeats_the_encoding() -> ModuleType:
    """Stand in for cv_bridge, whose errors hold the encoding as it came."""

    class CvBridge:
        def imgmsg_to_cv2(self, message: SimpleNamespace, encoding: str) -> None:
            raise ValueError(f"encoding specified as {message.encoding}, but image has incompatible type")

    module = ModuleType("cv_bridge")
    module.CvBridge = CvBridge
    return module


@pytest.mark.parametrize("text", [*HOSTILE.values(), MEGABYTE], ids=[*HOSTILE, "a megabyte"])
def test_another_node_cannot_choose_what_the_log_says(text: str) -> None:
    warnings: list[str] = []
    publisher = SimpleNamespace(
        node_name=f"camera{text}",
        node_namespace=f"/{text}",
        topic_type=f"std_msgs/msg/String{text}",
        qos_profile=QoSProfile(depth=1),
    )
    node = SimpleNamespace(
        get_publishers_info_by_topic=lambda topic: [publisher],
        get_logger=lambda: SimpleNamespace(warning=warnings.append),
    )
    subscription = SimpleNamespace(topic_name="/image", qos_profile=QoSProfile(depth=1))
    TopicWatch(node, "sensor_msgs/msg/Image").check(subscription)
    assert len(warnings) == 1
    assert warnings[0].isprintable()
    assert len(warnings[0]) < 500
    assert "choose another topic" in warnings[0]


def test_a_thousand_made_up_names_do_not_fill_the_log() -> None:
    warnings: list[str] = []
    publishers = [
        SimpleNamespace(
            node_name=f"camera_{number}",
            node_namespace="/",
            topic_type="std_msgs/msg/String",
            qos_profile=QoSProfile(depth=1),
        )
        for number in range(1000)
    ]
    node = SimpleNamespace(
        get_publishers_info_by_topic=lambda topic: publishers,
        get_logger=lambda: SimpleNamespace(warning=warnings.append),
    )
    watch = TopicWatch(node, "sensor_msgs/msg/Image")
    for _ in range(2):
        watch.check(SimpleNamespace(topic_name="/image", qos_profile=QoSProfile(depth=1)))
    assert len(warnings) == len(set(warnings)) == 50


def test_a_player_of_frames_survives_names_that_are_no_text(client: Client, tmp_path: Path) -> None:
    frames = tmp_path / "frames"
    frames.mkdir()
    crop = cv2.imencode(".png", known_plate()[1])[1].tobytes()
    (frames / os.fsdecode(b"c\xff.png")).write_bytes(crop)
    (frames / f"bad{FORGED}\x1b[31m.png").write_bytes(b"no picture")
    received: list[str] = []
    topic = "/frames_of_hostile_text/image"
    subscription = client.node.create_subscription(
        Image, topic, lambda message: received.append(message.header.frame_id), 10
    )
    command = [
        sys.executable,
        "-m",
        "lprnet_ros.ros.nodes.frame_player",
        "--ros-args",
        "-p",
        f"source:={frames}",
    ]
    command += ["-r", "__ns:=/frames_of_hostile_text", "-p", "rate:=50.0"]
    log = tmp_path / "log"
    with log.open("wb") as stream:
        process = subprocess.Popen(tethered(*command), stdout=stream, stderr=stream, env=environment_of())
    try:
        client.wait_for(lambda: process.poll() is not None, "the player to end")
        client.wait_for(lambda: bool(received), "a frame")
    finally:
        process.kill()
        process.wait()
        client.node.destroy_subscription(subscription)
    assert process.returncode == 0, log.read_text()
    assert received == ["c\\udcff.png"]
    (left_out,) = (line for line in log.read_text().split("\n") if "barrier" in line)
    assert "left out" in left_out
    assert left_out.isprintable()
