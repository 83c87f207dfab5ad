import itertools

import pytest

import lprnet_ros.plates.kinds
from lprnet_ros.plates.kinds import layout_of_length, plate_kinds
from lprnet_ros.plates.syntax import bundled_syntax
from lprnet_ros.text.fields import FieldError

KINDS = [(syntax, kind) for syntax in ("ga36", "ga36_all") for kind in plate_kinds(syntax)]
EACH = pytest.mark.parametrize(("syntax", "kind"), KINDS, ids=lambda value: getattr(value, "name", value))


def gaps(cells):
    return [after.left - before.left - before.width for before, after in itertools.pairwise(cells)]


@EACH
def test_every_form_of_a_kind_fills_its_cells(syntax, kind):
    forms = bundled_syntax(syntax).kinds[kind.syntax]
    assert {len(form) for form in forms} == {len(kind.layout.cells)}


@pytest.mark.parametrize("syntax", ["ga36", "ga36_all"])
def test_every_kind_of_text_has_a_kind_of_plate(syntax):
    assert {kind.syntax for kind in plate_kinds(syntax)} == set(bundled_syntax(syntax).kinds)


def test_all_kinds_hold_those_that_the_networks_read_and_their_texts():
    everything = {kind.name: kind for kind in plate_kinds("ga36_all")}
    for kind in plate_kinds("ga36"):
        assert everything[kind.name] == kind
    few, many = bundled_syntax("ga36"), bundled_syntax("ga36_all")
    assert many.alphabet.characters[: len(few.alphabet)] == few.alphabet.characters
    assert many.alphabet.blank == few.alphabet.blank
    assert {name: many.kinds[name] for name in few.kinds} == dict(few.kinds)


@pytest.mark.parametrize(  # texts on photographs
    ("text", "kind"),
    [
        ("苏J5167警", "police"),
        ("桂X6022应急", "emergency"),
        ("粤ZC333港", "hong_kong"),
        ("粤ZH688澳", "macao"),
        ("使148046", "embassy"),
        ("川20401领", "consulate"),
        ("沪A9999学", "trainer"),
        ("蒙B3J88挂", "trailer"),
        ("LS11001", "army"),
        ("WJX22889", "armed_police"),
        ("WJ粤6788B", "armed_police"),
        ("民航B0150", "aviation"),
        ("皖1149885", "farm"),
        ("琼O02384", "standard"),
    ],
)
def test_real_texts_are_of_their_kind(text, kind):
    assert bundled_syntax("ga36_all").kind(text) == kind


@pytest.mark.parametrize("text", ["苏J516警", "粤AC333港", "京A1234警学", "使14804", "WJ粤6788", "民航A015"])
def test_what_no_kind_bears_is_no_plate(text):
    assert bundled_syntax("ga36_all").kind(text) is None


@EACH
def test_cells_follow_each_other_within_the_plate(syntax, kind):
    layout = kind.layout
    for row in layout.rows:
        assert min(gaps(row)) > 0
        assert row[0].left > 0
        assert row[-1].left + row[-1].width < layout.width
        assert all(cell.top > 0 and cell.top + cell.height < layout.height for cell in row)
    first_row, x = layout.rows[0], layout.separator[0]
    assert any(before.left + before.width < x < after.left for before, after in itertools.pairwise(first_row))
    assert all(
        upper.top + upper.height < lower.top
        for upper, lower in itertools.pairwise(row[0] for row in layout.rows)
    )
    assert set(kind.accented) <= set(range(len(layout.cells)))


@pytest.mark.parametrize(
    ("length", "width", "gap"),
    [(7, 440, 12), (8, 480, 9)],  # GA 36-2018: between the characters of a serial
)
def test_the_layout_is_that_of_the_standard(length, width, gap):
    layout = layout_of_length(length)
    assert (layout.width, layout.height) == (width, 140)
    assert set(gaps(layout.cells[2:])) == {gap}


@pytest.mark.parametrize("length", [0, 6, 9])
def test_no_kind_has_other_numbers_of_characters(length):
    assert layout_of_length(length) is None


FAULTS = [
    (
        "layout: new_energy",
        "layout: round",
        r"kinds\.new_energy_small\.layout is 'round', expected 'standard'",
    ),
    ("ground: [190, 70, 20]", "ground: [190, 70]", r"kinds\.blue\.ground is \[190, 70\], expected 3 numbers"),
    ("widths: [45, 45, 45, 45, 45, 45, 45]", "widths: [45]", r"rows\.widths is \[45\], expected 7 numbers"),
    ("separator:", "seperator:", r"standard\.seperator is an unknown field; did you mean separator\?"),
]


@pytest.mark.parametrize(("old", "new", "message"), FAULTS)
def test_a_fault_of_the_file_is_named(tmp_path, monkeypatch, old, new, message):
    text = (lprnet_ros.plates.kinds._FOLDER / "ga36.yaml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "odd.yaml").write_text(text.replace(old, new), encoding="utf-8")
    monkeypatch.setattr(lprnet_ros.plates.kinds, "_FOLDER", tmp_path)
    with pytest.raises(FieldError, match=message):
        plate_kinds.__wrapped__("odd")
