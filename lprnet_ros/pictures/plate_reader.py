"""The public Python API: plates out of files, folders, videos, bags and pictures in memory."""

from __future__ import annotations

import dataclasses
import os
import reprlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, overload

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.finding.finder import PlateFinder
from lprnet_ros.finding.found_plate import FoundPlate
from lprnet_ros.images.camera_frame import BgrFrame, Frame, Picture
from lprnet_ros.images.crop_shape import may_be_photograph, why_no_crop
from lprnet_ros.images.geometry import Box, Quad, bounding_box
from lprnet_ros.models.find import find_model
from lprnet_ros.pictures.found_reading import PADDINGS, read_crops, read_found
from lprnet_ros.pictures.picture_input import InputPicture, Pictures, pictures_of
from lprnet_ros.pictures.read_picture import ReadPicture
from lprnet_ros.reading.plate_kind import kinds_of
from lprnet_ros.reading.plate_reading import PlateReading, Seen, Verdict
from lprnet_ros.reading.recognizer import PlateRecognizer, ReadingRules
from lprnet_ros.sources.labelled import LabelledDataError

if TYPE_CHECKING:
    from lprnet_ros.consensus.vehicles import VehiclePlate

MODES = ("auto", "crop", "photo")
"""How a picture is read: as its size and its content suggest, as one plate, or searched for plates."""

_CLEARLY_SMALLER = 0.75
"""Share of a picture's width below which a plate found in it makes it a photograph."""

_LEAST_SEARCHED = 48
"""Pixels; in a crop less high than this there is no second plate to be read."""


class Finder(Protocol):
    """Finds the plates of a frame: a ``PlateFinder``, or what takes its place."""

    def find(self, frame: Frame, within: Sequence[Box] = ()) -> list[FoundPlate]:
        """Return the plates of a frame, best first."""
        ...

    def close(self) -> None:
        """Release what it holds."""
        ...


class PlateReader:
    """Reads plates from photographs, crops and videos.

    Whole pictures are searched for plates; the crop of one plate is read as it is.  Used with ``with``,
    or closed by ``close``.  One reader belongs to one thread.

    Args:
        model: model that reads: a file with its manifest beside it, or the name of a bundled or installed
            one; None is the bundled one for the runtime.  An opened ``PlateRecognizer`` is taken as it is.
        finder: the same for the model that finds; it is opened with the first picture that is searched.
        runtime: one of ``onnx``, ``hbm``, ``bpu``, ``simulator``, or ``auto``.
        mode: ``auto``, ``crop`` (every picture is one plate) or ``photo`` (every picture is searched).
        minimum_confidence: least confidence of an accepted reading, 0..1.
        kinds: names of the kinds of plates that are accepted, such as ``blue``; None is all.  A plate that
            is of another kind, or whose kind text and colour leave open, gets the verdict ``other_kind``.
        threads: CPU threads of the runtime, where it has any.
        paddings: room around a found plate, as a share of its width and height: at first, and again where
            the reading is unsure.

    Raises:
        ValueError: an argument is wrong, or there is no such model; ManifestError and SelfTestError are of
            this kind.
        RuntimeError: the runtime is not there or does not work.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | PlateRecognizer | None = None,
        *,
        finder: str | os.PathLike[str] | Finder | None = None,
        runtime: str = "auto",
        mode: str = "auto",
        minimum_confidence: float = 0.8,
        kinds: Iterable[str] | None = None,
        threads: int = 1,
        paddings: Sequence[float] = PADDINGS,
    ) -> None:
        self._mode = _checked(mode)
        is_named = isinstance(finder, (str, os.PathLike, type(None)))
        _expect("finder", finder, is_named or hasattr(finder, "find"), "a file, or the name of a model")
        _expect("minimum_confidence", minimum_confidence, _is_number(minimum_confidence, 0.0, 1.0), "0 to 1")
        _expect("threads", threads, isinstance(threads, int) and threads >= 0, "a whole number, at least 0")
        is_room = isinstance(paddings, Sequence) and all(_is_number(room, 0.0, 1.0) for room in paddings)
        _expect("paddings", paddings, is_room and len(paddings) > 0, "one or more shares from 0 to 1")
        self._runtime, self._threads, self._paddings = runtime, threads, tuple(paddings)
        self._finder_model = _path("finder", finder) if is_named else None
        self._finder: Finder | None = None if is_named else finder  # type: ignore[assignment]
        if isinstance(model, PlateRecognizer):
            self._recognizer = model
        else:
            rules = ReadingRules(minimum_confidence=minimum_confidence)
            self._recognizer = PlateRecognizer.open(
                _path("model", model), runtime, threads=threads, rules=rules
            )
        self._kinds = self._known_kinds(kinds)

    def __repr__(self) -> str:
        """Show which model reads, and how pictures are taken."""
        model = self._recognizer.manifest.path.name.removesuffix(".yaml")
        return f"<PlateReader {model}, mode {self._mode}, kinds {', '.join(self._kinds or ('all',))}>"

    def __enter__(self) -> PlateReader:
        """Return the reader."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the reader."""
        self.close()

    def close(self) -> None:
        """Release the networks."""
        self._recognizer.close()
        if self._finder is not None:
            self._finder.close()

    @overload
    def read(
        self, source: str | os.PathLike[str] | npt.NDArray[Any] | Sequence[Any], mode: str | None = None
    ) -> list[PlateReading]: ...
    @overload
    def read(self, source: Iterator[Any], mode: str | None = None) -> Iterator[PlateReading]: ...
    def read(self, source: Pictures, mode: str | None = None) -> list[PlateReading] | Iterator[PlateReading]:
        """Read all plates of a picture, or of many.

        Args:
            source: a path of a picture, a video, a bag or a folder; a numpy array, BGR, uint8, height x
                width x 3; a list of these; or an iterator of these, such as a camera's frames.
            mode: as of the class; None is the reader's own.

        Returns:
            One reading for each plate, accepted or not; ``seen`` says in which file or frame, and where.
            An iterator is read as far as the readings are asked for, everything else at once: of a long
            video take ``vehicles`` or ``pictures``.

        Raises:
            TypeError, ValueError: this is no picture, a file is missing, broken or no picture; or as of the
                class, where a finder is needed.
            RuntimeError: the runtime failed.
        """
        plates = _plates(self.pictures(source, mode))
        return plates if isinstance(source, Iterator) else list(plates)

    def pictures(self, source: Pictures, mode: str | None = None) -> Iterator[ReadPicture]:
        """Read one picture after the other, as they are asked for; a broken one does not stop the others.

        Args:
            source: as of ``read``.
            mode: as of the class; None is the reader's own.

        Returns:
            Each picture, or frame of a video, with its plates; one that cannot be read has a ``problem``.

        Raises:
            TypeError, ValueError, RuntimeError: as of ``read``.
        """
        how = self._mode if mode is None else _checked(mode)
        taken = pictures_of(source)
        return (self._read_one(one, how) for one in taken)

    def vehicles(self, source: Pictures, *, rate: float | None = None) -> Iterator[VehiclePlate]:
        """Read a video or a bag: one result for each vehicle, combined from all frames that show it.

        Args:
            source: a path of a video, a bag or a camera, or an iterator of frames.
            rate: frames a second, for frames that come without times.

        Returns:
            Each vehicle once it has gone: its ``reading``, when it was seen ``first`` and ``last`` (seconds;
            of bags the headers' stamps), and in how many frames (``crops``).  A vehicle that was read in one
            frame alone is left out.  The topics of a bag are told apart: ``reading.seen.topic``.

        Raises:
            TypeError, ValueError, RuntimeError: as of ``read``; or frames have no times and no rate is given.
                Frames that cannot be read are left out, and the error comes after the last vehicle.
        """
        return self.vehicles_in(self.pictures(source), rate=rate)

    def vehicles_in(
        self, pictures: Iterable[ReadPicture], *, rate: float | None = None
    ) -> Iterator[VehiclePlate]:
        """Combine what ``pictures`` gave, as ``vehicles`` does: for whoever needs the frames as well."""
        from lprnet_ros.pictures.vehicles_seen import vehicles_of  # noqa: PLC0415 - few need it: 20 ms

        is_rate = rate is None or _is_number(rate, 1e-6, 1e6)
        _expect("rate", rate, is_rate, "frames a second, more than 0")
        seen = vehicles_of(pictures, self._recognizer.rules, self._recognizer.manifest.syntax, rate)
        return (dataclasses.replace(one, reading=self._of_asked_kind(one.reading)) for one in seen)

    def _known_kinds(self, kinds: Iterable[str] | None) -> tuple[str, ...] | None:
        """Check names of kinds against those that the model's syntax knows."""
        if kinds is None:
            return None
        syntax = self._recognizer.manifest.syntax
        known = [kind.name for kind in kinds_of(syntax.name)] if syntax is not None else []
        asked = [kinds] if isinstance(kinds, str) else list(kinds) if isinstance(kinds, Iterable) else []
        is_right = bool(asked) and all(kind in known for kind in asked)
        _expect(
            "kinds", kinds, is_right, f"one or more of {', '.join(known) or 'none: the model has no kinds'}"
        )
        return tuple(dict.fromkeys(asked))

    def _of_asked_kind(self, reading: PlateReading) -> PlateReading:
        if self._kinds is None or not reading.accepted or reading.kind in self._kinds:
            return reading
        return dataclasses.replace(reading, verdict=Verdict.OTHER_KIND)

    def _read_one(self, taken: InputPicture, mode: str) -> ReadPicture:
        plates: list[PlateReading] = []
        if taken.picture is not None:
            plates = [
                dataclasses.replace(
                    self._of_asked_kind(plate),
                    seen=dataclasses.replace(
                        plate.seen,
                        file=taken.file,
                        frame=taken.frame,
                        seconds=taken.seconds,
                        topic=taken.topic,
                    ),
                )
                for plate in self._plates_of(taken.picture, mode)
            ]
        return ReadPicture(**vars(taken), plates=tuple(plates))

    def _plates_of(self, picture: Picture, mode: str) -> list[PlateReading]:
        """Read a picture; one that may be a crop is taken for one where no clearly smaller plate is in it.

        Crops are small: those are searched only if nothing is accepted, since they may be cut too wide.
        """
        height, width = picture.shape[:2]
        is_photo = mode == "photo" or (mode == "auto" and why_no_crop(width, height) != "")
        if is_photo or (mode == "auto" and may_be_photograph(width, height)):
            found = self._search(picture)
            if is_photo or any(_width(plate) < _CLEARLY_SMALLER * width for plate in found):
                return found
        readings = read_crops(self._recognizer, [picture], [Seen()])
        if mode == "auto" and not readings[0].accepted and _LEAST_SEARCHED <= height < width:
            found = self._search(picture, surroundings=True)
            if any(plate.accepted for plate in found):
                return found
        return readings

    def _search(self, picture: Picture, *, surroundings: bool = False) -> list[PlateReading]:
        """Find and read; ``surroundings`` are drawn where plates may be larger than the finder expects."""
        if self._finder is None:
            self._finder = PlateFinder.open(self._finder_model, self._runtime, threads=self._threads)
        frame = BgrFrame(lambda: picture)
        if surroundings:
            down, across = picture.shape[:2]
            sides = (down, down, across, across)
            larger = cv2.copyMakeBorder(picture, *sides, cv2.BORDER_CONSTANT, value=(128, 128, 128))
            found = self._finder.find(BgrFrame(lambda: np.asarray(larger, np.uint8)))
            found = [dataclasses.replace(one, quad=_moved(one.quad, -across, -down)) for one in found]
        else:
            found = self._finder.find(frame)
        return read_found(self._recognizer, frame, found, self._paddings)


def _plates(pictures: Iterable[ReadPicture]) -> Iterator[PlateReading]:
    for one in pictures:
        if one.problem:
            raise LabelledDataError(one.problem)
        yield from one.plates


def _moved(quad: Quad, across: float, down: float) -> Quad:
    first, second, third, fourth = ((x + across, y + down) for x, y in quad)
    return first, second, third, fourth


def _width(plate: PlateReading) -> float:
    return bounding_box(plate.quad).width if plate.quad is not None else 0.0


def _checked(mode: str) -> str:
    _expect("mode", mode, mode in MODES, f"one of {', '.join(MODES)}")
    return mode


def _is_number(value: object, least: float, most: float) -> bool:
    return isinstance(value, (int, float, np.number)) and bool(least <= value <= most)


def _expect(name: str, value: object, is_right: bool, expected: str) -> None:
    if not is_right:
        raise ValueError(f"{name} is {reprlib.repr(value)}, expected {expected}")


def _path(name: str, model: object) -> Path | None:
    if model is None:
        return None
    is_path = isinstance(model, (str, os.PathLike))
    _expect(name, model, is_path, "a file, or the name of a model")
    return find_model(os.fspath(model))  # type: ignore[call-overload]
