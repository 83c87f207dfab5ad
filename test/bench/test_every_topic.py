"""bench/every_topic.py: distinct plates, and a short run of the real thing."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from bench.every_topic import draw_plates
from lprnet_ros.reading.recognizer import PlateRecognizer
from lprnet_ros.sources.labelled import list_images, read_image

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(
    None in map(importlib.util.find_spec, ("PIL", "cvttf_NotoSansCJK_Bold")),
    reason="needs the extra 'training'",
)
def test_the_plates_are_distinct_and_read_at_the_first_look(tmp_path):
    draw_plates(tmp_path, 6)
    recognizer = PlateRecognizer.open()
    texts = {recognizer.read(read_image(path)).text for path in list_images(tmp_path)}
    recognizer.close()
    assert len(texts) == 6
    assert {len(text) for text in texts} == {7, 8}


@pytest.mark.live
@pytest.mark.skipif(importlib.util.find_spec("rclpy") is None, reason="needs rclpy")
def test_every_crop_is_read_with_a_listener_to_every_topic():
    command = [sys.executable, "-m", "bench.every_topic", "--pictures", "demo/crops", "--shared"]
    done = subprocess.run(
        [*command, "--rates", "20", "--seconds", "2"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    heading, line = done.stdout.splitlines()
    assert heading.startswith("crops/s  sent  read  dropped")
    assert line.split()[:3] == ["20", "40", "40"]
