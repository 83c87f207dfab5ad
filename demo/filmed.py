"""The filmed scene of the demonstration: frames through the finder and the reader, as from a camera."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import cv2
import nodes
import numpy as np
import scene
from rclpy.node import Node
from rclpy.qos import QoSProfile
from std_msgs.msg import String

from lprnet_ros.images.camera_frame import Picture
from lprnet_ros.pictures.annotation import annotate
from lprnet_ros.reading.plate_reading import PlateReading, Seen, Verdict
from lprnet_ros.sources.labelled import read_image

_SHOWN = 6  # frames of the picture
_COLUMNS, _TILE, _MARGIN, _TITLE = 2, (800, 450), 10, 40
_GROUND, _INK = 28, (225, 225, 225)
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
        corners = [(float(x), float(y)) for x, y in values.get("place", {}).get("quad", [])]
        if len(corners) != 4:
            return
        quad = corners[0], corners[1], corners[2], corners[3]
        verdict = Verdict.ACCEPTED if values["accepted"] else Verdict(values["rejection"])
        reading = PlateReading(values["text"], values["confidence"], verdict=verdict, seen=Seen(quad))
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
        parameters = ["frame_topics:=['image']", "qos_profile:=reliable", f"runtime:={runtime}"]
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
    """Draw, of each part of the film, the frame with the most readings; BGR, uint8."""
    width, height = _TILE
    rows = -(-_SHOWN // _COLUMNS)
    down, across = height + _TITLE + _MARGIN, width + _MARGIN
    sheet = np.full((rows * down + _MARGIN, _COLUMNS * across + _MARGIN, 3), _GROUND, np.uint8)
    for index in range(_SHOWN):
        part = range(index * scene.FRAMES // _SHOWN, (index + 1) * scene.FRAMES // _SHOWN)
        number = max(part, key=lambda each: len(readings.get(f"{each:03d}.jpg", ())))
        name = f"{number:03d}.jpg"
        drawn = annotate(read_image(folder / name), readings.get(name, []))
        y, x = (index // _COLUMNS) * down + _MARGIN, (index % _COLUMNS) * across + _MARGIN
        sheet[y + _TITLE : y + _TITLE + height, x : x + width] = cv2.resize(
            drawn, _TILE, interpolation=cv2.INTER_AREA
        )
        title = f"{number / scene.RATE:.1f} s"
        cv2.putText(sheet, title, (x + 2, y + 28), cv2.FONT_HERSHEY_SIMPLEX, 0.8, _INK, 1, cv2.LINE_AA)
    return sheet
