"""What light, lens, sensor and compression do to a whole picture."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]


def sense(picture: Image, generator: np.random.Generator) -> Image:
    """Spoil a picture, BGR, uint8, as cameras do; its geometry stays."""
    ramp = np.linspace(0, 1, 256, dtype=np.float32)
    gamma = np.exp(generator.normal(0, 0.3))
    contrast = np.exp(generator.normal(-0.05, 0.25))
    cast = np.exp(generator.normal(0, 0.1, size=3))
    curve = (ramp**gamma - 0.45) * contrast + 0.45 + generator.normal(0, 0.07)
    table = curve[:, None] * cast[None, :] * 255
    if generator.random() < 0.07:  # hardly any light
        table *= generator.uniform(0.1, 0.4)
    picture = np.asarray(cv2.LUT(picture, np.clip(table, 0, 255).astype(np.uint8)[None]), np.uint8)
    if generator.random() < 0.1:
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        picture = np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)
    elif generator.random() < 0.15:
        hsv = cv2.cvtColor(picture, cv2.COLOR_BGR2HSV)
        hsv[:, :, 0] = (hsv[:, :, 0].astype(np.int16) + int(generator.integers(-8, 9))) % 180
        picture = np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR), np.uint8)
    if generator.random() < 0.25:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), float(generator.uniform(0.4, 1.4))), np.uint8)
    if generator.random() < 0.08:
        length = int(generator.integers(3, 8))
        kernel = np.zeros((length, length), np.float32)
        if generator.random() < 0.5:
            kernel[length // 2] = 1 / length
        else:
            kernel[:, length // 2] = 1 / length
        picture = np.asarray(cv2.filter2D(picture, -1, kernel), np.uint8)
    if generator.random() < 0.3:
        sigma = min(25.0, float(generator.exponential(6)))
        noise = generator.standard_normal(picture.shape[:2], np.float32) * np.float32(sigma)
        grainy = picture + noise[:, :, None]
        picture = np.clip(grainy, 0, 255).astype(np.uint8)
    if generator.random() < 0.3:
        quality = int(generator.integers(20, 85))
        _, packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
        picture = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return picture
