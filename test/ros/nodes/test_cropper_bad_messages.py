"""Frames that cannot be used leave the live cropper alive, cropping, and counting by reason."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from cropper_harness import CropperConversation, CropperProcess, Stamp
from rclpy.serialization import serialize_message
from ros_harness import Client, compressed_image, python_process, raw_image
from sensor_msgs.msg import CompressedImage, Image

SETTINGS = (
    "regions:=['0.1,0.1,0.6,0.4']",
    "find_plates:=false",
    "qos_profile:=reliable",
    "queue_depth:=100",
    "change_threshold:=0.0",
)
TIMES = 3
LEAST_GAP_SECONDS = 2.5
"""Between two lines of a reason, by their times: 5 s, less what a loaded machine takes to write one."""


def good(stamp: Stamp = (0, 0)) -> Image:
    return raw_image(np.full((120, 160, 3), 90, np.uint8), "good", stamp)


def changed(**fields: object) -> Image:
    message = good()
    message.header.frame_id = "bad"
    for name, value in fields.items():
        setattr(message, name, value)
    return message


RAW: dict[str, tuple[str, Callable[[], Image]]] = {
    "empty_data": ("empty_data", lambda: changed(data=b"")),
    "empty_nv12": ("empty_data", lambda: changed(encoding="nv12", data=b"")),
    "short_data": ("short_data", lambda: changed(data=good().data[:-1])),
    "short_nv12": ("short_data", lambda: changed(encoding="nv12", step=160, data=b"\0" * 28_799)),
    "height_0": ("bad_size", lambda: changed(height=0)),
    "width_2_to_the_31": ("bad_size", lambda: changed(width=2**31)),
    "nv12_of_all_sizes": (
        "bad_size",
        lambda: changed(encoding="nv12", width=2**32 - 1, height=2**32 - 1, step=2**32 - 1),
    ),
    "odd_nv12": ("bad_size", lambda: changed(encoding="nv12", width=159)),
    "step_too_small": ("bad_step", lambda: changed(step=good().step - 1)),
    "nv12_step_too_small": ("bad_step", lambda: changed(encoding="nv12", step=159)),
    "unknown_encoding": ("unknown_encoding", lambda: changed(encoding="unheard_of")),
    "no_encoding": ("unknown_encoding", lambda: changed(encoding="")),
    "undecodable_jpeg": ("undecodable", lambda: changed(encoding="jpeg", data=b"\xff\xd8\xff\xe0 no jpeg")),
    "big_endian": ("big_endian", lambda: changed(is_bigendian=1)),
    "big_endian_nv12": ("big_endian", lambda: changed(encoding="nv12", is_bigendian=1)),
}
CDR: dict[str, Callable[[], bytes]] = {
    "truncated_in_the_data": lambda: serialize_message(good())[:-100],
    "truncated_in_the_header": lambda: serialize_message(good())[:14],
    "truncated_after_the_encapsulation": lambda: serialize_message(good())[:4],
}
COMPRESSED: dict[str, tuple[str, Callable[[], CompressedImage]]] = {
    "empty_data": ("empty_data", lambda: CompressedImage(format="jpeg")),
    "no_picture": ("undecodable", lambda: CompressedImage(format="jpeg", data=b"no picture at all")),
    "damaged_jpeg": (
        "broken_image",
        lambda: CompressedImage(
            data=cv2.imencode(".jpg", np.zeros((99, 99, 3), np.uint8))[1].tobytes()[:-2]
            + b"\x12" * 40
            + b"\xff\xd9"
        ),
    ),
    "half_a_jpeg": (
        "undecodable",
        lambda: CompressedImage(
            data=cv2.imencode(".jpg", np.zeros((99, 99, 3), np.uint8))[1].tobytes()[:200]
        ),
    ),
}


class Aftermath:
    """What a cropper did while bad frames and good ones took turns."""

    def __init__(
        self,
        conversation: CropperConversation,
        bad: dict[str, Callable[[], object]],
        make: Callable[[Stamp], object],
    ) -> None:
        self.conversation = conversation
        self.cropped_after: set[str] = set()
        for name, make_bad in bad.items():
            for _ in range(TIMES):
                conversation.image.publish(make_bad())
            if len(conversation.ask(make).crops) == 1:
                self.cropped_after.add(name)
        cropper = conversation.cropper
        self.status = cropper.next_status(2)

    def rejected(self) -> dict[str, int]:
        prefix = "frame rejected: "
        return {key[len(prefix) :]: int(n) for key, n in self.status.items() if key.startswith(prefix)}


@pytest.fixture(scope="module")
def raw(client: Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    cropper = CropperProcess(client, tmp_path_factory.mktemp("bad"), *SETTINGS)
    try:
        conversation = CropperConversation(cropper, Image, good)
        Aftermath(conversation, CDR, good)
        yield Aftermath(conversation, {name: make for name, (_, make) in RAW.items()}, good)
    finally:
        cropper.close()


@pytest.fixture(scope="module")
def compressed(client: Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    cropper = CropperProcess(client, tmp_path_factory.mktemp("bad"), *SETTINGS, "transport:=compressed")

    def make(stamp: Stamp) -> CompressedImage:
        return compressed_image(np.full((120, 160, 3), 90, np.uint8), "good", stamp)

    try:
        conversation = CropperConversation(cropper, CompressedImage, make)
        yield Aftermath(conversation, {name: make for name, (_, make) in COMPRESSED.items()}, make)
    finally:
        cropper.close()


@pytest.mark.parametrize("name", RAW)
def test_the_next_good_frame_is_cropped_after_a_bad_one(raw: Aftermath, name: str) -> None:
    assert name in raw.cropped_after


@pytest.mark.parametrize("name", COMPRESSED)
def test_the_next_good_frame_is_cropped_after_a_bad_compressed_one(compressed: Aftermath, name: str) -> None:
    assert name in compressed.cropped_after


def test_bad_frames_are_counted_by_reason(raw: Aftermath, compressed: Aftermath) -> None:
    for aftermath, bad in ((raw, RAW), (compressed, COMPRESSED)):
        assert aftermath.rejected() == Counter(reason for reason, _ in bad.values() for _ in range(TIMES))


def test_a_reason_is_logged_at_most_every_5_seconds_with_topic_and_fault(raw: Aftermath) -> None:
    cropper = raw.conversation.cropper
    for reason in {reason for reason, _ in RAW.values()}:
        lines = cropper.lines(f"rejected ({reason})")
        assert lines, f"{reason} was never logged"
        assert all(f"frame on {cropper.namespace}/image" in line for line in lines)
        times = [float(re.search(r"\[(\d+\.\d+)\]", line).group(1)) for line in lines]
        assert all(later - earlier > LEAST_GAP_SECONDS for earlier, later in itertools.pairwise(times)), lines


def test_bad_frames_leave_no_traceback_and_make_no_crop(raw: Aftermath, compressed: Aftermath) -> None:
    for aftermath in (raw, compressed):
        cropper = aftermath.conversation.cropper
        assert "Traceback" not in cropper.log
        assert "failure" not in aftermath.rejected()
        assert cropper.process.poll() is None
        assert not [
            place for _, place, _ in aftermath.conversation.outputs.crops if place.frame_id == "bad_one"
        ]


def test_what_the_decoder_prints_is_in_the_nodes_own_line_alone(compressed: Aftermath) -> None:
    lines = compressed.conversation.cropper.lines("Corrupt JPEG data")
    assert lines
    assert all("rejected (broken_image)" in line for line in lines)


def test_diagnostics_warn_in_the_second_in_which_frames_were_unusable(raw: Aftermath) -> None:
    raw.conversation.image.publish(changed(height=0))
    cropper = raw.conversation.cropper
    warning = cropper.wait_for_status(lambda status: status["level"] == "warn", "a warning")
    assert "unusable frames" in warning["message"]
    cropper.wait_for_status(lambda status: status["level"] == "ok", "all well again")


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        (["find_plates:=false"], "neither is set"),
        (["finder_model:=/nowhere/finder.onnx"], "/nowhere/finder.onnx.yaml: no such manifest"),
        (["finder_model:=lprnet.onnx"], "expected a network that finds plates"),
        (["finder_runtime:=cuda"], "finder_runtime is 'cuda', expected one of auto"),
        (["finder_runtime:=bpu"], "plates cannot be searched for: "),
        (["find_every:=0"], "find_every"),
        (["regions:=['0,0,1']"], "region 1 ('0,0,1')"),
        (["regions:=['0,0,1,1']", "detections:=targets"], "both are set"),
        (["regions:=['0,0,1,1']", "transport:=carrier_pigeon"], "transport"),
        (["regions:=['0,0,1,1']", "padding:=2.0"], "padding"),
        (["regions:=['0,0,1,1']", "minimum_width:=0"], "minimum_width"),
        (["regions:=[0.0,0.0,1.0,1.0]"], "regions"),
        (["detections:=targets"], "sudo apt install tros-humble-ai-msgs"),
        (["detections:=detection_2d_array"], "sudo apt install ros-humble-vision-msgs"),
        (
            ["regions:=['0,0,1,1']", "find_plates:=false", "transport:=shared_mem"],
            "sudo apt install tros-humble-hbm-img-msgs",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_cropper_that_cannot_start_says_why_in_one_line_and_ends_with_status_1(
    ros_environment: None, tmp_path: Path, parameters: list[str], told: str
) -> None:
    for package in ("ai_msgs", "vision_msgs", "hbm_img_msgs"):  # as on a machine without them
        (tmp_path / f"{package}.py").write_text(f'raise ModuleNotFoundError("No module named {package}")')
    arguments = [argument for parameter in parameters for argument in ("-p", parameter)]
    status, _, errors = python_process(
        CropperProcess.module,
        "--ros-args",
        *arguments,
        PYTHONPATH=str(tmp_path),
        ROS_DISTRO="humble",
        TROS_DISTRO="humble",
    )
    # newer releases warn about the names that Humble has
    told_lines = [line for line in errors.splitlines() if not re.match(r"\[INFO\]|\[WARN\].* \[rcl\]", line)]
    assert status == 1, errors
    assert told in told_lines[-1]
    assert "Traceback" not in errors
    assert len(told_lines) == 1
