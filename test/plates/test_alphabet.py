import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lprnet_ros.plates.alphabet import CHINESE_PLATES, Alphabet

# the output contract of every published LPRNet, written out once more
CLASSES = (
    "京沪津渝冀晋蒙辽吉黑苏浙皖闽赣鲁豫鄂湘粤桂琼川贵云藏陕甘青宁新0123456789ABCDEFGHJKLMNPQRSTUVWXYZIO-"
)


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
