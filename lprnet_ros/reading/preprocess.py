"""From a BGR crop to the network's input, exactly as the model's manifest says."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.models.manifest import Preprocessing


def preprocess(image: npt.NDArray[np.uint8], rule: Preprocessing) -> npt.NDArray[np.float32]:
    """Scale a crop to the input size, order its channels and normalise it.

    Args:
        image: one crop, BGR, uint8, height x width x 3, any size from 1 x 1.
        rule: what the model wants.

    Returns:
        1 x 3 x rule.height x rule.width, float32, contiguous:
        ``(x - mean) * scale``.

    Raises:
        ValueError: not an uint8 height x width x 3 array, or an empty one.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise ValueError(
            f"a crop is a non-empty uint8 array, height x width x 3; got {image.dtype} {image.shape}"
        )
    if image.shape[:2] == (1, 1):  # OpenCV 4.5 (Ubuntu 22.04) refuses a single pixel
        image = np.broadcast_to(image, (rule.height, rule.width, 3))
    elif image.shape[:2] != (rule.height, rule.width):
        image = np.asarray(
            cv2.resize(image, (rule.width, rule.height), interpolation=cv2.INTER_LINEAR), dtype=np.uint8
        )
    planes = image.transpose(2, 0, 1)
    if rule.channel_order == "rgb":
        planes = planes[::-1]
    tensor = planes[np.newaxis].astype(np.float32, order="C")
    tensor -= rule.mean
    tensor *= rule.scale
    return tensor
