"""``plate_page`` as a process: what it hears while somebody looks and while nobody does, and its end."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed: ROS has it")

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from page_process import EVIL, STAMP, PageProcess, reading
from rclpy.qos import ReliabilityPolicy
from ros_harness import (
    PATIENCE_SECONDS,
    Client,
    ReaderProcess,
    compressed_image,
    known_plate,
    python_process,
    raw_image,
)
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import String
from tethered import environment_of, tethered

from lprnet_ros.record.record_writer import RecordWriter
from lprnet_ros.record.vehicle_record import RecordedVehicle


@pytest.fixture
def start_page(client: Client, tmp_path: Path) -> Iterator[Callable[..., PageProcess]]:
    with contextlib.ExitStack() as stack:

        def start(*parameters: str) -> PageProcess:
            page = PageProcess(client, tmp_path, *parameters)
            stack.callback(page.close)
            return page

        yield start


def picture() -> np.ndarray:
    return np.random.default_rng(7).integers(0, 255, (120, 200, 3), np.uint8)


def test_a_plate_that_the_real_node_reads_is_listed_with_its_crop(
    client: Client, start_reader: Callable[..., ReaderProcess], start_page: Callable[..., PageProcess]
) -> None:
    reader = start_reader("consensus_minimum_crops:=1")
    page = start_page(f"reader:={reader.full_name}")
    publisher = reader.publisher()
    text, crop = known_plate()
    client.retry_until(
        lambda: publisher.publish(raw_image(crop)), lambda: bool(page.vehicles()), "a vehicle on the page"
    )
    vehicle = page.vehicles()[-1]
    assert (vehicle["text"], vehicle["verdict"], vehicle["has_crop"]) == (text, "accepted", True)
    assert vehicle["camera"] == f"{reader.namespace}/image"
    assert vehicle["first_seen"] <= vehicle["last_seen"]
    shown = cv2.imdecode(np.frombuffer(page.ask(f"api/crops/{vehicle['identifier']}")[2], np.uint8), 1)
    assert shown.shape == crop.shape
    client.wait_for(
        lambda: any(
            one["name"].endswith(": readings") for one in json.loads(page.ask("api/status")[2])["health"]
        ),
        "its health",
        page,
    )
    assert json.loads(page.ask("api/status")[2])["cameras"] == [f"{reader.namespace}/image"]


@pytest.mark.parametrize("reliability", [ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT])
@pytest.mark.parametrize("kind", [Image, CompressedImage])
def test_pictures_are_received_only_while_somebody_looks(
    client: Client, start_page: Callable[..., PageProcess], kind: type, reliability: ReliabilityPolicy
) -> None:
    page = start_page("frame_topics:=[frames]", "reader:=reader")
    frames = page.publisher(kind, "frames", reliability=reliability)
    readings = page.publisher(String, "reader/reading")
    vehicles = page.publisher(String, "reader/vehicle_record")
    client.wait_for(lambda: vehicles.get_subscription_count() > 0, "vehicles are always heard", page)
    assert frames.get_subscription_count() == readings.get_subscription_count() == 0

    make = raw_image if kind is Image else compressed_image
    message = make(picture(), stamp=STAMP)
    topic = f"{page.namespace}/frames"
    place = {"x": 10, "y": 20, "width": 50, "height": 16, "quad": [[10, 20], [60, 21], [60, 36], [10, 35]]}
    place |= {"track": 0, "frame_width": 200, "frame_height": 120}
    answers: list[tuple[int, dict[str, str], bytes]] = []
    looks = threading.Event()
    looks.set()

    def look() -> None:
        after = 0
        while looks.is_set():
            answer = page.ask(f"api/live/0?after={after}")
            if answer[0] == 200:
                after = json.loads(answer[1]["X-Picture"])["number"]
                answers.append(answer)

    viewer = threading.Thread(target=look, daemon=True)
    viewer.start()

    def publish() -> None:
        frames.publish(message)
        readings.publish(reading(topic, place=place))

    def read() -> list[dict]:
        return json.loads(answers[-1][1]["X-Picture"])["readings"] if answers else []

    try:
        client.retry_until(publish, lambda: bool(read()), f"a picture with its reading; {page.log}")
    finally:
        looks.clear()
    viewer.join(PATIENCE_SECONDS)
    assert read()[0] == {
        "text": "京A12345",
        "confidence": 0.9,
        "verdict": "low_confidence",
        "corners": place["quad"],
    }
    _, headers, body = answers[-1]
    if kind is CompressedImage:
        assert (headers["Content-Type"], body) == ("image/png", bytes(message.data))  # as it came
    else:
        assert headers["Content-Type"] == "image/jpeg"
        assert cv2.imdecode(np.frombuffer(body, np.uint8), 1).shape == (120, 200, 3)
    client.wait_for(
        lambda: frames.get_subscription_count() == readings.get_subscription_count() == 0,
        "nobody looks, so nothing is received",
        page,
    )
    assert vehicles.get_subscription_count() == 1


def test_hostile_messages_are_shown_as_text_or_left_out(
    client: Client, start_page: Callable[..., PageProcess]
) -> None:
    page = start_page("reader:=reader", "most_vehicles:=3")
    vehicles = page.publisher(String, "reader/vehicle_record")
    status = DiagnosticStatus(name=f"{page.namespace}/reader: {EVIL}", message=EVIL, level=b"\x02")
    status.values = [KeyValue(key=EVIL, value="\x1b[2J")] * 1000
    diagnostics = client.node.create_publisher(DiagnosticArray, "/diagnostics", 10)
    times = {"first": 5.0, "last": 6.0, "kind": None, "colour": None}
    jpeg = base64.b64encode(b"\xff\xd8\xff").decode()

    def publish() -> None:
        for text in ("", "{", "[" * 50_000, json.dumps({"text": EVIL}), "\x1b[2J"):
            vehicles.publish(String(data=text))
        for number in range(5):
            vehicles.publish(reading(EVIL, f"{EVIL}{number}", vehicle={**times, "jpeg": jpeg}))
        diagnostics.publish(DiagnosticArray(status=[status]))

    def is_there() -> bool:
        return len(page.vehicles()) == 3 and bool(json.loads(page.ask("api/status")[2])["health"])

    client.retry_until(publish, is_there, f"three vehicles; {page.log}")
    client.node.destroy_publisher(diagnostics)
    assert [one["text"] for one in page.vehicles()] == [f"{EVIL}{number}" for number in (4, 3, 2)]
    (shown,) = json.loads(page.ask("api/status")[2])["health"]
    assert (shown["level"], shown["message"], shown["values"]) == (2, EVIL, {EVIL: "\\x1b[2J"})
    assert json.loads(page.ask("api/status")[2])["cameras"] == []  # no topic has such a name
    assert "Traceback" not in page.log
    assert "a bug" not in page.log
    assert "\x1b[2J" not in page.log


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_though_somebody_looks(
    client: Client, start_page: Callable[..., PageProcess], number: int
) -> None:
    page = start_page("frame_topics:=[frames]", "reader:=reader")
    frames = page.publisher(Image, "frames")

    def look() -> None:
        with contextlib.suppress(OSError):
            page.ask("api/live/0")

    viewer = threading.Thread(target=look, daemon=True)
    viewer.start()
    client.wait_for(lambda: frames.get_subscription_count() > 0, "a viewer", page)
    page.signal(number)
    viewer.join(PATIENCE_SECONDS)
    assert (page.process.returncode, page.lines("Traceback")) == (0, [])


def test_a_record_is_shown_once_it_is_there(start_page: Callable[..., PageProcess], tmp_path: Path) -> None:
    file = tmp_path / "vehicles.sqlite"
    page = start_page(f"record:={file}")
    with pytest.raises(urllib.error.HTTPError) as caught:
        page.ask("api/vehicles")
    with caught.value as answer:
        assert answer.read().decode() == f"record {file}: there is no such file\n"
    writer = RecordWriter(file, 1000.0, 10.0)
    recorded = RecordedVehicle(0, "沪A77777", "blue", "blue", 0.99, 995.0, 1000.0, "/gate")
    writer.add(recorded, b"\xff\xd8\xff crop", 1000.0)
    (vehicle,) = page.vehicles()
    assert (vehicle["text"], vehicle["last_seen"]) == ("沪A77777", 1000.0)
    assert page.ask(f"api/crops/{vehicle['identifier']}")[2].startswith(b"\xff\xd8\xff")
    writer.close()


def test_a_port_that_is_taken_is_one_sentence(ros_environment: None, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, _, told = python_process(
            PageProcess.module, "--ros-args", "-p", f"port:={port}", ROS_LOG_DIR=str(tmp_path)
        )
    assert (status, told) == (
        1,
        f"plate_page: another program has taken port {port} of 127.0.0.1: end it, or set the parameter port "
        "to another one\n",
    )


def test_a_missing_library_is_one_sentence(ros_environment: None, tmp_path: Path) -> None:
    program = """
import importlib.util, sys
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "aiohttp" else find(name, *more)
from lprnet_ros.ros.nodes.plate_page import main
sys.exit(main(["--ros-args", "-p", "port:=0"]))
"""
    done = subprocess.run(
        tethered(sys.executable, "-c", program),
        capture_output=True,
        encoding="utf-8",
        timeout=2 * PATIENCE_SECONDS,
        env=environment_of(ROS_LOG_DIR=str(tmp_path), ROS_DOMAIN_ID=os.environ["ROS_DOMAIN_ID"]),
        check=False,
    )
    assert (done.returncode, done.stderr) == (
        1,
        "plate_page: the page needs aiohttp: pip install 'lprnet_ros[web]', or sudo apt install "
        "python3-aiohttp\n",
    )
