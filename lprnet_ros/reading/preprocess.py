"""From a BGR crop to a network's input, exactly as its ``TensorSpec`` says."""

from __future__ import annotations

import functools
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.models.tensor_spec import TensorSpec


def preprocess(image: npt.NDArray[np.uint8], spec: TensorSpec) -> npt.NDArray[Any]:
    """Scale a crop to the input's size, order its channels and normalise it.

    Args:
        image: one crop, BGR, uint8, height x width x 3, any size from 1 x 1.
        spec: the input: a picture.

    Returns:
        An array of the shape and type of ``spec``, contiguous: ``(x - mean) * scale``; for nv12 uint8 rows,
        as many bytes wide as the board aligns them: height rows of Y, then half as many of U and V in turns.

    Raises:
        ValueError: not an uint8 height x width x 3 array, or an empty one; or no such input can be made.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise ValueError(
            f"a crop is a non-empty uint8 array, height x width x 3; got {image.dtype} {image.shape}"
        )
    if not spec.layout:
        raise ValueError(f"a crop cannot be turned into an input of type {spec.dtype}, shape {spec.shape}")
    if image.shape[:2] == (1, 1):  # OpenCV 4.5 (Ubuntu 22.04) refuses a single pixel
        image = np.broadcast_to(image, (spec.height, spec.width, 3))
    elif image.shape[:2] != (spec.height, spec.width):
        image = np.asarray(
            cv2.resize(image, (spec.width, spec.height), interpolation=cv2.INTER_LINEAR), dtype=np.uint8
        )
    if spec.dtype == "nv12":
        return _nv12(image, spec)
    if spec.channel_order == "rgb":
        image = image[:, :, ::-1]
    if spec.layout == "NCHW":
        image = image.transpose(2, 0, 1)
    tensor = image[np.newaxis].astype(spec.dtype, order="C")
    if spec.dtype == "float32":
        tensor -= _operand(spec.mean, spec.layout)
        tensor *= _operand(spec.scale, spec.layout)
    return tensor


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
