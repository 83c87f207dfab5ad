"""The live cropper with regions that are cut out as they are: frames in over DDS, crops out over DDS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from cropper_harness import CropperConversation, CropperProcess, Stamp
from ros_harness import Client, compressed_image, raw_image
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from lprnet_ros.ros.messages.frame_messages import frame_message

WIDTH, HEIGHT = 320, 240
BOX, QUAD = "20,30,96,24", "200,100 300,110 296,140 198,132"
EXACT = "find_plates:=false"
SETTINGS = (EXACT, "qos_profile:=reliable", "queue_depth:=100", "refresh_period:=3600.0", "padding:=0.0")
REGIONS = f"regions:=['{BOX}', '{QUAD}']"


def picture(seed: int = 0) -> np.ndarray:
    patches = np.random.default_rng(seed).integers(0, 256, (HEIGHT // 8, WIDTH // 8, 3), dtype=np.uint8)
    return patches.repeat(8, axis=0).repeat(8, axis=1)


def frame(seed: int = 0, frame_id: str = "gate") -> Callable[[Stamp], Image]:
    return lambda stamp: raw_image(picture(seed), frame_id, stamp)


@pytest.fixture(scope="module")
def raw(client: Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CropperConversation]:
    cropper = CropperProcess(client, tmp_path_factory.mktemp("raw"), REGIONS, *SETTINGS)
    try:
        yield CropperConversation(cropper, Image, frame(99))
    finally:
        cropper.close()


def test_each_region_becomes_a_crop_with_its_place_and_the_stamp_of_its_frame(
    raw: CropperConversation,
) -> None:
    answer = raw.ask(frame(1, "camera#1 50%"))
    box, quad = (place for place, _ in answer.crops)
    assert (box.x, box.y, box.width, box.height, box.quad) == (20, 30, 96, 24, None)
    assert (quad.x, quad.y, quad.width, quad.height) == (198, 100, 102, 40)
    assert quad.quad == ((200.0, 100.0), (300.0, 110.0), (296.0, 140.0), (198.0, 132.0))
    assert [place.frame_id for place in (box, quad)] == ["camera#1 50%"] * 2
    assert (answer.mark.width, answer.mark.height, answer.mark.count) == (WIDTH, HEIGHT, 2)
    assert np.array_equal(answer.pictures()[0], picture(1)[30:54, 20:116])
    height, width = answer.pictures()[1].shape[:2]
    assert abs(width - 100) <= 1
    assert abs(height - 32) <= 1
    assert all((message.encoding, message.step) == ("bgr8", 3 * message.width) for _, message in answer.crops)


def test_frames_are_numbered_in_their_order(raw: CropperConversation) -> None:
    numbers = [raw.ask(frame(seed)).mark.number for seed in range(2, 6)]
    assert numbers == list(range(numbers[0], numbers[0] + 4))


def test_a_still_scene_is_named_as_such_and_a_changed_part_is_sent(raw: CropperConversation) -> None:
    first = raw.ask(frame(10))
    places = tuple(place.number for place, _ in first.crops)
    second = raw.ask(frame(10))
    assert second.crops == []
    assert second.mark.still == places
    changed = picture(10)
    changed[:, :150] = picture(11)[:, :150]
    third = raw.ask(lambda stamp: raw_image(changed, "gate", stamp))
    assert [place.number for place, _ in third.crops] == [places[0]]
    assert third.mark.still == (places[1],)


def test_a_region_outside_of_a_small_frame_makes_an_empty_frame(raw: CropperConversation) -> None:
    small = np.zeros((16, 16, 3), np.uint8)
    answer = raw.ask(lambda stamp: raw_image(small, "small", stamp))
    assert answer.crops == []
    assert (answer.mark.frame_id, answer.mark.width, answer.mark.still) == ("small", 16, ())
    status = raw.cropper.wait_for_status(
        lambda one: "plates: out_of_frame" in one, "regions out of the frame"
    )
    assert int(status["plates: out_of_frame"]) >= 2
    assert "minimum_visible" in raw.cropper.wait_for_log("(out_of_frame)")


@pytest.mark.parametrize("encoding", ["rgb8", "mono8", "nv12", "jpeg"])
def test_a_frame_in_another_encoding_shows_the_same(raw: CropperConversation, encoding: str) -> None:
    whole = cv2.GaussianBlur(picture(sum(encoding.encode())), (31, 31), 0)

    def make(stamp: Stamp) -> Image:
        if encoding == "nv12":
            header = Header(frame_id="gate")
            header.stamp.sec, header.stamp.nanosec = stamp
            return frame_message(whole, "nv12", header)
        message = raw_image(whole, "gate", stamp)
        message.encoding = encoding
        if encoding == "jpeg":
            message.height = message.width = message.step = 0
            message.data = cv2.imencode(".jpg", whole)[1].tobytes()
        elif encoding == "mono8":
            message.step = WIDTH
            message.data = cv2.cvtColor(whole, cv2.COLOR_BGR2GRAY).tobytes()
        else:
            message.data = whole[..., ::-1].tobytes()
        return message

    expected = whole[30:54, 20:116]
    if encoding == "mono8":
        expected = cv2.cvtColor(expected, cv2.COLOR_BGR2GRAY)[..., np.newaxis]
    answer = raw.ask(make)
    assert np.abs(answer.pictures()[0].astype(int) - expected).mean() <= (
        0 if encoding in ("rgb8", "mono8") else 4
    )


def test_diagnostics_tell_what_was_cropped(raw: CropperConversation) -> None:
    raw.ask(frame(30))
    status = raw.cropper.next_status(2)
    assert int(status["frames"]) > 0
    assert int(status["crops"]) > 0
    assert status["level"] == "ok"


def test_compressed_frames_are_cropped(client: Client, tmp_path: Path) -> None:
    whole = cv2.GaussianBlur(picture(3), (31, 31), 0)
    cropper = CropperProcess(client, tmp_path, REGIONS, *SETTINGS, "transport:=compressed")
    try:
        conversation = CropperConversation(
            cropper, CompressedImage, lambda stamp: compressed_image(picture(99), "gate", stamp)
        )
        answer = conversation.ask(lambda stamp: compressed_image(whole, "gate", stamp, suffix=".jpg"))
        assert np.abs(answer.pictures()[0].astype(int) - whole[30:54, 20:116]).mean() <= 3
        assert answer.mark.frame_id == "gate"
    finally:
        cropper.close()


def test_frames_in_shared_memory_are_cropped_with_their_time_stamp(client: Client, tmp_path: Path) -> None:
    messages = pytest.importorskip("hbm_img_msgs.msg", reason="hbm_img_msgs (TROS) is not installed")

    def make(seed: int) -> Callable[[Stamp], object]:
        def message_of(stamp: Stamp) -> object:
            image = frame_message(cv2.GaussianBlur(picture(seed), (31, 31), 0), "nv12", Header())
            message = messages.HbmMsg1080P(height=HEIGHT, width=WIDTH, step=0, data_size=len(image.data))
            message.encoding[:4] = np.frombuffer(b"nv12", np.uint8)
            message.data[: len(image.data)] = np.frombuffer(image.data, np.uint8)
            message.time_stamp.sec, message.time_stamp.nanosec = stamp
            return message

        return message_of

    cropper = CropperProcess(
        client, tmp_path, REGIONS, *SETTINGS, "transport:=shared_mem", "frame_id:=mipi", "queue_depth:=5"
    )
    try:
        conversation = CropperConversation(cropper, messages.HbmMsg1080P, make(99))
        answer = conversation.ask(make(4))
        expected = cv2.GaussianBlur(picture(4), (31, 31), 0)[30:54, 20:116]
        assert np.abs(answer.pictures()[0].astype(int) - expected).mean() <= 4
        assert answer.mark.frame_id == "mipi"
    finally:
        cropper.close()


def test_nothing_is_cropped_while_nobody_listens(client: Client, tmp_path: Path) -> None:
    cropper = CropperProcess(client, tmp_path, REGIONS, *SETTINGS)
    try:
        image = cropper.publisher(Image)
        client.wait_for(lambda: image.get_subscription_count() > 0, "the cropper's subscription", cropper)

        def has_frames() -> bool:
            image.publish(frame(1)((1, 1)))
            return cropper.statuses != [] and int(cropper.statuses[-1]["frames"]) > 3

        client.wait_for(has_frames, "frames in the diagnostics", cropper)
        assert cropper.statuses[-1]["crops"] == "0"
    finally:
        cropper.close()


def test_a_publisher_of_another_type_is_named_with_what_to_set(client: Client, tmp_path: Path) -> None:
    cropper = CropperProcess(client, tmp_path, REGIONS, EXACT)
    try:
        cropper.publisher(CompressedImage)
        line = cropper.wait_for_log("sensor_msgs/msg/CompressedImage")
        assert "set the parameter transport to 'compressed'" in line
        assert "/tester" in line
    finally:
        cropper.close()


def test_large_frames_let_fewer_of_them_wait_and_are_still_cropped(client: Client, tmp_path: Path) -> None:
    large = np.full((1400, 2000, 3), 90, np.uint8)
    cropper = CropperProcess(client, tmp_path, REGIONS, *SETTINGS, "change_threshold:=0.0")
    try:
        small = np.full((140, 200, 3), 90, np.uint8)
        conversation = CropperConversation(cropper, Image, lambda stamp: raw_image(small, "gate", stamp))

        def send() -> None:
            conversation.image.publish(raw_image(large, "gate", conversation.next_stamp()))

        told = "31 may wait, not 100 (queue_depth)"
        client.retry_until(send, lambda: bool(cropper.lines(told)), "the new depth")
        assert "images of 8.4 MB arrive" in cropper.wait_for_log(told)
        conversation.outputs.clear()
        client.retry_until(send, lambda: bool(conversation.outputs.stamps()), "a crop of a large frame")
        cropper.next_status(2)
        assert len(cropper.lines("may wait, not")) == 1
    finally:
        cropper.close()
