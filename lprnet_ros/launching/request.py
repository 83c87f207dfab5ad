"""What the user asks a launch for: the texts of its arguments, read and checked."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lprnet_ros.cropping.regions import RegionError, parse_regions
from lprnet_ros.launching.arguments import CAMERA_VARIABLE, CAMERAS, Argument
from lprnet_ros.launching.plan import LaunchError
from lprnet_ros.text.escaping import quoted

_CAMERA_OF_VARIABLE = {"usb": "usb", "mipi": "mipi", "fb": "image"}
"""What TROS's own launch files take; fb is their player of pictures."""

_DETECTION_KINDS = ("targets", "detection_2d_array")
_MOST_PIXELS = 16384


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
        detections: targets or detection_2d_array, or empty.
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
    for name, text in values.items():
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise LaunchError(f"{name} is {quoted(text)}, which is no UTF-8: rename it")
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
        detections=_one_of("detections", used["detections"], ("", *_DETECTION_KINDS)),
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
