"""What a test run leaves out on this machine, told before it begins."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NEEDED = {
    "live nodes": ("rclpy",),
    "launch files": ("launch_ros", "launch_testing", "ament_index_python"),
    "an encrypted ROS graph": ("sros2",),
    "frames and detections of the board's own types": ("hbm_img_msgs", "ai_msgs"),
    "detections as vision_msgs/Detection2DArray": ("vision_msgs",),
    "bags": ("rosbags",),
    "training, and quantisation with it": (
        "torch",
        "onnx",
        "PIL",
        "tqdm",
        "matplotlib",
        "cvttf_NotoSansCJK_Bold",
    ),
}
"""The modules that tests need and a machine may lack, by what these tests try."""

BROWSERS = ("chromium", "chromium-browser", "google-chrome")

SHARED = {
    "scenes with labelled plates": "data/scenes",
    "the board's own crops, tensor and article": "background",
}
"""The folders of ../shared that tests need, by what these tests try."""


def announced() -> list[str]:
    """Return a line for each group of tests that this machine cannot run, with the reason."""
    lacking = {
        subject: [name for name in names if importlib.util.find_spec(name) is None]
        for subject, names in NEEDED.items()
    }
    lines = [f"{subject}: no {', '.join(names)}" for subject, names in lacking.items() if names]
    lines += [
        f"{subject}: no ../shared/{folder}"
        for subject, folder in SHARED.items()
        if not any((root / "shared" / folder).is_dir() for root in ROOT.parents)
    ]
    if not any(map(shutil.which, BROWSERS)):
        lines.append("the page in a browser: no Chromium on PATH (apt install chromium)")
    if shutil.which("setpriv") is None:
        lines.append("runs that are killed: no setpriv (util-linux), so that they may leave processes behind")
    return lines
