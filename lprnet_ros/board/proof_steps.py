"""What is tried on a board: the commands, and which line of docs/hardware_status.md each speaks of."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
"""Where the demonstration's crops, the measurements and the tests lie."""


def commands(model: Path, root: Path, seconds: float) -> dict[str, tuple[str, ...]]:
    """Return the command of each step.

    Args:
        model: a ``.bin`` file with its manifest.
        root: where the board's files lie.
        seconds: how long a rate of the live node must hold.
    """

    def ours(name: str, *words: str) -> tuple[str, ...]:
        return (sys.executable, "-m", f"lprnet_ros.cli.{name}", *words)

    def tests(*paths: str) -> tuple[str, ...]:
        return (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *paths)

    crops, four = ("--data", "demo/crops", "--json"), ("1", "2", "4", "8")
    perf = f"hrt_model_exec perf --model_file {shlex.quote(str(model))} --frame_count 200 --thread_num"
    show = shlex.join(ours("benchmark", "--json", "--hrt"))
    perf = f"for n in 1 2 4 8; do {perf} $n >> $log || exit; done; {show} $log"
    return {
        "self-test, hbm": ours("model", "verify", str(model), "--runtime", "hbm"),
        "self-test, bpu": ours("model", "verify", str(model), "--runtime", "bpu"),
        "self-test, onnx": ours("model", "verify", "lprnet.onnx", "--runtime", "onnx"),
        "demo crops": ours("evaluate", *crops, "--model", str(model)),
        "demo crops, lpr.bin": ours("evaluate", *crops, "--model", "lpr.bin"),
        "threads": ours("benchmark", "--json", "--model", str(model), "--threads", *four),
        "threads, lpr.bin": ours("benchmark", "--json", "--model", "lpr.bin", "--threads", *four),
        "hrt_model_exec": ("sh", "-c", f"log=$(mktemp); trap 'rm $log' EXIT; {perf}"),
        "live node": ours(
            *("benchmark", "--ros", "--json", "--model", str(model)),
            *("--seconds", f"{seconds:g}", "--workers", *four),
        ),
        "ROS 2 Humble": (
            *(sys.executable, "-c"),
            "import os, rclpy, sys; name = os.environ.get('ROS_DISTRO'); print('rclpy of ROS 2', name); "
            "sys.exit(0 if name == 'humble' else f'this needs ROS 2 humble, not {name}')",
        ),
        "lpr_board": ours("board", "--json", "--root", str(root)),
        "tests of the node": tests(
            *(f"test/ros/nodes/test_node_{name}.py" for name in ("lifecycle", "readings", "worker_killed"))
        ),
        "tests of the cropper": tests(
            "test/ros/nodes/test_plate_cropper.py", "test/ros/nodes/test_frame_player.py"
        ),
        "messages": (sys.executable, "-c", "import ai_msgs.msg, hbm_img_msgs.msg, vision_msgs.msg"),
        "tests of messages": tests(
            "test/ros/messages/test_detector_messages.py", "test/ros/messages/test_frame_messages.py"
        ),
        "tests of launch": tests("test/launch/test_image_camera.py", "test/launch/test_lpr_launch.py"),
        "tests of security": tests("test/ros/process/test_security_policy.py"),
    }


LINES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("node, topics, parameters, lifecycle, workers, faults", ("live node", "tests of the node"), ""),
    ("ROS 2 Humble", ("ROS 2 Humble", "live node"), ""),
    ("runtime `onnx`", ("self-test, onnx",), ""),
    (
        "runtime `hbm`, and the worker processes that use it",
        ("self-test, hbm", "demo crops", "live node"),
        "",
    ),
    ("runtime `bpu`", ("self-test, bpu",), ""),
    ("`lprnet_x5.bin`, its readings", ("self-test, hbm", "demo crops"), ""),
    ("`lprnet_x5.bin`, its time", ("threads", "hrt_model_exec"), ""),
    (
        "NV12 as a model's input",
        (),
        "on a PC: lpr_compile with config/hb_mapper/lprnet_x5_camera.yaml; here: lpr_model verify its .bin",
    ),
    ("arm64", ("self-test, onnx",), ""),
    ("preprocessing for `lpr.bin`", ("demo crops, lpr.bin",), ""),
    ("readings of `lpr.bin`, plates per second on the BPU", ("demo crops, lpr.bin", "threads, lpr.bin"), ""),
    ("`plate_cropper`, `frame_player`", ("tests of the cropper",), ""),
    ("`hbm_img_msgs`, `ai_msgs`, `vision_msgs`", ("messages", "tests of messages"), ""),
    ("launch, `camera:=none` and `image`", ("tests of launch",), ""),
    (
        "launch, `camera:=mipi` and `usb`, web page",
        (),
        "with a camera: ros2 launch lprnet_ros lpr.launch.py camera:=mipi regions:=0.3,0.5,0.2,0.1 web:=true",
    ),
    ("diagnostics of the board, `lpr_board`", ("lpr_board",), ""),
    ("board toolchain", ("hrt_model_exec", "demo crops"), ""),
    ("SROS2 policy", ("tests of security",), ""),
    ("Debian package", (), "in a checkout: .ci/check_deb"),
)
"""Each line of docs/hardware_status.md, the steps that try it, and how to try it where no step does."""
