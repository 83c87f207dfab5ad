"""Whole scenes through player, cropper and reader: what is drawn on each frame, where, and when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from cropper_harness import CropperProcess, PlayerProcess, Stamp, stamp_of
from ros_harness import PATIENCE_SECONDS, ROOT, Client, running_reader

from lprnet_ros.images.geometry import Box, bounding_box
from lprnet_ros.sources.scenes import LabelledPlate, SceneSource, read_plates

LEAST_SHARE_READ = 0.85
MOST_PIXELS_OFF = 2.0
UNLABELLED = 5
"""Pictures whose labels are kept from the detector, so that they are frames without a plate."""

DETECTIONS = {
    "targets": ("ai_msgs", "PerceptionTargets"),
    "detection_2d_array": ("vision_msgs", "Detection2DArray"),
}
CHAINS = {
    "nv12_targets": ("nv12", "raw", "targets", "targets"),
    "jpeg_detections": ("jpeg", "compressed", "detection_2d_array", "detections"),
}
Drawn = list[tuple[str, Box]]


@dataclass
class Played:
    """What came of the scenes; each is played several times.

    Attributes:
        labels: the plates of each picture, by its name; those of a few are empty.
        sizes: width and height of each picture.
        frames: the picture of each frame, by the frame's stamp.
        results: frame_id and plates of each result, by its stamp, in the order of arrival.
    """

    labels: dict[str, list[LabelledPlate]]
    sizes: dict[str, tuple[int, int]]
    frames: dict[Stamp, str] = field(default_factory=dict)
    results: dict[Stamp, tuple[str, Drawn]] = field(default_factory=dict)

    def is_every_picture_answered(self) -> bool:
        answered = {name for stamp, (name, _) in self.results.items() if stamp in self.frames}
        return answered >= set(self.labels)

    def pixels_off(self, name: str, plate: LabelledPlate, box: Box) -> float:
        """By how much an edge of a roi lies off a label at most."""
        label = bounding_box(plate.quad).clipped(*self.sizes[name])
        edges, expected = ((one.x, one.y, one.right, one.bottom) for one in (box, label))
        return max(abs(a - b) for a, b in zip(edges, expected, strict=True))


def scenes_folder() -> Path:
    for root in ROOT.parents:
        folder = root / "shared" / "data" / "scenes"
        if folder.is_dir():
            return folder
    pytest.skip("../shared/data/scenes is absent: no labelled scenes to play")


def prepare(folder: Path, labels: Path) -> Played:
    """Write labels that leave a few pictures out."""
    plates = read_plates(folder / "labels.csv")
    scenes = list(SceneSource(folder).scenes())
    for scene in scenes[:: len(scenes) // UNLABELLED][:UNLABELLED]:
        plates[scene.path] = []
    lines = ["file,label,quad"]
    for path, several in plates.items():
        for plate in several:
            corners = " ".join(f"{x},{y}" for x, y in plate.quad)
            lines.append(f'{path},{plate.text},"{corners}"')
    labels.write_text("\n".join(lines), encoding="utf-8")
    return Played(
        {scene.name: plates[scene.path] for scene in scenes},
        {scene.name: scene.picture.shape[1::-1] for scene in scenes},
    )


def drawn_on(message: object) -> Drawn:
    if hasattr(message, "targets"):
        for target in message.targets:
            assert len(target.rois) == 1
            assert target.track_id == 0
        rois = [target.rois[0] for target in message.targets]
        return [
            (roi.type, Box(roi.rect.x_offset, roi.rect.y_offset, roi.rect.width, roi.rect.height))
            for roi in rois
        ]
    drawn = []
    for one in message.detections:
        centre, width, height = one.bbox.center.position, one.bbox.size_x, one.bbox.size_y
        box = Box(centre.x - width / 2, centre.y - height / 2, width, height)
        drawn.append((one.results[0].hypothesis.class_id, box))
    return drawn


@pytest.fixture(scope="module", params=CHAINS)
def played(
    request: pytest.FixtureRequest, client: Client, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Played]:
    """Play every scene until there is a result of each."""
    encoding, transport, detections, output = CHAINS[request.param]
    package, type_name = DETECTIONS[detections]
    messages = pytest.importorskip(f"{package}.msg", reason=f"{package} is not installed")
    message_type = getattr(messages, type_name)
    folder = tmp_path_factory.mktemp("scenes")
    labels = folder / "labels.csv"
    result = prepare(scenes_folder(), labels)
    cropper = CropperProcess(
        client,
        folder,
        f"transport:={transport}",
        f"detections:={detections}",
        "classes:=['license_plate']",
        "qos_profile:=reliable",
        "queue_depth:=50",
    )
    player = None

    def on_frame(message: object) -> None:
        result.frames[stamp_of(message.header)] = message.header.frame_id

    def on_result(message: object) -> None:
        stamp = stamp_of(message.header)
        assert stamp not in result.results
        result.results[stamp] = (message.header.frame_id, drawn_on(message))

    try:
        topics = {name: f"{cropper.namespace}/{name}" for name in ("image", "detections")}
        cropper._subscribe(message_type, topics["detections"], on_frame)
        with running_reader(
            client,
            folder,
            f"image_topics:=['{cropper.full_name}/crops']",
            f"empty_frames_topic:={cropper.full_name}/empty_frames",
            "qos_profile:=reliable",
            "queue_depth:=200",
            f"outputs:={output}",
        ) as reader:
            reader._subscribe(message_type, f"{reader.full_name}/{output}", on_result)
            player = PlayerProcess(
                folder,
                topics,
                f"source:={scenes_folder()}",
                f"labels:={labels}",
                f"encoding:={encoding}",
                f"detections:={detections}",
                "loop:=true",
                "rate:=10.0",
            )
            if not client.spin_until(result.is_every_picture_answered, PATIENCE_SECONDS):
                pytest.fail(
                    f"not every scene was answered; {cropper.statuses[-1:]}, {reader.statuses[-1:]}\n"
                    f"{player.log}\n{cropper.log}\n{reader.log}"
                )
        yield result
    finally:
        if player is not None:
            player.close()
        cropper.close()


def test_at_least_85_percent_of_the_plates_are_read_at_their_place(played: Played) -> None:
    plates = [(name, plate) for name, several in played.labels.items() for plate in several]
    read = [
        any(
            text == plate.text and played.pixels_off(name, plate, box) <= MOST_PIXELS_OFF
            for frame_id, drawn in played.results.values()
            if frame_id == name
            for text, box in drawn
        )
        for name, plate in plates
    ]
    print(f"{sum(read)} of {len(plates)} plates read")
    assert len(plates) >= 65
    assert sum(read) >= LEAST_SHARE_READ * len(plates)


def test_every_plate_lies_within_2_pixels_of_a_label_of_its_picture(played: Played) -> None:
    for name, drawn in played.results.values():
        for _, box in drawn:
            off = min(played.pixels_off(name, plate, box) for plate in played.labels[name])
            assert off <= MOST_PIXELS_OFF, (name, off)


def test_every_frame_has_one_result_with_its_stamp_and_they_come_in_order(played: Played) -> None:
    first, last = next(iter(played.results)), list(played.results)[-1]
    # the test may have begun to hear frames later than results, and a few may still be read
    heard = min(played.frames)
    frames = {stamp: name for stamp, name in played.frames.items() if first <= stamp <= last}
    results = {stamp: name for stamp, (name, _) in played.results.items() if stamp >= heard}
    assert len(results) >= len(played.labels) - 2
    assert results == frames
    assert list(played.results) == sorted(played.results)


def test_frames_without_a_plate_have_an_empty_result(played: Played) -> None:
    unlabelled = {name for name, plates in played.labels.items() if not plates}
    assert len(unlabelled) == UNLABELLED
    for name, drawn in played.results.values():
        assert not (name in unlabelled and drawn)
    assert {name for name, _ in played.results.values()} >= unlabelled
