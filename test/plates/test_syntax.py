import functools
import itertools
import re

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from syntax_reference import SMALL, forms_of, kind_of, least_left, small_syntaxes

import lprnet_ros.plates.syntax
from lprnet_ros.plates.alphabet import (
    CHINESE_PLATES,
    DIGITS,
    LETTERS,
    NEW_ENERGY_LETTERS,
    PROVINCES,
    Alphabet,
)
from lprnet_ros.plates.syntax import (
    BUNDLED_FOLDER,
    Automaton,
    PlateSyntax,
    SyntaxFileError,
    bundled_syntax,
    load_syntax,
)

LETTER = "[A-HJ-NP-Z]"
STANDARD = re.compile(f"[{PROVINCES}](?:{LETTER}|O)(?!(?:[0-9]*{LETTER}){{3}})(?:[0-9]|{LETTER}){{5}}")
NEW_ENERGY_SMALL = re.compile(f"[{PROVINCES}](?:{LETTER}|O)[ABCDEFGHJK](?:[0-9]|{LETTER})[0-9]{{4}}")
NEW_ENERGY_LARGE = re.compile(f"[{PROVINCES}](?:{LETTER}|O)[0-9]{{5}}[ABCDEFGHJK]")

GA36 = bundled_syntax("ga36")
CHARACTERS = "".join(CHINESE_PLATES.characters)

# another country, whose characters mean something in a regular expression, and in YAML
ABROAD = {
    "name": "abroad",
    "alphabet": "AB_01^]\\-",
    "blank": "_",
    "sets": {"L": "AB", "D": "01", "S": "^]\\-"},
    "kinds": {"car": ["LLDD", "LDDDD"], "lorry": ["LSD"], "none": []},
}


def walk(automaton, text, alphabet):
    """The state after a text, or None where the automaton refuses it."""
    state = 0
    for character in text:
        state = automaton.next_state[state, alphabet.characters.index(character)]
        if state < 0:
            return None
    return state


def accepts(automaton, text, alphabet):
    state = walk(automaton, text, alphabet)
    return state is not None and bool(automaton.least_left[state] == 0)


def write(folder, values):
    path = folder / "abroad.yaml"
    text = values if isinstance(values, str) else yaml.safe_dump(values, allow_unicode=True)
    path.write_text(text, encoding="utf-8")
    return path


@st.composite
def texts_of_ga36(draw):
    form = draw(st.sampled_from(forms_of(GA36)))
    return "".join(draw(st.sampled_from(GA36.sets[letter])) for letter in form)


@st.composite
def almost_plates(draw):
    """A plate with one character changed, lost, added or exchanged with the next."""
    text = draw(texts_of_ga36())
    place = draw(st.integers(0, len(text) - 1))
    other = draw(st.sampled_from(CHARACTERS))
    head, character, tail = text[:place], text[place], text[place + 1 :]
    return draw(
        st.sampled_from(
            [
                head + other + tail,
                head + tail,
                head + character + other + tail,
                head + tail[:1] + character + tail[1:],
            ]
        )
    )


# the automaton


@given(st.one_of(texts_of_ga36(), almost_plates(), st.text(alphabet=CHARACTERS, max_size=9)))
def test_the_automaton_accepts_what_has_a_kind_and_nothing_else(text):
    assert accepts(GA36.automaton, text, CHINESE_PLATES) == (GA36.kind(text) is not None)


@settings(max_examples=30)
@given(small_syntaxes())
def test_kind_and_automaton_of_any_syntax_are_right_for_every_short_text(syntax):
    for length in range(6):
        for characters in itertools.product(SMALL.characters, repeat=length):
            text = "".join(characters)
            kind = kind_of(text, syntax)
            assert syntax.kind(text) == kind, text
            assert accepts(syntax.automaton, text, SMALL) == (kind is not None), text


@settings(max_examples=30)
@given(small_syntaxes())
def test_every_prefix_knows_how_many_characters_it_still_lacks(syntax):
    for length in range(5):
        for characters in itertools.product("ABC", repeat=length):
            state = walk(syntax.automaton, characters, SMALL)
            least = least_left(characters, syntax)
            assert (state is None) == (least is None)
            assert state is None or syntax.automaton.least_left[state] == least


@given(texts_of_ga36(), st.integers(0, 8))
def test_a_chinese_plate_lacks_the_rest_of_its_shortest_form(text, length):
    state = walk(GA36.automaton, text[:length], CHINESE_PLATES)
    assert GA36.automaton.least_left[state] == least_left(text[:length], GA36)


def test_a_plate_without_its_first_characters_lacks_seven():
    assert GA36.automaton.least_left[0] == 7
    assert GA36.automaton.least_left[walk(GA36.automaton, "京A1234", CHINESE_PLATES)] == 1
    assert GA36.automaton.least_left[walk(GA36.automaton, "京AAB1", CHINESE_PLATES)] == 2
    assert GA36.automaton.least_left[walk(GA36.automaton, "京AAB123", CHINESE_PLATES)] == 0


def test_the_blank_is_no_part_of_any_text():
    assert (GA36.automaton.next_state[:, CHINESE_PLATES.blank] < 0).all()
    any_text = Automaton.of_any_text(CHINESE_PLATES)
    assert (any_text.next_state[:, CHINESE_PLATES.blank] < 0).all()


@given(st.text(alphabet=CHARACTERS.replace("-", "")))
def test_the_automaton_of_any_text_accepts_any_and_lacks_nothing(text):
    any_text = Automaton.of_any_text(CHINESE_PLATES)
    assert accepts(any_text, text, CHINESE_PLATES)


def test_states_that_may_be_followed_alike_are_one():
    # a dictionary of prefixes would need thousands
    assert len(GA36.automaton.next_state) < 50


# GA 36


def test_the_sets_of_ga36_are_those_of_the_alphabet():
    assert GA36.alphabet == CHINESE_PLATES
    assert {letter: sorted(characters) for letter, characters in GA36.sets.items()} == {
        "P": sorted(PROVINCES),
        "C": sorted(LETTERS + "O"),
        "D": sorted(DIGITS),
        "L": sorted(LETTERS),
        "E": sorted(NEW_ENERGY_LETTERS),
    }


def test_a_standard_serial_has_every_place_for_at_most_two_letters():
    serials = ("".join(serial) for serial in itertools.product("DL", repeat=5))
    assert sorted(GA36.kinds["standard"]) == sorted(f"PC{s}" for s in serials if s.count("L") <= 2)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("京A12345", "standard"),
        ("渝A999U9", "standard"),
        ("川AB9B03", "standard"),
        ("粤BQ1Z34", "standard"),
        ("京O12345", "standard"),  # official plates of former years
        ("沪AD12345", "new_energy_small"),
        ("粤BF12345", "new_energy_small"),
        ("京AAB1234", "new_energy_small"),
        ("浙AK01234", "new_energy_small"),
        ("粤B12345D", "new_energy_large"),
        ("京A00001F", "new_energy_large"),
    ],
)
def test_plates_as_they_are_issued_are_known_by_kind(text, kind):
    assert GA36.kind(text) == kind


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
    assert GA36.kind(text) is None


@given(st.one_of(st.text(alphabet="京粤港AODLIF129-", max_size=9), st.text(max_size=9)))
def test_any_text_has_the_kind_that_the_standard_gives_it(text):
    patterns = {
        "standard": STANDARD,
        "new_energy_small": NEW_ENERGY_SMALL,
        "new_energy_large": NEW_ENERGY_LARGE,
    }
    expected = [kind for kind, pattern in patterns.items() if pattern.fullmatch(text)]
    assert GA36.kind(text) == (expected[0] if expected else None)


@pytest.mark.parametrize(
    ("pattern", "kind"),
    [
        (STANDARD, "standard"),
        (NEW_ENERGY_SMALL, "new_energy_small"),
        (NEW_ENERGY_LARGE, "new_energy_large"),
    ],
    ids=["standard", "new energy small", "new energy large"],
)
def test_every_plate_of_a_syntax_is_of_its_kind(pattern, kind):
    @given(st.from_regex(pattern, fullmatch=True))
    def check(text):
        assert GA36.kind(text) == kind

    check()


# files


def test_the_syntax_of_another_country_is_a_file(tmp_path):
    syntax = load_syntax(write(tmp_path, ABROAD))
    assert syntax.name == "abroad"
    assert syntax.alphabet == Alphabet(tuple("AB_01^]\\-"), blank=2)
    characters = ABROAD["alphabet"]
    for length in range(5):
        for text in map("".join, itertools.product(characters, repeat=length)):
            kind = kind_of(text, syntax)
            assert syntax.kind(text) == kind
            assert accepts(syntax.automaton, text, syntax.alphabet) == (kind is not None)


def test_another_countrys_plates_have_the_kinds_of_its_file(tmp_path):
    syntax = load_syntax(write(tmp_path, ABROAD))
    assert syntax.kind("AB01") == syntax.kind("B0110") == "car"
    assert [syntax.kind(f"A{sign}0") for sign in "^]\\-"] == ["lorry"] * 4
    assert [syntax.kind(text) for text in ("", "A_0", "AB0", "B011", "ABB0", "A^0\n", "京A12345")] == [
        None
    ] * 7


def changed(*place, value=None):
    values = {**ABROAD, "sets": dict(ABROAD["sets"]), "kinds": dict(ABROAD["kinds"])}
    inner = functools.reduce(lambda at, key: at[key], place[:-1], values)
    if value is None:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    return values


MALFORMED = {
    "no fields": ("just words", "holds no fields"),
    "empty": ("", "holds no fields"),
    "a list": ("- a", "holds no fields"),
    "no YAML": ("a: b: c", "not readable YAML"),
    "objects": ("!!python/object/apply:os.getcwd []", "not readable YAML"),
    "no name": (changed("name"), "lacks the field 'name'"),
    "no alphabet": (changed("alphabet"), "lacks the field 'alphabet'"),
    "no blank": (changed("blank"), "lacks the field 'blank'"),
    "an unknown field": ({**ABROAD, "kind": {}}, "kind is an unknown field; did you mean kinds"),
    "no sets": (changed("sets"), "lacks the field 'sets'"),
    "no kinds": (changed("kinds"), "lacks the field 'kinds'"),
    "a name that is none": (changed("name", value=["a"]), r"name holds \['a'\], expected text"),
    "an alphabet that is a number": (changed("alphabet", value=12), "alphabet holds 12, expected text"),
    "a character twice": (changed("alphabet", value="ABA01^]\\-_"), "'A' more than once"),
    "a blank that is no character": (changed("blank", value="*"), r"blank is '\*'"),
    "a blank of two characters": (changed("blank", value="AB"), "blank is 'AB'"),
    "an empty blank": (changed("blank", value=""), "blank is ''"),
    "sets that are none": (changed("sets", value="AB"), "sets is 'AB', expected fields"),
    "kinds that are none": (changed("kinds", value=["LD"]), r"kinds is \['LD'\], expected fields"),
    "a set with a long name": (changed("sets", "LL", value="AB"), "the set 'LL' needs a name of one letter"),
    "an empty set": (changed("sets", "L", value=""), "the set 'L' needs .* it holds ''"),
    "a set beyond the alphabet": (changed("sets", "L", value="ABC"), "the set 'L' needs .* it holds 'ABC'"),
    "a set with the blank": (changed("sets", "L", value="A_"), "the set 'L' needs .* it holds 'A_'"),
    "a set that YAML made a number": (changed("sets", "D", value=1), r"sets\.D holds 1, expected text"),
    "a set named by a number": (changed("sets", 1, value="AB"), "sets holds 1, expected text"),
    "an unknown set": (changed("kinds", "car", value=["LXD"]), r"car has the form 'LXD'; unknown: \['X'\]"),
    "an empty form": (changed("kinds", "car", value=[""]), "car has the form ''"),
    "forms that are one text": (
        changed("kinds", "car", value="LLDD"),
        r"kinds\.car is 'LLDD', expected a list",
    ),
    "a form that YAML made a number": (
        changed("kinds", "car", value=[10]),
        r"kinds\.car holds 10, expected text",
    ),
    "a kind that YAML made a truth": (
        changed("kinds", True, value=["LD"]),
        "kinds holds True, expected text",
    ),
    "no form": (changed("kinds", value={"car": []}), "no kind of plate has a form"),
    "no kind": (changed("kinds", value={}), "no kind of plate has a form"),
}


@pytest.mark.parametrize(("values", "reason"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_file_is_named_with_the_reason(tmp_path, values, reason):
    path = write(tmp_path, values)
    with pytest.raises(SyntaxFileError, match=rf"^{re.escape(str(path))}: .*{reason}"):
        load_syntax(path)


def test_an_octal_number_is_not_taken_for_the_characters_that_it_stands_for(tmp_path):
    text = yaml.safe_dump(ABROAD, allow_unicode=True).replace("D: '01'", "D: 01")
    assert "D: 01\n" in text
    with pytest.raises(SyntaxFileError, match=r"sets\.D holds 1, expected text; put it in quotes"):
        load_syntax(write(tmp_path, text))


def test_a_file_that_is_missing_or_no_text_is_named(tmp_path):
    with pytest.raises(SyntaxFileError, match=r"gone\.yaml: not readable YAML"):
        load_syntax(tmp_path / "gone.yaml")
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00name")
    with pytest.raises(SyntaxFileError, match=r"bytes\.yaml: not readable YAML"):
        load_syntax(tmp_path / "bytes.yaml")
    with pytest.raises(SyntaxFileError, match="not readable YAML"):
        load_syntax(tmp_path)


def test_a_syntax_made_by_hand_is_checked_too():
    with pytest.raises(SyntaxFileError, match=r"^mine: car has the form 'LX'"):
        PlateSyntax("mine", SMALL, {"L": "AB"}, {"car": ["LX"]})


@pytest.mark.parametrize("path", sorted(BUNDLED_FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_bundled_syntax_can_be_loaded_by_its_name(path):
    assert bundled_syntax(path.stem) == load_syntax(path)


def test_an_unknown_name_is_told_with_those_there_are(tmp_path, monkeypatch):
    with pytest.raises(SyntaxFileError, match=r"no bundled syntax 'ga35'; there are: .*\bga36\b"):
        bundled_syntax("ga35")
    for name in ("b", "a"):
        (tmp_path / f"{name}.yaml").touch()
    monkeypatch.setattr(lprnet_ros.plates.syntax, "BUNDLED_FOLDER", tmp_path)
    with pytest.raises(SyntaxFileError, match=r"no bundled syntax 'c'; there are: a, b$"):
        bundled_syntax("c")
