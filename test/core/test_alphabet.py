import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lprnet_ros.alphabet import CHINESE_PLATES, PROVINCES, Alphabet, PlateKind, plate_kind

# the output contract of every published LPRNet, written out once more
CLASSES = (
    "京沪津渝冀晋蒙辽吉黑苏浙皖闽赣鲁豫鄂湘粤桂琼川贵云藏陕甘青宁新0123456789ABCDEFGHJKLMNPQRSTUVWXYZIO-"
)

LETTER = "[A-HJ-NP-Z]"
STANDARD = re.compile(f"[{PROVINCES}](?:{LETTER}|O)(?!(?:[0-9]*{LETTER}){{3}})(?:[0-9]|{LETTER}){{5}}")
NEW_ENERGY_SMALL = re.compile(f"[{PROVINCES}](?:{LETTER}|O)[ABCDEFGHJK](?:[0-9]|{LETTER})[0-9]{{4}}")
NEW_ENERGY_LARGE = re.compile(f"[{PROVINCES}](?:{LETTER}|O)[0-9]{{5}}[ABCDEFGHJK]")


def test_the_68_classes_stand_in_the_published_order_with_the_blank_last():
    assert "".join(CHINESE_PLATES.characters) == CLASSES
    assert len(CHINESE_PLATES) == 68
    assert CHINESE_PLATES.blank == 67
    assert CHINESE_PLATES.characters[67] == "-"


def test_encoding_gives_the_index_of_every_character():
    assert CHINESE_PLATES.encode("京A0I") == [0, 41, 31, 65]
    assert CHINESE_PLATES.encode("") == []


@given(st.text(alphabet=CLASSES[:-1]))
def test_encoded_text_can_be_read_back(text):
    assert "".join(CLASSES[index] for index in CHINESE_PLATES.encode(text)) == text


@pytest.mark.parametrize("stranger", ["-", "a", "港", "１", " "])
def test_encoding_names_the_character_that_is_not_in_the_alphabet(stranger):
    with pytest.raises(ValueError, match=re.escape(repr(stranger))):
        CHINESE_PLATES.encode(f"京A{stranger}2345")


@pytest.mark.parametrize(
    ("characters", "blank", "message"),
    [
        (("A", "B", "A", "-"), 3, "'A' more than once"),
        (("A", "BC", "-"), 2, "exactly one character"),
        (("A", "", "-"), 2, "exactly one character"),
        (("A", "-"), 2, "the blank is class 2"),
        (("A", "-"), -1, "the blank is class -1"),
        ((), 0, "the blank is class 0"),
    ],
)
def test_a_list_that_is_no_alphabet_is_refused(characters, blank, message):
    with pytest.raises(ValueError, match=message):
        Alphabet(characters, blank)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("京A12345", PlateKind.STANDARD),
        ("渝A999U9", PlateKind.STANDARD),
        ("川AB9B03", PlateKind.STANDARD),
        ("粤BQ1Z34", PlateKind.STANDARD),
        ("京O12345", PlateKind.STANDARD),  # official plates of former years
        ("沪AD12345", PlateKind.NEW_ENERGY_SMALL),
        ("粤BF12345", PlateKind.NEW_ENERGY_SMALL),
        ("京AAB1234", PlateKind.NEW_ENERGY_SMALL),
        ("浙AK01234", PlateKind.NEW_ENERGY_SMALL),
        ("粤B12345D", PlateKind.NEW_ENERGY_LARGE),
        ("京A00001F", PlateKind.NEW_ENERGY_LARGE),
    ],
)
def test_plates_as_they_are_issued_are_known_by_kind(text, kind):
    assert plate_kind(text) is kind


@pytest.mark.parametrize(
    "text",
    [
        "",
        "京",
        "京A",
        "京A1234",
        "京A123456",  # 8 characters without a new-energy letter
        "京A1234567",
        "京AABC12",  # three letters in a serial
        "京AABCDE",
        "京I12345",  # I is no city
        "京112345",
        "京A1234I",
        "京A1234O",
        "港A12345",  # no province of this alphabet
        "AA12345",
        "A京12345",
        "京京12345",
        "京a12345",
        "京A1234-",
        "京A１２３４５",  # full-width digits
        "京A1234²",
        "沪AL12345",  # L marks no new-energy vehicle
        "沪ADI2345",
        "沪ADAB345",  # only the second place may be a letter
        "沪AD1234A",
        "粤B12345L",
        "粤B1234AD",
        "使12345",
        "WJ12345",
    ],
)
def test_what_is_no_plate_number_has_no_kind(text):
    assert plate_kind(text) is None


@given(st.one_of(st.text(alphabet="京粤港AODLIF129-", max_size=9), st.text(max_size=9)))
def test_any_text_has_the_kind_that_the_standard_gives_it(text):
    patterns = {
        PlateKind.STANDARD: STANDARD,
        PlateKind.NEW_ENERGY_SMALL: NEW_ENERGY_SMALL,
        PlateKind.NEW_ENERGY_LARGE: NEW_ENERGY_LARGE,
    }
    expected = [kind for kind, pattern in patterns.items() if pattern.fullmatch(text)]
    assert plate_kind(text) is (expected[0] if expected else None)


@pytest.mark.parametrize(
    ("pattern", "kind"),
    [
        (STANDARD, PlateKind.STANDARD),
        (NEW_ENERGY_SMALL, PlateKind.NEW_ENERGY_SMALL),
        (NEW_ENERGY_LARGE, PlateKind.NEW_ENERGY_LARGE),
    ],
    ids=["standard", "new energy small", "new energy large"],
)
def test_every_plate_of_a_syntax_is_of_its_kind(pattern, kind):
    @given(st.from_regex(pattern, fullmatch=True))
    def check(text):
        assert plate_kind(text) is kind

    check()
