import cv2
import numpy as np
import pytest

from lprnet_ros.training.registration import register_plate
from lprnet_ros.training.relettering import LEAST_CORRELATION

LEVEL = [[0.03, 0.05], [0.97, 0.05], [0.97, 0.95], [0.03, 0.95]]
POSES = {
    "level": LEVEL,
    "right end lower": [[0.02, 0.02], [0.98, 0.28], [0.98, 0.98], [0.02, 0.72]],
    "left end lower": [[0.02, 0.28], [0.98, 0.02], [0.98, 0.72], [0.02, 0.98]],
    "steep": [[0.03, 0.02], [0.97, 0.42], [0.97, 0.98], [0.03, 0.58]],
    "sheared": [[0.07, 0.05], [0.98, 0.05], [0.93, 0.95], [0.02, 0.95]],
    "right end farther": [[0.03, 0.05], [0.97, 0.09], [0.97, 0.91], [0.03, 0.95]],
}
PLATES = {  # ground and whether its paint is dark
    "京A12345": ("blue", False),
    "川G5Z0M9": ("black", False),
    "鲁B7K8Q3": ("yellow", True),
    "津F8H2L6": ("white", True),
    "粤AD12345": ("green", True),
}


@pytest.mark.parametrize("pose", POSES)
@pytest.mark.parametrize("text", PLATES)
def test_a_rendered_plate_is_found_where_it_was_put(text, pose, style, crop_of):
    colour, is_dark = PLATES[text]
    crop, quad = crop_of(text, colour, POSES[pose])
    found = register_plate(crop, text, [style])
    assert np.abs(found.quad - quad).max() < 3.0
    assert found.is_dark is is_dark


@pytest.mark.parametrize("size", [(94, 24), (120, 60), (470, 120)])
def test_the_quad_is_given_in_pixels_of_the_crop(size, style, crop_of):
    crop, quad = crop_of("京A12345", "blue", POSES["right end lower"], size=size)
    found = register_plate(crop, "京A12345", [style])
    assert (np.abs(found.quad - quad) < np.array(size) * (0.015, 0.06)).all()


@pytest.mark.parametrize("pose", POSES)
def test_the_label_fits_better_than_a_wrong_one(pose, style, crop_of):
    crop, _ = crop_of("京A12345", "blue", POSES[pose])
    right, wrong = (register_plate(crop, text, [style]) for text in ("京A12345", "渝Z99999"))
    assert right.correlation > LEAST_CORRELATION
    assert wrong is None or wrong.correlation < right.correlation - 0.1


def pictures_without_a_plate():
    generator = np.random.default_rng(5)
    box = np.zeros((48, 188), np.uint8)
    box[10:30, 80:110] = 255
    coarse = generator.integers(0, 256, (6, 20)).astype(np.uint8)
    return {
        "flat": np.full((48, 188), 90, np.uint8),
        "one pixel": np.full((1, 1), 90, np.uint8),
        "ramp": np.repeat(np.linspace(0, 255, 188)[None], 48, axis=0).astype(np.uint8),
        "box": box,
        "noise": generator.integers(0, 256, (48, 188)).astype(np.uint8),
        "blobs": cv2.resize(coarse, (188, 48), interpolation=cv2.INTER_CUBIC),
        "bars": np.tile(np.repeat([0, 255], 12).astype(np.uint8), (48, 8))[:, :188],
    }


PLATELESS = pictures_without_a_plate()


@pytest.mark.parametrize("name", PLATELESS)
@pytest.mark.parametrize("text", ["京A12345", "粤AD12345"])
def test_nothing_is_found_with_certainty_where_there_is_no_plate(text, name, style):
    found = register_plate(np.dstack([PLATELESS[name]] * 3), text, [style])
    assert found is None or found.correlation < LEAST_CORRELATION


def test_a_border_line_alone_is_not_a_plate(style, crop_of):
    crop, quad = crop_of("京A12345", "blue", LEVEL)
    left, top, right, bottom = (int(v) for v in (*quad[0], *quad[2]))
    crop[top + 5 : bottom - 5, left + 5 : right - 5] = crop[top + 6, left + 8]
    found = register_plate(crop, "京A12345", [style])
    assert found is None or found.correlation < LEAST_CORRELATION


def test_the_picture_is_left_as_it_was(style, crop_of):
    crop, _ = crop_of("京A12345", "blue", LEVEL)
    before = crop.copy()
    register_plate(crop, "京A12345", [style])
    assert np.array_equal(crop, before)
