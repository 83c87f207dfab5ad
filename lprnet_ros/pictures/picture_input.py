"""What a user hands in, as one picture after the other: files, folders, videos, bags, arrays, rows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.images.camera_frame import Picture
from lprnet_ros.images.conversion import LONGEST_SIDE
from lprnet_ros.sources.bags import BagPicture, BagSource, is_bag
from lprnet_ros.sources.connected_camera import camera_frames, is_camera
from lprnet_ros.sources.labelled import LabelledDataError, read_image
from lprnet_ros.sources.piped import piped_pictures
from lprnet_ros.sources.scenes import VIDEO_SUFFIXES, SceneSource, list_media

Pictures: TypeAlias = "str | os.PathLike[str] | npt.NDArray[Any] | Iterable[Any]"
"""A path of a picture, a folder, a video, a bag or a camera; a picture in memory; or any row of these."""

_EXPECTED = "a path, a picture (a numpy array, BGR, uint8, height x width x 3) or an iterable of these"
_TO_BGR = {1: cv2.COLOR_GRAY2BGR, 4: cv2.COLOR_BGRA2BGR}


@dataclass(frozen=True)
class InputPicture:
    """One picture, or why there is none.

    Attributes:
        picture: BGR, uint8, height x width x 3; None where it could not be read.
        file: its path, or that of its video, bag or camera; empty for a picture in memory.
        frame: its number within the video, the topic or the row that was handed in, from 0.
        seconds: since the video's beginning; since 1970 for bags and cameras; None for pictures.
        problem: why there is no picture; empty where there is one.
        topic: of a bag's picture.
    """

    picture: Picture | None
    file: str = ""
    frame: int = 0
    seconds: float | None = None
    problem: str = ""
    topic: str = ""


def is_recording(path: Path) -> bool:
    """Tell whether a path gives frames with their times: a video, a bag or a camera."""
    return (is_video(path) and path.is_file()) or is_bag(path) or is_camera(path)


def is_video(path: Path) -> bool:
    """Tell by its name whether a file is a video."""
    return path.suffix.lower() in VIDEO_SUFFIXES


def pictures_of(source: Pictures) -> Iterator[InputPicture]:
    """Return what a user handed in, read one after the other as they are asked for.

    Raises:
        TypeError, ValueError: it is nothing that could be read; at once, or where in a row it comes.
    """
    if isinstance(source, (str, os.PathLike)):
        if not os.fspath(source):
            raise ValueError("the path is empty")
        return _of_path(Path(source))
    if isinstance(source, np.ndarray) and source.ndim != 4:
        return iter([InputPicture(as_bgr(source))])
    if isinstance(source, Iterable) and not isinstance(source, (bytes, bytearray, dict)):
        return _of_row(source)
    raise _refusal(source)


def as_bgr(picture: Any) -> Picture:
    """Return a picture in memory as BGR; grey and transparent ones are converted.

    Raises:
        TypeError, ValueError: it is no picture.
    """
    if not isinstance(picture, np.ndarray):
        raise _refusal(picture)
    channels = picture.shape[2] if picture.ndim == 3 else 1 if picture.ndim == 2 else 0
    is_picture = picture.dtype == np.uint8 and channels in (1, 3, 4) and picture.size > 0
    if not is_picture or max(picture.shape) > LONGEST_SIDE:
        raise ValueError(
            "a picture is a numpy array, BGR, uint8, height x width x 3, with sides of at most "
            f"{LONGEST_SIDE:,} pixels; got {picture.dtype}, "
            f"{' x '.join(map(str, picture.shape)) or 'a single number'}"
        )
    if channels == 3:
        return picture
    return np.asarray(cv2.cvtColor(picture, _TO_BGR[channels]), np.uint8)


def bag_pictures(path: Path, topics: Sequence[str] = ()) -> Iterator[InputPicture]:
    """Return the pictures of a bag; topics choose among those that hold pictures."""
    file = str(path)
    try:
        for one in BagSource(path, topics).pictures():
            yield _of_message(one, file)
    except LabelledDataError as error:
        yield InputPicture(None, file, problem=str(error))


def _of_message(one: BagPicture | LabelledDataError, file: str) -> InputPicture:
    if isinstance(one, LabelledDataError):
        return InputPicture(None, file, problem=str(one))
    try:
        return InputPicture(one.picture(), file, one.number, one.seconds(), topic=one.topic)
    except LabelledDataError as error:
        return InputPicture(None, file, one.number, problem=f"{file}: {error}", topic=one.topic)


def camera_pictures(path: Path, is_ended: Callable[[], bool] = lambda: False) -> Iterator[InputPicture]:
    """Return the frames of a camera, until it is asked to end."""
    try:
        for number, (seconds, picture) in enumerate(camera_frames(path, is_ended)):
            yield InputPicture(picture, str(path), number, seconds)
    except LabelledDataError as error:
        yield InputPicture(None, str(path), problem=str(error))


def stdin_pictures(stream: BufferedReader) -> Iterator[InputPicture]:
    """Return the pictures that come from a pipe, with ``-`` as their file."""
    for number, one in enumerate(piped_pictures(stream)):
        if isinstance(one, LabelledDataError):
            yield InputPicture(None, "-", number, problem=str(one))
        else:
            yield InputPicture(one, "-", number)


def _of_path(path: Path) -> Iterator[InputPicture]:
    is_folder = path.is_dir() and not is_bag(path)
    for file in list_media(path) if is_folder else [path]:
        if is_camera(file):
            yield from camera_pictures(file)
        elif is_bag(file):
            yield from bag_pictures(file)
        elif is_video(file) and file.is_file():
            yield from _of_video(file)
        else:
            yield _of_picture(file)


def _of_picture(file: Path) -> InputPicture:
    try:
        return InputPicture(read_image(file), str(file))
    except LabelledDataError as error:
        return InputPicture(None, str(file), problem=str(error))


def _of_video(path: Path) -> Iterator[InputPicture]:
    count = 0
    try:
        for scene in SceneSource(path).scenes():
            if isinstance(scene, LabelledDataError):
                raise scene
            yield InputPicture(scene.picture, str(path), scene.number, scene.seconds)
            count += 1
    except LabelledDataError as error:
        yield InputPicture(None, str(path), problem=str(error))
        return
    if not count:
        yield InputPicture(None, str(path), problem=f"{path}: no frame of this video can be decoded")


def _of_row(row: Iterable[Any]) -> Iterator[InputPicture]:
    for number, one in enumerate(row):
        if isinstance(one, (str, os.PathLike)):
            yield from pictures_of(one)
        elif isinstance(one, InputPicture):
            yield one
        else:
            yield InputPicture(as_bgr(one), frame=number)


def _refusal(value: object) -> TypeError:
    kind = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
    hint = "; pass its file, or numpy.asarray(picture.convert('RGB'))[:, :, ::-1]"
    return TypeError(
        f"no plates can be read from {kind}; expected {_EXPECTED}{hint if kind.startswith('PIL.') else ''}"
    )
