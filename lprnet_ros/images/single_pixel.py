"""Pictures of one pixel, which old versions of OpenCV refuse."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def widen_single_pixel(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Duplicate the pixel of a picture that has only one.

    OpenCV 4.5.4, the version of Ubuntu 22.04 and the RDK X5, refuses a 1 x 1 picture
    with channels ("_step >= minstep in function 'Mat'"); 4.5.5 accepts it.

    Args:
        image: uint8, height x width, or height x width x channels.

    Returns:
        height x 2 x channels if the picture was 1 x 1, else the picture itself.
    """
    if image.shape[:2] != (1, 1):
        return image
    return np.repeat(image, 2, axis=1)
