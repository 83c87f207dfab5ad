import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lprnet_ros.plates.syntax import PlateSyntax, bundled_syntax
from lprnet_ros.reading.plate_kind import kind_of

GA36 = bundled_syntax("ga36")
BLUE, YELLOW, GREY = (190, 70, 20), (20, 170, 235), (120, 120, 120)


def crop_of(colour, size=(24, 94)):
    return np.full((*size, 3), colour, np.uint8)


@pytest.mark.parametrize(
    ("text", "colour", "kind"),
    [
        ("京A12345", BLUE, "blue"),
        ("京A12345", YELLOW, "yellow"),
        ("京A12345", GREY, None),
        ("京AD12345", GREY, "new_energy_small"),
        ("京A12345D", GREY, "new_energy_large"),
        ("京A1234", BLUE, None),
        ("", BLUE, None),
    ],
)
def test_the_text_tells_the_kind_and_where_it_does_not_the_colour(text, colour, kind):
    found = kind_of(text, crop_of(colour), GA36)
    assert (found.name if found is not None else None) == kind


def test_every_shipped_crop_has_the_colour_that_it_was_drawn_in(shipped_readings):
    from lprnet_ros.sources.labelled import read_image  # noqa: PLC0415

    kinds = [kind_of(reading.text, read_image(file), GA36) for file, reading in shipped_readings.items()]
    assert {kind.colour for kind in kinds} >= {"blue", "green"}
    for file, kind in zip(shipped_readings, kinds, strict=True):
        assert (len(file.stem) == 8) == (kind.colour == "green")


@given(
    text=st.sampled_from(["京A12345", "京AD12345", "", "-", "京A12345D"]),
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    colour=st.tuples(*[st.integers(0, 255)] * 3),
)
def test_any_picture_has_a_kind_of_the_text_or_none(text, height, width, colour):
    kind = kind_of(text, crop_of(colour, (height, width)), GA36)
    assert kind is None or kind.syntax == GA36.kind(text)


def test_without_a_syntax_or_with_one_that_is_not_ours_there_is_no_kind():
    other = PlateSyntax("another", GA36.alphabet, {"D": "0123456789"}, {"any": ["DD"]})
    assert kind_of("12", crop_of(BLUE), other) is None
    assert kind_of("京A12345", crop_of(BLUE), None) is None
