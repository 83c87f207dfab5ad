"""The characters of a plate as paint: where its layout puts them, how wear and print vary them."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.plates.kinds import Cell, PlateLayout, layout_of_length
from lprnet_ros.training.glyphs import FOREIGN_CHARACTERS, GLYPH_HEIGHT, GLYPH_WIDTH, GlyphStyle

Mask = npt.NDArray[np.uint8]

PIXELS_PER_MM = 0.5
_GLYPH_WIDTH_MM, _GLYPH_HEIGHT_MM = 45, 90


def pixels(millimetres: float) -> int:
    """Convert a length on the plate to pixels of the drawing."""
    return round(millimetres * PIXELS_PER_MM)


assert pixels(_GLYPH_WIDTH_MM) <= GLYPH_WIDTH


def layout_of(text: str) -> PlateLayout:
    """Return the layout of the plates that bear a text.

    Raises:
        ValueError: no kind of plate has so many characters.
    """
    layout = layout_of_length(len(text))
    if layout is None:
        raise ValueError(f"no kind of plate has {len(text)} characters ({text!r})")
    return layout


def plate_size(text: str) -> tuple[int, int]:
    """Return width and height of a plate in pixels of the drawing."""
    layout = layout_of(text)
    return pixels(layout.width), pixels(layout.height)


def ideal_coverage(text: str, styles: Sequence[GlyphStyle]) -> Mask:
    """Draw a text without any variation: the mean of the styles, characters alone.

    Args:
        text: 7 or 8 characters of the alphabet.
        styles: glyphs of the kind of plate; see ``styles_for``.

    Returns:
        Coverage of paint, uint8, height x width of ``plate_size``.
    """
    width, height = plate_size(text)
    coverage = np.zeros((height, width), np.uint8)
    for character, cell in zip(text, layout_of(text).cells, strict=True):
        masks = [style.masks[character] for style in styles]
        glyph = _fitted(np.mean(masks, axis=0).astype(np.uint8), cell)
        x, top = pixels(cell.left), pixels(cell.top)
        region = coverage[top : top + GLYPH_HEIGHT, x : x + glyph.shape[1]]
        np.maximum(region, glyph[:, : region.shape[1]], out=region)
    return coverage


def styles_for(
    text: str, styles: Sequence[GlyphStyle], layout: PlateLayout | None = None
) -> list[GlyphStyle]:
    """Choose the styles in which a text can be drawn: green plates have lettering of their own.

    Args:
        text: what is drawn.
        styles: all that there are.
        layout: of its plate; None is that of a plate with so many characters.
    """
    standard = [style for style in styles if style.for_standard]
    layout = layout or layout_of_length(len(text))
    if layout is not None and layout.lettering == "green":
        return [style for style in styles if style.for_green] or standard
    if not set(FOREIGN_CHARACTERS).isdisjoint(text):
        return [style for style in standard if set(text) <= set(style.masks)]
    return standard


class Lettering:
    """Draws texts as no two plates are painted alike.

    Args:
        styles: at least one style for blue and yellow plates.
        generator: the source of all randomness.
    """

    def __init__(self, styles: Sequence[GlyphStyle], generator: np.random.Generator) -> None:
        self._styles = styles
        self._generator = generator

    def draw(self, text: str, *, border: bool = True, layout: PlateLayout | None = None) -> Mask:
        """Draw a text with the dot (or emblem) and the border line.

        Args:
            text: characters of the alphabet or of ``FOREIGN_CHARACTERS``, as many as the layout has cells.
            border: whether dot and border line are drawn too.
            layout: of the plate; None is that of a plate with so many characters.

        Returns:
            Coverage of paint, uint8, height x width of the layout in pixels of the drawing.
        """
        generator = self._generator
        layout = layout or layout_of(text)
        width, height = pixels(layout.width), pixels(layout.height)
        style = self._choose(styles_for(text, self._styles, layout))
        coverage = np.zeros((height, width), np.uint8)
        shift = generator.normal(0, 0.6, size=2)
        for character, cell in zip(text, layout.cells, strict=True):
            glyph = _fitted(style.masks[character], cell)
            jitter = generator.normal(0, 0.35, size=2)
            x = round(cell.left * PIXELS_PER_MM + shift[0] + jitter[0])
            y = round(cell.top * PIXELS_PER_MM + shift[1] + jitter[1])
            x = min(max(x, 0), width - glyph.shape[1])
            region = coverage[y : y + glyph.shape[0], x : x + glyph.shape[1]]
            np.maximum(region, glyph, out=region)
        if border:
            self._separator_and_border(coverage, layout, shift=float(shift[0]))
        return self._wear(coverage)

    def _choose(self, styles: Sequence[GlyphStyle]) -> GlyphStyle:
        weights = np.cumsum([style.weight for style in styles])
        return styles[int(np.searchsorted(weights, self._generator.random() * weights[-1]))]

    def _separator_and_border(self, coverage: Mask, layout: PlateLayout, *, shift: float) -> None:
        generator = self._generator
        height, width = coverage.shape
        is_emblem = layout.separator_shape == "emblem"
        if not is_emblem or generator.random() < 0.6:
            x, y = layout.separator
            middle = (round(x * PIXELS_PER_MM + shift), pixels(y))
            radius = int(generator.integers(2, 4)) + 4 * is_emblem
            shade = int(generator.integers(60, 256)) if is_emblem else 255
            cv2.circle(coverage, middle, radius, shade, -1, cv2.LINE_AA)
        if generator.random() < 0.85:
            inset = int(generator.integers(1, 4))
            corner = (width - 1 - inset, height - 1 - inset)
            cv2.rectangle(coverage, (inset, inset), corner, 255, int(generator.integers(1, 3)))

    def _wear(self, coverage: Mask) -> Mask:
        """Thicken, thin or rub off the paint."""
        generator = self._generator
        sigma = generator.uniform(0.3, 1.3)
        soft = cv2.GaussianBlur(coverage, (0, 0), sigma)
        threshold = generator.uniform(0.3, 0.7)
        table = np.clip((np.arange(256) / 255.0 - threshold) * 4.0 + 0.5, 0, 1) * 255
        worn = cv2.LUT(soft, table.astype(np.uint8))
        if generator.random() < 0.25:
            rows, columns = worn.shape
            patches = generator.random((rows // 8 + 1, columns // 8 + 1)).astype(np.float32)
            rubbed = cv2.resize(patches, (columns, rows), interpolation=cv2.INTER_CUBIC)
            strength = generator.uniform(0.3, 0.9)
            worn = (worn * np.clip(1.3 - strength * np.clip(rubbed, 0, 1), 0, 1)).astype(np.uint8)
        return np.asarray(worn, dtype=np.uint8)


def _fitted(glyph: Mask, cell: Cell) -> Mask:
    """Scale a glyph to its cell."""
    if (cell.width, cell.height) == (_GLYPH_WIDTH_MM, _GLYPH_HEIGHT_MM):
        return glyph
    size = pixels(cell.width), pixels(cell.height)
    return np.asarray(cv2.resize(glyph, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
