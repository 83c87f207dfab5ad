"""Damaged pictures: what a decoder would have to guess is refused, what only lacks its end is read."""

from __future__ import annotations

import random
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lprnet_ros.images.picture_decoding import BrokenPictureError, UndecodableError, decode_picture

CROPS = sorted((Path(__file__).parents[2] / "demo" / "crops").glob("*.png"))
PROGRESSIVE = (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
RESTARTS = (cv2.IMWRITE_JPEG_RST_INTERVAL, 2)
SCAN_HEADER_BYTES = 14


def jpeg(path: Path, *options: int) -> bytes:
    picture = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    return cv2.imencode(".jpg", picture, options)[1].tobytes()


def decode(content: bytes) -> np.ndarray:
    return decode_picture(np.frombuffer(content, np.uint8))


def plainly_decoded(content: bytes) -> np.ndarray | None:
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)


def with_noise_in_the_scan(content: bytes, seed: int) -> bytes:
    """Eight bytes of the scan changed, none into 0xFF."""
    dice = random.Random(seed)
    changed = bytearray(content)
    for _ in range(8):
        changed[dice.randrange(content.rfind(b"\xff\xda") + SCAN_HEADER_BYTES, len(content) - 2)] = (
            dice.randrange(255)
        )
    return bytes(changed)


@pytest.mark.parametrize("options", [(), PROGRESSIVE, RESTARTS, (cv2.IMWRITE_JPEG_QUALITY, 30)])
def test_whole_pictures_are_what_opencv_makes_of_them(options: tuple[int, ...]) -> None:
    for path in CROPS[:5]:
        for content in (jpeg(path, *options), path.read_bytes()):
            assert np.array_equal(decode(content), plainly_decoded(content))


def test_a_jpeg_whose_pixels_are_guessed_after_a_fault_is_refused() -> None:
    """Before, every one was read, most of them grey or shifted from the fault on."""
    refused = 0
    for number in range(200):
        content = with_noise_in_the_scan(jpeg(CROPS[number % len(CROPS)]), number)
        try:
            decode(content)
        except BrokenPictureError as error:
            refused += 1
            assert "Corrupt JPEG data" in str(error) or "cut off" in str(error)
            assert len(str(error)) < 200
    assert refused >= 195


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(CROPS), st.sampled_from([(), PROGRESSIVE, RESTARTS]), st.randoms(use_true_random=False)
)
def test_any_damage_is_refused_or_gives_what_opencv_gives(
    path: Path, options: tuple[int, ...], dice: random.Random
) -> None:
    content = bytearray(jpeg(path, *options))
    for _ in range(dice.randint(1, 5)):
        content[dice.randrange(len(content))] = dice.randrange(256)
    del content[dice.randrange(len(content)) if dice.random() < 0.3 else len(content) :]
    try:
        image = decode(bytes(content))
    except UndecodableError as error:
        assert 0 < len(str(error)) < 250
        return
    assert np.array_equal(image, plainly_decoded(bytes(content) + b"\xff\xd9"))


@pytest.mark.parametrize("quality", [50, 95])
def test_a_jpeg_that_lacks_its_last_bytes_is_read(quality: int) -> None:
    """OpenCV 4.14 decodes none of them, and 4.5 repeats the last row to the bottom."""
    for path in CROPS[:10]:
        content = jpeg(path, cv2.IMWRITE_JPEG_QUALITY, quality)
        whole = plainly_decoded(content)
        assert whole is not None
        for missing in range(1, 9):
            image = decode(content[:-missing])
            rows, columns = whole.shape[0] - 16, whole.shape[1] * 3 // 4
            assert np.array_equal(image[:rows], whole[:rows]), "more than the last row of blocks has changed"
            assert np.array_equal(image[:, :columns], whole[:, :columns])
        assert np.array_equal(decode(content[:-2]), whole), "only the end mark was missing"


@pytest.mark.parametrize("share", [0.5, 0.75, 0.85])
def test_a_jpeg_that_lacks_more_is_refused(share: float) -> None:
    for path in CROPS:
        content = jpeg(path)
        start = content.rfind(b"\xff\xda") + SCAN_HEADER_BYTES
        with pytest.raises(BrokenPictureError, match="cut off"):
            decode(content[: start + int(share * (len(content) - start))])


@pytest.mark.parametrize("name", ["progressive", "headers only"])
def test_a_jpeg_of_which_scans_may_be_missing_is_refused(name: str) -> None:
    content = jpeg(CROPS[0], *(PROGRESSIVE if name == "progressive" else ()))
    end = -2 if name == "progressive" else content.index(b"\xff\xda")
    with pytest.raises(UndecodableError, match="cut off"):
        decode(content[:end])


def test_a_turned_picture_that_lacks_its_end_is_turned_too() -> None:
    """EXIF may say how the camera was held; what is missing is no longer at the bottom then."""
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    content = jpeg(CROPS[0])
    turned = content[:2] + b"\xff\xe1" + (2 + len(exif)).to_bytes(2, "big") + exif + content[2:]
    height, width = decode(content).shape[:2]
    assert decode(turned).shape[:2] == decode(turned[:-6]).shape[:2] == (width, height)
    with pytest.raises(BrokenPictureError, match="cut off"):
        decode(turned[: len(turned) * 2 // 3])


@pytest.mark.parametrize("filling", [bytes(30), b"\xff\0" * 15, bytes(1)])
def test_filling_before_the_end_mark_is_no_damage(filling: bytes) -> None:
    """Some cameras write it; libjpeg calls it corrupt."""
    content = jpeg(CROPS[0])
    assert np.array_equal(decode(content[:-2] + filling + content[-2:]), plainly_decoded(content))
    with pytest.raises(BrokenPictureError, match="extraneous bytes"):
        decode(content[:-2] + b"\x12\x34\x56" * 10 + content[-2:])


def png_chunk(name: bytes, content: bytes, *, is_intact: bool = True) -> bytes:
    checksum = zlib.crc32(name + content) ^ (not is_intact)
    return len(content).to_bytes(4, "big") + name + content + checksum.to_bytes(4, "big")


def test_a_png_with_a_wrong_checksum_is_refused() -> None:
    content = CROPS[0].read_bytes()
    at = content.index(b"IDAT")
    with pytest.raises(UndecodableError):
        decode(content[: at + 50] + bytes([content[at + 50] ^ 1]) + content[at + 51 :])
    with pytest.raises(UndecodableError):
        decode(content[:33] + png_chunk(b"gAMA", bytes(4), is_intact=False) + content[33:])


def test_a_png_of_which_libpng_only_finds_fault_with_the_colours_is_read() -> None:
    """Such as "iCCP: known incorrect sRGB profile": the pixels are whole."""
    content = CROPS[0].read_bytes()
    odd = content[:33] + png_chunk(b"iCCP", b"x\0\0" + zlib.compress(b"no profile")) + content[33:]
    assert np.array_equal(decode(odd), plainly_decoded(content))
