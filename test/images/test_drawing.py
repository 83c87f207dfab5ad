import numpy as np
import pytest

from lprnet_ros.images.drawing import draw_text, text_width
from lprnet_ros.plates.alphabet import CHINESE_PLATES


def canvas(height=40, width=60):
    return np.zeros((height, width, 3), np.uint8)


def drawn(text, origin=(0, 0), **options):
    image = canvas()
    draw_text(image, text, origin, **options)
    return image


def ink(image):
    return image.max(axis=2).astype(float) / 255


def test_every_class_is_drawn_and_looks_different_from_every_other():
    pictures = {character: ink(drawn(character)) for character in CHINESE_PLATES.characters}
    for character, picture in pictures.items():
        assert picture.sum() > 5, f"{character} is hardly visible"
    names = list(pictures)
    for index, first in enumerate(names):
        for second in names[:index]:
            difference = np.abs(pictures[first] - pictures[second]).sum()
            assert difference > 10, f"{first} and {second} look alike"


@pytest.mark.parametrize("height", [1, 2, 7, 24, 33])
def test_a_character_keeps_to_its_height(height):
    image = drawn("京A", (3, 2), height=height)
    assert not image[:2].any()
    assert not image[2 + height :].any()
    assert not image[:, :2].any()  # a pixel may be rounded to the left
    if height > 5:
        assert ink(image)[2 : 2 + height].any(axis=1).mean() > 0.7


def test_the_colour_is_blue_green_red():
    image = drawn("京", colour=(10, 200, 90))
    assert tuple(image.reshape(-1, 3).max(axis=0)) == (10, 200, 90)


def test_characters_follow_one_another_without_touching_what_was_there():
    together = drawn("京A1")
    ends = [text_width(text, 24) for text in ("京", "京A", "京A1")]
    assert np.array_equal(together[:, : ends[0] - 1], drawn("京")[:, : ends[0] - 1])
    assert ink(together)[:, ends[0] : ends[1]].any()
    assert ink(together)[:, ends[1] : ends[2]].any()
    assert not together[:, text_width("京A1", 24) :].any()


def test_every_printable_character_of_ascii_has_a_shape_and_a_width_of_its_own():
    for character in map(chr, range(33, 127)):
        picture = ink(drawn(character, height=32))
        assert picture.sum() > 3, character
        assert not picture[:, text_width(character, 32) + 1 :].any(), character
    assert text_width("W", 32) > text_width("A", 32) > text_width("i", 32) > text_width(" ", 32) > 0
    assert len({text_width(digit, 100) for digit in "0123456789"}) == 1  # figures stand in columns


def test_a_g_is_not_cut_off_at_its_foot():
    foot = ink(drawn("g", height=32))[:32]
    assert foot[31].sum() < 0.2 * foot[29].sum()


def test_a_character_without_a_glyph_leaves_a_gap():
    assert not drawn("港\x07").any()
    assert not drawn("港A")[:, :22].any()
    assert drawn("港A").any()


def test_the_background_shows_between_the_strokes():
    image = np.full((40, 60, 3), 100, np.uint8)
    draw_text(image, "京", (0, 0), colour=(255, 255, 255))
    assert image.min() == 100
    assert image.max() == 255


@pytest.mark.parametrize("x", [-200, -24, -10, 0, 20, 50, 60, 200])
@pytest.mark.parametrize("y", [-200, -24, -10, 0, 20, 30, 40, 200])
def test_what_lies_outside_the_picture_is_cut_off_and_the_rest_drawn(x, y):
    large = np.zeros((640, 660, 3), np.uint8)
    draw_text(large, "京A", (300 + x, 300 + y))
    assert np.array_equal(drawn("京A", (x, y)), large[300:340, 300:360])
