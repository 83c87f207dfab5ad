import numpy as np
import pytest

from lprnet_ros.training.glyphs import FOREIGN_CHARACTERS, GLYPH_HEIGHT, GLYPH_WIDTH, GlyphStyle
from lprnet_ros.training.lettering import (
    Lettering,
    ideal_coverage,
    layout_of,
    pixels,
    plate_size,
    styles_for,
)

TEXTS = ["京A12345", "粤AD12345"]
TOP = 12  # of the characters, in pixels of the drawing
REACH = 5  # pixels by which shift, jitter and wear may carry paint out of its cell


def flat_style(name, shade, **values):
    glyph = np.full((GLYPH_HEIGHT, GLYPH_WIDTH), shade, np.uint8)
    return GlyphStyle(name, dict.fromkeys("京粤A12345D", glyph), **values)


def names(styles):
    return [style.name for style in styles]


def cells(text, reach):
    """Where a text's characters stand, widened on all sides."""
    mask = np.zeros(plate_size(text)[::-1], bool)
    for cell in layout_of(text).cells:
        x = pixels(cell.left)
        mask[TOP - reach : TOP + GLYPH_HEIGHT + reach, x - reach : x + GLYPH_WIDTH + reach] = True
    return mask


@pytest.mark.parametrize(("text", "width"), [("京A12345", 220), ("粤AD12345", 240)])
@pytest.mark.parametrize("border", [True, False])
def test_eight_characters_stand_on_a_longer_plate(text, width, border, style, generator):
    assert plate_size(text) == (width, 70)
    assert ideal_coverage(text, [style]).shape == (70, width)
    assert Lettering([style], generator).draw(text, border=border).shape == (70, width)


@pytest.mark.parametrize("text", TEXTS)
def test_without_a_border_there_is_paint_in_every_cell_and_nowhere_else(text, style, generator):
    lettering = Lettering([style], generator)
    allowed = cells(text, REACH)
    for _ in range(50):
        drawn = lettering.draw(text, border=False)
        assert drawn[~allowed].max() == 0
        for cell in layout_of(text).cells:
            left = pixels(cell.left)
            assert drawn[TOP : TOP + GLYPH_HEIGHT, left : left + GLYPH_WIDTH].max() > 60


@pytest.mark.parametrize("text", TEXTS)
def test_most_plates_have_a_border_line_and_a_dot(text, style, generator):
    lettering = Lettering([style], generator)
    drawings = [lettering.draw(text) for _ in range(60)]
    lines = [drawing[:5].any() for drawing in drawings]  # far above the characters
    dots = [drawing[35, 66:69].max() > 0 for drawing in drawings]
    assert 30 < sum(lines) < 60
    assert sum(dots) == 60 if len(text) == 7 else 15 < sum(dots) < 60


def test_the_same_seed_draws_the_same_paint_and_another_one_does_not(style):
    first, second, third = (Lettering([style], np.random.default_rng(s)).draw(TEXTS[0]) for s in (3, 3, 4))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, third)


def test_styles_are_drawn_as_often_as_they_weigh(generator):
    full, empty = flat_style("full", 255, weight=3.0), flat_style("empty", 0)
    lettering = Lettering([full, empty], generator)
    painted = sum(lettering.draw(TEXTS[0], border=False).any() for _ in range(400))
    assert 270 < painted < 330


def test_green_plates_use_their_own_styles_where_there_are_any():
    blue, both = flat_style("blue", 255), flat_style("both", 255, for_green=True)
    green = flat_style("green", 255, for_standard=False, for_green=True)
    assert names(styles_for(TEXTS[0], [blue, both, green])) == ["blue", "both"]
    assert names(styles_for(TEXTS[1], [blue, both, green])) == ["both", "green"]
    assert names(styles_for(TEXTS[1], [blue])) == ["blue"]


def test_foreign_characters_are_drawn_only_with_styles_that_hold_them(style, generator):
    civil = GlyphStyle("civil", {c: style.masks[c] for c in style.masks if c not in FOREIGN_CHARACTERS})
    some = GlyphStyle("some", {c: style.masks[c] for c in style.masks if c != "学"})
    assert names(styles_for("京A1234学", [civil, some, style])) == ["atlas"]
    assert styles_for("京A1234学", [civil, some]) == []
    lettering = Lettering([civil, some, style], generator)
    for _ in range(20):  # its glyph is a full box
        assert lettering.draw("京A1234学", border=False)[TOP + 5 : TOP + 40, 195:207].min() > 0


def test_the_ideal_drawing_puts_each_glyph_on_its_place(style):
    drawn = ideal_coverage(TEXTS[0], [style])
    for character, cell in zip(TEXTS[0], layout_of(TEXTS[0]).cells, strict=True):
        left = pixels(cell.left)
        seen = drawn[TOP : TOP + GLYPH_HEIGHT, left : left + GLYPH_WIDTH]
        assert np.array_equal(seen, style.masks[character])
    assert drawn[~cells(TEXTS[0], 0)].max() == 0


def test_the_serial_of_a_green_plate_is_narrower():
    drawn = ideal_coverage(TEXTS[1], [flat_style("full", 255)])
    inked = np.flatnonzero(np.diff(drawn.any(axis=0).astype(int)))
    assert (inked[1::2] - inked[::2]).tolist() == [23, 23, 22, 22, 22, 22, 22, 22]


def test_the_ideal_drawing_is_the_mean_of_the_styles():
    drawn = ideal_coverage(TEXTS[0], [flat_style("full", 255), flat_style("empty", 0)])
    assert set(np.unique(drawn)) == {0, 127}
