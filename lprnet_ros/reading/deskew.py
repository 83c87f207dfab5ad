"""Deskews a tilted plate, for the second reading of an uncertain crop.

A detector cuts the upright box of a plate; in it a tilted plate runs from one
corner to the other.  Its lines tell by how much: sheared back by the right
amount, the edges of a row add up (as in the deskewing of documents, Postl,
ICPR 1986).
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.images.single_pixel import widen_single_pixel

Image = npt.NDArray[np.uint8]
Plane = npt.NDArray[np.float32]

_WIDTH, _HEIGHT = 94, 48  # tilt is measured at this size
_SLOPES = tuple(round(-0.5 + 0.05 * i, 2) for i in range(21))
_SHEARS = tuple(round(-0.15 + 0.025 * i, 3) for i in range(13))
_MORE_ROOM = 0.06  # in widths of the picture
_STRONGEST_EDGE = 200.0  # of the Sobel operator: one glaring edge must not outvote all others


def level_views(image: Image) -> list[Image]:
    """Return deskewed views of a crop.

    Args:
        image: BGR, uint8, height x width x 3, the upright box of one plate.

    Returns:
        Three pictures, BGR, uint8, twice as large as the network's input: the
        plate level, level with its characters upright, and the same with more
        room at the sides, for boxes that cut into the plate.
    """
    slope = estimate_slope(image)
    turned = remove_tilt(image, slope, 0.0)
    shear = estimate_shear(turned)
    return [turned, remove_tilt(image, slope, shear), remove_tilt(image, slope, shear, _MORE_ROOM)]


def estimate_slope(image: Image) -> float:
    """Measure by how much the right end of a plate lies lower than the left one.

    Args:
        image: BGR, uint8, height x width x 3.

    Returns:
        In heights of the picture, -0.5 to 0.5; 0 where there are no edges.
    """
    edges = _edges(image, 0, 1)
    ratio = _HEIGHT / _WIDTH
    matrices = [_affine([1, 0, 0], [slope * ratio, 1, -slope * _HEIGHT / 2]) for slope in _SLOPES]
    return _SLOPES[_sharpest(edges, matrices, axis=1, level=_SLOPES.index(0.0))]


def estimate_shear(image: Image) -> float:
    """Measure by how much the lower end of the strokes lies further right than the upper one.

    Args:
        image: BGR, uint8, height x width x 3; of a level plate.

    Returns:
        In widths of the picture, -0.15 to 0.15; 0 where there are no edges.
    """
    edges = _edges(image, 1, 0)
    ratio = _WIDTH / _HEIGHT
    matrices = [_affine([1, shear * ratio, -shear * _WIDTH / 2], [0, 1, 0]) for shear in _SHEARS]
    return _SHEARS[_sharpest(edges, matrices, axis=0, level=_SHEARS.index(0.0))]


def remove_tilt(image: Image, slope: float, shear: float, room: float = 0.0) -> Image:
    """Cut the plate out of its upright box.

    Args:
        image: BGR, uint8, height x width x 3.
        slope: as ``estimate_slope`` measures it.
        shear: as ``estimate_shear`` measures it.
        room: left on both sides of the plate, in widths of the picture.

    Returns:
        BGR, uint8, 48 x 188 x 3.
    """
    image = widen_single_pixel(image)
    height, width = image.shape[:2]
    fall, rise, forward, back = max(0.0, slope), max(0.0, -slope), max(0.0, shear), max(0.0, -shear)
    corners = [
        [back - room, rise],
        [1 - forward + room, fall],
        [1 - back + room, 1 - rise],
        [forward - room, 1 - fall],
    ]
    size = (2 * _WIDTH, _HEIGHT)
    target = np.array([[0, 0], [size[0], 0], size, [0, size[1]]], dtype=np.float32)
    source = np.array(corners, dtype=np.float32) * np.array([width, height], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(source, target)
    return np.asarray(cv2.warpPerspective(image, matrix, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _edges(image: Image, across: int, down: int) -> Plane:
    image = widen_single_pixel(image)
    method = cv2.INTER_AREA if image.shape[1] > _WIDTH else cv2.INTER_LINEAR
    grey = cv2.cvtColor(cv2.resize(image, (_WIDTH, _HEIGHT), interpolation=method), cv2.COLOR_BGR2GRAY)
    edges = cv2.Sobel(grey.astype(np.float32), cv2.CV_32F, across, down)
    return np.asarray(np.clip(edges, -_STRONGEST_EDGE, _STRONGEST_EDGE), dtype=np.float32)


def _affine(across: Sequence[float], down: Sequence[float]) -> Plane:
    return np.array([across, down], dtype=np.float32)


def _sharpest(edges: Plane, matrices: Sequence[Plane], *, axis: int, level: int) -> int:
    """Return which transform gathers the edges best in few rows or columns; ``level`` where none does."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    energies = []
    for matrix in matrices:
        moved = cv2.warpAffine(edges, matrix, (_WIDTH, _HEIGHT), flags=flags)
        profile = moved.mean(axis=axis)
        energies.append(float(profile @ profile))
    best = int(np.argmax(energies))
    return best if energies[best] > energies[level] else level
