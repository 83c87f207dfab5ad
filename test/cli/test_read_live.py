"""``lpr_read`` with standard input, and with a camera until Ctrl-C."""

import io
import os
import signal
import types

import cv2
import pytest
from stand_in_camera import StandInCamera
from stand_in_finder import photograph

from lprnet_ros.cli.read import main
from lprnet_ros.sources import connected_camera

pytestmark = pytest.mark.usefixtures("finder")


@pytest.fixture
def pipe(monkeypatch):
    def piped(content, *, is_terminal=False):
        stream = io.BufferedReader(io.BytesIO(content))
        stdin = types.SimpleNamespace(buffer=stream, isatty=lambda: is_terminal)
        monkeypatch.setattr("sys.stdin", stdin)

    return piped


def rows(capsys):
    captured = capsys.readouterr()
    return [line.split("\t") for line in captured.out.splitlines()], captured.err.splitlines()


def encoded(picture, suffix=".png"):
    return cv2.imencode(suffix, picture)[1].tobytes()


def test_a_picture_from_standard_input_is_read_like_a_file(crops, pipe, capsys, tmp_path):
    (text, crop), *_ = crops.items()
    pipe(encoded(crop))
    assert main(["-", "--annotate", str(tmp_path)]) == 0
    (row,), err = rows(capsys)
    assert (row[0], row[1], row[3], err) == ("-", text, "accepted", [])
    assert [path.name for path in tmp_path.iterdir()] == ["stdin.png"]


def test_jpegs_in_a_row_are_read_one_after_the_other(crops, pipe, capsys):
    pictures = [encoded(crop, ".jpg") for crop in crops.values()]
    pipe(pictures[0] + pictures[1][:-200] + pictures[1])
    assert main(["-"]) == 1
    found, err = rows(capsys)
    assert [row[1] for row in found] == list(crops)
    assert err == [
        "lpr_read: -: the JPEG is cut off: more than its last few bytes are missing; taken are pictures, "
        "no videos"
    ]


def test_a_terminal_is_not_waited_for(pipe, capsys):
    pipe(b"", is_terminal=True)
    assert main(["-"]) == 1
    assert rows(capsys) == ([], ["lpr_read: -: nothing is piped in; write 'lpr_read - < photo.jpg'"])


@pytest.fixture
def camera(monkeypatch, tmp_path):
    """Connect a camera that shows frames; returns its device's path."""
    path = tmp_path / "video0"
    path.write_bytes(b"")

    def connect(frames, at=lambda number: None):
        stand_in = StandInCamera(frames, 0.1, at)
        monkeypatch.setattr(connected_camera.cv2, "VideoCapture", stand_in)
        monkeypatch.setattr(connected_camera, "time", stand_in)
        monkeypatch.setattr(connected_camera, "_NAME", connected_camera.re.compile(str(path)))
        return str(path)

    return connect


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_vehicle_is_told_once_it_has_gone_and_an_open_one_at_the_end(number, crops, camera, capsys):
    (first, one), (second, other) = crops.items()
    seen = [photograph((crop, (50, 300))) for crop in (one, other)]
    frames = [seen[0]] * 5 + [photograph()] * 15 + [seen[1]] * 5 + [photograph()] * 100
    told = {}

    def at(frame):
        told[frame] = capsys.readouterr().out
        if frame == 25:
            os.kill(os.getpid(), number)

    path = camera(frames, at)
    kept = signal.getsignal(number)
    assert main([path]) == 0
    lines = {frame: text for frame, text in told.items() if text}
    ((when, text),) = lines.items()
    assert first in text
    assert 5 < when < 20, "it was not told as soon as it had gone"
    (row,), err = rows(capsys)
    assert row[0] == f"{path}#t={1_795_813_868 + 2.1:.2f}"
    assert (row[1], row[3], err) == (second, "accepted", [])
    assert signal.getsignal(number) is kept
    assert max(told) == 25


def test_a_second_ctrl_c_ends_it_at_once(crops, camera):
    def at(frame):
        if frame == 3:
            for _ in range(2):
                os.kill(os.getpid(), signal.SIGINT)
                sum(range(1000))  # somewhere the interpreter takes the signal

    assert main([camera([photograph()] * 10, at)]) == 130


def test_a_camera_that_is_unplugged_tells_its_vehicles_and_ends_with_1(crops, camera, capsys, tmp_path):
    (text, crop), *_ = crops.items()
    path = camera([photograph((crop, (50, 300)))] * 4)
    assert main([path, "--annotate", str(tmp_path / "out")]) == 1
    assert (tmp_path / "out" / "video0.mp4").stat().st_size > 1000
    (row,), err = rows(capsys)
    assert row[1] == text
    assert err == [f"lpr_read: {path}: the camera gives no more frames"]


def test_a_missing_camera_is_one_sentence(capsys):
    assert main(["/dev/video99"]) == 1
    _, (line,) = rows(capsys)
    assert line.startswith("lpr_read: /dev/video99: no such camera; connected: ")
