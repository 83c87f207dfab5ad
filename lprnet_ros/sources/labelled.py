"""Labelled plate crops on disk: a folder or a CSV, and the split by plate.

Every accuracy of this project is measured on crops listed by this module, and the
trainer never uses a plate for which :func:`is_held_out` is true.
"""

from __future__ import annotations

import csv
import hashlib
import os
import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.images.conversion import LONGEST_SIDE
from lprnet_ros.images.picture_decoding import UndecodableError, decode_picture
from lprnet_ros.plates.label import is_like_a_plate, normalised_label

_PICTURE_SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".dib", ".webp", ".tif", ".tiff", ".gif", ".avif"),
    *(".jp2", ".ppm", ".pgm", ".pbm", ".pnm", ".pam", ".sr", ".ras", ".heic", ".heif"),
)
_OF_JPEG = frozenset({".jfif"})  # OpenCV reads such files, and writes none
IMAGE_SUFFIXES = _OF_JPEG.union(suffix for suffix in _PICTURE_SUFFIXES if cv2.haveImageWriter(suffix))
"""What this OpenCV reads: it cannot be asked by name, but writes no kind that it does not read."""

_MOST_NAMED = 3
HELD_OUT_PARTS = 6
"""One plate in six is not used for training."""

SPLITS = ("all", "training", "held-out", "calibration", "test")
"""Subsets of the plates; see ``is_in_split``."""


class LabelledDataError(ValueError):
    """A data set on disk is invalid; the message says what is wrong and where."""


@dataclass(frozen=True)
class LabelledCrop:
    """One crop and the plate on it.

    Attributes:
        path: the image file.
        label: the plate's text, as ``normalised_label`` spells it; empty if the picture shows no plate.
        columns: the other columns of its CSV row, by name.
        line: of its CSV, from 1; 0 where there is none.
    """

    path: Path
    label: str
    columns: Mapping[str, str] = field(default_factory=dict)
    line: int = field(default=0, compare=False)

    @property
    def is_labelled(self) -> bool:
        """Whether someone said what it shows: a CSV did, and a file name such as ``1.jpg`` did not."""
        return self.line > 0 or not self.label or is_like_a_plate(self.label)

    def group(self, column: str) -> str:
        """Return the value of a column, for grouping.

        Raises:
            LabelledDataError: the data has no such column.
        """
        if column not in self.columns:
            known = ", ".join(sorted(self.columns)) or "none"
            raise LabelledDataError(f"{self.path} has no column {column!r}; columns: {known}")
        return self.columns[column]

    def read(self) -> npt.NDArray[np.uint8]:
        """Read the picture.

        Returns:
            BGR, uint8, height x width x 3.

        Raises:
            LabelledDataError: the file is missing, not a picture, or too damaged.
        """
        return read_image(self.path)


def read_image(path: Path) -> npt.NDArray[np.uint8]:
    """Read an image file as BGR, uint8, height x width x 3.

    Raises:
        LabelledDataError: the file is missing, not a picture, too damaged or too large.
    """
    if not path.is_file():
        raise LabelledDataError(_why_no_file(path))
    try:
        data = path.read_bytes()  # cv2.imread ends the process if a name is not UTF-8
        if not data:
            raise LabelledDataError(f"{path}: the file is empty")
        picture = decode_picture(np.frombuffer(data, np.uint8))
    except OSError as error:
        raise LabelledDataError(f"{path}: cannot be read ({error.strerror})") from error
    except UndecodableError as error:
        raise LabelledDataError(f"{path}: {error}") from error
    if max(picture.shape) > LONGEST_SIDE:
        size = f"{picture.shape[1]}x{picture.shape[0]}"
        raise LabelledDataError(f"{path}: {size} pixels, expected sides of at most {LONGEST_SIDE:,}")
    return picture


def list_images(folder: Path) -> list[Path]:
    """List the image files of a folder and its sub-folders, sorted by path.

    Those of a kind that this OpenCV cannot read are left out; see ``skipped_images``.

    Raises:
        LabelledDataError: the folder, or one in it, cannot be read.
    """
    return list_files(folder, IMAGE_SUFFIXES)


def list_files(folder: Path, suffixes: Container[str]) -> list[Path]:
    """List the files of a folder and its sub-folders with one of some suffixes, in small letters.

    Raises:
        LabelledDataError: the folder, or one in it, cannot be read.
    """
    return [path for path in _files(folder) if path.suffix.lower() in suffixes]


def _files(folder: Path) -> list[Path]:
    """List what lies in a folder and its sub-folders but is none itself: pipes and dead links as well."""

    def refuse(error: OSError) -> None:
        raise LabelledDataError(f"{error.filename}: the folder cannot be read ({error.strerror})") from error

    return sorted(Path(root, name) for root, _, names in os.walk(folder, onerror=refuse) for name in names)


def _why_no_file(path: Path) -> str:
    address = re.match(r"([a-z][a-z0-9+.-]+:/)(.*)", str(path), re.IGNORECASE | re.DOTALL)
    if address:  # of its slashes a Path keeps one
        whole = f"{address[1]}/{address[2]}"
        return f"{whole}: is an address; only files are read: download it first"
    if path.exists():
        return f"{path}: {'a folder' if path.is_dir() else 'a pipe or a device; only files are read'}"
    return f"{path}: no such file"


def skipped_images(folder: Path) -> str:
    """Name the image files of a folder that ``list_images`` leaves out.

    Returns:
        A sentence without full stop; empty where there are none.
    """
    left_out = set(_PICTURE_SUFFIXES) - IMAGE_SUFFIXES
    names = [str(p.relative_to(folder)) for p in _files(folder) if p.suffix.lower() in left_out]
    if not names:
        return ""
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return (
        f"left out, since OpenCV {cv2.__version__} cannot read such files: {', '.join(names[:_MOST_NAMED])}"
        f"{more}; convert them to PNG"
    )


def read_labelled(path: Path) -> list[LabelledCrop]:
    """List labelled crops.

    Args:
        path: a CSV with the columns ``file`` (relative to the CSV) and
            ``label``; or a folder of images, labelled by the stem of their file
            names up to the first ``_`` or ``-``.  Labels are normalised.

    Returns:
        The crops, in the CSV's order or sorted by path.

    Raises:
        LabelledDataError: the path does not exist, holds no crop, or the CSV lacks a column.
    """
    if path.is_dir():
        crops = [LabelledCrop(p, label_of_name(p)) for p in list_images(path)]
    elif path.is_file():
        crops = _read_csv(path)
    else:
        raise LabelledDataError(f"{path}: neither a folder nor a CSV file")
    if not crops:
        skipped = skipped_images(path) if path.is_dir() else ""
        raise LabelledDataError(f"{path}: no labelled crops in it{'; ' if skipped else ''}{skipped}")
    return crops


def label_of_name(path: Path) -> str:
    """Return the label in the name of a picture: up to the first ``_`` or ``-``, normalised."""
    return normalised_label(re.split("[_-]", path.stem)[0])


def _read_csv(path: Path) -> list[LabelledCrop]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            missing = {"file", "label"} - set(reader.fieldnames or ())
            if missing:
                raise LabelledDataError(f"{path}: no column {' or '.join(sorted(missing))}")
            return [_crop_of_row(path, reader.line_num, row) for row in reader]
    except UnicodeDecodeError as error:
        raise LabelledDataError(f"{path}: not a CSV in UTF-8 ({error})") from error
    except (OSError, csv.Error) as error:
        raise LabelledDataError(f"{path}: not a readable CSV ({error})") from error


def _crop_of_row(path: Path, line: int, row: dict[str | Any, str | Any]) -> LabelledCrop:
    if None in row or None in row.values():
        raise LabelledDataError(f"{path}, line {line}: has not as many fields as the first line")
    return LabelledCrop(
        path.parent / row["file"],
        normalised_label(row["label"]),
        {name: value for name, value in row.items() if name not in ("file", "label")},
        line,
    )


def is_held_out(label: str, parts: int = HELD_OUT_PARTS) -> bool:
    """Tell whether a plate belongs to the held-out split, ``plate-sha256/6``.

    The split is by plate, not by picture: every crop of a plate is on the same side,
    whatever data set it is in.

    Args:
        label: the plate's text.
        parts: one plate in this many is held out.
    """
    return _number(label) % parts == 0


def is_for_calibration(label: str) -> bool:
    """Tell which half of the held-out plates a plate belongs to.

    The confidence is fitted to the calibration half; nothing is ever fitted to the
    other one, the test half.

    Args:
        label: text of a held-out plate.
    """
    return _number(label) % (2 * HELD_OUT_PARTS) == 0


def is_in_split(label: str, split: str) -> bool:
    """Tell whether a plate belongs to a split.

    Args:
        label: the plate's text.
        split: ``all``; ``training`` or ``held-out``, which together are all plates; or
            ``calibration`` or ``test``, which together are the held-out ones.

    Raises:
        ValueError: there is no such split.
    """
    if split not in SPLITS:
        raise ValueError(f"split is {split!r}, expected one of {', '.join(SPLITS)}")
    if split == "all":
        return True
    if not is_held_out(label) or split == "training":
        return split == "training" and not is_held_out(label)
    return split == "held-out" or is_for_calibration(label) == (split == "calibration")


def select(crops: Iterable[LabelledCrop], split: str, without: Iterable[str]) -> list[LabelledCrop]:
    """Select crops.

    Args:
        crops: all of them.
        split: one of ``SPLITS``.
        without: ``COLUMN=PATTERN`` rules; crops that match one are left out.

    Raises:
        LabelledDataError: a rule is malformed or names an unknown column.
    """
    rules = []
    for rule in without:
        column, equals, pattern = rule.partition("=")
        if not equals:
            raise LabelledDataError(f"--without {rule}: expected COLUMN=PATTERN")
        rules.append((column, pattern))
    return [
        crop
        for crop in crops
        if is_in_split(crop.label, split)
        and not any(fnmatch(crop.group(column), pattern) for column, pattern in rules)
    ]


def _number(label: str) -> int:
    return int.from_bytes(hashlib.sha256(label.encode("utf-8")).digest()[:8], "big")
