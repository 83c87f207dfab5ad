"""Whole scenes through player, cropper and reader: what is read, where it lies, and when it was seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from cropper_harness import CropperProcess, PlayerProcess, Stamp, stamp_of
from ros_harness import PATIENCE_SECONDS, ROOT, Client, running_reader

from lprnet_ros.cropping.geometry import bounding_box
from lprnet_ros.cropping.place import Place, parse_frame_id
from lprnet_ros.cropping.scenes import LabelledPlate, read_plates

LEAST_SHARE_READ = 0.85
MOST_PIXELS_OFF = 2.0
MESSAGES = {
    "targets": ("ai_msgs", "PerceptionTargets"),
    "detection_2d_array": ("vision_msgs", "Detection2DArray"),
}


@dataclass
class Played:
    """What came of the scenes.

    Attributes:
        stamps: those of each picture's frames, by its name; a picture is played several times.
        readings: place, stamp and text of every reading.
    """

    stamps: dict[str, set[Stamp]] = field(default_factory=dict)
    readings: list[tuple[Place, Stamp, str]] = field(default_factory=list)

    def answers_every(self, names: set[str], readings: list[dict]) -> bool:
        """Take new readings in; tell whether there is one of a known frame of every picture."""
        for reading in readings[len(self.readings) :]:
            stamp = (reading["stamp"]["sec"], reading["stamp"]["nanosec"])
            self.readings.append((parse_frame_id(reading["frame_id"]), stamp, reading["text"]))
        known = {place.frame_id for place, stamp, _ in self.readings if self.is_of_its_frame(place, stamp)}
        return known >= names

    def is_of_its_frame(self, place: Place, stamp: Stamp) -> bool:
        return stamp in self.stamps.get(place.frame_id, ())

    def first_stamp(self) -> Stamp:
        """The first one that the test heard of; a few may have come before it could hear."""
        return min(stamp for stamps in self.stamps.values() for stamp in stamps)


def scenes_folder() -> Path:
    for root in (ROOT.parent, *ROOT.parents):
        folder = root / "shared" / "data" / "scenes"
        if folder.is_dir():
            return folder
    pytest.skip("../shared/data/scenes is absent: no labelled scenes to play")


@pytest.fixture(scope="module")
def labels() -> dict[str, list[LabelledPlate]]:
    return read_plates(scenes_folder() / "labels.csv")


@pytest.fixture(
    scope="module",
    params=[("nv12", "raw", "targets"), ("jpeg", "compressed", "detection_2d_array")],
    ids=["nv12_targets", "jpeg_detection_2d_array"],
)
def played(
    request: pytest.FixtureRequest,
    client: Client,
    labels: dict[str, list[LabelledPlate]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Played]:
    """Play every scene until each was read once, with its labels as detections."""
    encoding, transport, detections = request.param
    package, name = MESSAGES[detections]
    messages = pytest.importorskip(f"{package}.msg", reason=f"{package} is not installed")
    folder = tmp_path_factory.mktemp("scenes")
    cropper = CropperProcess(
        client,
        folder,
        f"transport:={transport}",
        f"detections:={detections}",
        "classes:=['license_plate']",
        "qos_profile:=reliable",
        "queue_depth:=10",
    )
    player = None
    result = Played()

    def on_detections(message: object) -> None:
        result.stamps.setdefault(message.header.frame_id, set()).add(stamp_of(message.header))

    try:
        topics = {name: f"{cropper.namespace}/{name}" for name in ("image", "detections")}
        cropper._subscribe(getattr(messages, name), topics["detections"], on_detections)
        crops = f"image_topics:=['{cropper.full_name}/crops']"
        with running_reader(client, folder, crops, "qos_profile:=reliable", "queue_depth:=200") as reader:
            outputs = reader.outputs()
            player = PlayerProcess(
                folder,
                topics,
                f"source:={scenes_folder()}",
                f"labels:={scenes_folder() / 'labels.csv'}",
                f"encoding:={encoding}",
                f"detections:={detections}",
                "loop:=true",
                "rate:=10.0",
            )
            is_answered = partial(result.answers_every, set(labels), outputs.readings)
            if not client.spin_until(is_answered, PATIENCE_SECONDS):
                pytest.fail(
                    f"not every scene was read; {cropper.statuses[-1:]}, {reader.statuses[-1:]}\n"
                    f"{player.log}\n{cropper.log}\n{reader.log}"
                )
        yield result
    finally:
        if player is not None:
            player.close()
        cropper.close()


def roi_of(plate: LabelledPlate, place: Place) -> tuple[float, float, float, float]:
    box = bounding_box(plate.quad).clipped(place.frame.width, place.frame.height)
    return box.x, box.y, box.right, box.bottom


def pixels_off(plate: LabelledPlate, place: Place) -> float:
    """By how much an edge of the roi lies off the label at most."""
    edges = (place.box.x, place.box.y, place.box.right, place.box.bottom)
    return max(abs(a - b) for a, b in zip(edges, roi_of(plate, place), strict=True))


def test_at_least_85_percent_of_the_plates_are_read(
    played: Played, labels: dict[str, list[LabelledPlate]]
) -> None:
    plates = [(name, plate) for name, several in labels.items() for plate in several]
    read = [
        any(
            place.frame_id == name and text == plate.text and pixels_off(plate, place) <= MOST_PIXELS_OFF
            for place, _, text in played.readings
        )
        for name, plate in plates
    ]
    print(f"{sum(read)} of {len(plates)} plates read")
    assert len(plates) >= 70
    assert sum(read) >= LEAST_SHARE_READ * len(plates)


def test_every_reading_has_the_stamp_of_a_frame_of_its_own_picture(played: Played) -> None:
    first = played.first_stamp()
    heard = [(place, stamp) for place, stamp, _ in played.readings if stamp >= first]
    assert len(heard) >= 70
    for place, stamp in heard:
        assert played.is_of_its_frame(place, stamp), place.frame_id


def test_every_reading_lies_within_2_pixels_of_a_label_of_its_picture(
    played: Played, labels: dict[str, list[LabelledPlate]]
) -> None:
    for place, _, _ in played.readings:
        off = min(pixels_off(plate, place) for plate in labels[place.frame_id])
        assert off <= MOST_PIXELS_OFF, (place.frame_id, off)


def test_every_plate_of_a_picture_gets_a_place_of_its_own(
    played: Played, labels: dict[str, list[LabelledPlate]]
) -> None:
    for name, plates in labels.items():
        for plate in plates:
            assert any(
                place.frame_id == name and pixels_off(plate, place) <= MOST_PIXELS_OFF
                for place, _, _ in played.readings
            ), (name, plate.text)
