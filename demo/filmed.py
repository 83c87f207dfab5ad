"""The filmed scene of the demonstration: frames through the finder and the reader, as from a camera."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import cv2
import nodes
import numpy as np
import scene
import sheets
from rclpy.node import Node
from rclpy.qos import QoSProfile
from std_msgs.msg import String

from lprnet_ros.images.camera_frame import Picture
from lprnet_ros.pictures.annotation import annotate
from lprnet_ros.reading.plate_reading import PlateReading
from lprnet_ros.sources.labelled import read_image

_SHOWN = 6  # frames of the picture
_COLUMNS, _TILE = 2, (800, 450)
_END_SECONDS, _ENOUGH = 20.0, 1_000_000


class SceneListener(Node):
    """Collects the readings of each frame, and the vehicles.

    Attributes:
        readings: by the frame's file name.
        vehicles: text, confidence and number of crops of each, as they arrived.
    """

    def __init__(self) -> None:
        super().__init__("scene_listener")
        self.readings: dict[str, list[PlateReading]] = {}
        self.vehicles: list[tuple[str, float, int]] = []
        self.create_subscription(String, "lpr_node/reading", self._on_reading, QoSProfile(depth=1000))
        self.create_subscription(String, "lpr_node/vehicle_plate", self._on_vehicle, QoSProfile(depth=100))

    def progress(self) -> int:
        """Count what was heard; ``_ENOUGH`` once every vehicle was."""
        if len(self.vehicles) >= len(scene.CARS):
            return _ENOUGH
        return len(self.vehicles) + sum(map(len, self.readings.values()))

    def _on_reading(self, message: String) -> None:
        values = json.loads(message.data)
        reading = sheets.reading_of(values)
        if reading.quad is not None:
            self.readings.setdefault(values["frame_id"], []).append(reading)

    def _on_vehicle(self, message: String) -> None:
        values = json.loads(message.data)
        if values["accepted"]:
            crops = values["vehicle"]["crops"]
            self.vehicles.append((values["text"], values["confidence"], crops))
            print(f"vehicle {values['text']}  {values['confidence']:.3f}  seen in {crops} frames", flush=True)


def show(folder: Path, output: Path, runtime: str) -> bool:
    """Film the scene, play it through the nodes, print its vehicles and draw some frames.

    Args:
        folder: where the frames are written.
        output: the picture to write.
        runtime: of the nodes.

    Returns:
        Whether every vehicle of the scene was read right, and no other.

    Raises:
        RuntimeError: a process ended early, or nothing is read.
    """
    for number, frame in enumerate(scene.film()):
        cv2.imwrite(str(folder / f"{number:03d}.jpg"), frame, [cv2.IMWRITE_JPEG_QUALITY, 92])
    with nodes.ros() as (stack, namespace):
        listener = SceneListener()
        stack.callback(listener.destroy_node)
        depth = f"frame_queue_depth:={scene.FRAMES}"  # a busy machine may be slower than the film
        parameters = ["frame_topics:=['image']", "qos_profile:=reliable", depth, f"runtime:={runtime}"]
        reader = nodes.start(stack, "lpr_node", namespace, *parameters)
        nodes.wait(
            listener,
            [reader],
            lambda: listener.count_publishers("lpr_node/vehicle_plate"),
            1,
            nodes.START_SECONDS,
        )
        player = nodes.start(
            stack, "frame_player", namespace, f"source:={folder}", f"rate:={scene.RATE}", "encoding:=bgr8"
        )
        with suppress(nodes.QuietError):  # then fewer vehicles were read than there are
            nodes.wait(listener, [reader, player], listener.progress, _ENOUGH, _END_SECONDS)
    if not cv2.imwrite(str(output), draw_sheet(folder, listener.readings)):
        raise RuntimeError(f"cannot write {output}")
    right = {text for text, _, _ in listener.vehicles} == {car.plate for car in scene.CARS}
    count = sum(map(len, listener.readings.values()))
    print(f"{len(listener.vehicles)} vehicles from {count} readings in {scene.FRAMES} frames", flush=True)
    print(f"picture: {output}")
    return right


def draw_sheet(folder: Path, readings: dict[str, list[PlateReading]]) -> Picture:
    """Draw, of each part of the film, the frame with the most accepted readings; BGR, uint8."""
    cards, titles = [], []
    for index in range(_SHOWN):
        part = range(index * scene.FRAMES // _SHOWN, (index + 1) * scene.FRAMES // _SHOWN)
        number = max(part, key=lambda each: _worth(readings.get(f"{each:03d}.jpg", ())))
        name = f"{number:03d}.jpg"
        drawn = annotate(read_image(folder / name), readings.get(name, []))
        cards.append(np.asarray(cv2.resize(drawn, _TILE, interpolation=cv2.INTER_AREA), np.uint8))
        titles.append(f"{number / scene.RATE:.1f} s")
    return sheets.sheet(cards, _COLUMNS, titles)


def _worth(plates: Sequence[PlateReading]) -> tuple[int, int]:
    return sum(plate.accepted for plate in plates), len(plates)
