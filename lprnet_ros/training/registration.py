"""Locates the plate in a labelled crop precisely, using only the label.

A drawing of the text is registered to the picture: the best of a grid of rough
quads is refined by maximising the enhanced correlation coefficient (Evangelidis
and Psarakis, PAMI 2008), first affine on blurred pictures, then as a homography.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.training.glyphs import GlyphStyle
from lprnet_ros.training.lettering import ideal_coverage, styles_for

Image = npt.NDArray[np.uint8]
Plane = npt.NDArray[np.float32]

_WIDTH, _HEIGHT = 188, 48  # pictures are registered at this size
_ROUGH = 3  # the rough search shrinks the drawing by this factor
_CANDIDATES = 3  # rough quads that are refined
_CERTAIN = 0.8  # no further candidate is tried beyond this correlation
_STOP = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 40, 1e-4)
_EVERYWHERE = np.full((_HEIGHT, _WIDTH), 255, np.uint8)


@dataclass(frozen=True)
class Registration:
    """Where the plate is in its crop.

    Attributes:
        quad: the plate's corners in pixels of the crop, 4 x 2 float32, from top
            left clockwise; they may lie outside.
        correlation: of the drawing and the picture, at most 1.
        is_dark: whether the paint is darker than the ground.
    """

    quad: Plane
    correlation: float
    is_dark: bool


def register_plate(image: Image, text: str, styles: Sequence[GlyphStyle]) -> Registration | None:
    """Find the plate in a labelled crop; takes about 20 ms.

    Args:
        image: BGR, uint8, of any size.
        text: the plate number, 7 or 8 characters of the alphabet.
        styles: glyphs to draw it with.

    Returns:
        The best fit, for light or dark paint, or None if none converged.
    """
    drawing = ideal_coverage(text, styles_for(text, styles)).astype(np.float32) / 255.0
    picture = _flattened(image)
    fits = []
    for is_dark in (False, True):
        fit = _fit(drawing, -picture if is_dark else picture)
        if fit is not None:
            fits.append((fit[0], is_dark, fit[1]))
            if fit[0] > _CERTAIN:
                break
    if not fits:
        return None
    correlation, is_dark, quad = max(fits, key=lambda fit: fit[0])
    scale = np.array([image.shape[1] / _WIDTH, image.shape[0] / _HEIGHT], dtype=np.float32)
    return Registration(quad * scale, correlation, is_dark)


def _flattened(image: Image) -> Plane:
    """Return brightness without shading and with equalised local contrast."""
    method = cv2.INTER_AREA if image.shape[1] > _WIDTH else cv2.INTER_LINEAR
    grey = cv2.cvtColor(cv2.resize(image, (_WIDTH, _HEIGHT), interpolation=method), cv2.COLOR_BGR2GRAY)
    flat = grey.astype(np.float32)
    flat -= cv2.GaussianBlur(flat, (0, 0), 12)
    spread = np.sqrt(cv2.GaussianBlur(flat * flat, (0, 0), 16)) + 8
    return np.asarray(flat / spread, dtype=np.float32)


def _band(plane: Plane, sigma: float) -> Plane:
    """Return a band-pass filtered drawing: the picture's coarsest structure is removed as well."""
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma) - cv2.GaussianBlur(plane, (0, 0), 18))


def _rough_quads() -> Iterator[Plane]:
    """Yield quads that fit an upright box of a plate: level or tilted, tight or with a margin."""
    for slope in (-0.45, -0.3, -0.15, 0.0, 0.15, 0.3, 0.45):  # how much lower the right end is, in heights
        for top in (0.0, 0.1):
            for left in (0.0, 0.03):
                for shear in (0.0, 0.05 * float(np.sign(slope))) if slope else (0.0,):
                    fall, rise, forward, back = max(0, slope), max(0, -slope), max(0, shear), max(0, -shear)
                    yield np.array(
                        [
                            [left + forward, top + rise],
                            [1 - left - back, top + fall],
                            [1 - left - forward, 1 - top - rise],
                            [left + back, 1 - top - fall],
                        ],
                        dtype=np.float32,
                    ) * np.array([_WIDTH, _HEIGHT], dtype=np.float32)


_ROUGH_QUADS = tuple(_rough_quads())


def _fit(drawing: Plane, picture: Plane) -> tuple[float, Plane] | None:
    """Return the correlation and the quad of the best fit of light paint."""
    height, width = drawing.shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    coarse, fine = _band(drawing, 4.0), _band(drawing, 1.8)
    blurred = np.asarray(cv2.GaussianBlur(picture, (0, 0), 2.0), dtype=np.float32)
    fits: list[tuple[float, Plane]] = []
    for quad in _best_rough(coarse, blurred)[:_CANDIDATES]:
        rough = cv2.getAffineTransform(corners[:3], quad[:3]).astype(np.float32)
        try:
            _, affine = cv2.findTransformECC(coarse, blurred, rough, cv2.MOTION_AFFINE, _STOP, _EVERYWHERE, 1)
            start = np.vstack([affine, [0, 0, 1]]).astype(np.float32)
            correlation, homography = cv2.findTransformECC(
                fine, picture, start, cv2.MOTION_HOMOGRAPHY, _STOP, _EVERYWHERE, 1
            )
        except cv2.error:  # raised by OpenCV if it did not converge
            continue
        fits.append((float(correlation), cv2.perspectiveTransform(corners[None], homography)[0]))
        if correlation > _CERTAIN:
            break
    return max(fits, key=lambda fit: fit[0]) if fits else None


def _best_rough(drawing: Plane, picture: Plane) -> list[Plane]:
    """Return the rough quads sorted by correlation, best first."""
    height, width = drawing.shape[0] // _ROUGH, drawing.shape[1] // _ROUGH
    small = np.asarray(cv2.resize(drawing, (width, height), interpolation=cv2.INTER_AREA))
    small = small - small.mean()
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    found = []
    for quad in _ROUGH_QUADS:
        matrix = cv2.getPerspectiveTransform(corners, quad)
        seen = cv2.warpPerspective(
            picture,
            matrix,
            (width, height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        seen = seen - seen.mean()
        found.append((float(np.vdot(small, seen) / (np.linalg.norm(seen) + 1e-6)), quad))
    return [quad for _, quad in sorted(found, key=lambda pair: -pair[0])]
