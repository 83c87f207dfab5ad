"""What a node says of its command line: usage, refused arguments, values given in vain."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from ros_harness import ROOT

NODES = ("lpr_node", "plate_cropper", "plate_player", "plate_recorder", "frame_player")


def run(node: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(each for each in (str(ROOT), os.environ.get("PYTHONPATH")) if each)
    return subprocess.run(
        [sys.executable, "-m", f"lprnet_ros.ros.nodes.{node}", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
    )


@pytest.mark.parametrize("node", NODES)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_names_every_parameter(ros_environment: None, node: str, flag: str) -> None:
    done = run(node, flag)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"usage: {node} ")
    assert f"example: {node} --ros-args -" in done.stdout
    module = __import__(f"lprnet_ros.ros.nodes.{node}", fromlist=["PARAMETERS"])
    for parameter in module.PARAMETERS:
        assert f"  {parameter.name}:=" in done.stdout


@pytest.mark.parametrize("node", NODES)
@pytest.mark.parametrize(
    "arguments",
    [
        ("--model", "lprnet_int8.onnx"),
        ("model:=lprnet_int8.onnx",),
        ("-p", "minimum_confidence:=0.2"),
        ("--ros-args", "-r", "__ns:=/gate", "--", "left\nover"),
    ],
)
def test_an_argument_outside_ros_args_is_refused(
    ros_environment: None, node: str, arguments: tuple[str, ...]
) -> None:
    done = run(node, *arguments)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"{node}: arguments that no node reads: ")
    assert "--ros-args -p NAME:=VALUE" in line


def test_a_value_given_in_vain_is_told_once(ros_environment: None, tmp_path: object) -> None:
    done = run("plate_player", "--ros-args", "-p", "image:=/nowhere", "-p", "qos_overrides./x:=1")
    assert done.returncode == 1
    told = [line for line in done.stderr.splitlines() if "is unknown and has no effect" in line]
    assert len(told) == 1
    assert "did you mean images?" in told[0]


@pytest.mark.parametrize(
    ("node", "given", "told"),
    [
        (
            "plate_recorder",
            "keep_days:=7",
            "keep_days is 7, expected a number with a decimal point: write keep_days:=7.0",
        ),
        (
            "lpr_node",
            "frame_topics:=/image",
            "frame_topics is '/image', expected a list of texts in brackets: "
            "write \"frame_topics:=['/image']\"",
        ),
    ],
)
def test_a_value_of_another_type_is_told_with_what_to_write(
    ros_environment: None, node: str, given: str, told: str
) -> None:
    done = run(node, "--ros-args", "-p", given)
    assert (done.returncode, done.stderr) == (1, f"{node}: {told}\n")
