"""How a launch ends: what is missing or dies is told in one sentence, and nothing stays behind."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

pytest.importorskip("launch_ros", reason="launch_ros is not installed: a ROS installation has it")

from stand_ins import BOX, PICTURE, ROOT, StandIns, ended, wait_until

DETECTOR = "detections_topic:=/boxes"
MISSING = {
    "a package": (
        ("mipi_cam",),
        ["camera:=mipi", BOX],
        "camera:=mipi needs the package mipi_cam: sudo apt install tros-humble-mipi-cam, and source its "
        "setup.bash in this terminal",
    ),
    "several packages": (
        ("hobot_shm", "hobot_codec"),
        ["camera:=mipi", BOX, "web:=true"],
        "camera:=mipi with web:=true needs the packages hobot_shm, hobot_codec: sudo apt install "
        "tros-humble-hobot-shm tros-humble-hobot-codec, and source its setup.bash in this terminal",
    ),
    "a device": (
        (),
        ["camera:=usb", BOX, "device:=/dev/video99"],
        "device /dev/video99 is absent or no video device: plug the camera in and look with ls /dev/video*, "
        "or leave device out to search",
    ),
    "a source": (
        (),
        ["camera:=image", BOX, "source:=/nowhere/scenes"],
        "source '/nowhere/scenes' does not exist; give a folder of pictures, a picture or a video",
    ),
    "a parameter file": (
        (),
        ["camera:=mipi", BOX, "params_file:=/nowhere/lpr.yaml"],
        "params_file /nowhere/lpr.yaml cannot be used: [Errno 2] No such file or directory: "
        f"'/nowhere/lpr.yaml'; give a YAML file like {ROOT / 'config' / 'lpr.yaml'}",
    ),
    "a parameter file of the cropper": (
        (),
        ["camera:=mipi", BOX, "cropper_params_file:=/nowhere/c.yaml"],
        "cropper_params_file /nowhere/c.yaml cannot be used: [Errno 2] No such file or directory: "
        f"'/nowhere/c.yaml'; give a YAML file like {ROOT / 'config' / 'cropper.yaml'}",
    ),
}


@pytest.mark.parametrize(("without", "arguments", "sentence"), MISSING.values(), ids=MISSING)
def test_what_is_missing_ends_the_launch_before_anything_starts(
    tmp_path: Path, without: tuple[str, ...], arguments: list[str], sentence: str
) -> None:
    launch = StandIns(tmp_path, without=without).launch(*arguments)
    assert ended(launch) == sentence
    assert launch.programs == {}
    assert {one.file for one in launch.includes} <= {"hobot_shm"}, "which starts nothing"
    assert "process started" not in launch.log


def test_an_unreadable_parameter_file_ends_the_launch_without_a_camera_too(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("a: [1\nb: }\n")
    launch = StandIns(tmp_path).launch(f"params_file:={broken}")
    assert ended(launch).startswith(f"params_file {broken} cannot be used: while parsing")
    assert launch.programs == {}


DYING = {
    "mipi_cam": (
        ["camera:=mipi", BOX, "web:=true"],
        "0",
        "mipi_cam ended with status 0, and the launch with it: check the sensor's cable while "
        "the board has no power, and what device:= names",
    ),
    "hobot_usb_cam": (
        ["camera:=usb", BOX],
        "3",
        "hobot_usb_cam ended with status 3, and the launch with it: check that the camera is "
        "plugged in (ls /dev/video*), and what device:= names",
    ),
    "plate_cropper": (
        ["camera:=usb", DETECTOR],
        "1",
        "plate_cropper ended with status 1, and the launch with it: its lines above say why",
    ),
    "lpr_node": (
        ["camera:=image", PICTURE, BOX],
        "0",
        "lpr_node ended with status 0, and the launch with it: its lines above say why",
    ),
    "frame_player": (
        ["camera:=image", PICTURE, BOX],
        "1",
        "frame_player ended with status 1, and the launch with it: its lines above say why",
    ),
}


@pytest.mark.parametrize(("name", "case"), DYING.items(), ids=DYING)
def test_when_a_part_of_the_chain_dies_all_of_it_ends(
    tmp_path: Path, name: str, case: tuple[list[str], str, str]
) -> None:
    arguments, status, sentence = case
    launch = StandIns(tmp_path).launch(
        *arguments,
        ENDING_PROGRAM=name,
        ENDING_STATUS=status,
        ENDING_AFTER="lpr_node plate_cropper" if DETECTOR in arguments else "lpr_node",
    )
    assert ended(launch) == sentence
    assert {name, "lpr_node"} <= set(launch.programs)
    assert ("plate_cropper" in launch.programs) == (DETECTOR in arguments)
    assert [name for name, program in launch.programs.items() if program.is_alive] == []


@pytest.mark.parametrize(
    ("name", "status", "arguments"),
    [
        ("frame_player", "0", ["camera:=image", PICTURE, BOX]),
        ("websocket", "1", ["camera:=usb", BOX, "web:=true"]),
        ("plate_page", "1", ["camera:=usb", BOX, "web:=own"]),
        ("hobot_codec_republish", "1", ["camera:=mipi", BOX, "web:=true"]),
    ],
    ids=["a player that has played all", "the page", "our page", "the encoder"],
)
def test_readings_go_on_without(tmp_path: Path, name: str, status: str, arguments: list[str]) -> None:
    launch = StandIns(tmp_path).launch(*arguments, ENDING_PROGRAM=name, ENDING_STATUS=status)
    try:
        launch.wait_for("lpr_node", name)
        wait_until(lambda: not launch.programs[name].is_alive)
        time.sleep(1.0)
        assert launch.is_running
        assert launch.programs["lpr_node"].is_alive
    finally:
        assert launch.stop() == 0
    assert [name for name, program in launch.programs.items() if program.is_alive] == []


def test_without_a_camera_a_dead_reader_ends_nothing_else(tmp_path: Path) -> None:
    """A robot's launch file that includes this one goes on, as it always did."""
    stand_ins = StandIns(tmp_path)
    robot = tmp_path / "robot.launch.py"
    robot.write_text(
        "from launch import LaunchDescription\n"
        "from launch.actions import IncludeLaunchDescription\n"
        "from launch.launch_description_sources import PythonLaunchDescriptionSource\n"
        "from launch_ros.actions import Node\n"
        "def generate_launch_description():\n"
        f"    source = PythonLaunchDescriptionSource({str(ROOT / 'launch' / 'lpr.launch.py')!r})\n"
        "    other = Node(package='lprnet_ros', executable='other_node')\n"
        "    return LaunchDescription([other, IncludeLaunchDescription(source)])\n"
    )
    launch = stand_ins.launch(file=robot, ENDING_PROGRAM="lpr_node", ENDING_STATUS="1")
    try:
        launch.wait_for("lpr_node", "other_node")
        wait_until(lambda: not launch.programs["lpr_node"].is_alive)
        time.sleep(1.0)
        assert launch.programs["other_node"].is_alive
    finally:
        assert launch.stop() == 0
