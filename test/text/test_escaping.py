"""Text from outside: one line, printable, bounded; JSON that gives the very text back."""

import ast
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lprnet_ros.text.escaping import LONGEST_LINE, LONGEST_QUOTED, as_utf8, json_string, one_line, quoted

ANY_TEXT = st.text(st.characters())  # lone surrogates too
HOSTILE = {
    "line feed": ("a\nb", r"a\nb"),
    "carriage return": ("a\rb", r"a\rb"),
    "form feed": ("a\x0cb", r"a\x0cb"),
    "nul": ("a\0b", r"a\x00b"),
    "ansi": ("\x1b[31mred", r"\x1b[31mred"),
    "ansi in one character": ("\x9b31mred", r"\x9b31mred"),
    "delete": ("a\x7f", r"a\x7f"),
    "next line": ("a\x85b", r"a\x85b"),
    "line separator": ("a\u2028b", r"a\u2028b"),
    "right to left": ("a\u202eb", r"a\u202eb"),
    "no-break space": ("a\u00a0b", r"a\xa0b"),
    "lone surrogate": ("a\ud800b", r"a\ud800b"),
    "tag": ("a\U000e0041b", r"a\U000e0041b"),
}


def paired(text):
    """Two surrogates in a row as the one character that they are in JSON."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


@pytest.mark.parametrize(("text", "escaped"), HOSTILE.values(), ids=HOSTILE.keys())
def test_what_a_terminal_obeys_is_escaped(text, escaped):
    assert one_line(text) == escaped
    assert quoted(text) == f"'{escaped}'"
    assert json_string(text).isprintable()
    assert json.loads(json_string(text)) == text


@pytest.mark.parametrize("text", ["", "bgr8", "京A12345", "C:\\new", 'say "1"', "it's", "a  b"])
def test_printable_text_stays_as_it_is(text):
    assert one_line(text) == text
    assert quoted(text) == repr(text)
    assert json_string(text) == json.dumps(text, ensure_ascii=False)


def test_a_quote_cannot_end_the_quotes():
    for text in ("'", '"', "'\"", "\\'", "a' is fine; 'b"):
        assert quoted(text) == repr(text)
        assert quoted(text)[0] == quoted(text)[-1] in "'\""


def test_of_a_long_text_the_beginning_and_the_length_are_told():
    text = "x" * 1_000_000
    assert quoted(text) == "'" + "x" * LONGEST_QUOTED + "'... (1000000 characters)"
    assert one_line(text) == "x" * (LONGEST_LINE - 24) + "... (1000000 characters)"
    assert one_line("x" * LONGEST_LINE) == "x" * LONGEST_LINE


def test_escapes_count_for_the_length_of_a_line():
    assert len(one_line("\x1b" * LONGEST_LINE)) == LONGEST_LINE
    assert one_line("\x1b" * LONGEST_LINE).endswith(f"... ({LONGEST_LINE} characters)")


@given(ANY_TEXT)
def test_any_text_becomes_one_printable_line(text):
    for line in (quoted(text), one_line(text)):
        assert line.isprintable()
        assert len(line.splitlines()) <= 1
    assert ast.literal_eval(quoted(text, len(text))) == text


@given(ANY_TEXT, st.integers(40, 60))
def test_a_line_keeps_its_length_and_escaping_twice_changes_nothing(text, longest):
    line = one_line(text, longest)
    assert len(line) <= longest
    assert one_line(line, longest) == line


@given(ANY_TEXT)
def test_a_string_of_json_is_one_printable_line_and_gives_the_text_back(text):
    line = json_string(text)
    assert line.isprintable()
    assert paired(json.loads(line)) == paired(text)


@given(ANY_TEXT)
def test_any_text_can_be_sent_and_what_is_utf8_is_sent_as_it_is(text):
    sent = as_utf8(text)
    sent.encode("utf-8")
    is_utf8 = not any("\ud800" <= character <= "\udfff" for character in text)
    assert (sent == text) == is_utf8


def test_bytes_of_a_name_that_are_no_utf8_stand_as_escapes():
    assert as_utf8("京\udcff.png") == "京\\udcff.png"
