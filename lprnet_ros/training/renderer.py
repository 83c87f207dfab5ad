"""Draws licence plates in the layout and colours of their kinds, before any camera saw them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.plates.alphabet import DIGITS, LETTERS, NEW_ENERGY_LETTERS, PROVINCES, UNREADABLE
from lprnet_ros.plates.kinds import PlateKind, plate_kinds
from lprnet_ros.plates.syntax import bundled_syntax
from lprnet_ros.training.glyphs import FOREIGN_CHARACTERS, GlyphStyle
from lprnet_ros.training.lettering import Lettering, layout_of, pixels, styles_for

Image = npt.NDArray[np.uint8]
Quad = npt.NDArray[np.float32]

MARGIN = 40
"""Pixels of surroundings drawn on each side of the plate."""

_KINDS = {kind.name: kind for kind in plate_kinds("ga36")}
_BY_COLOUR = {kind.colour: kind for kind in _KINDS.values()}
ALL_KINDS = {kind.name: kind for kind in plate_kinds("ga36_all")}
"""Every kind of plate, by its name."""
_BY_COLOUR |= {
    "black": ALL_KINDS["hong_kong"],
    "white": dataclasses.replace(ALL_KINDS["army"], accented=()),
}
_SHARES = (("blue", 0.55), ("yellow", 0.75), ("new_energy_small", 0.95), ("new_energy_large", 1.0))
"""Kinds that are drawn, and the share of plates that are of this kind or of one before it."""
_BOLTS = ((0.26, 13 / 140), (0.74, 13 / 140), (0.26, 127 / 140), (0.74, 127 / 140))
"""Shares of the plate's width and height."""


@dataclass(frozen=True)
class RenderedPlate:
    """A flat, clean plate in its surroundings.

    Attributes:
        image: BGR, uint8; the plate with ``MARGIN`` pixels around it.
        quad: the plate's corners in the image, 4 x 2 float32, from top left
            clockwise.
        text: what stands on it, ``UNREADABLE`` for each character that the alphabet lacks.
    """

    image: Image
    quad: Quad
    text: str


def random_plate_text(generator: np.random.Generator, kind: PlateKind) -> str:
    """Draw a plate number of one kind, provinces and letters evenly."""

    def pick(characters: str) -> str:
        return characters[int(generator.integers(len(characters)))]

    def digits(count: int) -> str:
        return "".join(pick(DIGITS) for _ in range(count))

    head = pick(PROVINCES) + pick(LETTERS)
    if kind.syntax == "new_energy_small":
        return head + pick(NEW_ENERGY_LETTERS) + pick(DIGITS * 2 + LETTERS) + digits(4)
    if kind.syntax == "new_energy_large":
        return head + digits(5) + pick(NEW_ENERGY_LETTERS)
    serial = list(digits(5))
    for position in generator.choice(5, size=int(generator.integers(0, 3)), replace=False):
        serial[position] = pick(LETTERS)
    return head + "".join(serial)


def random_text_of(generator: np.random.Generator, kind: PlateKind) -> str:
    """Draw a text of any kind of ``ALL_KINDS``; a third of them of its first form, mostly digits."""
    syntax = bundled_syntax("ga36_all")
    forms = syntax.kinds[kind.syntax]
    form = forms[0] if generator.random() < 0.33 else forms[int(generator.integers(len(forms)))]
    sets = [syntax.sets[letter] for letter in form]
    return "".join(characters[int(generator.integers(len(characters)))] for characters in sets)


def random_foreign_text(generator: np.random.Generator) -> tuple[str, str]:
    """Draw the number and the colour of a plate that GA 36's civil syntax does not cover.

    A reader must not take it for a civil plate: where the alphabet lacks a
    character it learns to write ``UNREADABLE``, and no syntax accepts the text.
    """

    def pick(characters: str, count: int = 1) -> str:
        return "".join(characters[int(i)] for i in generator.integers(len(characters), size=count))

    chance = generator.random()
    if chance < 0.35:  # the army until 2004: its branch or region, a letter, five digits
        return pick("军空海北沈兰济南广成") + pick(LETTERS) + pick(DIGITS, 5), "white"
    if chance < 0.75:  # police, schools, consulates, Hong Kong, Macau, trailers
        serial = list(pick(DIGITS, 4))
        if generator.random() < 0.6:
            serial[int(generator.integers(4))] = pick(LETTERS)
        last = pick("学警港澳领挂")
        return pick(PROVINCES) + pick(LETTERS) + "".join(serial) + last, pick_colour(generator)
    if chance < 0.85:  # embassies
        return "使" + pick(DIGITS, 6), "black"
    return pick(LETTERS, 2) + pick(DIGITS, 5), "white"  # the army


def pick_colour(generator: np.random.Generator) -> str:
    """Draw one of the colours of plates with seven characters."""
    return ("black", "white", "yellow", "blue")[int(generator.integers(4))]


class PlateRenderer:
    """Draws plates with given glyph styles.

    Args:
        styles: at least one style for blue and yellow plates; green plates use
            those for green where there are any.
        surroundings: pictures to cut the ground behind the plate from, BGR
            uint8; may be empty.
        generator: the source of all randomness.
    """

    def __init__(
        self,
        styles: Sequence[GlyphStyle],
        surroundings: Sequence[Image],
        generator: np.random.Generator,
    ) -> None:
        self._generator = generator
        self._lettering = Lettering(styles, generator)
        self._can_draw_foreign = bool(styles_for(FOREIGN_CHARACTERS, styles))
        self._surroundings = surroundings

    def render(self) -> RenderedPlate:
        """Draw a random plate: 50 % blue, 18 % yellow, 23 % new energy, 9 % outside the syntax."""
        if self._generator.random() < 0.09 and self._can_draw_foreign:
            return self.draw(*random_foreign_text(self._generator))
        chance = self._generator.random()
        kind = _KINDS[next(name for name, share in _SHARES if chance < share)]
        return self.draw(random_plate_text(self._generator, kind), kind.colour)

    def draw(self, text: str, colour: str) -> RenderedPlate:
        """Draw one plate in the layout of its number of characters.

        Args:
            text: 7 or 8 characters of the alphabet or of ``FOREIGN_CHARACTERS``.
            colour: that of a kind, ``black`` or ``white``.

        Raises:
            ValueError: no kind has that colour, or so many characters.
        """
        if colour not in _BY_COLOUR:
            raise ValueError(f"unknown plate colour {colour!r}")
        return self.draw_kind(dataclasses.replace(_BY_COLOUR[colour], layout=layout_of(text)), text)

    def draw_kind(self, kind: PlateKind, text: str) -> RenderedPlate:
        """Draw one plate of a kind.

        Args:
            kind: its layout and colours.
            text: characters of the alphabet or of ``FOREIGN_CHARACTERS``, as many as the kind has cells.
        """
        generator = self._generator
        width, height = pixels(kind.layout.width), pixels(kind.layout.height)
        ground, paint = self._colours(kind, height, width)
        coverage = self._lettering.draw(text, layout=kind.layout)
        weight = (coverage.astype(np.float32) / 255.0)[:, :, None]
        plate = ground + (_accented(kind, paint, ground.shape) - ground) * weight
        self._bolts(plate, paint)
        canvas = self._canvas(height + 2 * MARGIN, width + 2 * MARGIN)
        canvas[MARGIN : MARGIN + height, MARGIN : MARGIN + width] = plate
        if generator.random() < 0.3:
            self._frame(canvas, height, width)
        quad = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32) + MARGIN
        readable = "".join(UNREADABLE if each in FOREIGN_CHARACTERS else each for each in text)
        return RenderedPlate(np.clip(canvas, 0, 255).astype(np.uint8), quad, readable)

    def _colours(
        self, kind: PlateKind, height: int, width: int
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return the ground (height x width x 3) and the paint (3), BGR, 0..255."""
        generator = self._generator
        spread = generator.normal(0, 14, size=3)
        ground = np.empty((height, width, 3), np.float32)
        top = np.array(kind.ground) + spread
        ground[:] = top
        if kind.ground_bottom is not None:
            ramp = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
            bottom = np.array(kind.ground_bottom) + spread
            ground[:] = top + (bottom - top) * (ramp ** generator.uniform(0.6, 1.5))
        if kind.ground_left is not None:
            ground[:, : pixels(kind.ground_left_width)] = np.array(kind.ground_left) + spread
        return ground, (np.array(kind.characters) + generator.normal(0, 10, size=3)).astype(np.float32)

    def _bolts(self, plate: npt.NDArray[np.float32], paint: npt.NDArray[np.float32]) -> None:
        generator = self._generator
        if generator.random() < 0.2:
            return
        width = plate.shape[1]
        shade = paint if generator.random() < 0.5 else generator.uniform(20, 220, size=3)
        for x, y in _BOLTS:
            if generator.random() < 0.85:
                centre = (
                    round(x * width + generator.normal(0, 2)),
                    round(y * plate.shape[0] + generator.normal(0, 0.7)),
                )
                radius = int(generator.integers(2, 5))
                cv2.circle(plate, centre, radius, [float(v) for v in shade], -1, cv2.LINE_AA)

    def _frame(self, canvas: npt.NDArray[np.float32], height: int, width: int) -> None:
        """Draw a plate holder that covers a little of the plate's edge."""
        generator = self._generator
        shade = [float(generator.uniform(10, 230))] * 3
        cover = [int(v) for v in generator.integers(0, 5, size=4)]
        bottom, right = MARGIN + height, MARGIN + width
        outer = int(generator.integers(3, 12))
        canvas[MARGIN - outer : MARGIN + cover[0], MARGIN - outer : right + outer] = shade
        canvas[bottom - cover[1] : bottom + outer, MARGIN - outer : right + outer] = shade
        canvas[MARGIN - outer : bottom + outer, MARGIN - outer : MARGIN + cover[2]] = shade
        canvas[MARGIN - outer : bottom + outer, right - cover[3] : right + outer] = shade

    def _canvas(self, height: int, width: int) -> npt.NDArray[np.float32]:
        """Return surroundings: a piece of a picture, or a plain car colour with shading."""
        generator = self._generator
        if self._surroundings and generator.random() < 0.6:
            picture = self._surroundings[int(generator.integers(len(self._surroundings)))]
            scaled = cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR)
            return np.asarray(scaled, dtype=np.float32)
        corners = generator.uniform(0, 255, size=3) + generator.normal(0, 30, size=(2, 2, 3))
        scaled = cv2.resize(corners.astype(np.float32), (width, height))
        return np.asarray(scaled, dtype=np.float32)


def _accented(
    kind: PlateKind, paint: npt.NDArray[np.float32], shape: tuple[int, ...]
) -> npt.NDArray[np.float32]:
    """Return the paint at each pixel, height x width x 3: of another colour in the accented cells."""
    paints = np.broadcast_to(paint, shape)
    if kind.accent is None or not kind.accented:
        return paints
    paints = paints.copy()
    for cell in (kind.layout.cells[place] for place in kind.accented):
        reach = 4  # millimetres: letters lie a little beside their cells
        rows = slice(pixels(max(0, cell.top - reach)), pixels(cell.top + cell.height + reach))
        paints[rows, pixels(max(0, cell.left - reach)) : pixels(cell.left + cell.width + reach)] = kind.accent
    return paints
