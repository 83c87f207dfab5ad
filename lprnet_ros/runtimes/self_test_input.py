"""What the self-tests of all models begin with: the manifest's two words on its input, and the picture."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.models.manifest import ManifestError, ModelManifest


class SelfTestError(RuntimeError):
    """A model fails its self-test; the message says what it answered."""


def check_blue_pixel(manifest: ModelManifest) -> None:
    """Check that channel order, mean and scale turn a blue pixel into what the self-test says.

    Raises:
        SelfTestError: they do not.
    """
    pixel, wanted = manifest.input.normalise(blue=255, green=0, red=0), manifest.self_test.blue_pixel
    if not np.allclose(pixel, wanted, atol=0.01):
        raise SelfTestError(
            f"{manifest.path.name}: its manifest turns a blue pixel into {_rounded(pixel)}, the model wants "
            f"{_rounded(wanted)}; channel_order, mean or scale is wrong"
        )


def read_self_test_picture(path: Path) -> npt.NDArray[np.uint8]:
    """Read the picture of a self-test: BGR, uint8, height x width x 3.

    Raises:
        ManifestError: it is missing or broken.
    """
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise ManifestError(f"{path}: the picture of the self-test is missing or broken")
    return np.asarray(image, np.uint8)


def _rounded(values: tuple[float, ...]) -> list[float]:
    return [round(value, 3) for value in values]
