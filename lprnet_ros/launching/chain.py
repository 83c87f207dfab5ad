"""The whole chain: camera, ``plate_cropper``, ``lpr_node``, page; or ``lpr_node`` alone."""

from __future__ import annotations

from pathlib import Path

from lprnet_ros.launching.mipi import mipi_camera
from lprnet_ros.launching.parameter_file import read_parameter_file
from lprnet_ros.launching.plan import Camera, LaunchError, Plan, Program, Step, absolute
from lprnet_ros.launching.request import Request
from lprnet_ros.launching.tros import Installation, web_page
from lprnet_ros.launching.usb import usb_camera
from lprnet_ros.models.find import find_model
from lprnet_ros.models.load import load_manifest
from lprnet_ros.models.manifest import ManifestError
from lprnet_ros.ros.parameters.parameter import ParameterValue

CROPS_TOPIC = "plate_cropper/crops"
EMPTY_FRAMES_TOPIC = "plate_cropper/empty_frames"
TARGETS_TOPIC = "lpr_node/targets"
_QUEUE_DEPTH = 64
"""All crops of a frame come at once; lpr_node's usual 5 would drop some of a frame with many plates."""

_MESSAGES = {"targets": "ai_msgs", "detection_2d_array": "vision_msgs"}

Parameters = dict[str, ParameterValue]


def make_plan(request: Request, installation: Installation, config: Path, *, namespace: str = "") -> Plan:
    """Plan what is started, and make sure that all of it is there.

    Args:
        request: what the user asks for.
        installation: what is installed.
        config: folder of ``lpr.yaml`` and ``cropper.yaml``.
        namespace: of all that the launch was included in.

    Raises:
        LaunchError: something is missing or makes no sense; nothing should be started then.
    """
    set_for_reader = read_parameter_file(
        request.params_file, argument="params_file", example=config / "lpr.yaml", node="lpr_node"
    )
    reader = _given_to_reader(request)
    if request.camera == "none":
        return Plan((Program("lpr_node", request.params_file, reader, must_live=False),))
    _check_model(request)
    set_for_cropper = read_parameter_file(
        request.cropper_params_file,
        argument="cropper_params_file",
        example=config / "cropper.yaml",
        node="plate_cropper",
    )
    # the files beside the launch file hold defaults of nodes that stand alone: a camera's fit better
    if not request.has_own_params_file:
        set_for_reader = {}
    if not request.has_own_cropper_params_file:
        set_for_cropper = {}
    camera, where, remappings = _source_of_plates(request, installation, set_for_cropper)
    cropper: Parameters = {
        **{name: value for name, value in camera.reader.items() if name not in set_for_cropper},
        "transport": camera.transport,
        **where,
    }
    reader |= {
        "image_topics": [*request.image_topics, CROPS_TOPIC],
        "transport": "raw",
        "empty_frames_topic": EMPTY_FRAMES_TOPIC,
    }
    if "queue_depth" not in set_for_reader:
        reader["queue_depth"] = _QUEUE_DEPTH
    if "qos_profile" not in set_for_reader and not request.image_topics:
        reader["qos_profile"] = "reliable"  # as the cropper publishes; other publishers may not be
    steps: list[Step] = [
        *camera.steps,
        Program(
            "plate_cropper",
            request.cropper_params_file,
            cropper,
            remappings=(("image", camera.topic), *remappings),
        ),
        Program("lpr_node", request.params_file, reader),
    ]
    messages = [*camera.messages, *_messages_of(where)]
    wanted_by = request.named
    if request.web:
        wanted_by += " with web:=true"
        messages.append("ai_msgs")
        reader["outputs"] = "auto"  # with ai_msgs that is targets too, whatever the file says
        space = absolute(namespace, request.namespace)
        page = web_page(absolute(space, camera.page_topic), absolute(space, TARGETS_TOPIC))
        steps[len(camera.steps) : len(camera.steps)] = camera.page_steps
        steps.append(page)
    plan = Plan(tuple(steps), tuple(dict.fromkeys(messages)))
    installation.check(wanted_by, plan.includes, plan.messages)
    return plan


def _check_model(request: Request) -> None:
    """Make sure that the model of ``model:=`` can be read: a camera without a reader is of no use.

    With ``camera:=none`` lpr_node says the same, and waits for a lifecycle manager to try again.
    """
    if request.model:
        try:
            load_manifest(find_model(request.model)).verify_file()
        except ManifestError as error:
            raise LaunchError(f"model: {error}") from error


def _given_to_reader(request: Request) -> Parameters:
    """Return the parameters of lpr_node that launch arguments set."""
    texts = {"transport": request.transport, "model": request.model, "runtime": request.runtime}
    given: Parameters = {name: text for name, text in texts.items() if text}
    if request.image_topics:
        given["image_topics"] = list(request.image_topics)
    return given


def _source_of_plates(
    request: Request, installation: Installation, set_for_cropper: dict[str, object]
) -> tuple[Camera, Parameters, tuple[tuple[str, str], ...]]:
    """Plan the camera, and who tells where plates are: the user, a detector or labels.

    Returns:
        The camera; plate_cropper's parameters and remappings.
    """
    where: Parameters = {}
    remappings: tuple[tuple[str, str], ...] = ()
    has_regions = any(_texts(set_for_cropper.get("regions")))
    has_detector = set_for_cropper.get("detections", "none") != "none"
    kind = request.detections or (str(set_for_cropper["detections"]) if has_detector else "")
    if request.regions:
        where = {"regions": list(request.regions), "detections": "none"}
    elif request.detections_topic:
        where = {"regions": [""], "detections": kind or "targets"}
        remappings = (("detections", request.detections_topic),)
    elif request.camera == "image" and not has_regions:
        return _labelled_images(request, installation, kind, is_needed=not has_detector)
    elif not (has_regions or has_detector):
        raise LaunchError(_nobody_tells(request))
    return _camera(request), where, remappings


def _labelled_images(
    request: Request, installation: Installation, kind: str, *, is_needed: bool
) -> tuple[Camera, Parameters, tuple[tuple[str, str], ...]]:
    """Plan a player whose labels tell where plates are."""
    # OpenCV takes its time to load, and the cameras do without it
    from lprnet_ros.launching.image import DETECTIONS_TOPIC, find_labels, image_camera  # noqa: PLC0415

    labels = find_labels(request)
    if labels is None:
        if is_needed:
            raise LaunchError(_nobody_tells(request, ", or put a labels.csv with quads beside the source"))
        return image_camera(request, None, kind), {}, ()
    if not kind:
        # targets know corners; vision_msgs is what a PC can install
        kind = "targets" if installation.has_messages("ai_msgs") else "detection_2d_array"
    where: Parameters = {"regions": [""], "detections": kind}
    return image_camera(request, labels, kind), where, (("detections", DETECTIONS_TOPIC),)


def _camera(request: Request) -> Camera:
    if request.camera == "mipi":
        return mipi_camera(request)
    if request.camera == "usb":
        return usb_camera(request)
    from lprnet_ros.launching.image import image_camera  # noqa: PLC0415

    return image_camera(request, None, "")


def _messages_of(where: Parameters) -> list[str]:
    package = _MESSAGES.get(str(where.get("detections", "")))
    return [package] if package is not None else []


def _nobody_tells(request: Request, otherwise: str = "") -> str:
    return (
        f"{request.named} needs to know where plates are: give regions:=, or detections_topic:= of a "
        f"detector{otherwise}"
    )


def _texts(value: object) -> list[str]:
    return [str(text).strip() for text in value] if isinstance(value, list) else []
