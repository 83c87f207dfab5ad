"""The live node: crops in over DDS, readings out over DDS."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from ros_harness import (
    Client,
    Conversation,
    compressed_image,
    crops,
    known_plate,
    raw_image,
    running_reader,
)
from sensor_msgs.msg import CompressedImage, Image

SETTINGS = ("qos_profile:=reliable", "queue_depth:=200", "minimum_confidence:=0.0")


@pytest.fixture(scope="module")
def raw(client: Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Conversation]:
    """A reader of raw images on two topics."""
    folder = tmp_path_factory.mktemp("raw")
    with running_reader(client, folder, *SETTINGS, "image_topics:=['image', 'gate/crop']") as reader:
        yield Conversation(reader, Image, "image", "gate/crop")


@pytest.fixture(scope="module")
def compressed(client: Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Conversation]:
    """A reader of compressed images."""
    folder = tmp_path_factory.mktemp("compressed")
    with running_reader(client, folder, *SETTINGS, "transport:=compressed") as reader:
        yield Conversation(reader, CompressedImage)


@pytest.fixture(autouse=True)
def forget_older_readings(request: pytest.FixtureRequest) -> None:
    for name in {"raw", "compressed"} & set(request.fixturenames):
        outputs = request.getfixturevalue(name).outputs
        outputs.settle()
        outputs.clear()


def play(conversation: Conversation, messages: list[Image | CompressedImage]) -> list[dict]:
    """Publish messages at once and wait for as many readings and all their plates."""
    outputs, reader = conversation.outputs, conversation.reader
    for message in messages:
        conversation.image.publish(message)
    reader.client.wait_for(lambda: len(outputs.readings) >= len(messages), "a reading of every crop", reader)
    outputs.settle()
    return outputs.readings


def assert_outputs_belong_together(conversation: Conversation) -> None:
    """Plates and confidences are those of the accepted readings, in the same order."""
    outputs = conversation.outputs
    accepted = [reading for reading in outputs.readings if reading["accepted"]]
    assert outputs.plates == [reading["text"] for reading in accepted]
    assert outputs.confidences == pytest.approx([reading["confidence"] for reading in accepted], abs=1e-5)


def test_crops_are_read_right_and_published_in_their_order(raw: Conversation) -> None:
    plates = crops()
    stamps = [(1_700_000_000 + number, 999_999_999 - number) for number in range(len(plates))]
    readings = play(
        raw,
        [
            raw_image(image, f"camera/{plate}", stamp)
            for (plate, image), stamp in zip(plates, stamps, strict=True)
        ],
    )
    assert [reading["frame_id"] for reading in readings] == [f"camera/{plate}" for plate, _ in plates]
    assert [(reading["stamp"]["sec"], reading["stamp"]["nanosec"]) for reading in readings] == stamps
    right = sum(reading["text"] == plate for reading, (plate, _) in zip(readings, plates, strict=True))
    assert right >= 0.9 * len(plates)
    assert sum(reading["accepted"] for reading in readings) >= 0.9 * len(plates)
    assert_outputs_belong_together(raw)


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_compressed_crops_are_read_right_and_published_in_their_order(
    compressed: Conversation, suffix: str
) -> None:
    plates = crops()
    readings = play(
        compressed,
        [
            compressed_image(image, plate, (7, number), suffix=suffix)
            for number, (plate, image) in enumerate(plates)
        ],
    )
    assert [reading["frame_id"] for reading in readings] == [plate for plate, _ in plates]
    assert [reading["stamp"] for reading in readings] == [
        {"sec": 7, "nanosec": number} for number in range(len(plates))
    ]
    right = sum(reading["text"] == plate for reading, (plate, _) in zip(readings, plates, strict=True))
    assert right >= 0.9 * len(plates)
    assert_outputs_belong_together(compressed)


def test_a_reading_has_every_field(raw: Conversation) -> None:
    text, image = known_plate()
    raw.image.publish(raw_image(image, "fields", (12, 34)))
    reading = raw.outputs.wait_for_reading("fields")
    assert set(reading) == {
        "stamp",
        "frame_id",
        "topic",
        "text",
        "confidence",
        "characters",
        "alternatives",
        "accepted",
        "rejection",
        "timings_ms",
    }
    assert reading["stamp"] == {"sec": 12, "nanosec": 34}
    assert reading["topic"] == f"{raw.reader.namespace}/image"
    assert reading["text"] == text
    assert 0 < reading["confidence"] <= 1
    assert "".join(one["character"] for one in reading["characters"]) == text
    assert all(0 < one["confidence"] <= 1 for one in reading["characters"])
    assert min(one["confidence"] for one in reading["characters"]) >= reading["confidence"] - 1e-6
    assert isinstance(reading["alternatives"], list)
    assert reading["accepted"] is True
    assert reading["rejection"] is None
    assert set(reading["timings_ms"]) == {"preprocess", "inference", "decode"}
    assert all(milliseconds > 0 for milliseconds in reading["timings_ms"].values())


def test_a_picture_without_a_plate_is_a_reading_but_no_plate(raw: Conversation) -> None:
    grey = np.full((24, 94, 3), 128, np.uint8)
    text, image = known_plate()
    readings = play(raw, [raw_image(grey, "grey"), raw_image(image, "plate")])
    assert [reading["frame_id"] for reading in readings] == ["grey", "plate"]
    assert readings[0]["accepted"] is False
    assert readings[0]["rejection"] in ("empty", "syntax", "low_confidence")
    assert raw.outputs.plates == [text]
    assert len(raw.outputs.confidences) == 1


@pytest.mark.parametrize("frame_id", ["", 'a "quoted"\nname\t\\', "相机/一号", "\x01\x7f"])
def test_any_frame_id_survives_the_json(raw: Conversation, frame_id: str) -> None:
    raw.image.publish(raw_image(known_plate()[1], frame_id))
    assert raw.outputs.wait_for_reading(frame_id)["frame_id"] == frame_id


def test_two_topics_are_read_at_once_and_told_apart(raw: Conversation) -> None:
    text, image = known_plate()
    first, second = raw.publishers
    for number in range(10):
        first.publish(raw_image(image, f"image {number}"))
        second.publish(raw_image(image, f"gate {number}"))
    raw.reader.client.wait_for(lambda: len(raw.outputs.readings) >= 20, "20 readings")
    for topic, name in (("image", "image"), ("gate/crop", "gate")):
        of_topic = [
            reading
            for reading in raw.outputs.readings
            if reading["topic"] == f"{raw.reader.namespace}/{topic}"
        ]
        assert [reading["frame_id"] for reading in of_topic] == [f"{name} {number}" for number in range(10)]
        assert {reading["text"] for reading in of_topic} == {text}


def in_encoding(image: np.ndarray, encoding: str) -> Image:
    """Write a picture of even size in another encoding, each row padded by 10 bytes."""
    height, width = image.shape[:2]
    if encoding in ("nv12", "nv21"):
        planes = cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420)
        u, v = planes[height:].reshape(2, -1)
        chroma = np.stack([u, v] if encoding == "nv12" else [v, u], axis=1).reshape(height // 2, width)
        rows = np.vstack([planes[:height], chroma])
    elif encoding in ("uyvy", "yuv422_yuy2"):
        y, u, v = (
            plane.reshape(height, width) for plane in cv2.split(cv2.cvtColor(image, cv2.COLOR_BGR2YUV))
        )
        # full range to limited range, near enough for a plate
        y, u, v = 16 + y * (219 / 255), u[:, ::2], v[:, ::2]
        order = [u, y[:, ::2], v, y[:, 1::2]] if encoding == "uyvy" else [y[:, ::2], u, y[:, 1::2], v]
        rows = np.stack(order, axis=2).astype(np.uint8).reshape(height, 2 * width)
    else:
        code = {
            "rgb8": cv2.COLOR_BGR2RGB,
            "rgba8": cv2.COLOR_BGR2RGBA,
            "bgra8": cv2.COLOR_BGR2BGRA,
            "mono8": cv2.COLOR_BGR2GRAY,
        }[encoding]
        rows = cv2.cvtColor(image, code).reshape(height, -1)
    padded = np.pad(rows, ((0, 0), (0, 10)), constant_values=255)
    message = Image(height=height, width=width, encoding=encoding, step=padded.shape[1])
    message.data.frombytes(padded.tobytes())
    message.header.frame_id = encoding
    return message


def test_the_same_plate_is_read_in_every_encoding(raw: Conversation) -> None:
    text, image = known_plate()
    encodings = ["rgb8", "rgba8", "bgra8", "nv12", "nv21", "uyvy", "yuv422_yuy2"]
    readings = play(raw, [in_encoding(image, encoding) for encoding in encodings])
    assert {reading["frame_id"]: reading["text"] for reading in readings} == dict.fromkeys(encodings, text)


def test_a_grey_crop_gets_a_reading(raw: Conversation) -> None:
    readings = play(raw, [in_encoding(known_plate()[1], "mono8")])
    assert len(readings[0]["text"]) >= 5


@pytest.mark.parametrize("size", [(1, 1), (2, 400), (1080, 1920)], ids=str)
def test_crops_of_any_size_get_a_reading(raw: Conversation, size: tuple[int, int]) -> None:
    image = cv2.resize(known_plate()[1], size[::-1])
    reading = play(raw, [raw_image(image, "sized")])[0]
    assert reading["frame_id"] == "sized"
    if size == (1080, 1920):
        assert reading["text"] == known_plate()[0]
        # of pictures so large fewer may wait: the node subscribes anew, and what is sent meanwhile is lost
        reader = raw.reader
        reader.client.wait_for(lambda: reader.log.count("may wait, not") == 2, "new subscriptions", reader)
        for publisher in raw.publishers:
            raw.match(publisher)


def test_diagnostics_tell_model_runtime_and_counts(raw: Conversation) -> None:
    raw.read_known("counted")
    reader = raw.reader
    status = reader.next_status(2)
    assert status["state"] == "active"
    assert status["runtime"] == "onnx"
    assert len(status["sha256"]) == 64
    assert status["model"]
    assert int(status["received"]) == int(status["read"]) >= int(status["accepted"]) > 0
    assert status["runtime failures"] == "0"
    assert 0 < float(status["latency p50 (ms)"]) <= float(status["latency p99 (ms)"])
    assert status["level"] == "ok"


def test_two_readers_do_not_hear_each_other(raw: Conversation, compressed: Conversation) -> None:
    raw.read_known("for the raw one")
    compressed.read_known("for the compressed one")
    assert not compressed.outputs.of("for the raw one")
    assert not raw.outputs.of("for the compressed one")
