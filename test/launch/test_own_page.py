"""``web:=`` of ``lpr.launch.py``: which page is started, and what ours is told; nodes are stand-ins."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("launch_ros", reason="launch_ros is not installed: a ROS installation has it")

from installed import skip_unless_installed
from stand_ins import BOX, PICTURE, ROOT, Launch, StandIns, ended

PATIENCE_SECONDS = 300.0


@pytest.fixture
def started() -> Iterator[list[Launch]]:
    launches: list[Launch] = []
    yield launches
    for launch in launches:
        launch.stop()


WANTED = {
    "no TROS": (("websocket",), ["camera:=image", PICTURE, "web:=true"], ["/frame_player/image"]),
    "on the board": ((), ["camera:=usb", BOX, "web:=own"], ["/image"]),
    "a MIPI camera, without the encoder": (
        ("hobot_codec", "websocket", "ai_msgs"),
        ["camera:=mipi", "web:=true"],
        ["/hbmem_img"],
    ),
    "crops alone": ((), ["image_topics:=/front/crop,rear", "web:=true"], ["/front/crop", "/rear"]),
}


@pytest.mark.parametrize(("without", "arguments", "topics"), WANTED.values(), ids=WANTED)
def test_our_page_shows_the_frames_or_crops_that_are_read(
    tmp_path: Path, started: list[Launch], without: tuple[str, ...], arguments: list[str], topics: list[str]
) -> None:
    launch = StandIns(tmp_path, without=without).launch(*arguments)
    started.append(launch)
    launch.wait_for("lpr_node", "plate_page")
    page = launch.programs["plate_page"]
    assert page.parameters == {
        "reader": "/lpr_node",
        "frame_topics": topics,
        "address": "127.0.0.1",
        "port": 8000,
        "record": "",
    }
    assert "websocket" not in launch.programs
    assert "hobot_codec_republish" not in launch.programs


def test_names_address_and_port_reach_our_page(tmp_path: Path, started: list[Launch]) -> None:
    launch = StandIns(tmp_path).launch(
        "camera:=image",
        PICTURE,
        "web:=own",
        "namespace:=north",
        "node_name:=gate",
        "web_address:=0.0.0.0",
        "web_port:=8080",
        "record:=vehicles.db",
    )
    started.append(launch)
    launch.wait_for("lpr_node", "plate_page")
    page = launch.programs["plate_page"]
    assert page.remappings == {"__node": "plate_page", "__ns": "/north"}
    assert page.parameters == {
        "reader": "/north/gate",
        "frame_topics": ["/north/frame_player/image"],
        "address": "0.0.0.0",
        "port": 8080,
        "record": "vehicles.db",
    }


def test_a_port_that_is_no_number_ends_the_launch(tmp_path: Path) -> None:
    launch = StandIns(tmp_path).launch("camera:=usb", "web:=own", "web_port:=http")
    assert ended(launch) == "web_port is 'http', expected a number"
    assert launch.programs == {}


def test_the_real_page_answers_with_the_plate_of_the_picture(tmp_path: Path, started: list[Launch]) -> None:
    skip_unless_installed()
    port = 20000 + os.getpid() % 20000
    launch = StandIns(tmp_path, without=("lprnet_ros", "websocket"), has_messages=False).launch(
        "camera:=image",
        f"source:={ROOT / 'demo' / 'street.jpg'}",
        "rate:=2",
        "web:=true",
        f"web_port:={port}",
        ROS_DOMAIN_ID=str(1 + os.getpid() % 100),
    )
    started.append(launch)
    end, found = time.monotonic() + PATIENCE_SECONDS, []
    while "京A7K358" not in found:
        assert time.monotonic() < end, launch.log
        time.sleep(0.5)
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/vehicles", timeout=10) as answer:
                found = [vehicle["text"] for vehicle in json.load(answer)]
        except OSError:
            assert launch.is_running, launch.log
