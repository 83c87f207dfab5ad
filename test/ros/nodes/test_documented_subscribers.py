"""The subscribers of docs/interface.md: the Python one hears the live node, the C++ one compiles."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from ros_harness import ROOT, Conversation, ReaderProcess, end_process, known_plate, raw_image
from tethered import environment_of, tethered

DOCUMENT = (ROOT / "docs" / "interface.md").read_text(encoding="utf-8")
RCLCPP = """
#include <functional>
#include <memory>
#include <string>
namespace rclcpp {
template <class Message> struct Subscription {};
struct Node {
  explicit Node(const std::string &);
  template <class Message>
  std::shared_ptr<Subscription<Message>> create_subscription(
    const std::string &, int, std::function<void(typename Message::ConstSharedPtr)>);
};
void init(int, char **);
void spin(std::shared_ptr<Node>);
void shutdown();
}
"""
"""As much of rclcpp's interface as the program uses; what it says of messages is checked on the real ones."""


def program(language: str) -> str:
    """The one of the document that subscribes."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```", DOCUMENT, re.DOTALL | re.MULTILINE)
    (found,) = [block for block in blocks if "Detection2DArray" in block]
    return found


def test_the_python_program_prints_text_and_place(
    start_reader: Callable[..., ReaderProcess], tmp_path: Path
) -> None:
    pytest.importorskip(
        "vision_msgs", reason="vision_msgs is not installed: no registry has it, a ROS installation may"
    )
    conversation = Conversation(start_reader("qos_profile:=reliable"))
    reader = conversation.reader
    remappings = [f"/lpr_node/{name}:={reader.full_name}/{name}" for name in ("plate", "detections")]
    command = [sys.executable, "-c", program("python"), "--ros-args"]
    output = tmp_path / "printed.txt"
    with output.open("wb") as stream:
        process = subprocess.Popen(
            tethered(*command, *[part for one in remappings for part in ("-r", one)]),
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=environment_of(),
        )
    text, crop = known_plate()
    height, width = crop.shape[:2]
    place = rf"{text} 0\.9\d\d at {width / 2:.0f},{height / 2:.0f} in gate_1"

    def is_printed() -> bool:
        lines = output.read_text(encoding="utf-8").splitlines()
        return text in lines and any(re.fullmatch(place, line) for line in lines)

    try:
        reader.client.retry_until(
            lambda: conversation.image.publish(raw_image(crop, "gate_1")), is_printed, "the printed plate"
        )
    finally:
        end_process(process)


@pytest.mark.skipif(shutil.which("g++") is None, reason="g++ is not installed")
def test_the_cpp_program_compiles(tmp_path: Path) -> None:
    prefixes = os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)
    roots = [Path(prefix) / "include" for prefix in prefixes]
    folders = [folder for root in roots if root.is_dir() for folder in (root, *root.iterdir())]
    if not any((folder / "vision_msgs/msg/detection2_d_array.hpp").is_file() for folder in folders):
        pytest.skip("the C++ headers of vision_msgs are not installed")
    if not any((folder / "rclcpp/rclcpp.hpp").is_file() for folder in folders):
        (tmp_path / "rclcpp").mkdir()
        (tmp_path / "rclcpp" / "rclcpp.hpp").write_text(RCLCPP)
        folders.append(tmp_path)
    source = tmp_path / "gate.cpp"
    source.write_text(program("cpp"), encoding="utf-8")
    flags = ["-std=c++17", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
    includes = [part for folder in folders for part in ("-isystem", str(folder))]
    done = subprocess.run(
        ["g++", *flags, *includes, str(source)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
