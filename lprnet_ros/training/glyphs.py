"""The shapes of the characters: from a folder of pictures, or from a font."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.plates.alphabet import DIGITS, LETTERS, PROVINCES
from lprnet_ros.sources.labelled import LabelledDataError, list_images

GLYPH_HEIGHT = 45
"""Pixels; a glyph of 90 mm (GA 36) at half a pixel a millimetre."""
GLYPH_WIDTH = 23
"""Pixels; a glyph of 45 mm."""

FOREIGN_CHARACTERS = "学警港澳领使挂军空海北沈兰济南广成应急民航"
"""Characters of police, school, embassy, Hong Kong, trailer, army, rescue and aviation plates: outside the
alphabet."""

_CHARACTERS = PROVINCES + DIGITS + LETTERS
_FONT_WEIGHT = 0.3  # real plates have lettering of their own; a font only widens the view
Mask = npt.NDArray[np.uint8]


class GlyphError(LabelledDataError):
    """No complete set of glyphs was found; the message says where and what is missing."""


@dataclass(frozen=True)
class GlyphStyle:
    """One complete set of glyphs.

    Attributes:
        name: where it comes from.
        masks: for each of the 65 characters, and for those of ``FOREIGN_CHARACTERS``
            that the source has, a coverage mask, uint8, 45 x 23 (height x
            width), 255 where there is paint.
        for_standard: whether blue and yellow plates use it.
        for_green: whether new-energy plates use it.
        weight: how often it is drawn, relative to the others.
    """

    name: str
    masks: Mapping[str, Mask]
    for_standard: bool = True
    for_green: bool = False
    weight: float = 1.0


def load_glyph_styles(folder: Path) -> list[GlyphStyle]:
    """Load every complete glyph style below a folder.

    A file's character is the last of its stem (``沪.png``, ``140_沪.jpg``);
    files of one folder with the same prefix are one style.  Transparent images
    give their alpha, opaque ones dark paint on light ground.  Styles that lack
    one of the 65 characters are left out; those with ``green`` in their path are
    for new-energy plates.

    Args:
        folder: searched with its sub-folders.

    Returns:
        At least one style that is not for green plates.

    Raises:
        GlyphError: there is none.
    """
    groups: dict[str, dict[str, Path]] = {}
    for path in list_images(folder):
        prefix, character = path.stem[:-1], path.stem[-1:].upper()
        if character in _CHARACTERS + FOREIGN_CHARACTERS:
            groups.setdefault(f"{path.parent.relative_to(folder)}/{prefix}", {})[character] = path
    styles = [
        GlyphStyle(
            name,
            {c: _mask_from_file(path) for c, path in paths.items()},
            for_standard="green" not in name,
            for_green="green" in name,
        )
        for name, paths in sorted(groups.items())
        if set(_CHARACTERS) <= set(paths)
    ]
    if not any(style.for_standard for style in styles):
        found = {name: len(paths) for name, paths in groups.items()}
        raise GlyphError(f"{folder}: no folder there has all {len(_CHARACTERS)} glyphs; found {found}")
    return styles


def glyphs_from_font(font: Path) -> GlyphStyle:
    """Draw the glyphs with a font that holds Chinese.

    Args:
        font: a TrueType or OpenType file, for instance Noto Sans CJK Bold.

    Raises:
        GlyphError: the file is no font.
    """
    from PIL import Image, ImageDraw, ImageFont

    try:
        face = ImageFont.truetype(str(font), 96)
    except OSError as error:
        raise GlyphError(f"{font}: cannot be read as a font ({error})") from error
    masks = {}
    for character in _CHARACTERS + FOREIGN_CHARACTERS:
        canvas = Image.new("L", (160, 160), 0)
        ImageDraw.Draw(canvas).text((24, 8), character, fill=255, font=face)
        masks[character] = _fit(np.asarray(canvas, dtype=np.uint8), stretch=character != "1")
    return GlyphStyle(font.stem, masks, for_green=True, weight=_FONT_WEIGHT)


def default_font() -> Path:
    """Return the open font that the ``training`` extra installs (Noto Sans CJK Bold, OFL).

    Raises:
        GlyphError: it is not installed.
    """
    try:
        import cvttf_NotoSansCJK_Bold
    except ImportError as error:
        raise GlyphError(
            "no glyph folder given and no font installed; pip install 'lprnet_ros[training]'"
        ) from error
    return next(Path(cvttf_NotoSansCJK_Bold.__file__).parent.glob("*.otf"))


def _mask_from_file(path: Path) -> Mask:
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise GlyphError(f"{path}: not an image that OpenCV can decode")
    if image.ndim == 3 and image.shape[2] == 4:
        coverage = image[:, :, 3]
    else:
        grey = image if image.ndim == 2 else cv2.cvtColor(image[:, :, :3], cv2.COLOR_BGR2GRAY)
        coverage = 255 - grey
    return _fit(np.asarray(coverage, dtype=np.uint8), stretch=path.stem[-1] != "1")


def _fit(coverage: Mask, *, stretch: bool) -> Mask:
    """Cut to the ink and scale to the glyph's box; a 1 keeps its proportions."""
    rows = np.flatnonzero(coverage.max(axis=1) > 127)
    columns = np.flatnonzero(coverage.max(axis=0) > 127)
    if rows.size == 0:
        raise GlyphError("a glyph is empty")
    ink = coverage[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    width = GLYPH_WIDTH
    if not stretch:
        width = min(GLYPH_WIDTH, max(4, round(ink.shape[1] * GLYPH_HEIGHT / ink.shape[0])))
    scaled = cv2.resize(ink, (width, GLYPH_HEIGHT), interpolation=cv2.INTER_AREA)
    mask = np.zeros((GLYPH_HEIGHT, GLYPH_WIDTH), np.uint8)
    left = (GLYPH_WIDTH - width) // 2
    mask[:, left : left + width] = scaled
    return mask
