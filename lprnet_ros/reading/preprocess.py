"""From a BGR crop to a network's input, exactly as its ``TensorSpec`` says."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.models.tensor_spec import TensorSpec
from lprnet_ros.runtimes.picture_tensor import picture_tensor


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
    return picture_tensor(image, spec)
