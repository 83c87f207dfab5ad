"""Image messages of random bytes, for the tests of what reads them."""

from __future__ import annotations

from array import array

import numpy as np
import pytest
from fuzz.oracle import CHANNELS, Message, rows_of

from lprnet_ros.images.conversion import BadImage, ImageRejectedError, image_to_bgr

MAX_PIXELS = 10_000


def random_message(
    encoding: str, width: int = 6, height: int = 4, *, padding: int = 0, extra: int = 0
) -> Message:
    """Make a message of random bytes, with bytes after each row and after the last."""
    step = width * CHANNELS[encoding] + padding
    count = step * rows_of(encoding, height) + extra
    data = np.random.default_rng(7).integers(0, 256, count, dtype=np.uint8)
    return Message(height, width, encoding, 0, step, array("B", data.tobytes()))


def reason_of(message: Message, *, max_pixels: int = MAX_PIXELS) -> BadImage:
    """Why a message is refused."""
    with pytest.raises(ImageRejectedError) as caught:
        image_to_bgr(message, max_pixels=max_pixels)
    assert str(caught.value)
    return caught.value.reason
