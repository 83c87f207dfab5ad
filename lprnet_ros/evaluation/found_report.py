"""What a finder found, by width, kind and source of the plates; and a sheet of its misses and false finds."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from lprnet_ros.evaluation.found import LabelledQuad, Matched, match_found
from lprnet_ros.finding.finder import PlateFinder
from lprnet_ros.images.camera_frame import BgrFrame, Picture
from lprnet_ros.images.drawing import draw_text
from lprnet_ros.images.geometry import Box, Quad, bounding_box, plate_width
from lprnet_ros.sources.labelled import read_image

_WIDTHS = (12, 20, 40, 80, 160)
"""Pixels of the network's input at which one class of widths ends and the next begins."""
_TILE = (240, 160)
"""Width and height of a place on the sheet, in pixels."""
_COLUMNS = 5
_MOST_TILES = 200
_SHADES = {"missed": (40, 80, 255), "false": (40, 220, 255)}
"""Blue, green, red; the head of each tile also says it in words."""


@dataclass(frozen=True)
class SearchedPicture:
    """A picture and what was found in it.

    Attributes:
        path: its file.
        scale: pixels of the network's input for each of its pixels.
        matched: found and labelled plates.
    """

    path: Path
    scale: float
    matched: Matched


def search_all(
    finder: PlateFinder, pictures: Mapping[Path, Sequence[LabelledQuad]]
) -> Iterator[SearchedPicture]:
    """Search labelled pictures; a broken one raises LabelledDataError."""
    spec = finder.manifest.input
    for path, plates in pictures.items():
        picture = read_image(path)
        scale = min(spec.width / picture.shape[1], spec.height / picture.shape[0])
        yield SearchedPicture(path, scale, match_found(plates, finder.find(_frame(picture))))


def found_tables(searched: Sequence[SearchedPicture]) -> dict[str, dict[str, Matched]]:
    """Return what was found of the plates of each width, kind and source, and of all.

    False finds have a width, but neither a kind nor a source of plates: they stand with their width, and
    with the source of their picture where all its plates are of one.
    """
    tables: dict[str, dict[str, Matched]] = {"all": {}, "width": {}, "kind": {}, "set": {}}
    for picture in searched:
        scale, matched = picture.scale, picture.matched
        _add(tables["all"], matched, lambda _: "all", "all")
        _add(tables["width"], matched, partial(_width_of, scale=scale))
        for plate in matched.false:
            _put(tables["width"], _width_class(plate_width(plate.quad) * scale), Matched(false=(plate,)))
        _add(tables["kind"], matched, lambda quad: quad.columns.get("kind", "-"))
        sources = {quad.columns.get("set", "-") for quad in _labelled(matched)}
        alone = next(iter(sources)) if len(sources) == 1 else "-"
        _add(tables["set"], matched, lambda quad: quad.columns.get("set", "-"), alone)
    return tables


def found_text(tables: Mapping[str, Mapping[str, Matched]], pictures: int) -> str:
    """Write the tables as lines of text."""
    lines = [f"{'':26}{'plates':>8}{'found':>8}{'recall':>9}{'false':>7}{'precision':>11}{'corners':>9}"]
    for title, groups in tables.items():
        for name, matched in sorted(groups.items()):
            plates = len(matched.hits) + len(matched.missed)
            label = name if title == "all" else f"{title} {name}"
            corners = f"{statistics.median(matched.corner_errors):9.2%}" if matched.hits else f"{'-':>9}"
            lines.append(
                f"{label:26}{plates:8}{len(matched.hits):8}{matched.recall:9.2%}{len(matched.false):7}"
                f"{matched.precision:11.2%}{corners}"
            )
    false = sum(len(matched.false) for matched in tables["all"].values())
    lines.append(f"false finds a picture: {false / max(1, pictures):.4f} ({pictures} pictures)")
    return "\n".join(lines)


def mistakes_sheet(searched: Iterable[SearchedPicture]) -> Picture | None:
    """Draw each missed plate and each false find in its surroundings; None where there is none."""
    tiles: list[Picture] = []
    for picture in searched:
        ones = [("missed", plate.quad, "") for plate in picture.matched.missed]
        ones += [("false", plate.quad, f" {plate.score:.2f}") for plate in picture.matched.false]
        image = read_image(picture.path) if ones else None
        for what, quad, score in ones:
            if image is not None and len(tiles) < _MOST_TILES:
                tiles.append(_tile(image, quad, f"{what}{score} {picture.path.stem}", _SHADES[what]))
    if not tiles:
        return None
    while len(tiles) % _COLUMNS:
        tiles.append(np.zeros_like(tiles[0]))
    rows = [np.hstack(tiles[start : start + _COLUMNS]) for start in range(0, len(tiles), _COLUMNS)]
    return np.asarray(np.vstack(rows), np.uint8)


def _tile(image: Picture, quad: Quad, title: str, shade: tuple[int, int, int]) -> Picture:
    around = bounding_box(quad).padded(1.0)
    taller = max(around.height, around.width * _TILE[1] / _TILE[0])
    box = Box(around.x, around.y - (taller - around.height) / 2, around.width, taller)
    x, y, width, height = box.pixels_in(image.shape[1], image.shape[0])
    scale = min(_TILE[0] / width, _TILE[1] / height)
    tile = np.zeros((_TILE[1], _TILE[0], 3), np.uint8)
    size = max(1, int(width * scale)), max(1, int(height * scale))
    tile[: size[1], : size[0]] = cv2.resize(image[y : y + height, x : x + width], size)
    corners = np.array([((px - x) * scale, (py - y) * scale) for px, py in quad])
    cv2.polylines(tile, [corners.round().astype(np.int32)], True, shade, 1, cv2.LINE_AA)
    cv2.rectangle(tile, (0, _TILE[1] - 17), _TILE, (0, 0, 0), -1)
    draw_text(tile, title, (2, _TILE[1] - 16), height=15, colour=shade)
    return tile


def _add(
    groups: dict[str, Matched], matched: Matched, name: Callable[[LabelledQuad], str], false: str = ""
) -> None:
    for hit in matched.hits:
        _put(groups, name(hit[0]), Matched(hits=(hit,)))
    for plate in matched.missed:
        _put(groups, name(plate), Matched(missed=(plate,)))
    if false and matched.false:
        _put(groups, false, Matched(false=matched.false))


def _put(groups: dict[str, Matched], name: str, matched: Matched) -> None:
    groups[name] = groups.get(name, Matched()) + matched


def _labelled(matched: Matched) -> list[LabelledQuad]:
    return [*(plate for plate, _ in matched.hits), *matched.missed]


def _width_of(plate: LabelledQuad, scale: float) -> str:
    return _width_class(plate_width(plate.quad) * scale)


def _width_class(width: float) -> str:
    """Name the class of a width, so that the names sort."""
    ends = [0, *_WIDTHS]
    place = max(index for index, end in enumerate(ends) if width >= end)
    last = f"{ends[place + 1]:3}" if place + 1 < len(ends) else "   "
    return f"{ends[place]:3} -{last} px"


def _frame(picture: Picture) -> BgrFrame:
    return BgrFrame(lambda: picture)
