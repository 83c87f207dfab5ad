"""The live cropper that finds plates itself, with a board's library that finds what is blue."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from board_finder import PYTHON_PATH, scene, write_finder
from cropper_harness import Answer, CropperConversation, CropperProcess, Stamp
from ros_harness import Client, raw_image
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from lprnet_ros.images.geometry import Box, Quad, quad_of_box, rotated_box
from lprnet_ros.ros.messages.frame_messages import frame_message

ONE_ROW = rotated_box((380.0, 235.0), 160.0, 51.0, 0.12)
TWO_ROWS = quad_of_box(Box(800.0, 400.0, 120.0, 60.0))
SETTINGS = ("qos_profile:=reliable", "queue_depth:=50", "change_threshold:=0.0", "padding:=0.0")
INPUT_PIXELS = 2.0
"""By which the stand-in's corners may be off; a frame of 1280 x 720 has two for each."""


class FindingCropper(CropperProcess):
    """A cropper with the stand-in's finder."""

    def __init__(self, client: Client, folder: Path, *parameters: str, **environment: str) -> None:
        model = write_finder(folder)
        environment = {"PYTHONPATH": PYTHON_PATH, **environment}
        super().__init__(client, folder, f"finder_model:={model}", *parameters, **environment)


def shown(*quads: Quad, seed: int = 0) -> Callable[[Stamp], Image]:
    return lambda stamp: raw_image(scene(*quads, seed=seed), "gate", stamp)


def moved(quad: Quad, x: float) -> Quad:
    first, second, third, fourth = ((a + x, b) for a, b in quad)
    return first, second, third, fourth


def off(found: Quad | None, quad: Quad) -> float:
    """By how many pixels the corners are off at most."""
    assert found is not None
    return max(math.dist(a, b) for a, b in zip(found, quad, strict=True))


@pytest.fixture(scope="module")
def whole(client: Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CropperConversation]:
    """A cropper with neither regions nor detections."""
    cropper = FindingCropper(client, tmp_path_factory.mktemp("whole"), *SETTINGS)
    try:
        yield CropperConversation(cropper, Image, shown(ONE_ROW, seed=9))
    finally:
        cropper.close()


def test_plates_anywhere_become_straight_crops_with_corners_rows_score_and_track(
    whole: CropperConversation,
) -> None:
    answer = whole.ask(shown(ONE_ROW, TWO_ROWS))
    one, two = sorted((place for place, _ in answer.crops), key=lambda place: place.x)
    assert off(one.quad, ONE_ROW) <= 2 * INPUT_PIXELS
    assert off(two.quad, TWO_ROWS) <= 2 * INPUT_PIXELS
    assert (one.rows, two.rows) == (1, 2)
    assert one.score == two.score == 0.9
    assert one.track_id != two.track_id
    assert min(one.track_id, two.track_id) > 0
    shapes = {place.rows: (message.width, message.height) for place, message in answer.crops}
    assert shapes[1][0] / shapes[1][1] == pytest.approx(440 / 140, abs=0.08)
    assert shapes[2][0] / shapes[2][1] == pytest.approx(2, abs=0.05)
    for picture in answer.pictures():  # of the plate and of nothing else
        blue, green, red = picture[3:-3, 3:-3].reshape(-1, 3).mean(axis=0)
        assert blue > 200
        assert max(green, red) < 50


def test_a_plate_keeps_its_track_while_it_moves_and_another_one_has_another(
    whole: CropperConversation,
) -> None:
    ids = []
    for i in range(6):
        ((place, _),) = whole.ask(shown(moved(ONE_ROW, 15.0 * i), seed=3)).crops
        ids.append(place.track_id)
    assert len(set(ids[1:])) == 1  # the first frame shows another scene than the one before
    ((other, _),) = whole.ask(shown(TWO_ROWS, seed=3)).crops
    assert other.track_id > ids[-1]


def test_a_frame_without_plates_is_named_as_empty(whole: CropperConversation) -> None:
    answer = whole.ask(shown())
    assert answer.crops == []
    assert answer.mark.still == ()


def test_diagnostics_and_log_tell_of_the_finder(whole: CropperConversation) -> None:
    status = whole.cropper.next_status(2)
    assert int(status["finder: searched"]) >= int(status["finder: found"]) / 2 > 0
    line = whole.cropper.wait_for_log("searching whole frames for plates")
    assert "finder.bin (hbm)" in line


def test_frames_from_a_camera_in_nv12_are_searched_too(whole: CropperConversation) -> None:
    def make(stamp: Stamp) -> Image:
        header = Header(frame_id="gate")
        header.stamp.sec, header.stamp.nanosec = stamp
        return frame_message(scene(TWO_ROWS), "nv12", header)

    ((place, _),) = whole.ask(make).crops
    assert off(place.quad, TWO_ROWS) <= 2 * INPUT_PIXELS


def test_regions_are_searched_with_their_surroundings_and_other_plates_do_not_count(
    client: Client, tmp_path: Path
) -> None:
    exact = "300,200,160,70"  # fits the plate
    lane = "700,100 1100,100 1100,460 700,460"
    cropper = FindingCropper(client, tmp_path, f"regions:=['{exact}', '{lane}']", *SETTINGS)
    outside = quad_of_box(Box(880.0, 560.0, 120.0, 38.0))
    try:
        conversation = CropperConversation(cropper, Image, shown(ONE_ROW, seed=9))
        answer = conversation.ask(shown(ONE_ROW, TWO_ROWS, outside))
        quads = [place.quad for place, _ in answer.crops]
        assert len(quads) == 2
        # enlarged by the finder to twice the frame's pixels
        assert min(off(quad, ONE_ROW) for quad in quads) <= INPUT_PIXELS
        assert min(off(quad, TWO_ROWS) for quad in quads) <= 2 * INPUT_PIXELS
        assert "searching 2 regions for plates" in cropper.log
    finally:
        cropper.close()


def test_between_two_searches_a_plate_is_cut_where_it_has_moved_to(client: Client, tmp_path: Path) -> None:
    cropper = FindingCropper(client, tmp_path, "find_every:=3", *SETTINGS)
    try:
        conversation = CropperConversation(cropper, Image, shown(ONE_ROW, seed=9))

        def ask(i: int) -> tuple[Quad, Answer]:
            quad = moved(ONE_ROW, 12.0 * i)
            stamp = (2_000_000_000, i * 33_333_333)
            conversation.image.publish(shown(quad, seed=4)(stamp))
            return quad, conversation.answer_to(stamp)

        answers = [ask(i) for i in range(10)]
        assert [len(answer.crops) for _, answer in answers] == [1, 0, 0, 1, 1, 1, 1, 1, 1, 1]
        places = [(quad, answer.crops[0][0]) for quad, answer in answers if answer.crops]
        assert all(off(place.quad, quad) <= 3 * INPUT_PIXELS for quad, place in places)
        assert len({place.track_id for _, place in places}) == 1
    finally:
        cropper.close()


def test_a_clean_frame_id_is_the_cameras_own(client: Client, tmp_path: Path) -> None:
    cropper = FindingCropper(client, tmp_path, "clean_frame_id:=true", *SETTINGS)
    try:
        told: list[tuple[str, int]] = []
        cropper._subscribe(
            Image, f"{cropper.full_name}/crops", lambda one: told.append((one.header.frame_id, one.width))
        )
        cropper._subscribe(
            Header, f"{cropper.full_name}/empty_frames", lambda one: told.append((one.frame_id, 0))
        )
        image = cropper.publisher(Image)
        client.wait_for(lambda: image.get_subscription_count() > 0, "the cropper's subscription", cropper)
        for made, width in ((shown(TWO_ROWS), 120), (shown(), 0)):
            client.retry_until(
                lambda made=made: image.publish(made((1, 0))),
                lambda width=width: ("gate", width) in told,
                "an answer",
            )
        assert {name for name, _ in told} == {"gate"}
    finally:
        cropper.close()


@pytest.mark.skipif(
    importlib.util.find_spec("hbm_img_msgs") is None, reason="hbm_img_msgs (TROS) is not installed"
)
def test_frames_in_shared_memory_are_searched(client: Client, tmp_path: Path) -> None:
    from hbm_img_msgs.msg import HbmMsg1080P  # noqa: PLC0415 - not everywhere

    def make(stamp: Stamp) -> object:
        image = frame_message(scene(TWO_ROWS), "nv12", Header())
        message = HbmMsg1080P(height=720, width=1280, step=0, data_size=len(image.data))
        message.encoding[:4] = np.frombuffer(b"nv12", np.uint8)
        message.data[: len(image.data)] = np.frombuffer(image.data, np.uint8)
        message.time_stamp.sec, message.time_stamp.nanosec = stamp
        return message

    cropper = FindingCropper(client, tmp_path, *SETTINGS, "transport:=shared_mem", "queue_depth:=5")
    try:
        answer = CropperConversation(cropper, HbmMsg1080P, make).ask(make)
        ((place, _),) = answer.crops
        assert off(place.quad, TWO_ROWS) <= 2 * INPUT_PIXELS
        assert place.rows == 2
    finally:
        cropper.close()


def test_a_finder_that_is_too_slow_skips_frames_and_does_not_fall_behind(
    client: Client, tmp_path: Path
) -> None:
    cropper = FindingCropper(client, tmp_path, "change_threshold:=0.0", LPR_TEST_MICROSECONDS="400000")
    try:
        conversation = CropperConversation(cropper, Image, shown(ONE_ROW, seed=9))
        stamps = [conversation.next_stamp() for _ in range(15)]
        for stamp in stamps:
            conversation.image.publish(shown(ONE_ROW, seed=9)(stamp))
        conversation.answer_to(stamps[-1])
        answered = conversation.outputs.stamps() & set(stamps)
        assert len(answered) <= 8, "frames were queued"  # 2 wait, and some pass while all are being sent
    finally:
        cropper.close()


def test_without_a_listener_nothing_is_searched(client: Client, tmp_path: Path) -> None:
    cropper = FindingCropper(client, tmp_path, *SETTINGS)
    try:
        image = cropper.publisher(Image)
        client.wait_for(lambda: image.get_subscription_count() > 0, "the cropper's subscription", cropper)

        def has_frames() -> bool:
            image.publish(shown(ONE_ROW)((1, 1)))
            return cropper.statuses != [] and int(cropper.statuses[-1]["frames"]) > 3

        client.wait_for(has_frames, "frames in the diagnostics", cropper)
        assert "finder: searched" not in cropper.statuses[-1]
    finally:
        cropper.close()
