"""The board's own input tensor and crops fix the preprocessing of lpr.bin."""

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest

from lprnet_ros.models.find import find_models_folder
from lprnet_ros.models.load import load_manifest
from lprnet_ros.reading.preprocess import preprocess
from lprnet_ros.reading.recognizer import PlateRecognizer, SelfTestError

BACKGROUND = Path(__file__).resolve().parents[2].parent / "shared" / "background"
TENSOR = BACKGROUND / "test_tensor_f32_1x3x24x94.bin"
CROPS = BACKGROUND / "rec_img"

needs_tensor = pytest.mark.skipif(
    not TENSOR.is_file(), reason=f"the board's sample tensor is not at {TENSOR}"
)
needs_crops = pytest.mark.skipif(not CROPS.is_dir(), reason=f"the board's sample crops are not at {CROPS}")


@pytest.fixture(scope="module")
def tensor():
    return np.fromfile(TENSOR, np.float32).reshape(1, 3, 24, 94)


@pytest.fixture(scope="module")
def crop(tensor):
    """The 24 x 94 BGR crop that the board's tensor was made of."""
    levels = tensor.astype(float) * 127.5 + 127.5
    assert np.abs(levels - levels.round()).max() < 1e-4  # whole 8-bit levels: nothing is lost
    return np.ascontiguousarray(levels[0, ::-1].round().astype(np.uint8).transpose(1, 2, 0))


@pytest.fixture(scope="module")
def manifest():
    return load_manifest(find_models_folder() / "lpr.bin")


@pytest.fixture(scope="module")
def bundled():
    recognizer = PlateRecognizer.open()
    yield recognizer
    recognizer.close()


def with_bgr(manifest):
    preprocessing = dataclasses.replace(manifest.input, channel_order="bgr")
    return dataclasses.replace(manifest, input=preprocessing)


@needs_tensor
def test_the_boards_crop_is_a_blue_plate(crop):
    blue, _, red = crop.reshape(-1, 3).mean(axis=0)
    assert blue > red + 50


@needs_tensor
def test_the_boards_manifest_makes_of_the_crop_what_the_board_was_given(crop, tensor, manifest):
    # one in a million of the range -1..1 is the rounding of float32
    np.testing.assert_allclose(preprocess(crop, manifest.input), tensor, rtol=0, atol=1e-6)


@needs_tensor
def test_the_other_channel_order_makes_something_else(crop, tensor, manifest):
    other = preprocess(crop, with_bgr(manifest).input)
    assert np.abs(other - tensor).mean() > 0.5


def test_the_other_channel_order_is_noticed_by_the_boards_self_test(manifest):
    class NotOpened:
        name = "not opened"

        def infer(self, tensor):
            raise AssertionError("no picture is published, so nothing is to be inferred")

    PlateRecognizer(manifest, NotOpened()).self_test()
    with pytest.raises(SelfTestError, match="blue pixel"):
        PlateRecognizer(with_bgr(manifest), NotOpened()).self_test()


@needs_tensor
def test_the_bundled_network_reads_the_boards_crop(crop, bundled):
    assert bundled.read(crop).text == "渝A999U9"


@needs_crops
@pytest.mark.parametrize(
    ("name", "plate"),
    [
        ("1.jpg", "川A1R10T"),
        ("2.jpg", "川AB9B03"),
        ("3.jpg", "川AF5R53"),
        ("4.jpg", "川AGW184"),
        ("5.jpg", "川AJ7E37"),
    ],
)
def test_the_bundled_network_reads_the_crops_of_the_boards_demonstration(name, plate, bundled):
    assert bundled.read(cv2.imread(str(CROPS / name))).text == plate
