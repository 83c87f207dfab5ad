"""Pictures or a video instead of a camera: ``frame_player``, on any machine with ROS 2."""

from __future__ import annotations

from pathlib import Path

from lprnet_ros.launching.plan import Camera, LaunchError, Program
from lprnet_ros.launching.request import Request
from lprnet_ros.ros.parameters.parameter import ParameterValue
from lprnet_ros.sources.labelled import LabelledDataError, list_images
from lprnet_ros.sources.scenes import SceneSource, read_plates

FRAMES_TOPIC = "frame_player/image"
DETECTIONS_TOPIC = "frame_player/detections"
LABELS_NAME = "labels.csv"

_QUEUE_DEPTH = 10
"""As the player publishes: its frames may wait, instead of being lost."""


def find_labels(request: Request) -> Path | None:
    """Return the labels beside the source, or None where there are none.

    Args:
        request: what the user asks for.

    Raises:
        LaunchError: there is nothing to play, or the labels are of other pictures or cannot be read.
    """
    source = _checked_source(request)
    path = (source if source.is_dir() else source.parent) / LABELS_NAME
    if not path.is_file():
        return None
    try:
        labelled = set(read_plates(path))
    except LabelledDataError as error:
        raise LaunchError(f"source: {error}") from error
    pictures = {one.resolve() for one in list_images(source)} if source.is_dir() else {source.resolve()}
    if not labelled & pictures:
        raise LaunchError(f"{path} labels nothing of {source}: correct its column file, or give regions:=")
    return path


def image_camera(request: Request, labels: Path | None, kind: str) -> Camera:
    """Plan the player.

    JPEG, because the page shows nothing else, and because frames of more than 512 kB are lost or
    late over the shared memory that Fast DDS has by default.

    Args:
        request: what the user asks for.
        labels: played as detections, or None.
        kind: type of the detections.

    Raises:
        LaunchError: there is nothing to play.
    """
    parameters: dict[str, ParameterValue] = {
        "source": str(_checked_source(request)),
        "rate": request.rate,
        "loop": request.loop,
        "encoding": "jpeg",
    }
    if labels is not None:
        parameters |= {"labels": str(labels), "detections": kind}
    player = Program(
        "frame_player",
        parameters=parameters,
        remappings=(("image", FRAMES_TOPIC), ("detections", DETECTIONS_TOPIC)),
        may_finish=True,
    )
    return Camera(
        steps=(player,),
        topic=FRAMES_TOPIC,
        transport="compressed",
        reader={"qos_profile": "reliable", "queue_depth": _QUEUE_DEPTH},
        page_topic=FRAMES_TOPIC,
    )


def _checked_source(request: Request) -> Path:
    if request.source is None:
        raise LaunchError(f"{request.named} needs source:= with a folder of pictures, a picture or a video")
    try:
        SceneSource(request.source)
    except LabelledDataError as error:
        raise LaunchError(f"source {error}; give a folder of pictures, a picture or a video") from error
    return request.source
