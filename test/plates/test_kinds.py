import itertools

import pytest

import lprnet_ros.plates.kinds
from lprnet_ros.plates.kinds import layout_of_length, plate_kinds
from lprnet_ros.plates.syntax import bundled_syntax
from lprnet_ros.text.fields import FieldError

KINDS = plate_kinds("ga36")


def gaps(cells):
    return [after.left - before.left - before.width for before, after in itertools.pairwise(cells)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_form_of_a_kind_fills_its_cells(kind):
    forms = bundled_syntax("ga36").kinds[kind.syntax]
    assert {len(form) for form in forms} == {len(kind.layout.cells)}


def test_every_kind_of_text_has_a_kind_of_plate():
    assert {kind.syntax for kind in KINDS} == set(bundled_syntax("ga36").kinds)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_cells_follow_each_other_within_the_plate(kind):
    layout = kind.layout
    for row in layout.rows:
        assert min(gaps(row)) > 0
        assert row[0].left > 0
        assert row[-1].left + row[-1].width < layout.width
        assert all(cell.top > 0 and cell.top + cell.height < layout.height for cell in row)
    second, third = layout.cells[1:3]
    assert second.left + second.width < layout.separator[0] < third.left


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
