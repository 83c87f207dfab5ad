"""What people write for a plate, as the one spelling in which texts are compared and split."""

from __future__ import annotations

import unicodedata

from lprnet_ros.plates.alphabet import PROVINCES, Alphabet

_SEPARATING = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf", "Pd"})
"""Unicode's categories of blanks, line ends, control and invisible characters, and dashes."""

_SEPARATORS = "·•‧∙⋅・●.'\N{ACUTE ACCENT}`"
"""Written between the office and the serial; besides blanks, dashes and invisible characters."""

_LOOK_ALIKES = str.maketrans(
    "АВЕКМНОРСТУХІЅЈԚԜ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "ABEKMHOPCTYXISJQW" + "ABEZHIKMNOPTYX",
)

_ON_PLATES_ALONE = "使领民"
"""Chinese characters of plates that bear no province: of embassies, consulates and airports."""


def normalised_label(text: str) -> str:
    """Return a plate's text as this package writes it: ``京A·c1234 5`` becomes ``京AC12345``.

    Full width becomes half width, small letters large ones, Cyrillic and Greek letters the Latin ones
    that look the same; separators are removed.  A text that is already so stays as it is.

    Args:
        text: what a CSV, a file name or a person says.
    """
    unified = unicodedata.normalize("NFKC", text).upper()
    kept = (c for c in unified if c not in _SEPARATORS and unicodedata.category(c) not in _SEPARATING)
    return "".join(kept).translate(_LOOK_ALIKES)


def foreign_characters(label: str, alphabet: Alphabet) -> str:
    """Return the characters of a label for which a network has no class, each once."""
    known = set(alphabet.characters) - {alphabet.characters[alphabet.blank]}
    return "".join(dict.fromkeys(character for character in label if character not in known))


def is_like_a_plate(label: str) -> bool:
    """Tell whether a normalised text holds a character with which Chinese plates are known."""
    return any(character in PROVINCES or character in _ON_PLATES_ALONE for character in label)
