"""A checked crop, and what is left to go wrong when it is converted."""

import pickle
import struct
import subprocess
import sys

import cv2
import numpy as np
import pytest

from lprnet_ros.images.crop_image import BadImage, CropImage, ImageRejectedError


def encoded(suffix, cut=0):
    pixels = cv2.blur(np.random.default_rng(1).integers(0, 256, (24, 94, 3), dtype=np.uint8), (5, 5))
    content = cv2.imencode(suffix, pixels)[1].tobytes()
    return pixels, CropImage(np.frombuffer(content[: len(content) - cut], np.uint8), is_encoded=True)


def test_pixels_that_are_bgr_stay_where_they_are():
    pixels = np.zeros((4, 6, 3), np.uint8)
    assert CropImage(pixels).to_bgr() is pixels


def test_a_conversion_is_opencvs():
    pixels = np.arange(72, dtype=np.uint8).reshape(4, 6, 3)
    assert np.array_equal(CropImage(pixels, cv2.COLOR_RGB2BGR).to_bgr(), pixels[:, :, ::-1])


def test_a_png_becomes_the_very_pixels():
    pixels, crop = encoded(".png")
    assert np.array_equal(crop.to_bgr(), pixels)


@pytest.mark.parametrize("cut", [1, 2, 20, 200])
def test_a_png_that_was_cut_off_is_undecodable_for_every_opencv(cut):
    _, crop = encoded(".png", cut)
    with pytest.raises(ImageRejectedError, match="cut off") as caught:
        crop.to_bgr()
    assert caught.value.reason is BadImage.UNDECODABLE


def test_a_jpeg_that_lacks_a_quarter_of_its_data_is_broken():
    _, crop = encoded(".jpg")
    with pytest.raises(ImageRejectedError, match="cut off") as caught:
        CropImage(crop.pixels[: len(crop.pixels) * 3 // 4], is_encoded=True).to_bgr()
    assert caught.value.reason is BadImage.BROKEN


def test_a_refusal_travels_between_processes_with_its_reason():
    error = pickle.loads(pickle.dumps(ImageRejectedError(BadImage.STEP, "step is 1")))
    assert error.reason is BadImage.STEP
    assert str(error) == "step is 1"


def test_a_png_that_announces_a_chunk_of_2_gb_takes_no_such_memory():
    """In a process of its own: the greatest memory that a process had cannot be set back."""
    _, crop = encoded(".png")
    content = crop.pixels.tobytes()
    at = content.index(b"IDAT") - 4
    program = (
        "import resource, sys\n"
        "import numpy as np\n"
        "from lprnet_ros.images.crop_image import CropImage, ImageRejectedError\n"
        "crop = CropImage(np.frombuffer(sys.stdin.buffer.read(), np.uint8), is_encoded=True)\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n"
        "    crop.to_bgr()\n"
        "except ImageRejectedError:\n"
        "    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=content[:at] + struct.pack(">I", 2**31 - 1) + content[at + 4 :],
        capture_output=True,
        check=True,
    )
    assert int(done.stdout) < 20_000  # kB
