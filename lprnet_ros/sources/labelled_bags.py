"""Labelled plate crops in bags: labelled by their frame_id, as plate_player writes it, or by a CSV."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lprnet_ros.plates.label import is_like_a_plate
from lprnet_ros.sources.bags import BagPicture, BagSource, is_bag
from lprnet_ros.sources.labelled import LabelledCrop, LabelledDataError, label_of_name, read_labelled

_MOST_BYTES = 1 << 31


@dataclass(frozen=True)
class BagCrop(LabelledCrop):
    """One crop of a bag and the plate on it.

    Attributes:
        message: that holds it, or why there is none.
    """

    message: BagPicture | LabelledDataError = field(default=LabelledDataError("no message"), compare=False)

    def read(self) -> npt.NDArray[np.uint8]:
        """Read the picture; as of ``LabelledCrop``."""
        if isinstance(self.message, LabelledDataError):
            raise self.message
        try:
            return self.message.picture()
        except LabelledDataError as error:
            raise LabelledDataError(f"{self.path}: {error}") from error


def read_labelled_crops(path: Path) -> list[LabelledCrop]:
    """List labelled crops as ``read_labelled`` does, also those of bags.

    Args:
        path: as of ``read_labelled``; its CSV may name bags, with the columns ``seconds`` (the stamp) and,
            where it is needed, ``topic``.  Or a bag whose frame_ids are names of pictures, such as
            ``京A12345_2.png``.

    Raises:
        LabelledDataError: as of ``read_labelled``, or a bag has no labels, or too many bytes.
    """
    if is_bag(path):
        return _by_frame_id(path)
    crops = read_labelled(path)
    for bag in {crop.path for crop in crops if "seconds" in crop.columns}:
        if is_bag(bag):
            there = _by_stamp(bag, {_key(crop) for crop in crops if crop.path == bag})
            crops = [_of_row(crop, there) if crop.path == bag else crop for crop in crops]
    return crops


def _by_frame_id(bag: Path) -> list[LabelledCrop]:
    crops: list[LabelledCrop] = []
    kept = 0
    for one in BagSource(bag).pictures():
        try:
            if isinstance(one, LabelledDataError):
                raise one
            label = label_of_name(Path(one.fields().frame_id))
            columns = {"topic": one.topic, "seconds": f"{one.seconds():.6f}"}
        except LabelledDataError as error:
            crops.append(BagCrop(bag, "", message=error))
            continue
        if is_like_a_plate(label):
            crops.append(BagCrop(_place(bag, columns), label, columns, message=one))
            kept = _checked(kept, one, bag)
    if not kept:
        raise LabelledDataError(
            f"{bag}: no frame_id in this bag is named by a plate, as plate_player names them; write a CSV "
            "with the columns file (the bag), seconds (the stamp), label and topic"
        )
    return crops


def _by_stamp(bag: Path, wanted: set[tuple[str, int]]) -> dict[tuple[str, int], BagPicture]:
    """Return the messages of a bag by topic and microseconds; by an empty topic those of any."""
    there: dict[tuple[str, int], BagPicture] = {}
    kept = 0
    for one in BagSource(bag).pictures():
        if isinstance(one, LabelledDataError):
            continue  # what a damaged bag lacks is named with its row
        with contextlib.suppress(LabelledDataError):
            stamp = round(one.seconds() * 1e6)
            near = {(topic, stamp + off) for topic in (one.topic, "") for off in (-1, 0, 1)}  # it is rounded
            for key in near & wanted:
                there[key] = one
                kept = _checked(kept, one, bag)
    return there


def _of_row(row: LabelledCrop, there: Mapping[tuple[str, int], BagPicture]) -> LabelledCrop:
    place = _place(row.path, row.columns)
    message = there.get(_key(row)) or LabelledDataError(f"{place}: no such message can be read")
    return BagCrop(place, row.label, row.columns, row.line, message)


def _key(row: LabelledCrop) -> tuple[str, int]:
    try:
        return row.columns.get("topic", ""), _microseconds(row.columns["seconds"])
    except (ValueError, OverflowError) as error:
        raise LabelledDataError(
            f"line {row.line}: seconds is {row.columns['seconds']!r}, expected a stamp such as 1795813868.25"
        ) from error


def _microseconds(seconds: str) -> int:
    return round(float(seconds) * 1e6)


def _place(bag: Path, columns: Mapping[str, str]) -> Path:
    return Path(f"{bag}#topic={columns.get('topic', '')}&t={columns['seconds']}")


def _checked(kept: int, one: BagPicture, bag: Path) -> int:
    kept += len(one.message.data)
    if kept > _MOST_BYTES:
        raise LabelledDataError(
            f"{bag}: more than {_MOST_BYTES >> 30} GiB of labelled pictures; only crops fit"
        )
    return kept
