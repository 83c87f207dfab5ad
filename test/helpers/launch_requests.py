"""Requests and installations for the tests of the launch's plan."""

from pathlib import Path

import cv2
import numpy as np

from lprnet_ros.launching.arguments import launch_arguments
from lprnet_ros.launching.chain import make_plan
from lprnet_ros.launching.request import read_request
from lprnet_ros.launching.tros import Installation

CONFIG = Path(__file__).resolve().parents[2] / "config"
ARGUMENTS = launch_arguments(CONFIG)
ALL_MESSAGES = frozenset({"ai_msgs", "vision_msgs", "hbm_img_msgs"})
TROS_FILES = {
    "hobot_shm": ["hobot_shm"],
    "mipi_cam": ["mipi_cam"],
    "hobot_usb_cam": ["hobot_usb_cam"],
    "hobot_codec": ["hobot_codec_encode", "hobot_codec_decode"],
    "websocket": ["websocket"],
}
QUAD = "10,10 60,10 60,30 10,30"


def request(camera="none", environment=None, **texts):
    values = {argument.name: argument.default for argument in ARGUMENTS} | {"camera": camera} | texts
    return read_request(values, environment or {}, ARGUMENTS)


def installation(folder, *, without=(), messages=ALL_MESSAGES, **environment):
    """Install TROS's launch files in a folder, all but some packages."""
    for package, names in TROS_FILES.items():
        for name in names:
            path = folder / "share" / package / "launch" / f"{name}.launch.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()

    def share_folder(package):
        path = folder / "share" / package
        return path if path.is_dir() and package not in without else None

    return Installation(share_folder, messages.__contains__, environment)


def plan(folder, camera="none", *, without=(), messages=ALL_MESSAGES, above="", environment=None, **texts):
    """Plan a launch on a machine that has all of TROS but some packages."""
    there = installation(folder, without=without, messages=messages, **environment or {})
    return make_plan(request(camera, **texts), there, CONFIG, namespace=above)


def program(planned, name):
    return next(step for step in planned.steps if getattr(step, "name", None) == name)


def scenes(folder, *, names=("a.png",), labelled=("a.png",)):
    """Write pictures, and labels of some of them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(cv2.imencode(".png", np.zeros((40, 80, 3), np.uint8))[1].tobytes())
    if labelled:
        rows = "".join(f'{name},京A12345,"{QUAD}"\n' for name in labelled)
        (folder / "labels.csv").write_text(f"file,label,quad\n{rows}", encoding="utf-8")
    return folder
