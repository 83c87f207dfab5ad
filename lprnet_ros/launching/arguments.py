"""The arguments of ``lpr.launch.py``: names, meanings, and what their texts say."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lprnet_ros.cropping.regions import RegionError, parse_regions
from lprnet_ros.escaping import quoted
from lprnet_ros.launching.plan import LaunchError

CAMERAS = ("none", "mipi", "usb", "image")
CAMERA_VARIABLE = "CAM_TYPE"
_CAMERA_OF_VARIABLE = {"usb": "usb", "mipi": "mipi", "fb": "image"}
"""What TROS's own launch files take; fb is their player of pictures."""

DETECTION_KINDS = ("targets", "detection_2d_array")
_ALL = CAMERAS
_ANY_CAMERA = ("mipi", "usb", "image")
_MOST_PIXELS = 16384


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


@dataclass(frozen=True)
class Request:
    """What the user asks for.

    Attributes:
        camera: one of ``CAMERAS``.
        named: how the camera was chosen, for messages.
        namespace: of the nodes.
        image_topics: topics of crops besides the cropper's.
        transport: of the crops, or empty.
        model: a file, or empty.
        runtime: or empty.
        params_file: lpr_node's parameters.
        log_level: of the nodes of this package.
        device: of the camera, or empty.
        size: width and height of the frames, or None.
        regions: plate_cropper's, one text each.
        detections_topic: or empty.
        detections: one of ``DETECTION_KINDS``, or empty.
        source: what is played, or None.
        rate: frames a second; 0 leaves it to the source.
        loop: whether the source begins again.
        web: whether the page is served.
        cropper_params_file: plate_cropper's parameters.
        unused: arguments that are given but mean nothing with this camera.
        has_own_params_file: whether the user gave ``params_file``.
        has_own_cropper_params_file: whether the user gave ``cropper_params_file``.
    """

    camera: str
    named: str
    namespace: str
    image_topics: tuple[str, ...]
    transport: str
    model: str
    runtime: str
    params_file: Path
    log_level: str
    device: str
    size: tuple[int, int] | None
    regions: tuple[str, ...]
    detections_topic: str
    detections: str
    source: Path | None
    rate: float
    loop: bool
    web: bool
    cropper_params_file: Path
    unused: tuple[str, ...] = ()
    has_own_params_file: bool = False
    has_own_cropper_params_file: bool = False


def read_request(
    values: Mapping[str, str], environment: Mapping[str, str], arguments: tuple[Argument, ...]
) -> Request:
    """Read the texts of all arguments.

    Args:
        values: the text of each argument.
        environment: variables; ``CAM_TYPE`` counts where no camera is named.
        arguments: as ``launch_arguments`` gives them.

    Raises:
        LaunchError: a text makes no sense; the message names it.
    """
    camera, named = _camera(values["camera"], environment)
    default = {argument.name: argument.default for argument in arguments}
    unused = [
        argument.name
        for argument in arguments
        if camera not in argument.cameras and values[argument.name] != argument.default
    ]
    # what is not used is not judged: a robot's launch file may use the same names for something else
    used = {
        argument.name: values[argument.name] if camera in argument.cameras else argument.default
        for argument in arguments
    }
    topics = tuple(topic.strip() for topic in used["image_topics"].split(",") if topic.strip())
    regions = tuple(text.strip() for text in used["regions"].split(";") if text.strip())
    try:
        parse_regions(regions)
    except RegionError as error:
        raise LaunchError(f"regions: {error}") from error
    if regions and used["detections_topic"]:
        raise LaunchError("plates are where regions or detections_topic say: give one of them, not both")
    if camera != "none" and used["transport"] not in ("", "raw"):
        raise LaunchError(
            f"transport is {quoted(used['transport'])}, but the crops of {named} are raw: leave transport out"
        )
    return Request(
        camera=camera,
        named=named,
        namespace=used["namespace"],
        image_topics=topics,
        transport=used["transport"],
        model=used["model"],
        runtime=used["runtime"],
        params_file=Path(used["params_file"]),
        log_level=used["log_level"],
        device=used["device"],
        size=_size(used["width"], used["height"]),
        regions=regions,
        detections_topic=used["detections_topic"],
        detections=_one_of("detections", used["detections"], ("", *DETECTION_KINDS)),
        source=Path(used["source"]).expanduser().absolute() if used["source"] else None,
        rate=_number("rate", used["rate"], float, 0.0, 1000.0),
        loop=_is_true("loop", used["loop"]),
        web=_is_true("web", used["web"]),
        cropper_params_file=Path(used["cropper_params_file"]),
        unused=tuple(unused),
        has_own_params_file=used["params_file"] != default["params_file"],
        has_own_cropper_params_file=used["cropper_params_file"] != default["cropper_params_file"],
    )


def _camera(text: str, environment: Mapping[str, str]) -> tuple[str, str]:
    """Return the camera, and how it was chosen."""
    if text:
        return _one_of("camera", text, CAMERAS), f"camera:={text}"
    variable = environment.get(CAMERA_VARIABLE, "")
    if not variable:
        return "none", "camera:=none"
    camera = _CAMERA_OF_VARIABLE.get(variable)
    if camera is None:
        known = ", ".join(_CAMERA_OF_VARIABLE)
        raise LaunchError(
            f"the environment variable {CAMERA_VARIABLE} is {quoted(variable)}, expected one of {known}; "
            f"give camera:=none, mipi, usb or image to go without it"
        )
    return camera, f"camera:={camera} (from {CAMERA_VARIABLE}={variable})"


def _one_of(name: str, text: str, choices: tuple[str, ...]) -> str:
    if text not in choices:
        known = ", ".join(choice for choice in choices if choice)
        raise LaunchError(f"{name} is {quoted(text)}, expected one of {known}")
    return text


def _is_true(name: str, text: str) -> bool:
    return _one_of(name, text.lower(), ("true", "false")) == "true"


def _size(width: str, height: str) -> tuple[int, int] | None:
    if bool(width) != bool(height):
        given, missing = ("width", "height") if width else ("height", "width")
        raise LaunchError(f"{given} is given without {missing}: give both or neither")
    if not width:
        return None
    return (
        int(_number("width", width, int, 1, _MOST_PIXELS)),
        int(_number("height", height, int, 1, _MOST_PIXELS)),
    )


def _number(name: str, text: str, kind: Callable[[str], float], least: float, most: float) -> float:
    try:
        value = kind(text)
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        what = "a whole number" if kind is int else "a number"
        raise LaunchError(f"{name} is {quoted(text)}, expected {what} from {least} to {most}")
    return value
