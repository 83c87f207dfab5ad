"""Damaged JPEGs of the shipped crops: none is accepted as another plate; what only lacks its end is read."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from lprnet_ros.images.crop_image import CropImage, ImageRejectedError
from lprnet_ros.reading.recognizer import PlateRecognizer

CROPS = sorted((Path(__file__).parents[2] / "demo" / "crops").glob("*.png"))
COPIES = 10
CHANGED_BYTES = 5


@pytest.fixture(scope="module")
def bundled() -> Iterator[PlateRecognizer]:
    recognizer = PlateRecognizer.open()
    yield recognizer
    recognizer.close()


@pytest.fixture(scope="module")
def jpegs() -> dict[str, bytes]:
    pictures = {path.stem: cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR) for path in CROPS}
    return {plate: cv2.imencode(".jpg", picture)[1].tobytes() for plate, picture in pictures.items()}


def damaged(jpegs: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    for seed in range(COPIES):
        for plate, content in jpegs.items():
            dice = random.Random(f"{plate} {seed}")
            copy = bytearray(content)
            for _ in range(CHANGED_BYTES):
                copy[dice.randrange(len(copy))] = dice.randrange(256)
            yield plate, bytes(copy)


def fate(recognizer: PlateRecognizer, plate: str, content: bytes) -> str:
    (result,) = recognizer.read_batch([CropImage(np.frombuffer(content, np.uint8), is_encoded=True)])
    if isinstance(result, ImageRejectedError):
        return result.reason.value
    assert not isinstance(result, Exception), result
    if not result.accepted:
        return "not accepted"
    return "right" if result.text == plate else f"wrong: {plate} read as {result.text}"


def test_of_damaged_copies_none_is_accepted_with_a_wrong_plate(
    bundled: PlateRecognizer, jpegs: dict[str, bytes]
) -> None:
    fates = Counter(fate(bundled, plate, content) for plate, content in damaged(jpegs))
    assert not [name for name in fates if name.startswith("wrong")], fates
    assert fates["broken_image"] > 0.7 * COPIES * len(jpegs), fates


@pytest.mark.parametrize("missing", [1, 2, 3, 5])
def test_a_copy_that_lacks_its_last_bytes_is_read(
    bundled: PlateRecognizer, jpegs: dict[str, bytes], missing: int
) -> None:
    assert {fate(bundled, plate, content[:-missing]) for plate, content in jpegs.items()} == {"right"}
