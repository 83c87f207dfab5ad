import pytest

from lprnet_ros.images.crop_shape import why_no_crop


@pytest.mark.parametrize(
    "size",
    [(94, 24), (136, 36), (256, 108), (402, 196), (710, 240), (4096, 1300), (330, 265), (60, 400), (1, 1)],
)
def test_what_may_be_a_crop_is_not_doubted(size):
    assert why_no_crop(*size) == ""


@pytest.mark.parametrize(
    "size", [(640, 480), (1920, 1080), (401, 201), (498, 886), (64, 401), (32767, 32767)]
)
def test_a_whole_photograph_is_named_with_its_size(size):
    assert why_no_crop(*size).startswith(f"{size[0]}x{size[1]} pixels look like a whole photograph")
