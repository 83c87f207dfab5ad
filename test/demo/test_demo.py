"""The demonstration as a program: what it prints, and that nothing is left of it when it is killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the demonstration needs it")

pytestmark = pytest.mark.usefixtures("ros_environment")

DEMO = Path(__file__).resolve().parents[2] / "demo"


def start(images: Path, output: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(DEMO / "demo.py"), "--images", str(images), "--output", str(output)]
    return subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )


def left_of(process: subprocess.Popen[str]) -> list[list[str]]:
    """The command lines of the nodes that a demonstration started, by their namespace."""
    lines = [other.info["cmdline"] or [] for other in psutil.process_iter(["cmdline"])]
    return [line for line in lines if f"__ns:=/demo_{process.pid}" in line]


def test_every_crop_is_shown_and_a_wrong_name_is_named(tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    crops = sorted((DEMO / "crops").glob("*.png"))[:3]
    for crop in crops:
        shutil.copy(crop, images)
    shutil.copy(crops[0], images / "京A00000.png")
    process = start(images, tmp_path / "sheet.png")
    out, err = process.communicate()
    assert "4 of 4 crops read" in out, err
    assert "3 of 4 plates right (75.0%)" in out
    assert f"{crops[0].stem} " in next(line for line in out.splitlines() if line.startswith("京A00000.png"))
    assert process.returncode == 1  # fewer than 95 %
    assert (tmp_path / "sheet.png").is_file()
    assert left_of(process) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "terminated"])
def test_nothing_is_left_of_a_demonstration_that_is_ended(tmp_path: Path, number: signal.Signals) -> None:
    process = start(DEMO / "crops", tmp_path / "sheet.png", "--rate", "0.5")
    assert process.stdout is not None
    process.stdout.readline()
    assert "ok" in process.stdout.readline()  # node and player run
    assert len(left_of(process)) == 2
    workers = [child.pid for child in psutil.Process(process.pid).children(recursive=True)]
    process.send_signal(number)
    process.communicate()  # its children hold these pipes until they end
    end = time.monotonic() + 60.0
    while left_of(process) or any(psutil.pid_exists(worker) for worker in workers):
        assert time.monotonic() < end, left_of(process)
        time.sleep(0.05)


def test_a_folder_without_pictures_is_one_sentence(tmp_path: Path) -> None:
    process = start(tmp_path, tmp_path / "sheet.png")
    out, err = process.communicate()
    assert (process.returncode, out) == (1, "")
    assert err == f"demo: {tmp_path}: neither a picture nor a folder with pictures\n"


def test_one_picture_without_a_label_is_shown(tmp_path: Path) -> None:
    shutil.copy(next((DEMO / "crops").glob("*.png")), tmp_path / "1.png")
    process = start(tmp_path / "1.png", tmp_path / "sheet.png")
    out, err = process.communicate()
    assert "1 of 1 crops read" in out, err
    assert "plates right" not in out  # nobody said what it shows
    assert process.returncode == 0


def test_broken_pictures_and_photographs_are_named(tmp_path: Path) -> None:
    crop = next((DEMO / "crops").glob("*.png"))
    shutil.copy(crop, tmp_path)
    (tmp_path / "broken.png").write_bytes(crop.read_bytes()[:500])
    assert cv2.imwrite(str(tmp_path / "photo.png"), np.full((480, 640, 3), 90, np.uint8))
    process = start(tmp_path, tmp_path / "sheet.png")
    out, err = process.communicate()
    assert "2 of 2 crops read" in out, err
    assert f"demo: left out: {tmp_path}/broken.png: " in err
    assert f"demo: {tmp_path}/photo.png: 640x480 pixels look like a whole photograph" in err


def test_an_output_of_no_kind_is_refused_before_anything_is_played(tmp_path: Path) -> None:
    process = start(DEMO / "crops", tmp_path / "sheet")
    out, err = process.communicate()
    assert (process.returncode, out) == (2, "")
    assert err.endswith(f"--output {tmp_path}/sheet: expected a name that ends in .png or .jpg\n")


def test_ctrl_c_ends_it_in_silence(tmp_path: Path) -> None:
    process = start(DEMO / "crops", tmp_path / "sheet.png", "--rate", "0.5")
    assert process.stdout is not None
    process.stdout.readline()
    assert "ok" in process.stdout.readline()
    for pid in [process.pid, *(child.pid for child in psutil.Process(process.pid).children(recursive=True))]:
        os.kill(pid, signal.SIGINT)  # as a terminal does
    _, err = process.communicate()
    assert (process.returncode, err) == (130, "")
    assert left_of(process) == []
