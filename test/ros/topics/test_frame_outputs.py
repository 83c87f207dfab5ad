"""Readings put back on their frames, as messages of the real packages over DDS."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from rclpy.lifecycle import LifecycleNode
from ros_harness import RELIABLE, Client
from std_msgs.msg import Header

from lprnet_ros.flow.job import Job, Source
from lprnet_ros.frames.place import FrameMark, Place
from lprnet_ros.images.crop_image import CropImage
from lprnet_ros.reading.plate_reading import PlateReading, Timings, Verdict
from lprnet_ros.ros.messages import optional_messages
from lprnet_ros.ros.messages.optional_messages import MissingMessagesError
from lprnet_ros.ros.topics.frame_outputs import FrameOutputs

BGR = np.zeros((24, 94, 3), np.uint8)
CROP = CropImage(BGR)
CROPS = {
    "bgr8": CROP,
    "mono8": CropImage(BGR[..., 0], cv2.COLOR_GRAY2BGR),
    "nv12": CropImage(np.zeros((36, 94), np.uint8), cv2.COLOR_YUV2BGR_NV12),
    "jpeg": CropImage(cv2.imencode(".jpg", BGR)[1].reshape(-1), is_encoded=True),
}
TYPES = {"targets": ("ai_msgs", "PerceptionTargets"), "detections": ("vision_msgs", "Detection2DArray")}


def reading(text: str = "京A12345", verdict: Verdict = Verdict.ACCEPTED) -> PlateReading:
    return PlateReading(text, 0.97, (0.97,) * len(text), verdict=verdict, timings=Timings(0.5, 2.0, 0.25))


def mark(number: int, count: int = 0, still: tuple[int, ...] = ()) -> FrameMark:
    return FrameMark("gate#1", 640, 480, "0000abcd", number, count, still)


def place(frame: int, index: int = 0, count: int = 1, **more: object) -> Place:
    return Place(mark(frame, count), index, 100 * index, 20, 94, 24, **more)


def job(place: Place | None, number: int, frame_id: str = "not looked at", crop: CropImage = CROP) -> Job:
    return Job(Source("/image", 50, number, frame_id, 0.0, place), crop)


def header(number: int, frame_id: str = "not looked at") -> Header:
    result = Header(frame_id=frame_id)
    result.stamp.sec, result.stamp.nanosec = 50, number
    return result


class Heard:
    """Outputs of a node, and what is heard of them.

    Attributes:
        messages: those of one kind, in the order of arrival.
        now: what the outputs' clock says.
    """

    def __init__(self, client: Client, kind: str, number: int) -> None:
        package, name = TYPES[kind]
        module = pytest.importorskip(f"{package}.msg", reason=f"{package} is not installed")
        self.client = client
        self.now = 100.0
        self.messages: list = []
        self.node = LifecycleNode(f"outputs_{kind}_{number}", context=client.context)
        self.outputs = FrameOutputs(self.node, [kind], model_name="lprnet", clock=lambda: self.now)
        self.node.trigger_configure()
        self.node.trigger_activate()
        topic = f"/{self.node.get_name()}/{kind}"
        self.subscription = client.node.create_subscription(
            getattr(module, name), topic, self.messages.append, RELIABLE
        )
        self.stamps: list[int] = []
        number_of_try = iter(range(1, 10_000))

        def is_heard() -> bool:
            self.outputs.look_for_listeners()  # as the node's timer does
            self.outputs.empty(header(next(number_of_try)))
            return bool(self.messages)

        client.wait_for(is_heard, topic)
        last = next(number_of_try)
        self.outputs.empty(header(last))
        client.wait_for(
            lambda: self.messages[-1].header.stamp.nanosec == last, "the last of the first messages"
        )
        self.messages.clear()

    def wait_for(self, count: int) -> list:
        self.client.wait_for(lambda: len(self.messages) >= count, f"{count} messages")
        assert len(self.messages) == count
        return self.messages

    def close(self) -> None:
        self.outputs.destroy()
        self.client.node.destroy_subscription(self.subscription)
        self.node.destroy_node()


@pytest.fixture
def hear(client: Client) -> Iterator[Callable[[str], Heard]]:
    heard: list[Heard] = []

    def start(kind: str) -> Heard:
        heard.append(Heard(client, kind, len(heard)))
        return heard[-1]

    yield start
    for one in heard:
        one.close()


def test_targets_are_what_the_web_page_draws(hear: Callable[[str], Heard]) -> None:
    heard = hear("targets")
    heard.outputs.add(job(place(0, 0, 2, track_id=9), 7), reading("京A12345"))
    heard.outputs.add(job(place(0, 1, 2), 7), reading("沪B54321"))
    (message,) = heard.wait_for(1)
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (50, 7)
    assert message.header.frame_id == "gate#1"
    assert [len(target.rois) for target in message.targets] == [1, 1]
    assert [target.rois[0].type for target in message.targets] == ["京A12345", "沪B54321"]
    assert [target.track_id for target in message.targets] == [0, 0]
    rect = message.targets[1].rois[0].rect
    assert (rect.x_offset, rect.y_offset, rect.width, rect.height) == (100, 20, 94, 24)
    for target in message.targets:
        (attribute,) = target.attributes
        assert attribute.type == "confidence"
        assert attribute.value == pytest.approx(0.97)
        assert target.rois[0].confidence == pytest.approx(0.97)
    durations = {perf.type: perf.time_ms_duration for perf in message.perfs}
    assert durations == {"lprnet_preprocess": 1.0, "lprnet_predict_infer": 4.0, "lprnet_predict_parse": 0.5}


def test_the_rate_in_targets_is_that_of_the_last_seconds(hear: Callable[[str], Heard]) -> None:
    heard = hear("targets")
    for number in range(60):
        heard.now += 1 / 25
        heard.outputs.empty(header(0, mark(number).to_frame_id()))
    assert heard.wait_for(60)[-1].fps == pytest.approx(25, abs=1)
    heard.now += 10.0
    heard.outputs.empty(header(0, mark(60).to_frame_id()))
    assert heard.wait_for(61)[-1].fps == 0


def test_detections_carry_text_confidence_box_and_track(hear: Callable[[str], Heard]) -> None:
    heard = hear("detections")
    heard.outputs.add(job(place(0, 1, 2, track_id=9), 7), reading("沪B54321"))
    heard.outputs.add(job(place(0, 0, 2), 7), reading("京A12345"))
    (message,) = heard.wait_for(1)
    assert message.header.frame_id == "gate#1"
    assert message.header.stamp.nanosec == 7
    first, second = message.detections
    assert first.header == second.header == message.header
    assert [one.results[0].hypothesis.class_id for one in (first, second)] == ["京A12345", "沪B54321"]
    assert first.results[0].hypothesis.score == pytest.approx(0.97)
    assert (first.id, second.id) == ("", "9")
    box = second.bbox
    assert (box.center.position.x, box.center.position.y, box.center.theta) == (147.0, 32.0, 0.0)
    assert (box.size_x, box.size_y) == (94.0, 24.0)


def plates_of(message: object) -> list[str]:
    if hasattr(message, "targets"):
        return [target.rois[0].type for target in message.targets]
    return [one.results[0].hypothesis.class_id for one in message.detections]


@pytest.mark.parametrize("kind", TYPES)
def test_frames_come_in_their_order_empty_or_not_and_without_what_was_not_accepted(
    hear: Callable[[str], Heard], kind: str
) -> None:
    heard = hear(kind)
    heard.outputs.empty(header(0, mark(0).to_frame_id()))
    heard.outputs.empty(header(2, mark(2).to_frame_id()))
    heard.outputs.add(job(place(3), 3), reading("bad", Verdict.LOW_CONFIDENCE))
    heard.outputs.add(job(place(1, 0, 2), 1), None)
    heard.outputs.add(job(place(1, 1, 2), 1), reading("good"))
    messages = heard.wait_for(4)
    assert [message.header.stamp.nanosec for message in messages] == [0, 1, 2, 3]
    assert [plates_of(message) for message in messages] == [[], ["good"], [], []]


@pytest.mark.parametrize("kind", TYPES)
def test_a_frame_whose_crop_never_came_is_published_when_its_time_is_up(
    hear: Callable[[str], Heard], kind: str
) -> None:
    heard = hear(kind)
    heard.outputs.add(job(place(0, 0, 2), 0), reading("there"))
    heard.outputs.advance()
    heard.outputs.advance(heard.now + 0.49)
    assert not heard.client.spin_until(lambda: bool(heard.messages), 0.2)
    heard.outputs.advance(heard.now + 0.5)
    assert plates_of(heard.wait_for(1)[0]) == ["there"]
    assert heard.outputs.counts == {"incomplete": 1}


@pytest.mark.parametrize("kind", TYPES)
def test_an_unchanged_plate_stays_on_the_picture(hear: Callable[[str], Heard], kind: str) -> None:
    heard = hear(kind)
    heard.outputs.add(job(place(0, number=4), 0), reading("parked"))
    heard.outputs.empty(header(1, mark(1, still=(4,)).to_frame_id()))
    assert [plates_of(message) for message in heard.wait_for(2)] == [["parked"], ["parked"]]


@pytest.mark.parametrize("kind", TYPES)
def test_a_crop_without_a_place_is_a_frame_of_its_own(hear: Callable[[str], Heard], kind: str) -> None:
    heard = hear(kind)
    heard.outputs.add(job(None, 1, "camera"), reading("京A12345"))
    heard.outputs.add(job(None, 2, "camera"), reading("bad", Verdict.SYNTAX))
    heard.outputs.add(job(None, 3, "camera"), None)
    heard.outputs.empty(header(4, "camera"))
    messages = heard.wait_for(4)
    assert [plates_of(message) for message in messages] == [["京A12345"], [], [], []]
    assert {message.header.frame_id for message in messages} == {"camera"}
    if kind == "targets":
        rect = messages[0].targets[0].rois[0].rect
        assert (rect.x_offset, rect.y_offset, rect.width, rect.height) == (0, 0, 94, 24)


@pytest.mark.parametrize("encoding", CROPS)
def test_a_crop_without_a_place_has_the_size_of_its_picture(client: Client, encoding: str) -> None:
    outputs = FrameOutputs(client.node, [], model_name="lprnet")
    outputs.is_heard, published = True, []
    outputs._publish = published.extend
    outputs.add(job(None, 1, crop=CROPS[encoding]), reading())
    outputs.add(job(None, 2, crop=CropImage(np.zeros(5, np.uint8), is_encoded=True)), None)
    assert [(frame.mark.width, frame.mark.height) for frame in published] == [(94, 24), (1, 1)]


def test_nothing_is_gathered_while_nobody_listens(client: Client) -> None:
    pytest.importorskip("ai_msgs.msg", reason="ai_msgs is not installed")
    node = LifecycleNode("unheard_outputs", context=client.context)
    outputs = FrameOutputs(node, ["targets"], model_name="lprnet")
    try:
        outputs.add(job(place(0, 0, 2), 0), reading())
        outputs.empty(header(1, mark(1).to_frame_id()))
        assert len(outputs._results) == 0
    finally:
        outputs.destroy()
        node.destroy_node()


def test_a_kind_that_does_not_exist_is_named(client: Client) -> None:
    with pytest.raises(ValueError, match="output 'pictures' is unknown, expected one of targets, detections"):
        FrameOutputs(client.node, ["pictures"], model_name="lprnet")


@pytest.mark.parametrize(
    ("package", "ros", "tros", "told"),
    [
        ("ai_msgs", "humble", "humble", "sudo apt install tros-humble-ai-msgs"),
        ("hbm_img_msgs", "", "", "sudo apt install tros-humble-hbm-img-msgs"),
        ("vision_msgs", "jazzy", "", "sudo apt install ros-jazzy-vision-msgs"),
    ],
)
def test_a_missing_package_is_told_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch, package: str, ros: str, tros: str, told: str
) -> None:
    def fail(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr(optional_messages.importlib, "import_module", fail)
    monkeypatch.setenv("ROS_DISTRO", ros)
    monkeypatch.setenv("TROS_DISTRO", tros)
    with pytest.raises(MissingMessagesError) as caught:
        optional_messages.message_module(package, "output targets")
    assert told in str(caught.value)
    assert "output targets needs" in str(caught.value)
