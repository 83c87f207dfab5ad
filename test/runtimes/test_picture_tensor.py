"""A picture at the upper left of a network's input, and grey where none is."""

import numpy as np
import pytest

from lprnet_ros.models.tensor_spec import TensorSpec
from lprnet_ros.runtimes.picture_tensor import picture_tensor


def picture(width, height):
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("order", ["rgb", "bgr"])
@pytest.mark.parametrize(
    ("mean", "scale"), [(127.5, 1 / 127.5), ((10.0, 20.0, 30.0), (0.1, 0.2, 0.3)), (0.0, 1.0)]
)
def test_each_number_is_that_of_its_pixel_or_of_grey(layout, order, mean, scale):
    spec = TensorSpec.picture(order, mean, scale, 20, 12, layout=layout)
    image = picture(14, 9)
    tensor = picture_tensor(image, spec)
    assert tensor.shape == spec.shape
    assert tensor.flags.c_contiguous
    whole = np.full((12, 20, 3), 127.5)
    whole[:9, :14] = image[..., ::-1] if order == "rgb" else image
    expected = (whole - spec.mean) * spec.scale
    found = tensor[0].transpose(1, 2, 0) if layout == "NCHW" else tensor[0]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_pixels_that_go_in_as_they_are_have_whole_grey_beside_them():
    spec = TensorSpec.picture("bgr", 0.0, 1.0, 20, 12, dtype="uint8")
    tensor = picture_tensor(picture(14, 9), spec)
    assert tensor.dtype == np.uint8
    assert set(np.unique(tensor[0, :, 9:])) | set(np.unique(tensor[0, :, :, 14:])) <= {127, 128}
    assert np.array_equal(tensor[0, :, :9, :14].transpose(1, 2, 0), picture(14, 9))


def test_nv12_is_grey_beside_the_picture():
    spec = TensorSpec.picture("rgb", 0.0, 1.0, 20, 12, dtype="nv12")
    rows = picture_tensor(picture(14, 8), spec)
    assert rows.shape == spec.nv12_shape
    assert np.all(rows[8:12, :20] == 128)
    assert np.all(rows[12 + 4 :, :20] == 128)
    assert len(np.unique(rows[:8, :14])) > 10


@pytest.mark.parametrize("size", [(21, 12), (20, 13)])
def test_a_picture_that_is_larger_than_the_input_is_refused(size):
    with pytest.raises(ValueError, match="do not go into an input"):
        picture_tensor(picture(*size), TensorSpec.picture("rgb", 0.0, 1.0, 20, 12))


def test_a_tensor_that_is_no_picture_is_refused():
    with pytest.raises(ValueError, match="do not go into an input"):
        picture_tensor(picture(4, 4), TensorSpec((1, 3, 4, 4)))
