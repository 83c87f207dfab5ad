from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from lprnet_ros.plates.alphabet import CHINESE_PLATES, PROVINCES
from lprnet_ros.plates.kinds import plate_kinds
from lprnet_ros.plates.syntax import bundled_syntax
from lprnet_ros.training.renderer import (
    ALL_KINDS,
    MARGIN,
    PlateRenderer,
    random_foreign_text,
    random_plate_text,
    random_text_of,
)

KINDS = plate_kinds("ga36")
kind_of = bundled_syntax("ga36").kind


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_drawn_numbers_are_plates_of_their_kind_from_every_province(kind, generator):
    texts = [random_plate_text(generator, kind) for _ in range(1000)]
    assert {kind_of(text) for text in texts} == {kind.syntax}
    assert {text[0] for text in texts} == set(PROVINCES)


@pytest.mark.parametrize("kind", ALL_KINDS.values(), ids=lambda kind: kind.name)
def test_every_kind_is_drawn_in_its_size_and_colours(kind, generator, style):
    text = random_text_of(generator, kind)
    assert bundled_syntax("ga36_all").kind(text) == kind.syntax
    plate = PlateRenderer([style], [], generator).draw_kind(kind, text)
    inside = plate.image[MARGIN:-MARGIN, MARGIN:-MARGIN].astype(int)
    assert inside.shape == (round(kind.layout.height / 2), round(kind.layout.width / 2), 3)
    for place, cell in enumerate(kind.layout.cells):
        x, y = round(cell.left / 2), round(cell.top / 2)
        shown = inside[y : y + round(cell.height / 2), x : x + round(cell.width / 2)]
        ink = np.abs(shown - np.median(inside, axis=(0, 1))).max(axis=2) > 60
        assert ink.any(), f"nothing is painted at place {place} of {text}"
        if kind.accented:  # red on white or black; elsewhere the ground itself may be red
            assert (shown[ink][:, 2].mean() > shown[ink][:, :2].mean() + 60) == (place in kind.accented)


def test_foreign_plates_are_no_civil_plates_once_their_foreign_characters_are_gone(generator, style):
    renderer = PlateRenderer([style], [], generator)
    for _ in range(200):
        plate = renderer.draw(*random_foreign_text(generator))
        assert kind_of(plate.text) is None
        assert set(plate.text) <= set(CHINESE_PLATES.characters)


def test_rendering_gives_all_kinds_and_readable_texts(generator, style):
    renderer = PlateRenderer([style], [], generator)
    kinds = Counter(kind_of(renderer.render().text) for _ in range(400))
    assert set(kinds) == {*(kind.syntax for kind in KINDS), None}
    assert kinds[None] < 60


@pytest.mark.parametrize(
    ("text", "colour", "strongest"),
    [("京A12345", "blue", 0), ("京AD12345", "green", 1), ("京A12345", "yellow", 2)],
)
def test_the_ground_has_the_colour_that_was_asked_for(text, colour, strongest, generator, style):
    plate = PlateRenderer([style], [], generator).draw(text, colour)
    inside = plate.image[MARGIN:-MARGIN, MARGIN:-MARGIN].reshape(-1, 3)
    assert np.median(inside, axis=0).argmax() == strongest


def test_the_quad_is_the_plate_within_its_surroundings(generator, style):
    surroundings = [np.zeros((20, 20, 3), np.uint8)]
    plate = PlateRenderer([style], surroundings, generator).draw("京A12345", "blue")
    height, width = plate.image.shape[:2]
    assert plate.quad.min(axis=0).tolist() == [MARGIN, MARGIN]
    assert plate.quad.max(axis=0).tolist() == [width - MARGIN, height - MARGIN]


def test_an_unknown_colour_is_refused(generator, style):
    with pytest.raises(ValueError, match="pink"):
        PlateRenderer([style], [], generator).draw("京A12345", "pink")


def test_the_same_seed_draws_the_same_plates(style):
    first, second = (PlateRenderer([style], [], np.random.default_rng(3)).render() for _ in range(2))
    assert first.text == second.text
    assert np.array_equal(first.image, second.image)


def test_the_plates_of_a_seed_are_those_of_the_picture(style):
    """Layout, colours and the order of random numbers: what the newest checkpoint was trained on."""
    known = cv2.imread(str(Path(__file__).with_name("plates_of_seed_42.png")))
    renderer = PlateRenderer([style], [], np.random.default_rng(42))
    texts = [
        ("京A12345", "blue"),
        ("沪B67890", "yellow"),
        ("粤AD12345", "green"),
        ("苏E12345D", "yellow_green"),
    ]
    texts += [("川A1234学", "yellow"), ("使123456", "black"), ("LA12345", "white")]
    for number, (text, colour) in enumerate(texts):
        drawn = renderer.draw(text, colour).image
        height, width = drawn.shape[:2]
        expected = known[number * height : (number + 1) * height, :width]
        # another OpenCV may round otherwise; a cell that is one pixel off differs in more
        assert (np.abs(drawn.astype(int) - expected).max(axis=2) > 2).mean() < 0.001, text
    numbers = PlateRenderer([style], [], np.random.default_rng(3))
    assert [numbers.render().text for _ in range(5)] == [
        "IV85003",
        "赣Z69659G",
        "藏EJ894J",
        "苏A81482",
        "甘S37FB8",
    ]
