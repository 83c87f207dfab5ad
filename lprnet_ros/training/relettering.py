"""Writes other characters on real plates: real light, blur and dirt under any province.

A registered crop is split into its ground (the plate without characters), the
contrast of its paint and its blur.  Any text can then be painted back with
them.  So provinces of which there are few real crops, or none, are seen with
everything that real cameras do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.plates.kinds import layout_of_length, plate_kinds
from lprnet_ros.training.glyphs import GLYPH_HEIGHT, GlyphStyle
from lprnet_ros.training.lettering import (
    PIXELS_PER_MM,
    Lettering,
    ideal_coverage,
    layout_of,
    pixels,
    plate_size,
    styles_for,
)
from lprnet_ros.training.registration import register_plate
from lprnet_ros.training.renderer import random_plate_text

Image = npt.NDArray[np.uint8]
Plane = npt.NDArray[np.float32]

LEAST_CORRELATION = 0.7
"""Of a registration that is trusted: below, the quad is often wrong."""

_BLURS = (0.5, 0.8, 1.2, 1.7, 2.4, 3.2)  # standard deviations, in pixels of the crop
_LEAST_CONTRAST = 12.0  # grey levels between ground and paint
_KEEP_CHANCE = 0.6  # of each character after the province
_SECOND_DIFFERENCES = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32) / 6  # noise keeps its size


@dataclass(frozen=True)
class LetteredCrop:
    """A real crop taken apart into ground and paint.

    Attributes:
        image: the crop, BGR, uint8.
        text: what stands on it.
        quad: the plate's corners in the crop, 4 x 2 float32 pixels.
        ground: the crop with its characters painted over, same shape.
        contrast: paint minus ground, height/8 x width/8 x 3 float32 (it changes slowly).
        blur: standard deviation of the paint's edges, in pixels of the crop.
        noise: standard deviation of the ground's grain, in grey levels.
    """

    image: Image
    text: str
    quad: Plane
    ground: Image
    contrast: Plane
    blur: float
    noise: float


def take_apart(image: Image, text: str, styles: Sequence[GlyphStyle]) -> LetteredCrop | None:
    """Register a crop and split it into ground and paint; about 25 ms.

    Args:
        image: BGR, uint8.
        text: what stands on the plate, 7 or 8 characters of the alphabet.
        styles: glyphs to find it with.

    Returns:
        The parts, or None where the styles lack a character of the text, the plate
        was not found with certainty, its province lies outside of the picture, or
        paint and ground are too alike.
    """
    if not _can_draw(text, styles):
        return None
    found = register_plate(image, text, styles)
    if found is None or found.correlation < LEAST_CORRELATION or not _province_is_inside(image, found.quad):
        return None
    sharp = _warp_to_crop(ideal_coverage(text, styles_for(text, styles)), found.quad, image)
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32)
    blur, coverage = _best_blur(sharp, grey)
    photographed = image.astype(np.float32)
    ground = _paint_over(photographed, coverage)
    contrast = _contrast(photographed - ground, coverage)
    if float(np.abs(contrast).max()) < _LEAST_CONTRAST:
        return None
    noise = min(_grain(photographed, coverage), 12.0)
    return LetteredCrop(
        image, text, found.quad, np.clip(ground, 0, 255).astype(np.uint8), contrast, blur, noise
    )


def reletter(crop: LetteredCrop, lettering: Lettering, generator: np.random.Generator) -> tuple[Image, str]:
    """Paint a random province, and some other characters, on a real plate.

    Args:
        crop: the plate.
        lettering: draws the new characters.
        generator: the source of all randomness.

    Returns:
        The picture, BGR, uint8, of the crop's shape; and its text.
    """
    layout = layout_of(crop.text)
    kind = next(kind for kind in plate_kinds("ga36") if kind.layout is layout)
    drawn = random_plate_text(generator, kind)
    keeps = generator.random(len(drawn)) < (_KEEP_CHANCE if generator.random() < 0.7 else 0.0)
    keeps[0] = False
    text = "".join(old if keep else new for old, new, keep in zip(crop.text, drawn, keeps, strict=True))
    cells = _cells(text, ~keeps)
    layers = np.dstack([lettering.draw(text, border=False), cells])
    warped = _warp_to_crop(layers, crop.quad, crop.image)
    blur = crop.blur * generator.uniform(0.85, 1.15)
    coverage = cv2.GaussianBlur(warped[:, :, 0], (0, 0), blur)[:, :, None]
    height, width = crop.image.shape[:2]
    contrast = cv2.resize(crop.contrast, (width, height), interpolation=cv2.INTER_LINEAR)
    painted = crop.ground + coverage * contrast
    if crop.noise > 0.5:
        painted += generator.normal(0, crop.noise, size=(height, width, 1)).astype(np.float32)
    weight = warped[:, :, 1:]
    mixed = crop.image + (painted - crop.image) * weight
    return np.clip(mixed, 0, 255).astype(np.uint8), text


def _cells(text: str, chosen: npt.NDArray[np.bool_]) -> Image:
    """Mark the cells of the chosen characters, with soft edges: uint8, of ``plate_size``."""
    width, height = plate_size(text)
    cells = np.zeros((height, width), np.uint8)
    for cell, is_chosen in zip(layout_of(text).cells, chosen, strict=True):
        if is_chosen:
            x, top = pixels(cell.left), pixels(cell.top)
            cells[top - 4 : top + GLYPH_HEIGHT + 4, max(0, x - 3) : x + pixels(cell.width) + 3] = 255
    return np.asarray(cv2.GaussianBlur(cells, (0, 0), 1.0), dtype=np.uint8)


def _can_draw(text: str, styles: Sequence[GlyphStyle]) -> bool:
    """Tell whether a text fits on a plate and all of its characters have glyphs."""
    chosen = styles_for(text, styles)
    return (
        layout_of_length(len(text)) is not None
        and bool(chosen)
        and all(set(text) <= set(style.masks) for style in chosen)
    )


def _province_is_inside(image: Image, quad: Plane) -> bool:
    """Tell whether the province's cell lies in the picture, but for an edge."""
    width, height = plate_size("A" * 7)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(corners, quad)
    province = layout_of("A" * 7).cells[0]
    left, top = province.left * PIXELS_PER_MM, pixels(province.top)
    cell = np.array([[[left + 4, top + 4], [left + 4, top + GLYPH_HEIGHT - 4]]], dtype=np.float32)
    points = cv2.perspectiveTransform(cell, matrix)[0]
    limit = np.array([image.shape[1], image.shape[0]])
    return bool((points >= 0).all() and (points < limit).all())


def _warp_to_crop(layers: Image, quad: Plane, image: Image) -> Plane:
    """Map a drawing of the plate into the crop: float32, 0..1."""
    height, width = layers.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(corners, quad)
    size = (image.shape[1], image.shape[0])
    return np.asarray(cv2.warpPerspective(layers, matrix, size), dtype=np.float32) / 255.0


def _best_blur(sharp: Plane, grey: Plane) -> tuple[float, Plane]:
    """Return the blur with which the drawing looks most like the picture, and the blurred drawing."""
    best, chosen, coverage = -1.0, _BLURS[0], sharp
    flat = grey - cv2.GaussianBlur(grey, (0, 0), grey.shape[0] / 4)
    for sigma in _BLURS:
        blurred = np.asarray(cv2.GaussianBlur(sharp, (0, 0), sigma), dtype=np.float32)
        correlation = abs(float(np.corrcoef(blurred.ravel(), flat.ravel())[0, 1]))
        if correlation > best:
            best, chosen, coverage = correlation, sigma, blurred
    return chosen, coverage


def _paint_over(photographed: Plane, coverage: Plane) -> Plane:
    """Fill the characters with the ground around them (normalised convolution, Knutsson 1993)."""
    height = photographed.shape[0]
    reach = cv2.dilate(coverage, np.ones((3, 3), np.uint8))
    bare = (reach < 0.08).astype(np.float32)
    filled = np.zeros_like(photographed)
    weights = np.full(coverage.shape, 1e-4, np.float32)
    for sigma, share in ((height * 0.07, 1.0), (height * 0.3, 0.02)):  # far ground only where none is near
        filled += share * cv2.GaussianBlur(photographed * bare[:, :, None], (0, 0), sigma)
        weights += share * np.asarray(cv2.GaussianBlur(bare, (0, 0), sigma))
    filled /= weights[:, :, None]
    mix = cv2.GaussianBlur(1.0 - bare, (0, 0), 0.8)[:, :, None]
    return np.asarray(photographed + (filled - photographed) * mix, dtype=np.float32)


def _grain(photographed: Plane, coverage: Plane) -> float:
    """Estimate the noise beside the characters (Immerkaer 1996, by the median, which edges do not move)."""
    bare = coverage < 0.02
    if not bare.any():
        return 0.0
    rough = cv2.filter2D(photographed, -1, _SECOND_DIFFERENCES)
    return float(np.median(np.abs(rough[bare]))) / 0.6745


def _contrast(difference: Plane, coverage: Plane) -> Plane:
    """Fit paint minus ground around each point by least squares, an eighth of the size."""
    height, width = coverage.shape
    sigma = height * 0.5
    above = cv2.GaussianBlur(difference * coverage[:, :, None], (0, 0), sigma)
    below = cv2.GaussianBlur(coverage * coverage, (0, 0), sigma) + 1e-3
    size = (max(2, width // 8), max(2, height // 8))
    fitted = cv2.resize(above / below[:, :, None], size, interpolation=cv2.INTER_AREA)
    return np.asarray(fitted, dtype=np.float32)
