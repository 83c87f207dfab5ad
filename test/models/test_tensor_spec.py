import pytest

from lprnet_ros.models.tensor_spec import TensorSpec, shared_number


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"shape": ()}, r"shape is \(\), expected dimensions of at least 1"),
        ({"shape": (1, 0)}, r"shape is \(1, 0\)"),
        ({"shape": (1, 68), "dtype": "float16"}, "dtype is 'float16', expected one of float32, uint8, nv12"),
        ({"shape": (1, 3, 24), "layout": "NCHW"}, "layout is 'NCHW' of 3 dimensions"),
        ({"shape": (1, 3, 24, 94), "layout": "CHWN"}, "layout is 'CHWN'"),
    ],
)
def test_what_no_tensor_can_be_is_refused(values, says):
    with pytest.raises(ValueError, match=says):
        TensorSpec(**values)


@pytest.mark.parametrize(
    ("order", "mean", "scale", "says"),
    [
        ("grey", 0.0, 1.0, "channel_order is 'grey', expected 'rgb' or 'bgr'"),
        ("rgb", float("nan"), 1.0, "mean is"),
        ("rgb", (1.0, 2.0), 1.0, r"mean is \(1.0, 2.0\), expected 3 finite numbers"),
        ("rgb", 0.0, float("inf"), "scale is"),
        ("rgb", 0.0, (1.0, 0.0, 1.0), "scale is 0, every input would be 0"),
    ],
)
def test_what_no_picture_can_be_is_refused(order, mean, scale, says):
    with pytest.raises(ValueError, match=says):
        TensorSpec.picture(order, mean, scale)


@pytest.mark.parametrize(("width", "height"), [(93, 24), (94, 23)])
def test_a_picture_as_nv12_has_an_even_size(width, height):
    with pytest.raises(ValueError, match=f"nv12 input of {width} x {height} pixels, expected even numbers"):
        TensorSpec.picture("rgb", 0.0, 1.0, width, height, dtype="nv12")


@pytest.mark.parametrize(("width", "height"), [(0, 24), (94, 0), (8193, 24), (94, 10**9)])
def test_a_picture_has_a_sensible_size(width, height):
    with pytest.raises(ValueError, match=f"input of {width} x {height} pixels"):
        TensorSpec.picture("rgb", 0.0, 1.0, width, height)


@pytest.mark.parametrize(("mean", "scale"), [(127.5, 1.0), (0.0, 0.5)])
def test_pixels_of_8_bits_are_not_normalised(mean, scale):
    with pytest.raises(ValueError, match="expected 0 and 1: uint8 goes in as it is"):
        TensorSpec.picture("rgb", mean, scale, dtype="uint8")


def test_a_shared_number_is_written_once():
    assert shared_number((0.5, 0.5, 0.5)) == 0.5
    assert shared_number((0.5, 0.5, 0.25)) == [0.5, 0.5, 0.25]
