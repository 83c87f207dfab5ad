"""What a tensor of a network looks like, and how pixels become its numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

DTYPES = ("float32", "uint8", "nv12")
"""Element types that a manifest may name; which of them it can feed says each runtime."""
LAYOUTS = ("NCHW", "NHWC")
CHANNEL_ORDERS = ("rgb", "bgr")
MOST_PIXELS = 8192
"""Greatest width and height of an input."""


_NV12_ALIGNMENT = 16


@dataclass(frozen=True)
class TensorSpec:
    """One input or output of a network.

    Attributes:
        shape: every dimension, the batch included.
        dtype: one of ``DTYPES``; nv12 is a picture in full-range BT.601, its shape that of the pixels.
        name: what the network calls it; empty where nobody said.
        layout: of a picture, ``NCHW`` or ``NHWC``; empty for a tensor that is no picture.
        channel_order: of a picture, ``rgb`` or ``bgr``.
        mean: subtracted from each 8-bit value, one number a channel in the tensor's order.
        scale: multiplies the difference, one number a channel.

    Raises:
        ValueError: a value that is unknown or makes no sense; the message names it.
    """

    shape: tuple[int, ...]
    dtype: str = "float32"
    name: str = ""
    layout: str = ""
    channel_order: str = ""
    mean: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Check every value."""
        if self.dtype not in DTYPES:
            raise ValueError(f"dtype is {self.dtype!r}, expected one of {', '.join(DTYPES)}")
        if not self.shape or min(self.shape) < 1:
            raise ValueError(f"shape is {self.shape}, expected dimensions of at least 1")
        if not self.layout:
            return
        if self.layout not in LAYOUTS or len(self.shape) != 4:
            raise ValueError(
                f"layout is {self.layout!r} of {len(self.shape)} dimensions, expected NCHW or NHWC"
            )
        if self.channel_order not in CHANNEL_ORDERS:
            raise ValueError(f"channel_order is {self.channel_order!r}, expected 'rgb' or 'bgr'")
        for field, values in (("mean", self.mean), ("scale", self.scale)):
            if len(values) != 3 or not all(map(math.isfinite, values)):
                raise ValueError(f"{field} is {values}, expected 3 finite numbers")
        if self.dtype == "nv12" and (self.width % 2 or self.height % 2):
            raise ValueError(f"an nv12 input of {self.width} x {self.height} pixels, expected even numbers")
        if 0 in self.scale:
            raise ValueError("scale is 0, every input would be 0")
        if self.dtype != "float32" and (any(self.mean) or set(self.scale) != {1}):
            raise ValueError(
                f"mean is {self.mean} and scale {self.scale}, expected 0 and 1: {self.dtype} goes in as it is"
            )

    @classmethod
    def picture(
        cls,
        channel_order: str,
        mean: float | tuple[float, ...],
        scale: float | tuple[float, ...],
        width: int = 94,
        height: int = 24,
        *,
        dtype: str = "float32",
        layout: str = "NCHW",
        name: str = "",
    ) -> TensorSpec:
        """Describe an input that takes one picture of width x height pixels; the rest as in the attributes.

        ``mean`` and ``scale`` may be one number for all channels.
        """
        if not (1 <= width <= MOST_PIXELS and 1 <= height <= MOST_PIXELS):
            raise ValueError(
                f"input of {width} x {height} pixels, expected 1 x 1 to {MOST_PIXELS} x {MOST_PIXELS}"
            )
        shape = (1, height, width, 3) if layout == "NHWC" else (1, 3, height, width)
        return cls(shape, dtype, name, layout, channel_order, _each(mean), _each(scale))

    @property
    def height(self) -> int:
        """Of a picture, in pixels."""
        return self.shape[1 if self.layout == "NHWC" else 2]

    @property
    def width(self) -> int:
        """Of a picture, in pixels."""
        return self.shape[2 if self.layout == "NHWC" else 3]

    @property
    def nv12_shape(self) -> tuple[int, int]:
        """Rows of the picture in NV12, those of Y and half as many of U and V in turns, and bytes of each.

        The X5 begins rows at multiples of 16 bytes: 94 pixels take 96 (hbdk-disas of a compiled model).
        """
        return self.height * 3 // 2, -(-self.width // _NV12_ALIGNMENT) * _NV12_ALIGNMENT

    @property
    def formula(self) -> str:
        """What is done to 8-bit values, such as ``(x - 127.5) * 0.0078125``."""
        mean, scale = (
            ",".join(f"{value:g}" for value in (values[:1] if len(set(values)) == 1 else values))
            for values in (self.mean, self.scale)
        )
        return f"(x - {mean}) * {scale}"

    def normalise(self, blue: float, green: float, red: float) -> tuple[float, ...]:
        """Return what one pixel becomes, in the order of the tensor's channels."""
        pixel = (red, green, blue) if self.channel_order == "rgb" else (blue, green, red)
        return tuple((v - mean) * scale for v, mean, scale in zip(pixel, self.mean, self.scale, strict=True))


def shared_number(values: tuple[float, ...]) -> float | list[float]:
    """Return a mean or scale as files write it: one number where all channels share it."""
    return values[0] if len(set(values)) == 1 else list(values)


def _each(value: float | tuple[float, ...]) -> tuple[float, ...]:
    return value if isinstance(value, tuple) else (value, value, value)
