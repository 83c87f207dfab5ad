"""``launch/lpr.launch.py``: its arguments, and what it says of a file that is not there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("launch_ros", reason="launch_ros is not installed: a ROS installation has it")

from launch.actions import DeclareLaunchArgument
from launch.launch_description_sources import get_launch_description_from_any_launch_file

LAUNCH_FILE = Path(__file__).resolve().parents[2] / "launch" / "lpr.launch.py"
RUN = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource

service = LaunchService(noninteractive=True)
source = PythonLaunchDescriptionSource(sys.argv[1])
arguments = [argument.split(":=") for argument in sys.argv[2:]]
include = IncludeLaunchDescription(source, launch_arguments=arguments)
service.include_launch_description(LaunchDescription([include]))
sys.exit(service.run())
"""


def test_every_argument_is_explained_and_has_a_default() -> None:
    entities = get_launch_description_from_any_launch_file(str(LAUNCH_FILE)).entities
    arguments = {entity.name: entity for entity in entities if isinstance(entity, DeclareLaunchArgument)}
    assert set(arguments) == {
        "node_name",
        "use_sim_time",
        "respawn",
        "namespace",
        "image_topics",
        "transport",
        "model",
        "runtime",
        "params_file",
        "log_level",
        "camera",
        "device",
        "width",
        "height",
        "regions",
        "detections_topic",
        "detections",
        "source",
        "rate",
        "loop",
        "web",
        "web_address",
        "web_port",
        "record",
        "cropper_params_file",
    }
    for argument in arguments.values():
        assert argument.description.partition(" Valid choices are:")[0].endswith(".")
        assert argument.default_value is not None


def test_a_missing_params_file_ends_the_launch_with_its_name(tmp_path: Path) -> None:
    missing = tmp_path / "missing.yaml"
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(LAUNCH_FILE), f"params_file:={missing}"],
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        env={**os.environ, "ROS_LOG_DIR": str(tmp_path)},
        check=False,
    )
    assert done.returncode == 1
    told = done.stdout + done.stderr
    assert f"params_file {missing} cannot be used: [Errno 2]" in told
    assert "Traceback" not in told
    assert "process started" not in told
