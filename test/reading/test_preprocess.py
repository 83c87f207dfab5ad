import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lprnet_ros.models.tensor_spec import TensorSpec
from lprnet_ros.reading.preprocess import preprocess

BOARD = TensorSpec.picture("rgb", 127.5, 1 / 127.5)
PYTORCH = TensorSpec.picture("bgr", 127.5, 1 / 128)


def picture(seed, height=24, width=94):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def one_number_at_a_time(image, rule):
    """The rule as its words say it, for an image of the input's size."""
    tensor = np.empty((1, 3, rule.height, rule.width))
    for channel in range(3):
        source = channel if rule.channel_order == "bgr" else 2 - channel
        for y in range(rule.height):
            for x in range(rule.width):
                tensor[0, channel, y, x] = (int(image[y, x, source]) - rule.mean[channel]) * rule.scale[
                    channel
                ]
    return tensor


def bilinear(image, width, height):
    """Bilinear interpolation between pixel centres, edges held, in doubles."""

    def weights(size, target):
        place = np.clip((np.arange(target) + 0.5) * size / target - 0.5, 0, size - 1)
        low = np.floor(place).astype(int)
        return low, np.minimum(low + 1, size - 1), place - low

    top, bottom, down = weights(image.shape[0], height)
    left, right, across = weights(image.shape[1], width)
    pixels = image.astype(float)
    upper = pixels[top][:, left] * (1 - across[:, None]) + pixels[top][:, right] * across[:, None]
    lower = pixels[bottom][:, left] * (1 - across[:, None]) + pixels[bottom][:, right] * across[:, None]
    return upper * (1 - down[:, None, None]) + lower * down[:, None, None]


@pytest.mark.parametrize(
    "rule", [BOARD, PYTORCH, TensorSpec.picture("bgr", 0.0, 1 / 255, width=10, height=4)]
)
def test_every_number_is_what_the_rule_says(rule):
    image = picture(1, rule.height, rule.width)
    tensor = preprocess(image, rule)
    np.testing.assert_allclose(tensor, one_number_at_a_time(image, rule), atol=1e-6)


@given(
    st.sampled_from(["rgb", "bgr"]),
    st.floats(-300, 300),
    st.floats(0.001, 2) | st.floats(-2, -0.001),
    st.integers(0, 2**32 - 1),
)
def test_any_order_mean_and_scale_are_followed(order, mean, scale, seed):
    rule = TensorSpec.picture(order, mean, scale, width=5, height=3)
    image = picture(seed, 3, 5)
    np.testing.assert_allclose(
        preprocess(image, rule), one_number_at_a_time(image, rule), rtol=1e-5, atol=1e-3
    )


@pytest.mark.parametrize(
    ("rule", "expected"), [(BOARD, (-1, -1, 1)), (PYTORCH, (0.99609375, -0.99609375, -0.99609375))]
)
def test_a_blue_picture_becomes_what_normalise_foretells(rule, expected):
    blue = np.zeros((24, 94, 3), np.uint8)
    blue[..., 0] = 255
    tensor = preprocess(blue, rule)
    assert rule.normalise(blue=255, green=0, red=0) == pytest.approx(expected)
    for channel in range(3):
        np.testing.assert_allclose(tensor[0, channel], expected[channel], atol=1e-6)


@pytest.mark.parametrize(
    "size", [(1, 1), (1, 94), (24, 1), (23, 95), (48, 188), (12, 47), (140, 440), (3, 30000)]
)
def test_a_crop_of_any_size_is_interpolated_to_the_inputs_size(size):
    image = picture(2, *size)
    if size != (1, 1):  # OpenCV 4.5 takes no single pixel
        image = cv2.GaussianBlur(image, (5, 5), 2)
    tensor = preprocess(image, BOARD)
    assert tensor.shape == (1, 3, 24, 94)
    eight_bit = tensor[0, ::-1].transpose(1, 2, 0) * 127.5 + 127.5
    # OpenCV interpolates 8-bit pictures in fixed point, at most one level off
    np.testing.assert_allclose(eight_bit, bilinear(image, 94, 24), atol=1.01)


@pytest.mark.parametrize("size", [(23, 95), (48, 188), (12, 47), (140, 440)])
def test_a_scaled_crop_is_rounded_to_8_bits_as_opencv_does_before_the_rule(size):
    image = picture(6, *size)
    scaled = cv2.resize(image, (94, 24), interpolation=cv2.INTER_LINEAR)
    assert np.array_equal(preprocess(image, PYTORCH), preprocess(scaled, PYTORCH))
    np.testing.assert_allclose(preprocess(image, PYTORCH), one_number_at_a_time(scaled, PYTORCH), atol=1e-6)


def test_the_tensor_is_contiguous_float32_and_of_the_inputs_shape():
    tensor = preprocess(picture(3, 60, 200), TensorSpec.picture("rgb", 0.0, 1.0, width=128, height=32))
    assert tensor.shape == (1, 3, 32, 128)
    assert tensor.dtype == np.float32
    assert tensor.flags.c_contiguous


@pytest.mark.parametrize(
    "view",
    [
        lambda image: image[::-1, ::-1],
        lambda image: image[:, :, ::-1],
        lambda image: image[::2, ::3],
        np.asfortranarray,
        lambda image: np.pad(image, ((0, 0), (0, 2), (0, 0)))[:, :-2],  # padded rows, as ROS sends them
    ],
)
def test_a_view_is_read_as_its_copy_would_be(view):
    seen = view(picture(4, 48, 188))
    assert np.array_equal(preprocess(seen, BOARD), preprocess(np.ascontiguousarray(seen), BOARD))


def test_the_callers_picture_is_left_as_it_was():
    image = picture(5)
    before = image.copy()
    tensor = preprocess(image, BOARD)
    assert np.array_equal(image, before)
    assert not np.shares_memory(tensor, image)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((24, 94), np.uint8),
        np.zeros((24, 94, 1), np.uint8),
        np.zeros((24, 94, 4), np.uint8),
        np.zeros((1, 24, 94, 3), np.uint8),
        np.zeros((24, 94, 3), np.float32),
        np.zeros((24, 94, 3), np.int8),
        np.zeros((0, 94, 3), np.uint8),
        np.zeros((24, 0, 3), np.uint8),
    ],
)
def test_what_is_no_crop_is_refused_with_its_type_and_shape(image):
    with pytest.raises(ValueError, match="a crop is a non-empty uint8 array") as caught:
        preprocess(image, BOARD)
    assert str(image.shape) in str(caught.value)
    assert str(image.dtype) in str(caught.value)


def test_the_last_dimension_holds_the_channels_where_the_layout_says_so():
    image = picture(7, 30, 100)
    last = TensorSpec.picture("rgb", 127.5, 1 / 128, layout="NHWC")
    assert last.shape == preprocess(image, last).shape == (1, 24, 94, 3)
    first = preprocess(image, TensorSpec.picture("rgb", 127.5, 1 / 128))
    assert np.array_equal(preprocess(image, last), first.transpose(0, 2, 3, 1))


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_each_channel_has_its_own_mean_and_scale(layout):
    image = picture(8)
    spec = TensorSpec.picture("rgb", (123.0, 116.0, 103.0), (0.5, 0.25, 0.125), layout=layout)
    tensor = preprocess(image, spec)[0]
    for channel in range(3):
        plane = tensor[channel] if layout == "NCHW" else tensor[..., channel]
        expected = (image[..., 2 - channel].astype(float) - spec.mean[channel]) * spec.scale[channel]
        np.testing.assert_allclose(plane, expected, atol=1e-6)


def test_pixels_of_8_bits_stay_as_they_are():
    image = picture(9)
    tensor = preprocess(image, TensorSpec.picture("bgr", 0, 1, dtype="uint8", layout="NHWC"))
    assert tensor.dtype == np.uint8
    assert np.array_equal(tensor[0], image)


def test_nv12_is_rows_of_brightness_and_then_rows_of_the_colours_of_four_pixels_each():
    spec = TensorSpec.picture("rgb", 0, 1, 94, 24, dtype="nv12")
    image = np.empty((24, 94, 3), np.uint8)
    image[:] = (200, 60, 20)  # BGR
    rows = preprocess(image, spec)
    assert (rows.dtype, rows.shape) == (np.uint8, (36, 96))
    brightness = 0.299 * 20 + 0.587 * 60 + 0.114 * 200  # BT.601, full range
    assert abs(rows[:24, :94].astype(float) - brightness).max() <= 1
    assert abs(rows[24:, 0:94:2].astype(float) - (128 + 0.564 * (200 - brightness))).max() <= 1  # U
    assert abs(rows[24:, 1:94:2].astype(float) - (128 + 0.713 * (20 - brightness))).max() <= 1  # V
    assert not rows[:, 94:].any()


def test_nv12_gives_the_picture_back_but_for_half_of_the_colours():
    spec = TensorSpec.picture("rgb", 0, 1, 94, 24, dtype="nv12")
    image = cv2.resize(picture(3), (47, 12)).repeat(2, axis=0).repeat(2, axis=1)  # colours of four pixels
    rows = preprocess(np.ascontiguousarray(image), spec)
    colours = rows[24:, :94].reshape(12, 47, 2).repeat(2, axis=0).repeat(2, axis=1)
    back = cv2.cvtColor(np.dstack([rows[:24, :94], colours[:, :, ::-1]]), cv2.COLOR_YCrCb2BGR)
    assert abs(back.astype(int) - image).max() <= 3


def test_an_input_that_no_crop_becomes_is_refused():
    with pytest.raises(ValueError, match="a crop cannot be turned into an input of type"):
        preprocess(picture(1), TensorSpec((1, 68, 18)))
