"""The live node on camera frames: plates found, cut out and read in one process."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from frame_board import PYTHON_PATH, frame_of
from frames_harness import (
    ANOTHER,
    PLACE,
    FrameConversation,
    FramesProcess,
    known_frame,
    listen_to_nothing,
)
from ros_harness import (
    ACTIVATE,
    CLEANUP,
    CONFIGURE,
    DEACTIVATE,
    PATIENCE_SECONDS,
    Client,
    another_plate,
    known_plate,
    raw_image,
)

from lprnet_ros.ros.messages.frame_messages import nv12_of

FRAMES = "frame_topics:=['frames']"
Start = Callable[..., FramesProcess]


@pytest.fixture
def start(client: Client, tmp_path: Path) -> Iterator[Start]:
    """Start nodes that end with the test."""
    with ExitStack() as stack:
        yield lambda *parameters, **environment: stack.enter_context(
            closing(FramesProcess(client, tmp_path, *parameters, **environment))
        )


@pytest.mark.parametrize(
    ("transport", "encoding"),
    [("raw", "nv12"), ("raw", "bgr8"), ("compressed", "jpeg"), ("compressed", "png")],
)
def test_plates_are_read_with_their_frames_stamp_and_their_place(
    start: Start, transport: str, encoding: str
) -> None:
    reader = start(FRAMES, f"frame_transport:={transport}")
    conversation = FrameConversation(reader, encoding=encoding)
    readings = conversation.read(known_frame(plates=2), "gate camera", plates=2)
    assert {reading["text"] for reading in readings} == {known_plate()[0], another_plate()[0]}
    assert len({reading["stamp"]["nanosec"] for reading in readings}) == 1
    for reading in readings:
        assert reading["accepted"]
        assert reading["frame_id"] == "gate camera"
        assert reading["topic"] == f"{reader.namespace}/frames"
        place = reading["place"]
        x, y = PLACE if reading["text"] == known_plate()[0] else ANOTHER
        picture = (known_plate() if (x, y) == PLACE else another_plate())[1]
        expected = (x, y, picture.shape[1], picture.shape[0])
        assert (
            np.abs(np.subtract(tuple(place[n] for n in ("x", "y", "width", "height")), expected)).max() <= 3
        )
        assert (place["frame_width"], place["frame_height"]) == (1280, 768)
    assert f"reading {transport} frames on {reader.namespace}/frames" in reader.log
    assert "crops on" not in reader.log
    assert reader.client.node.count_subscribers(f"{reader.namespace}/image") == 0


def test_what_is_published_of_a_plate_has_its_frames_header(start: Start) -> None:
    settings = ("frame_queue_depth:=10", "consensus_minimum_crops:=1", "consensus_gap:=0.3")
    conversation = FrameConversation(start(FRAMES, *settings))
    client = conversation.reader.client
    conversation.read(known_frame(), "gate camera")
    client.retry_until(
        lambda: conversation.send(known_frame(plates=2), "gate camera"),
        lambda: any(one["text"] == another_plate()[0] for one in conversation.vehicles),
        "a vehicle that was not there before",
        pause=1.0,
    )
    (vehicle, *_) = [one for one in conversation.vehicles if one["text"] == another_plate()[0]]
    assert vehicle["frame_id"] == "gate camera"
    assert vehicle["place"]["frame_width"] == 1280
    client.wait_for(lambda: bool(conversation.annotated), "an annotated crop")
    assert conversation.annotated[-1].header.frame_id == "gate camera"
    assert conversation.annotated[-1].header.stamp.sec == 1_700_000_000
    assert known_plate()[0] in conversation.outputs.plates


def test_crops_and_the_frames_of_two_cameras_are_read_side_by_side(start: Start) -> None:
    reader = start("frame_topics:=['left', 'right']", "image_topics:=['crops']")
    conversation = FrameConversation(reader, "left", "right")
    for camera, name in enumerate(("left", "right")):
        (reading,) = conversation.read(known_frame(), f"camera {camera}", camera=camera)
        assert reading["topic"] == f"{reader.namespace}/{name}"
    crops = reader.publisher(topic="crops")
    reader.client.retry_until(
        lambda: crops.publish(raw_image(another_plate()[1], "a crop")),
        lambda: bool(conversation.outputs.of("a crop")),
        "the reading of a crop",
    )
    assert "place" not in conversation.outputs.of("a crop")[0]
    assert f"reading raw crops on {reader.namespace}/crops and raw frames on" in reader.log


def test_diagnostics_count_frames_plates_and_the_time_of_their_search(start: Start) -> None:
    conversation = FrameConversation(start(FRAMES))
    conversation.read(known_frame(plates=2), "two", plates=2)
    status = conversation.reader.next_status(2)
    assert int(status["frames"]) >= 2
    assert int(status["plates found"]) > int(status["frames"])
    assert int(status["finder: searched"]) == int(status["frames"])
    assert 0.0 < float(status["search p50 (ms)"]) <= float(status["search p99 (ms)"])
    assert status["frames lost on the way"] == "0"


def test_frames_are_not_searched_while_nobody_subscribes(start: Start) -> None:
    conversation = FrameConversation(start(FRAMES))
    reader = conversation.reader
    listen_to_nothing(reader)
    reader.client.wait_for(
        lambda: reader.client.node.count_subscribers(f"{reader.full_name}/reading") == 0, "no subscriber"
    )
    before = reader.next_status(2)
    received = int(before["received"])

    def send() -> None:
        conversation.send(known_frame(), "unheard")

    reader.client.retry_until(
        send, lambda: int(reader.statuses[-1]["received"]) >= received + 3, "frames that arrive"
    )
    assert reader.statuses[-1]["frames"] == before["frames"]


@pytest.mark.parametrize(("fault", "told"), [("raise", "the BPU refuses the frame"), ("nan", "NaN")])
def test_a_search_that_fails_costs_one_frame(start: Start, fault: str, told: str) -> None:
    conversation = FrameConversation(start(FRAMES))
    reader = conversation.reader
    reader.client.retry_until(
        lambda: conversation.send(known_frame(fault=fault), "bad"),
        lambda: bool(reader.lines("could not be searched")),
        "a failure in the log",
        pause=1.0,
    )
    assert told in reader.lines("could not be searched")[0]
    assert not conversation.outputs.of("bad")
    (reading,) = conversation.read(known_frame(), "good")
    assert reading["text"] == known_plate()[0]
    assert int(reader.next_status()["runtime failures"]) >= 1
    assert "Traceback" not in reader.log


def test_a_broken_picture_is_rejected_by_name(start: Start) -> None:
    reader = start(FRAMES, "frame_transport:=compressed")
    conversation = FrameConversation(reader, encoding="jpeg")
    from sensor_msgs.msg import CompressedImage  # noqa: PLC0415

    reader.client.retry_until(
        lambda: conversation.cameras[0].publish(CompressedImage(data=b"no picture")),
        lambda: bool(reader.lines("rejected (undecodable)")),
        "a rejection",
        pause=1.0,
    )
    assert conversation.read(known_frame(), "good")


def test_while_a_search_hangs_the_node_answers_and_says_so_and_it_can_be_ended(start: Start) -> None:
    conversation = FrameConversation(start(FRAMES, "worker_timeout:=0.5"))
    reader = conversation.reader
    reader.next_status()
    reader.client.retry_until(
        lambda: conversation.send(known_frame(fault="hang"), "hangs"),
        lambda: "hangs" in reader.statuses[-1]["message"],
        "the diagnostics of a hang",
        pause=1.0,
    )
    assert reader.statuses[-1]["level"] == "error"
    assert reader.parameter("frame_topics") == ["frames"]
    assert reader.change_state(DEACTIVATE)
    assert reader.change_state(CLEANUP)
    assert reader.change_state(CONFIGURE)
    assert reader.change_state(ACTIVATE)
    conversation.match()
    assert conversation.read(known_frame(), "after it")
    reader.signal(signal.SIGTERM)
    assert reader.process.returncode == 0


def test_a_finder_that_is_missing_is_told_in_one_sentence_and_configuring_can_be_tried_again(
    start: Start, tmp_path: Path
) -> None:
    reader = start(FRAMES, "finder_model:=/nowhere/finder.bin")
    line = reader.wait_for_log("cannot configure")
    assert "plates cannot be searched for: " in line
    assert "/nowhere/finder.bin" in line
    assert "runtime:=onnx model:=lprnet.onnx" not in line, "that is for a recognizer"
    assert reader.state() == "unconfigured"
    assert reader.set_parameters(finder_model=str(tmp_path / "finder.bin")) == [(True, "")]
    assert reader.change_state(CONFIGURE)
    assert reader.change_state(ACTIVATE)
    assert FrameConversation(reader).read(known_frame(), "at last")
    assert "Traceback" not in reader.log


def test_a_wrong_region_and_an_invalid_topic_are_refused_by_name(start: Start) -> None:
    reader = start(FRAMES, "autostart:=false")
    ((is_set, reason),) = reader.set_parameters(regions=["1,2,3"])
    assert not is_set
    assert "region 1 ('1,2,3')" in reason
    assert reader.set_parameters(find_plates=False) == [(True, "")]
    assert not reader.change_state(CONFIGURE)
    assert reader.lines("nothing says where plates are: set regions, or find_plates to true")
    assert reader.set_parameters(find_plates=True, frame_topics=["not a topic"]) == [(True, "")] * 2
    assert reader.change_state(CONFIGURE)
    assert not reader.change_state(ACTIVATE)
    assert "frame_topics: 'not a topic' is no topic name" in reader.wait_for_log("cannot activate")
    assert reader.change_state(CLEANUP)


def test_regions_can_be_cut_out_as_they_are(start: Start) -> None:
    x, y = PLACE
    height, width = known_plate()[1].shape[:2]
    region = f"regions:=['{x},{y},{width},{height}']"
    reader = start(FRAMES, region, "find_plates:=false", "finder_model:=/nowhere/finder.bin")
    (reading,) = FrameConversation(reader).read(known_frame(), "fixed")
    assert reading["text"] == known_plate()[0]
    assert reading["place"]["track"] == 0


def footprint(reader: FramesProcess) -> tuple[int, int]:
    folder = Path(f"/proc/{reader.process.pid}")
    return len(os.listdir(folder / "task")), len(os.listdir(folder / "fd"))


def test_twenty_rounds_of_the_lifecycle_under_load_leave_nothing_behind(start: Start) -> None:
    conversation = FrameConversation(start(FRAMES))
    reader = conversation.reader
    moving = [known_frame(move=10 * step) for step in range(8)]
    count = 0

    def send() -> None:
        nonlocal count
        conversation.send(moving[count % len(moving)], "moving")
        count += 1

    timer = reader.client.node.create_timer(0.02, send)
    try:
        after_warm_up = None
        for number in range(20):
            assert reader.change_state(DEACTIVATE)
            assert reader.change_state(CLEANUP)
            if number == 4:
                after_warm_up = footprint(reader)
            assert reader.change_state(CONFIGURE)
            assert reader.change_state(ACTIVATE)
        assert reader.change_state(DEACTIVATE)
        assert reader.change_state(CLEANUP)
    finally:
        reader.client.node.destroy_timer(timer)
    assert after_warm_up is not None
    before, now = after_warm_up, (0, 0)

    def is_as_it_was() -> bool:
        nonlocal now
        now = footprint(reader)
        return now[0] <= before[0] and now[1] <= before[1] + 1

    reader.client.spin_until(is_as_it_was, PATIENCE_SECONDS)
    assert is_as_it_was(), f"{before} threads and files became {now}"
    assert not reader.lines("ERROR"), reader.log
    assert reader.change_state(CONFIGURE)
    assert reader.change_state(ACTIVATE)
    conversation.match()
    assert conversation.read(known_frame(), "afterwards")


def test_without_hbm_img_msgs_shared_memory_is_refused_with_its_package(start: Start, tmp_path: Path) -> None:
    """A package of that name that holds nothing: as on a machine without it."""
    (tmp_path / "absent" / "hbm_img_msgs").mkdir(parents=True)
    (tmp_path / "absent" / "hbm_img_msgs" / "__init__.py").touch()
    path = f"{tmp_path / 'absent'}:{PYTHON_PATH}"
    reader = start(FRAMES, "frame_transport:=shared_mem", PYTHONPATH=path)
    line = reader.wait_for_log("cannot configure")
    assert "frame_transport shared_mem needs the ROS 2 package hbm_img_msgs: sudo apt install" in line


def test_frames_without_a_plate_are_no_error(start: Start) -> None:
    conversation = FrameConversation(start(FRAMES))
    before = int(conversation.reader.next_status(2)["frames"])
    conversation.reader.client.retry_until(
        lambda: conversation.send(frame_of({}, 1280, 768), "empty"),
        lambda: int(conversation.reader.statuses[-1]["frames"]) >= before + 3,
        "empty frames",
    )
    assert not conversation.outputs.of("empty")
    assert conversation.reader.statuses[-1]["level"] == "ok"


def test_frames_in_shared_memory_are_read(start: Start) -> None:
    messages = pytest.importorskip("hbm_img_msgs.msg", reason="hbm_img_msgs (TROS) is not installed")
    reader = start(FRAMES, "frame_transport:=shared_mem", "frame_id:=gate camera")
    outputs, camera = reader.outputs(), reader.publisher(messages.HbmMsg1080P, "frames")
    planes = nv12_of(known_frame()).reshape(-1)
    message = messages.HbmMsg1080P(height=768, width=1280, data_size=planes.size)
    message.encoding[:4] = np.frombuffer(b"nv12", np.uint8)
    message.data[: planes.size] = planes
    message.time_stamp.sec = 1_700_000_000
    reader.client.retry_until(
        lambda: camera.publish(message),
        lambda: bool(outputs.of("gate camera")),
        f"a reading; {reader.log}",
        pause=1.0,
    )
    reading = outputs.of("gate camera")[0]
    assert (reading["text"], reading["stamp"]["sec"]) == (known_plate()[0], 1_700_000_000)
