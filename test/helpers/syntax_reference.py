"""Slow, obvious answers to what a plate syntax decides, and small syntaxes to try them on."""

from hypothesis import strategies as st

from lprnet_ros.plates.alphabet import Alphabet
from lprnet_ros.plates.syntax import PlateSyntax

SMALL = Alphabet(tuple("AB-C"), blank=2)


def forms_of(syntax):
    return [form for forms in syntax.kinds.values() for form in forms]


def fits(text, form, syntax):
    """Whether a text has a form, character by character."""
    return len(text) == len(form) and all(
        character in syntax.sets[letter] for character, letter in zip(text, form, strict=True)
    )


def kind_of(text, syntax):
    """The first kind one of whose forms a text has."""
    for kind, forms in syntax.kinds.items():
        if any(fits(text, form, syntax) for form in forms):
            return kind
    return None


def least_left(prefix, syntax):
    """The least number of characters that make a plate of a prefix, or None where none can."""
    lengths = [
        len(form) - len(prefix)
        for form in forms_of(syntax)
        if len(prefix) <= len(form) and fits(prefix, form[: len(prefix)], syntax)
    ]
    return min(lengths, default=None)


@st.composite
def small_syntaxes(draw):
    """Syntaxes over A, B and C: one or two kinds, few and short forms, sets that overlap."""
    sets = {
        letter: "".join(sorted(draw(st.sets(st.sampled_from("ABC"), min_size=1))))
        for letter in ("x", "y", "A")
    }
    form = st.text(alphabet="xyA", min_size=1, max_size=4)
    kinds = {
        "first": tuple(draw(st.lists(form, min_size=1, max_size=3))),
        "second": tuple(draw(st.lists(form, max_size=2))),
    }
    return PlateSyntax("small", SMALL, sets, kinds)
