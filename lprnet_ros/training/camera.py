"""What a camera does to a plate: geometry, blur, light, noise and compression."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
Quad = npt.NDArray[np.float32]

WIDTH, HEIGHT = 94, 24
"""Size in pixels of the crops that the network reads."""

_CORNERS: Quad = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.float32)


class Camera:
    """Photographs a plate under random conditions.

    Args:
        generator: the source of all randomness.
        strength: 0 leaves pictures almost unchanged, 1 is the training default.
    """

    def __init__(self, generator: np.random.Generator, strength: float = 1.0) -> None:
        self._generator = generator
        self._strength = strength
        self._noise = generator.normal(0, 1, size=(512, 512, 3)).astype(np.float32)

    def photograph(self, image: Image, quad: Quad, *, crop_error: float = 0.08, tilt: float = 1.0) -> Image:
        """Photograph a quad of a picture.

        Args:
            image: BGR, uint8.
            quad: the plate's corners in the image, 4 x 2, from top left clockwise.
            crop_error: how far each edge of the crop may lie outside the plate, in
                plate heights (left and right: plate widths / 3); it may lie half as
                far inside.
            tilt: standard deviation of the rotation of plates for which a detector
                gives an upright box, in units of 7 degrees; less than 1 for pictures
                that are already tilted.

        Returns:
            The crop as a detector would cut it, BGR, uint8, 24 x 94 x 3.
        """
        if self._chance(0.4):
            crop = self._look_aslant(image, quad, crop_error, tilt)
        else:
            crop = self._look(image, quad, crop_error)
        crop = self._soften(crop)
        crop = self._light(crop)
        crop = self._sense(crop)
        return self._resize(crop)

    def _chance(self, probability: float) -> bool:
        return bool(self._generator.random() < probability * self._strength)

    def _look(self, image: Image, quad: Quad, crop_error: float) -> Image:
        """Cut out the quad with an imprecise box and a slant, at twice the final size."""
        generator, strength = self._generator, self._strength
        width = float(np.linalg.norm(quad[1] - quad[0]))
        height = float(np.linalg.norm(quad[3] - quad[0]))
        along = (quad[1] - quad[0]) / max(width, 1e-6)
        down = (quad[3] - quad[0]) / max(height, 1e-6)
        outward = generator.uniform(-0.5, 1.0, size=4) * crop_error * strength
        left, right = outward[0] * width / 3, outward[1] * width / 3
        top, bottom = outward[2] * height, outward[3] * height
        outward_steps = [
            -left * along - top * down,
            right * along - top * down,
            right * along + bottom * down,
            -left * along + bottom * down,
        ]
        cut = quad + np.array(outward_steps, dtype=np.float32)
        if generator.random() < 0.7:
            slant = generator.normal(0, 0.05, size=2) * strength
            cut[1:3] += down * np.float32(slant[0] * height * 2)  # rotation as a detector box sees it
            cut[2:] += along * np.float32(slant[1] * height * 3)  # shear
        cut += generator.normal(0, 0.025, size=(4, 2)) * strength * height
        return self._warp(image, cut.astype(np.float32), _CORNERS)

    def _look_aslant(self, image: Image, quad: Quad, crop_error: float, tilt: float) -> Image:
        """Rotate the plate, then cut its upright bounding box, as a detector does with a tilted plate."""
        generator, strength = self._generator, self._strength * tilt
        width = float(np.linalg.norm(quad[1] - quad[0]))
        height = float(np.linalg.norm(quad[3] - quad[0]))
        plate = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (width / 2, height / 2)
        plate[:, 1] *= 1 + np.array([-1, 1, 1, -1]) * generator.normal(0, 0.09) * strength  # one side nearer
        plate[:, 0] += plate[:, 1] * generator.normal(0, 0.27) * strength  # seen from above or below
        angle = float(np.clip(generator.normal(0, np.radians(7)) * strength, -0.3, 0.3))
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        turned = plate @ turn
        low, high = turned.min(axis=0), turned.max(axis=0)
        error = generator.uniform(-0.5, 1.0, size=(2, 2)) * crop_error * self._strength * height
        low, high = low - error[0], high + error[1]
        return self._warp(image, quad, ((turned - low) / (high - low)).astype(np.float32))

    def _warp(self, image: Image, source: Quad, target: Quad) -> Image:
        """Map four points of the picture to four points of a crop of twice the final size.

        Args:
            image: the picture.
            source: points in it, in pixels, 4 x 2.
            target: where they go, as fractions of the crop's width and height.
        """
        size = (2 * WIDTH, 2 * HEIGHT)
        matrix = cv2.getPerspectiveTransform(source, target * np.array(size, dtype=np.float32))
        return np.asarray(
            cv2.warpPerspective(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
            dtype=np.uint8,
        )

    def _soften(self, crop: Image) -> Image:
        """Apply loss of resolution, defocus and motion blur."""
        generator = self._generator
        if self._chance(0.6):
            scale = generator.uniform(0.28, 1.0)
            size = (max(24, round(crop.shape[1] * scale)), max(9, round(crop.shape[0] * scale)))
            crop = np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        if self._chance(0.05):  # seen almost from the side
            size = (round(generator.uniform(0.1, 0.35) * crop.shape[1]), crop.shape[0])
            crop = np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
            crop = np.asarray(cv2.resize(crop, (2 * WIDTH, crop.shape[0])), dtype=np.uint8)
        unit = crop.shape[0] / HEIGHT
        if self._chance(0.4):
            sigma = generator.uniform(0.2, 1.0) * unit
            crop = np.asarray(cv2.GaussianBlur(crop, (0, 0), sigma), dtype=np.uint8)
        if self._chance(0.2):
            length = max(2, round(generator.uniform(1.5, 4.5) * unit))
            kernel = np.zeros((length, length), np.float32)
            angle = generator.uniform(0, np.pi)
            middle = (length - 1) / 2
            reach = np.array([np.cos(angle), np.sin(angle)]) * middle
            first, last = np.round(middle - reach).astype(int), np.round(middle + reach).astype(int)
            cv2.line(kernel, first.tolist(), last.tolist(), 1.0)
            crop = np.asarray(cv2.filter2D(crop, -1, kernel / kernel.sum()), dtype=np.uint8)
        return crop

    def _light(self, crop: Image) -> Image:
        """Apply exposure, contrast, gamma, colour cast, shadow and glare."""
        generator, strength = self._generator, self._strength
        ramp = np.linspace(0, 1, 256, dtype=np.float32)
        gamma = np.exp(generator.normal(0, 0.3) * strength)
        contrast = np.exp(generator.normal(-0.1, 0.3) * strength)
        brightness = generator.normal(0.01, 0.09) * strength
        cast = np.exp(generator.normal(0, 0.12, size=3) * strength)
        curve = (ramp**gamma - 0.45) * contrast + 0.45 + brightness
        table = np.clip(curve[:, None] * cast[None, :] * 255, 0, 255).astype(np.uint8)
        if self._chance(0.12):
            grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
            mix = generator.uniform(0.5, 1.0)
            crop = np.asarray(
                cv2.addWeighted(crop, 1 - mix, cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), mix, 0),
                dtype=np.uint8,
            )
        elif self._chance(0.2):
            hsv = cv2.cvtColor(crop, cv2.COLOR_BGR2HSV)
            hsv[:, :, 0] = (hsv[:, :, 0].astype(np.int16) + int(generator.integers(-9, 10))) % 180
            crop = np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR), dtype=np.uint8)
        if self._chance(0.06):  # hardly any light
            table = (table * generator.uniform(0.06, 0.35)).astype(np.uint8)
        crop = np.asarray(cv2.LUT(crop, table[None]), dtype=np.uint8)
        if self._chance(0.3):
            corners = generator.uniform(0.35, 1.3, size=(2, int(generator.integers(2, 5))))
            field = cv2.resize(corners.astype(np.float32), crop.shape[1::-1])
            crop = np.clip(crop * field[:, :, None], 0, 255).astype(np.uint8)
        if self._chance(0.12):
            crop = self._half_shadow(crop)
        if self._chance(0.1):
            height, width = crop.shape[:2]
            centre = (int(generator.integers(width)), int(generator.integers(height)))
            spot = np.zeros((height, width), np.float32)
            cv2.circle(spot, centre, max(2, round(height * generator.uniform(0.1, 0.4))), 1.0, -1)
            soft = np.asarray(cv2.GaussianBlur(spot, (0, 0), height * 0.15), dtype=np.float32)
            glow = float(generator.uniform(40, 160)) * (1 if generator.random() < 0.7 else -1)
            crop = np.clip(crop + soft[:, :, None] * glow, 0, 255).astype(np.uint8)
        return crop

    def _half_shadow(self, crop: Image) -> Image:
        """Darken the part on one side of a line."""
        generator = self._generator
        height, width = crop.shape[:2]
        rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
        angle = generator.uniform(0, 2 * np.pi)
        distance = (columns - generator.uniform(0, width)) * np.cos(angle)
        distance += (rows - generator.uniform(0, height)) * np.sin(angle)
        shade = generator.uniform(0.35, 0.8)
        field = np.where(distance > 0, np.float32(shade), np.float32(1.0))
        return (crop * field[:, :, None]).astype(np.uint8)

    def _sense(self, crop: Image) -> Image:
        """Apply dirt or objects in front, sensor noise, sharpening and JPEG artefacts."""
        generator = self._generator
        height, width = crop.shape[:2]
        if self._chance(0.12):
            crop = crop.copy()
            for _ in range(int(generator.integers(1, 4))):
                centre = (int(generator.integers(width)), int(generator.integers(height)))
                axes = tuple(int(v) for v in generator.integers(1, max(2, height // 7), size=2))
                shade = [int(v) for v in generator.integers(0, 256, size=3)]
                cv2.ellipse(crop, centre, axes, float(generator.uniform(0, 180)), 0, 360, shade, -1)
        if self._chance(0.5):
            sigma = generator.exponential(7.0)
            y = int(generator.integers(512 - height))
            x = int(generator.integers(512 - width))
            noise = self._noise[y : y + height, x : x + width]
            if generator.random() < 0.5:
                noise = noise[:, :, :1]
            crop = np.clip(crop + noise * np.float32(min(sigma, 40.0)), 0, 255).astype(np.uint8)
        if self._chance(0.2):
            soft = cv2.GaussianBlur(crop, (0, 0), 1.0)
            amount = generator.uniform(0.3, 2.0)
            crop = np.asarray(cv2.addWeighted(crop, 1 + amount, soft, -amount, 0), dtype=np.uint8)
        if self._chance(0.4):
            quality = int(generator.integers(12, 90))
            _, packed = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, quality])
            crop = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), dtype=np.uint8)
        return crop

    def _resize(self, crop: Image) -> Image:
        """Scale to the final size; some cameras simply skip pixels."""
        chance = self._generator.random()
        method = cv2.INTER_AREA if chance < 0.3 else cv2.INTER_LINEAR
        if self._chance(0.1):
            method = cv2.INTER_NEAREST
        return np.asarray(cv2.resize(crop, (WIDTH, HEIGHT), interpolation=method), dtype=np.uint8)
