"""A moving camera: one crop becomes the sequence that a detector would cut out while a vehicle passes."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.images.single_pixel import widen_single_pixel

Image = npt.NDArray[np.uint8]
_View = npt.NDArray[np.float32]
_Curve = npt.NDArray[np.float64]

_WIDTH, _HEIGHT = 282, 72
"""Size in pixels at which a view is drawn: three times what the network reads."""

_KNOTS = 4
"""Random values behind each smooth curve; conditions change about so often in a sequence."""


class MovingCamera:
    """Films plates: every condition drifts from frame to frame, some tremble besides.

    Args:
        generator: the source of all randomness.
        strength: 0 shows crops nearly as they are; with 1 the bundled network
            misreads about one frame in seven.
    """

    def __init__(self, generator: np.random.Generator, strength: float = 1.0) -> None:
        self._generator = generator
        self._strength = strength

    def film(self, crop: Image, frames: int = 10) -> Iterator[Image]:
        """Show a crop to the camera while its vehicle passes.

        Args:
            crop: BGR, uint8, height x width x 3, any size from 1 x 1.
            frames: how many pictures.

        Yields:
            BGR, uint8, height x width x 3; the height follows the distance, 8 to
            32 pixels at strength 1.
        """
        generator, strength = self._generator, self._strength
        crop = widen_single_pixel(crop)
        height, width = crop.shape[:2]
        whole = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        corners = self._corners(frames)
        heights = self._heights(frames)
        softness = float(generator.beta(1, 2)) * strength * _HEIGHT  # most lenses are sharp, some not at all
        focus = 0.045 * softness * np.abs(self._drift(frames))
        motion = 0.13 * softness * np.abs(self._drift(frames, tremble=0.3))
        direction = generator.uniform(0, np.pi) + 0.3 * self._drift(frames)
        gain = np.exp(0.15 * strength * self._drift(frames, tremble=0.4))
        brightness = strength * (generator.normal(0, 6) + 5 * self._drift(frames))
        noise = float(generator.exponential(3)) * strength
        quality = max(10, round(90 - generator.uniform(0, 60) * strength))
        obstacle = _Obstacle(generator, frames) if generator.random() < 0.4 * strength else None
        for i in range(frames):
            matrix = cv2.getPerspectiveTransform(whole, corners[i])
            view = np.asarray(
                cv2.warpPerspective(crop, matrix, (_WIDTH, _HEIGHT), borderMode=cv2.BORDER_REPLICATE),
                dtype=np.float32,
            )
            if obstacle is not None:
                obstacle.cover(view, i)
            view = _blurred(view * gain[i] + brightness[i], focus[i], motion[i], direction[i])
            size = max(2, round(heights[i] * _WIDTH / _HEIGHT)), round(heights[i])
            view = np.asarray(cv2.resize(view, size, interpolation=cv2.INTER_AREA), dtype=np.float32)
            view += generator.normal(0, noise, view.shape)
            picture = np.clip(view, 0, 255).astype(np.uint8)
            _, packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
            yield np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), dtype=np.uint8)

    def _drift(self, frames: int, tremble: float = 0.0) -> _Curve:
        """Return a smooth random curve of unit variance at its knots, one value a frame.

        Args:
            frames: how many values.
            tremble: standard deviation of what is added to each frame by itself.
        """
        knots = self._generator.normal(0, 1, _KNOTS)
        position = np.linspace(0, _KNOTS - 1, frames)
        before = np.minimum(position.astype(int), _KNOTS - 2)
        share = (1 - np.cos((position - before) * np.pi)) / 2
        curve = knots[before] * (1 - share) + knots[before + 1] * share
        return np.asarray(curve + tremble * self._generator.normal(0, 1, frames), dtype=np.float64)

    def _heights(self, frames: int) -> _Curve:
        """Return the height in pixels: it grows while a vehicle comes and shrinks while it leaves."""
        generator = self._generator
        near = 32 - 16 * generator.uniform(0, 1) * self._strength
        far = near * (1 - generator.uniform(0.1, 0.45) * self._strength)
        heights = np.maximum(np.geomspace(near, max(far, 1.0), frames), 6.0)
        return np.asarray(heights[::-1] if generator.random() < 0.7 else heights, dtype=np.float64)

    def _corners(self, frames: int) -> npt.NDArray[np.float32]:
        """Return where the crop's corners lie: frames x 4 x 2, pixels of the view."""
        strength = self._strength
        corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (_WIDTH / 2, _HEIGHT / 2)
        corners = np.repeat(corners[None], frames, axis=0)
        one_side_nearer = 0.025 * strength * self._drift(frames)
        corners[:, :, 1] *= 1 + one_side_nearer[:, None] * (-1, 1, 1, -1)
        corners[:, :, 0] += corners[:, :, 1] * 0.07 * strength * self._drift(frames)[:, None]  # from above
        corners[:, :, 1] += corners[:, :, 0] * 0.012 * strength * self._drift(frames)[:, None]  # turned
        margin = 0.02 * strength * np.abs(self._drift(frames, tremble=0.3))
        corners *= 1 - margin[:, None, None]
        shift = np.stack([self._drift(frames, tremble=0.3) for _ in "xy"], axis=1)
        corners += 0.025 * strength * _HEIGHT * shift[:, None, :]
        corners += 0.012 * strength * _HEIGHT * self._generator.normal(0, 1, corners.shape)
        return (corners + np.array([_WIDTH, _HEIGHT]) / 2).astype(np.float32)


class _Obstacle:
    """A post, a wiper or a leaf that crosses the picture during some of the frames."""

    def __init__(self, generator: np.random.Generator, frames: int) -> None:
        self._kind = ("post", "wiper", "leaf")[int(generator.integers(3))]
        self._colour = generator.uniform(10, 200 if self._kind == "leaf" else 90, 3).tolist()
        self._thickness = max(1, round(generator.uniform(0.12, 0.4) * _HEIGHT))
        self._slant = generator.uniform(-0.6, 0.6)
        self._height = round(generator.uniform(0.2, 0.8) * _HEIGHT)
        duration = generator.uniform(0.3, 0.9) * frames
        start = generator.uniform(-0.3 * duration, frames - 0.7 * duration)
        way = (np.arange(frames) - start) / duration
        way = way if generator.random() < 0.5 else 1 - way
        self._places = (way * (_WIDTH + 2 * _HEIGHT) - _HEIGHT).tolist()

    def cover(self, view: _View, frame: int) -> None:
        """Draw it over a view."""
        place = self._places[frame]
        if self._kind == "leaf":
            middle, axes = (round(place), self._height), (self._thickness, max(1, self._thickness // 2))
            cv2.ellipse(view, middle, axes, 0.7 * place, 0, 360, self._colour, -1, cv2.LINE_AA)
            return
        slant = self._slant if self._kind == "post" else 2 * (place / _WIDTH - 0.5)  # a wiper turns
        top, bottom = (round(place - slant * _HEIGHT), -2), (round(place + slant * _HEIGHT), _HEIGHT + 2)
        cv2.line(view, top, bottom, self._colour, self._thickness, cv2.LINE_AA)


def _blurred(view: _View, focus: float, motion: float, direction: float) -> _View:
    """Blur by defocus (standard deviation, pixels) and motion (length, pixels; direction, radians)."""
    if focus > 0.3:
        view = np.asarray(cv2.GaussianBlur(view, (0, 0), focus), dtype=np.float32)
    if motion > 1.5:
        middle = int(np.ceil(motion / 2))
        kernel = np.zeros((2 * middle + 1, 2 * middle + 1), np.float32)
        reach = np.array([np.cos(direction), np.sin(direction)]) * motion / 2
        first, last = np.round(middle - reach).astype(int), np.round(middle + reach).astype(int)
        cv2.line(kernel, first.tolist(), last.tolist(), 1.0)
        view = np.asarray(cv2.filter2D(view, -1, kernel / kernel.sum()), dtype=np.float32)
    return view.astype(np.float32)
