import pytest

from lprnet_ros.plates.alphabet import CHINESE_PLATES, LETTERS, PROVINCES
from lprnet_ros.plates.label import foreign_characters, is_like_a_plate, normalised_label


@pytest.mark.parametrize(
    "text", [*PROVINCES, *LETTERS, *"0123456789IO", "京AD12345", "粤Z1234港", "使014578", ""]
)
def test_what_is_normal_stays_as_it_is(text):
    assert normalised_label(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "京A·C6895",
        "京A•C6895",
        "京A・C6895",
        "京A.C6895",
        "京A-C6895",
        "京A—C6895",
        " 京A C 6895\t\r\n",
        "京A\u3000C6895",
        "\ufeff京A\u200bC6895",
        "京ａｃ６８９５",
        "京ＡＣ６８９５",
        "京ac6895",
        "京АС6895",
        "京ас6895",
    ],
)
def test_spelling_without_meaning_goes(text):
    assert normalised_label(text) == "京AC6895"
    assert foreign_characters(normalised_label(text), CHINESE_PLATES) == ""


@pytest.mark.parametrize(
    ("likes", "letters"),
    [("АВЕКМНОРСТУХІЅЈ", "ABEKMHOPCTYXISJ"), ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX")],
)
def test_letters_that_look_the_same_are_the_same(likes, letters):
    assert normalised_label(likes) == normalised_label(likes.lower()) == letters


@pytest.mark.parametrize(
    ("label", "foreign"), [("粤Z123港港", "港"), ("京A?2345-", "?-"), ("京Д", "Д"), ("京A1", "")]
)
def test_what_no_class_stands_for_is_named_once(label, foreign):
    assert foreign_characters(label, CHINESE_PLATES) == foreign


@pytest.mark.parametrize(
    ("label", "expected"),
    [("京A", True), ("使014578", True), ("224578使", True), ("1", False), ("IMG", False), ("", False)],
)
def test_a_plate_is_known_by_its_chinese_character(label, expected):
    assert is_like_a_plate(label) is expected
