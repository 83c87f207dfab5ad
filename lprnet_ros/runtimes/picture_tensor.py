"""From a picture, BGR or in planes, to a network's input, exactly as its ``TensorSpec`` says."""

from __future__ import annotations

import functools
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.models.tensor_spec import TensorSpec

GREY = 127.5
"""Of 8-bit values, what the input holds where no picture is."""
_VALUES = np.arange(256.0)
_FULL_LUMA = np.rint((_VALUES - 16) * 255 / 219).clip(0, 255).astype(np.uint8)
_FULL_CHROMA = np.rint((_VALUES - 128) * 255 / 224 + 128).clip(0, 255).astype(np.uint8)
"""From BT.601's limited range, as cameras give it, to the full one that an nv12 input has."""


def picture_tensor(image: npt.NDArray[np.uint8], spec: TensorSpec) -> npt.NDArray[Any]:
    """Order a picture's channels and normalise it; what is left of the input stays grey.

    Args:
        image: BGR, uint8, height x width x 3, no larger than the input; it lies at the input's upper left.
        spec: the input: a picture.

    Returns:
        A new array of the shape and type of ``spec``, contiguous: ``(x - mean) * scale``; for nv12 uint8
        rows, as many bytes wide as the board aligns them: of Y, then half as many of U and V in turns.

    Raises:
        ValueError: the input is no picture, or a smaller one.
    """
    height, width = image.shape[:2]
    if not spec.layout or height > spec.height or width > spec.width:
        raise ValueError(f"{width} x {height} pixels do not go into an input of the shape {spec.shape}")
    is_full = (height, width) == (spec.height, spec.width)
    if spec.dtype == "nv12":
        return _nv12(image if is_full else _beside_grey(image, spec), spec)
    if spec.channel_order == "rgb":
        image = image[:, :, ::-1]
    if spec.layout == "NCHW":
        image = image.transpose(2, 0, 1)
    tensor = image[np.newaxis].astype(spec.dtype, order="C")
    if spec.dtype == "float32":
        tensor -= _operand(spec.mean, spec.layout)
        tensor *= _operand(spec.scale, spec.layout)
    if is_full:
        return tensor
    grey = [(GREY - mean) * scale for mean, scale in zip(spec.mean, spec.scale, strict=True)]
    whole = np.empty(spec.shape, spec.dtype)
    whole[:] = _operand(tuple(grey), spec.layout)
    (whole[:, :, :height, :width] if spec.layout == "NCHW" else whole[:, :height, :width])[:] = tensor
    return whole


def planes_tensor(
    luma: npt.NDArray[np.uint8], chroma: npt.NDArray[np.uint8], spec: TensorSpec
) -> npt.NDArray[np.uint8]:
    """Turn the planes of a camera into an nv12 input; what is left of it stays grey.

    Args:
        luma: Y, uint8, height x width, both even, no larger than the input: BT.601, from 16 to 235.
        chroma: U and V, height / 2 x width / 2 x 2, from 16 to 240.
        spec: an nv12 input.

    Returns:
        A new array as ``picture_tensor`` makes it.

    Raises:
        ValueError: it is no nv12 input, or a smaller one.
    """
    height, width = luma.shape
    if spec.dtype != "nv12" or height > spec.height or width > spec.width:
        raise ValueError(f"{width} x {height} pixels in planes do not go into a {spec.dtype} {spec.shape}")
    rows = np.full(spec.nv12_shape, 128, np.uint8)
    rows[:height, :width] = cv2.LUT(luma, _FULL_LUMA)
    below = rows[spec.height : spec.height + height // 2, :width]
    below[:] = cv2.LUT(chroma, _FULL_CHROMA).reshape(height // 2, width)
    return rows


def _beside_grey(image: npt.NDArray[np.uint8], spec: TensorSpec) -> npt.NDArray[np.uint8]:
    whole = np.full((spec.height, spec.width, 3), round(GREY), np.uint8)
    whole[: image.shape[0], : image.shape[1]] = image
    return whole


def _nv12(image: npt.NDArray[np.uint8], spec: TensorSpec) -> npt.NDArray[np.uint8]:
    """Turn BGR into full-range BT.601, as the compiler's input_space_and_range 'regular' says."""
    height, width = image.shape[:2]
    picture = cv2.cvtColor(image, cv2.COLOR_BGR2YCrCb)
    rows = np.zeros(spec.nv12_shape, np.uint8)
    rows[:height, :width] = picture[:, :, 0]
    colours = np.asarray(cv2.resize(picture, (width // 2, height // 2), interpolation=cv2.INTER_AREA))
    rows[height:, :width] = colours[:, :, :0:-1].reshape(height // 2, width)  # Cr, Cb to U, V
    return rows


@functools.lru_cache
def _operand(values: tuple[float, ...], layout: str) -> npt.NDArray[np.float32] | np.float32:
    """Return one number a channel as NumPy takes it fastest: as a single number where all are the same."""
    if len(set(values)) == 1:
        return np.float32(values[0])
    return np.array(values, np.float32).reshape((3, 1, 1) if layout == "NCHW" else (3,))
