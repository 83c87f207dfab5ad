"""Paints a flat plate into a picture, where a quad says."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.training.finder.plate_bank import FlatPlate

Image = npt.NDArray[np.uint8]
Corners = npt.NDArray[np.float32]

_USUAL_ASPECT = 3.2


def quad_for(plate: FlatPlate, replaced: Corners, rows: int) -> Corners:
    """Return where a plate lies that hangs in the place of another: as wide, and as tall as its kind."""
    down = (replaced[2] + replaced[3] - replaced[0] - replaced[1]) / 4
    usual = _USUAL_ASPECT if rows == 1 else 2.0
    longer = np.float32(usual / plate.aspect - 1)
    return np.asarray(replaced + np.stack([-down, -down, down, down]) * longer, np.float32)


def paint(picture: Image, plate: FlatPlate, quad: Corners, generator: np.random.Generator) -> None:
    """Paint a plate into a picture, as bright as what it covers.

    Args:
        picture: BGR, uint8; changed.
        plate: what is painted.
        quad: 4 x 2 float32, where its corners go.
        generator: the source of all randomness.
    """
    low = np.floor(quad.min(axis=0) - 3).astype(int).clip(0)
    high = np.ceil(quad.max(axis=0) + 3).astype(int).clip(0, [picture.shape[1], picture.shape[0]])
    if (high - low < 2).any():
        return
    part = picture[low[1] : high[1], low[0] : high[0]]
    image, inset = _near_size(plate, float(np.hypot(*(quad[1] - quad[0]))))
    height, width = image.shape[:2]
    right, bottom = width - inset[0], height - inset[1]
    corners = np.array([inset, (right, inset[1]), (right, bottom), (inset[0], bottom)], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, (quad - low).astype(np.float32))
    size = part.shape[1], part.shape[0]
    warped = cv2.warpPerspective(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    cover = cv2.warpPerspective(np.full((height, width), 255, np.uint8), matrix, size, flags=cv2.INTER_LINEAR)
    weight = cover.astype(np.float32)[:, :, None] / 255
    bright = np.percentile(part[cover > 127], 90) if (cover > 127).any() else 200.0
    gain = np.clip((bright + 15) / (np.percentile(image, 90) + 15), 0.2, 1.25) * generator.uniform(0.8, 1.2)
    lit = warped.astype(np.float32) * np.float32(gain) + np.float32(generator.normal(0, 6))
    if generator.random() < 0.3:  # half of it lies in a shadow
        ramp = np.linspace(generator.uniform(0.35, 1), generator.uniform(0.6, 1.2), part.shape[1])
        lit *= ramp.astype(np.float32)[None, :, None]
    mixed = part * (1 - weight) + np.clip(lit, 0, 255) * weight
    if generator.random() < 0.5:
        mixed = cv2.GaussianBlur(mixed, (0, 0), float(generator.uniform(0.3, 0.9)))
    part[:] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


def _near_size(plate: FlatPlate, width: float) -> tuple[Image, tuple[float, float]]:
    """Shrink a plate to about the size at which it is seen, so that no pixel of it is skipped."""
    scale = 1.1 * width / plate.image.shape[1]
    if scale >= 0.8:
        return plate.image, plate.inset
    size = max(4, round(plate.image.shape[1] * scale)), max(3, round(plate.image.shape[0] * scale))
    small = np.asarray(cv2.resize(plate.image, size, interpolation=cv2.INTER_AREA), np.uint8)
    across, down = size[0] / plate.image.shape[1], size[1] / plate.image.shape[0]
    return small, (plate.inset[0] * across, plate.inset[1] * down)
