"""Writes pictures and videos with what was read in them into a folder."""

from __future__ import annotations

from pathlib import Path, PurePath

import cv2

from lprnet_ros.pictures.annotation import annotate
from lprnet_ros.pictures.read_picture import ReadPicture

_JPEG_QUALITY = 92


class AnnotatedFiles:
    """A folder of annotated pictures; nothing in it is ever written twice in one run.

    Args:
        folder: is made where it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written: set[Path] = set()
        self._video: cv2.VideoWriter | None = None

    def write(self, one: ReadPicture, name: PurePath) -> None:
        """Write a picture.

        Args:
            one: the picture and its plates.
            name: of the file, possibly with folders; another suffix is taken where OpenCV cannot write it.

        Raises:
            OSError: it cannot be written, or it would overwrite the picture itself.
        """
        if one.picture is None:
            return
        suffix = name.suffix if name.suffix.lower() in (".jpg", ".jpeg", ".png", ".bmp", ".webp") else ".png"
        path = self._free(name.with_suffix(suffix), one.file)
        drawn = annotate(one.picture, one.plates)
        is_made, data = cv2.imencode(suffix.lower(), drawn, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
        if not is_made:
            raise OSError(
                f"{path}: OpenCV cannot write a picture of {drawn.shape[1]}x{drawn.shape[0]} pixels"
            )
        path.write_bytes(data.tobytes())

    def start_video(self, name: PurePath, file: str, rate: float, size: tuple[int, int]) -> None:
        """Begin a video; ``add_frame`` adds to it until ``end_video``.

        Raises:
            OSError: it cannot be written, or it would overwrite the video itself.
        """
        path = self._free(name.with_suffix(".mp4"), file)
        self._video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), rate, size)
        if not self._video.isOpened():
            raise OSError(f"{path}: this OpenCV cannot write a video of {size[0]}x{size[1]} pixels there")

    def add_frame(self, one: ReadPicture) -> None:
        """Add a frame to the video that was started."""
        if self._video is not None and one.picture is not None:
            self._video.write(annotate(one.picture, one.plates))

    def end_video(self) -> None:
        """End the video; does nothing where none was started."""
        if self._video is not None:
            self._video.release()
            self._video = None

    def _free(self, name: PurePath, source: str) -> Path:
        """Return where to write: beside a file of this run with the same name, never onto the source."""
        path, number = self._folder / name, 2
        while path in self._written:
            path, number = self._folder / name.with_stem(f"{name.stem}_{number}"), number + 1
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and Path(source).exists() and path.samefile(source):
            raise OSError(f"{path}: would be overwritten; annotate into another folder")
        self._written.add(path)
        return path
