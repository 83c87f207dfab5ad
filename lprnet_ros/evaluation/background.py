"""Patches of pictures without a Chinese plate: what a careless detector might cut out."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]

_ASPECTS = (2.6, 3.6, 4.8)  # width to height: American plates, Chinese ones, European ones
_WIDTHS = (56, 80, 115, 165, 235, 340)  # of the windows, in pixels of the picture
_MOST_SHARED = 0.6  # of the smaller one of two windows


def text_like_windows(image: Image, count: int) -> list[Image]:
    """Cut out the windows that look most like a line of text, such as foreign plates and signs.

    Of all windows, those hold text that have more upright edges than the ground around them.

    Args:
        image: BGR, uint8, height x width x 3.
        count: windows wanted; there are fewer in a small or flat picture.

    Returns:
        BGR, uint8, the most text-like first; different ones, though they may overlap.
    """
    grey = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), (0, 0), 1.0)
    edges = np.minimum(np.abs(cv2.Sobel(grey.astype(np.float32), cv2.CV_32F, 1, 0)), 200.0)
    sums = np.asarray(cv2.integral(edges, sdepth=cv2.CV_64F), np.float64)
    found = []
    for width, aspect in itertools.product(_WIDTHS, _ASPECTS):
        height = round(width / aspect)
        step = max(2, height // 4)
        rows, columns = max(0, grey.shape[0] - height), max(0, grey.shape[1] - width)
        y, x = np.mgrid[0:rows:step, 0:columns:step].reshape(2, -1)
        if not y.size:
            continue
        inside = _mean(sums, y, x, height, width)
        margin = height // 3
        top, side = np.maximum(y - margin, 0), np.maximum(x - margin, 0)
        around = _mean(sums, top, side, height + 2 * margin, width + 2 * margin)
        scores = 2 * inside - around
        best = np.argsort(-scores)[: 20 * count]
        found += [(float(scores[i]), int(x[i]), int(y[i]), width, height) for i in best]
    chosen: list[tuple[float, int, int, int, int]] = []
    for window in sorted(found, reverse=True):
        if len(chosen) == count:
            break
        if all(_overlap(window, other) < _MOST_SHARED for other in chosen):
            chosen.append(window)
    return [image[y : y + height, x : x + width] for _, x, y, width, height in chosen]


def random_windows(image: Image, count: int, generator: np.random.Generator) -> list[Image]:
    """Cut out windows of a plate's shape anywhere: BGR, uint8."""
    windows = []
    for _ in range(count):
        width = min(int(generator.choice(_WIDTHS)), image.shape[1])
        height = min(round(width / float(generator.choice(_ASPECTS))), image.shape[0])
        x = int(generator.integers(image.shape[1] - width + 1))
        y = int(generator.integers(image.shape[0] - height + 1))
        windows.append(image[y : y + height, x : x + width])
    return windows


def _mean(
    sums: npt.NDArray[np.float64],
    y: npt.NDArray[np.int64],
    x: npt.NDArray[np.int64],
    height: int,
    width: int,
) -> npt.NDArray[np.float64]:
    bottom = np.minimum(y + height, sums.shape[0] - 1)
    right = np.minimum(x + width, sums.shape[1] - 1)
    total = sums[bottom, right] - sums[y, right] - sums[bottom, x] + sums[y, x]
    return np.asarray(total / ((bottom - y) * (right - x)), dtype=np.float64)


def _overlap(first: tuple[float, int, int, int, int], second: tuple[float, int, int, int, int]) -> float:
    """Return the shared area as a share of the smaller window."""
    _, x1, y1, w1, h1 = first
    _, x2, y2, w2, h2 = second
    width = min(x1 + w1, x2 + w2) - max(x1, x2)
    height = min(y1 + h1, y2 + h2) - max(y1, y2)
    return max(0, width) * max(0, height) / min(w1 * h1, w2 * h2)
