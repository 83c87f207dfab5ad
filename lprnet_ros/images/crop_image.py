"""A crop as it arrived, checked but not yet converted; and the reasons to reject an image."""

from __future__ import annotations

import enum
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.images.picture_decoding import BrokenPictureError, UndecodableError, decode_picture
from lprnet_ros.images.single_pixel import widen_single_pixel

BgrImage = npt.NDArray[np.uint8]


class BadImage(str, enum.Enum):
    """Why an image message is rejected; the value is the name in logs and diagnostics."""

    MALFORMED = "malformed_message"
    EMPTY = "empty_data"
    SIZE = "bad_size"
    STEP = "bad_step"
    SHORT = "short_data"
    BIG_ENDIAN = "big_endian"
    ENCODING = "unknown_encoding"
    UNDECODABLE = "undecodable"
    """No JPEG or PNG, or none that OpenCV can or should decode."""
    BROKEN = "broken_image"
    """A damaged JPEG or PNG: OpenCV would show it, with pixels that it had to guess."""


class ImageRejectedError(ValueError):
    """An image message cannot be used.

    Attributes:
        reason: the kind of error.
    """

    def __init__(self, reason: BadImage, message: str) -> None:
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[type[ImageRejectedError], tuple[BadImage, str]]:
        """Support pickling with the reason, for transfer between processes."""
        return type(self), (self.reason, str(self))


class CropImage(NamedTuple):
    """An image from a valid message, as a view of the message's data.

    Attributes:
        pixels: uint8: height x width x channels, height x width, the planes of
            a YUV image below each other, or the bytes of a JPEG or PNG.
        conversion: OpenCV's code for the conversion to BGR; None if none is needed.
        is_encoded: whether the pixels are the bytes of a JPEG or PNG.
    """

    pixels: npt.NDArray[np.uint8]
    conversion: int | None = None
    is_encoded: bool = False

    def to_bgr(self) -> BgrImage:
        """Convert the image; this is expensive and left to the thread or process that reads it.

        Returns:
            BGR, uint8, height x width x 3; the view itself if it is already BGR.

        Raises:
            ImageRejectedError: the JPEG or PNG is broken.
        """
        if self.is_encoded:
            return _decode(self.pixels)
        if self.conversion is None:
            return self.pixels
        pixels = widen_single_pixel(self.pixels)
        converted = np.asarray(cv2.cvtColor(pixels, self.conversion), dtype=np.uint8)
        return converted[:, : self.pixels.shape[1]]


def _decode(data: npt.NDArray[np.uint8]) -> BgrImage:
    try:
        return decode_picture(data)
    except UndecodableError as error:
        reason = BadImage.BROKEN if isinstance(error, BrokenPictureError) else BadImage.UNDECODABLE
        raise ImageRejectedError(reason, str(error)) from error
