"""Whole scenes on disk: pictures or a video to play as a camera, and the places of their plates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from lprnet_ros.images.camera_frame import Picture
from lprnet_ros.images.geometry import Point, Quad, upright_quad
from lprnet_ros.sources.labelled import (
    IMAGE_SUFFIXES,
    LabelledDataError,
    list_images,
    read_image,
    read_labelled,
    skipped_images,
)

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
    """

    name: str
    path: Path
    picture: Picture


class SceneSource:
    """A folder of pictures, one picture, or a video.

    Args:
        path: where it is.

    Attributes:
        rate: frames per second of a video; None for pictures.

    Raises:
        LabelledDataError: there is nothing to play.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pictures: list[Path] | None = None
        self.rate: float | None = None
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
            video = cv2.VideoCapture(str(path))
            try:
                if not video.isOpened():
                    raise LabelledDataError(f"{path}: neither a picture nor a video that OpenCV can play")
                rate = video.get(cv2.CAP_PROP_FPS)
                self.rate = rate if 0 < rate <= 1000 else None
            finally:
                video.release()

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
        video = cv2.VideoCapture(str(self._path))
        try:
            while True:
                is_there, picture = video.read()
                if not is_there:
                    return
                yield Scene(self._path.name, self._path.resolve(), np.asarray(picture, np.uint8))
        finally:
            video.release()


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
