"""What is left of a plate's text where an edge cuts it, a patch covers it, or the picture is turned."""

import cv2
import numpy as np
import pytest

from lprnet_ros.plates.alphabet import UNREADABLE
from lprnet_ros.plates.syntax import bundled_syntax
from lprnet_ros.training.renderer import PlateRenderer
from lprnet_ros.training.spoiled import cut_off, paint_over, turn

QUAD = np.array([[0, 0], [440, 0], [440, 140], [0, 140]], np.float32)


@pytest.mark.parametrize("text", ["京A12345", "京AD12345"])
def test_a_cut_keeps_what_is_seen_and_marks_the_side(text, generator):
    for _ in range(300):
        quad, shown = cut_off(QUAD, text, generator)
        left, right = quad[0, 0] / 440, quad[1, 0] / 440
        assert shown.strip(UNREADABLE) in text
        assert (shown == text) == (len(shown.strip(UNREADABLE)) == len(text))
        if shown[0] == UNREADABLE:
            assert left > 0.05
            assert text.endswith(shown[1:])
        elif shown[-1] == UNREADABLE:
            assert right < 0.96
            assert text.startswith(shown[:-1])
        else:
            assert left < 0.07
            assert right > 0.93


def test_a_cut_through_the_last_character_leaves_no_plate(generator):
    seen = [cut_off(QUAD, "京AD12345", generator) for _ in range(300)]
    shown = [text for quad, text in seen if 0.84 < quad[1, 0] / 440 < 0.93]
    assert set(shown) == {"京AD1234I"}
    assert bundled_syntax("ga36").kind(shown[0]) is None


def test_a_covered_character_is_marked_and_gone(style, generator):
    plate = PlateRenderer([style], [], generator).draw("京A88888", "blue")
    before = plate.image.copy()
    for _ in range(30):
        image, text = paint_over(plate.image, plate.quad, plate.text, generator)
        place = text.index(UNREADABLE)
        assert text[:place] + text[place + 1 :] == plate.text[:place] + plate.text[place + 1 :]
        changed = np.flatnonzero((image != before).any(axis=(0, 2)))
        assert 0 < changed[-1] - changed[0] < 0.15 * (plate.quad[1, 0] - plate.quad[0, 0])
    assert np.array_equal(plate.image, before)


def test_a_turned_crop_is_another_picture_of_the_same_size(generator):
    image = np.zeros((24, 94, 3), np.uint8)
    cv2.line(image, (2, 3), (50, 9), (255, 255, 255), 2)
    turned = [turn(image, generator) for _ in range(40)]
    assert {each.shape for each in turned} == {image.shape}
    assert not any(np.array_equal(each, image) for each in turned)
    assert len({each.tobytes() for each in turned}) == 5
