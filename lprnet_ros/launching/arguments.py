"""The arguments of ``lpr.launch.py``: names, defaults and meanings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

CAMERAS = ("none", "mipi", "usb", "image")
CAMERA_VARIABLE = "CAM_TYPE"
"""Chooses the camera where no argument does, as in TROS."""

_ALL = CAMERAS
_ANY_CAMERA = ("mipi", "usb", "image")


@dataclass(frozen=True)
class Argument:
    """One launch argument.

    Attributes:
        name: as in ``name:=value``.
        description: one sentence for the user.
        cameras: the values of ``camera`` with which it is used.
        default: its text where the user gives none.
    """

    name: str
    description: str
    cameras: tuple[str, ...] = _ALL
    default: str = ""


def launch_arguments(config: Path) -> tuple[Argument, ...]:
    """Return every argument.

    Args:
        config: folder of ``lpr.yaml`` and ``cropper.yaml``.
    """
    return (
        Argument("namespace", "Namespace of the nodes and their topics."),
        Argument("image_topics", "Topics of plate crops, separated by commas; a camera's come on top."),
        Argument("transport", "raw or compressed: type of the crops."),
        Argument("model", "Model file; empty is the bundled network."),
        Argument("runtime", "auto, onnx, hbm or bpu."),
        Argument("params_file", "YAML with lpr_node's parameters.", default=str(config / "lpr.yaml")),
        Argument("log_level", "debug, info, warn or error.", default="info"),
        Argument(
            "camera",
            f"none, mipi, usb or image; empty takes {CAMERA_VARIABLE} (mipi, usb; fb is image), else none.",
        ),
        Argument(
            "device",
            "usb: the video device, such as /dev/video0; mipi: the sensor, such as imx219; empty searches.",
            ("mipi", "usb"),
        ),
        Argument("width", "Width of the frames in pixels; with height.", ("mipi", "usb")),
        Argument("height", "Height of the frames in pixels; with width.", ("mipi", "usb")),
        Argument(
            "regions",
            "Where plates are, for a fixed camera: plate_cropper's regions, separated by semicolons.",
            _ANY_CAMERA,
        ),
        Argument("detections_topic", "Topic of a detector that says where plates are.", _ANY_CAMERA),
        Argument(
            "detections",
            "Type of its messages: targets (ai_msgs) or detection_2d_array (vision_msgs).",
            _ANY_CAMERA,
        ),
        Argument(
            "source",
            "Folder of pictures, picture or video; quads of a labels.csv beside it are played as detections.",
            ("image",),
        ),
        Argument("rate", "Frames a second; 0 is the video's own rate, or 10.", ("image",), "0"),
        Argument("loop", "true or false: whether the source begins again.", ("image",), "true"),
        Argument("web", "true or false: show frames and plates on port 8000.", _ANY_CAMERA, "false"),
        Argument(
            "cropper_params_file",
            "YAML with plate_cropper's parameters.",
            _ANY_CAMERA,
            str(config / "cropper.yaml"),
        ),
    )
