"""What the kinds of plates look like: size, cells of the characters, colours.

Kinds are data beside the syntax: ``kinds/ga36.yaml`` goes with ``syntaxes/ga36.yaml``: the plates that the
bundled networks read; ``ga36_all`` are all that there are.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from lprnet_ros.text.fields import Fields, read_yaml

_FOLDER = Path(__file__).parent / "kinds"
_LAYOUT_FIELDS = ("size", "rows", "separator", "separator_shape", "lettering")
_KIND_FIELDS = (
    *("syntax", "layout", "colour", "characters"),
    *("ground", "ground_bottom", "ground_left", "ground_left_width", "accent", "accented"),
)

Colour = tuple[float, ...]
"""Blue, green and red, 0..255."""


class Cell(NamedTuple):
    """Where one character stands, in millimetres from the plate's top left."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class PlateLayout:
    """Size of a plate and places on it, in millimetres.

    Attributes:
        width: of the plate.
        height: of the plate.
        rows: cells of each row, in reading order.
        separator: middle of the dot or emblem between the characters.
        separator_shape: ``dot`` or ``emblem``.
        lettering: which drawing of the characters is used: ``standard`` or ``green``.
    """

    width: float
    height: float
    rows: tuple[tuple[Cell, ...], ...]
    separator: tuple[float, ...]
    separator_shape: str
    lettering: str

    @functools.cached_property
    def cells(self) -> tuple[Cell, ...]:
        """The cells of all rows: one for each character of a text."""
        return tuple(cell for row in self.rows for cell in row)


@dataclass(frozen=True)
class PlateKind:
    """One kind of plate.

    Attributes:
        name: of the kind.
        syntax: kind of text in the syntax; several kinds may share it.
        layout: size and places.
        colour: name of its colour.
        ground: colour of the ground, at its top where ``ground_bottom`` is another one.
        ground_left: colour of its leftmost ``ground_left_width`` millimetres, where that differs.
        characters: colour of the characters.
        accent: colour of the characters at the places ``accented``, counted from 0.
        accented: none where all have the same colour.
    """

    name: str
    syntax: str
    layout: PlateLayout
    colour: str
    ground: Colour
    ground_bottom: Colour | None
    ground_left: Colour | None
    ground_left_width: float
    characters: Colour
    accent: Colour | None = None
    accented: tuple[int, ...] = ()


@functools.cache
def plate_kinds(syntax: str) -> tuple[PlateKind, ...]:
    """Return the kinds of plates that go with a bundled syntax, such as ``ga36``.

    Raises:
        FieldError: there are none, or their file contradicts itself; the message says where.
    """
    fields = Fields(read_yaml(_FOLDER / f"{syntax}.yaml"), ("layouts", "kinds"))
    places, kinds = fields.section("layouts", None), fields.section("kinds", None)
    layouts = {name: _layout(places.section(name, _LAYOUT_FIELDS)) for name in places.names()}
    return tuple(_kind(name, kinds.section(name, _KIND_FIELDS), layouts) for name in kinds.names())


def layout_of_length(length: int, syntax: str = "ga36") -> PlateLayout | None:
    """Return how texts of so many characters stand on a plate; None where no kind has so many cells."""
    layouts = (kind.layout for kind in plate_kinds(syntax))
    return next((layout for layout in layouts if len(layout.cells) == length), None)


def _layout(fields: Fields) -> PlateLayout:
    width, height = fields.numbers("size", 2)
    return PlateLayout(
        width,
        height,
        rows=tuple(_row(row) for row in fields.sections("rows", ("top", "height", "lefts", "widths"))),
        separator=fields.numbers("separator", 2),
        separator_shape=fields.choice("separator_shape", ("dot", "emblem")),
        lettering=fields.choice("lettering", ("standard", "green")),
    )


def _row(fields: Fields) -> tuple[Cell, ...]:
    lefts, top, height = fields.numbers("lefts"), fields.number("top"), fields.number("height")
    widths = fields.numbers("widths", len(lefts))
    return tuple(Cell(left, top, width, height) for left, width in zip(lefts, widths, strict=True))


def _kind(name: str, fields: Fields, layouts: dict[str, PlateLayout]) -> PlateKind:
    return PlateKind(
        name=name,
        syntax=fields.text("syntax"),
        layout=layouts[fields.choice("layout", tuple(layouts))],
        colour=fields.text("colour"),
        ground=fields.numbers("ground", 3),
        ground_bottom=fields.numbers("ground_bottom", 3) if "ground_bottom" in fields else None,
        ground_left=fields.numbers("ground_left", 3) if "ground_left" in fields else None,
        ground_left_width=fields.number("ground_left_width", 0.0),
        characters=fields.numbers("characters", 3),
        accent=fields.numbers("accent", 3) if "accent" in fields else None,
        accented=tuple(int(place) for place in fields.numbers("accented")) if "accented" in fields else (),
    )
