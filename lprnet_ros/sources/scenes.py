"""Whole scenes on disk: pictures or a video, to read or to play, and the places of their plates."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from lprnet_ros.images.camera_frame import Picture
from lprnet_ros.images.geometry import Point, Quad, upright_quad
from lprnet_ros.sources.bags import BAG_SUFFIXES, is_bag
from lprnet_ros.sources.labelled import (
    IMAGE_SUFFIXES,
    LabelledDataError,
    list_files,
    list_images,
    read_image,
    read_labelled,
    skipped_images,
)

VIDEO_SUFFIXES = frozenset(
    (
        *(".mp4", ".avi", ".mkv", ".mov", ".webm", ".m4v", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".flv"),
        *(".wmv", ".3gp", ".asf", ".ogv", ".mjpeg", ".mjpg", ".h264", ".264", ".h265", ".265", ".hevc"),
    )
)
_FRAMES_A_SECOND = 25.0  # where a video does not say
_MOST_FRAMES, _LONGEST_SECONDS = 1 << 31, 1e6
_QUAD_COLUMNS = ("quad", "det_quad")


@dataclass(frozen=True)
class LabelledPlate:
    """One plate of a scene.

    Attributes:
        text: its characters.
        quad: its corners in pixels.
    """

    text: str
    quad: Quad


@dataclass(frozen=True)
class Scene:
    """One frame of a source.

    Attributes:
        name: the picture's path relative to the source, or the video's name.
        path: the file, as an absolute path.
        picture: BGR, uint8, height x width x 3.
        number: of the frame within its video, from 0.
        seconds: since the video's beginning; None for pictures.
    """

    name: str
    path: Path
    picture: Picture
    number: int = 0
    seconds: float | None = None


class SceneSource:
    """A folder of pictures, one picture, or a video.

    Args:
        path: where it is.

    Attributes:
        rate: frames per second of a video; None for pictures.
        frames: how many a video has, as its file says; None where it does not, and for pictures.

    Raises:
        LabelledDataError: there is nothing to play.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pictures: list[Path] | None = None
        self.rate: float | None = None
        self.frames: int | None = None
        if path.is_dir():
            self._pictures = list_images(path)
            if not self._pictures:
                skipped = skipped_images(path)
                raise LabelledDataError(
                    f"{path}: no pictures in this folder{'; ' if skipped else ''}{skipped}"
                )
        elif not path.is_file():
            raise LabelledDataError(f"{path}: no such folder or file")
        elif path.suffix.lower() in IMAGE_SUFFIXES - {".gif"}:  # which may be a video
            self._pictures = [path]
        else:
            with _opened(path) as video:
                rate = video.get(cv2.CAP_PROP_FPS)
                self.rate = rate if 0 < rate <= 1000 else None
                count = video.get(cv2.CAP_PROP_FRAME_COUNT)
                self.frames = int(count) if 0 < count < _MOST_FRAMES else None

    def scenes(self) -> Iterator[Scene | LabelledDataError]:
        """Yield all frames once; for a broken picture its error."""
        if self._pictures is None:
            yield from self._video_frames()
            return
        for path in self._pictures:
            try:
                picture = read_image(path)
            except LabelledDataError as error:
                yield error
                continue
            name = path.name if path == self._path else path.relative_to(self._path).as_posix()
            yield Scene(name, path.resolve(), picture)

    def _video_frames(self) -> Iterator[Scene]:
        path, last = self._path.resolve(), -1.0
        with _opened(self._path) as video:
            for number in itertools.count():
                is_there, picture = video.read()
                if not is_there:
                    return
                stamp = video.get(cv2.CAP_PROP_POS_MSEC) * 1e-3
                if not last < stamp < _LONGEST_SECONDS:  # some containers hold no times
                    stamp = max(0.0, last) + (1.0 / (self.rate or _FRAMES_A_SECOND) if number else 0.0)
                last = stamp
                yield Scene(self._path.name, path, np.asarray(picture, np.uint8), number, stamp)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[cv2.VideoCapture]:
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError as error:
        raise LabelledDataError(f"{path}: OpenCV opens videos by names in UTF-8 only; rename it") from error
    video = cv2.VideoCapture(str(path))
    try:
        if not video.isOpened():
            raise LabelledDataError(f"{path}: neither a picture nor a video that OpenCV can play")
        yield video
    finally:
        video.release()


def list_media(folder: Path) -> list[Path]:
    """List the pictures, videos and bags of a folder and its sub-folders, sorted by path.

    Raises:
        LabelledDataError: there are none, or a folder cannot be read.
    """
    files = list_files(folder, IMAGE_SUFFIXES | VIDEO_SUFFIXES | BAG_SUFFIXES)
    files = [each for each in files if each.suffix.lower() not in BAG_SUFFIXES or is_bag(each)]
    media = list(dict.fromkeys(each.parent if is_bag(each.parent) else each for each in files))
    if not media:
        skipped = skipped_images(folder)
        raise LabelledDataError(f"{folder}: no pictures in this folder{'; ' if skipped else ''}{skipped}")
    return media


def read_plates(path: Path) -> dict[Path, list[LabelledPlate]]:
    """Read where the plates of pictures are.

    Args:
        path: a CSV with the columns ``file`` (relative to the CSV), ``label``, and ``quad``
            or ``det_quad``: four corners ``x,y x,y x,y x,y`` in pixels, in any order.

    Returns:
        The plates of each picture, by its absolute path.

    Raises:
        LabelledDataError: it is missing, lacks a column, or holds an invalid quad.
    """
    plates: dict[Path, list[LabelledPlate]] = {}
    for row in read_labelled(path):
        text = next((row.columns[column] for column in _QUAD_COLUMNS if column in row.columns), None)
        if text is None:
            raise LabelledDataError(f"{path}: no column {' or '.join(_QUAD_COLUMNS)}")
        quad = upright_quad(_corners(text))
        if quad is None:
            raise LabelledDataError(f"{path}: {row.path.name} has the quad {text!r}, expected 4 corners x,y")
        plates.setdefault(row.path.resolve(), []).append(LabelledPlate(row.label, quad))
    return plates


def _corners(text: str) -> list[Point]:
    try:
        pairs = [[float(word) for word in pair.split(",")] for pair in text.split()]
    except ValueError:
        return []
    return [(pair[0], pair[1]) for pair in pairs if len(pair) == 2]
