"""Which texts are plates: a country's forms, and the automaton that walks them.

A syntax is data: a YAML with the alphabet, named sets of characters and, for
each kind of plate, the forms of its text (``syntaxes/ga36.yaml`` shows one).
"""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from lprnet_ros.plates.alphabet import Alphabet

BUNDLED_FOLDER = Path(__file__).parent / "syntaxes"
_DEAD = -1


class PlateKind(enum.Enum):
    """The families of single-row plates that GA 36 gives one syntax each."""

    STANDARD = "standard"
    """Blue or yellow, 7 characters: province, city letter, serial of 5 with at most 2 letters."""

    NEW_ENERGY_SMALL = "new_energy_small"
    """Green, 8 characters: serial of 6 that begins with a new-energy letter."""

    NEW_ENERGY_LARGE = "new_energy_large"
    """Yellow-green, 8 characters: serial of 6 that ends with a new-energy letter."""


class SyntaxFileError(ValueError):
    """A syntax is missing or contradicts itself; the message says which and why."""


@dataclass(frozen=True)
class Automaton:
    """A deterministic automaton over the classes of a network; state 0 is the start.

    Attributes:
        next_state: states x classes, int; -1 where the class may not follow.
        least_left: states, int; the least number of characters that still must follow;
            a text may end where it is 0.
    """

    next_state: npt.NDArray[np.int64]
    least_left: npt.NDArray[np.int64]

    @classmethod
    def of_any_text(cls, alphabet: Alphabet) -> Automaton:
        """Return the automaton that accepts every text."""
        next_state = np.zeros((1, len(alphabet)), np.int64)
        next_state[:, alphabet.blank] = _DEAD
        return cls(next_state, np.zeros(1, np.int64))


@dataclass(frozen=True)
class PlateSyntax:
    """The texts that plates of a country bear.

    Attributes:
        name: of the standard.
        alphabet: of the networks that read these plates.
        sets: characters by the letter that stands for them in a form.
        kinds: the forms of each kind of plate; a form is a row of letters of ``sets``.

    Raises:
        SyntaxFileError: a form names an unknown set, a set holds characters that
            the alphabet lacks, or there is no form.
    """

    name: str
    alphabet: Alphabet
    sets: Mapping[str, str]
    kinds: Mapping[str, Sequence[str]]
    automaton: Automaton = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the forms and build the automaton."""
        for letter, characters in self.sets.items():
            foreign = sorted(set(characters) - set(self.alphabet.characters))
            if len(letter) != 1 or not characters or foreign or self._blank in characters:
                raise SyntaxFileError(
                    f"{self.name}: the set {letter!r} needs a name of one letter and characters of the "
                    f"alphabet, the blank not among them; it holds {characters!r}"
                )
        if not any(self.kinds.values()):
            raise SyntaxFileError(f"{self.name}: no kind of plate has a form")
        for kind, forms in self.kinds.items():
            for form in forms:
                unknown = sorted(set(form) - set(self.sets))
                if not form or unknown:
                    raise SyntaxFileError(f"{self.name}: {kind} has the form {form!r}; unknown: {unknown}")
        object.__setattr__(self, "automaton", self._compile())

    @property
    def _blank(self) -> str:
        return self.alphabet.characters[self.alphabet.blank]

    def kind(self, text: str) -> str | None:
        """Tell which kind of plate a text is, or None where it is no plate."""
        for kind, pattern in self._patterns.items():
            if pattern.fullmatch(text):
                return kind
        return None

    @functools.cached_property
    def _patterns(self) -> dict[str, re.Pattern[str]]:
        """The forms of each kind as a regular expression."""
        groups = {letter: f"[{re.escape(characters)}]" for letter, characters in self.sets.items()}
        return {
            kind: re.compile("|".join("".join(groups[letter] for letter in form) for form in forms))
            for kind, forms in self.kinds.items()
            if forms
        }

    def _compile(self) -> Automaton:
        """Build the automaton: a state is the set of what may still follow (subset construction)."""
        start = frozenset(form for forms in self.kinds.values() for form in forms)
        states = {start: 0}
        rows: list[list[int]] = []
        waiting = [start]
        for rests in waiting:  # grows while it is walked
            row = []
            for index, character in enumerate(self.alphabet.characters):
                fits = frozenset(
                    rest[1:]
                    for rest in rests
                    if rest and character in self.sets[rest[0]] and index != self.alphabet.blank
                )
                if fits and fits not in states:
                    states[fits] = len(states)
                    waiting.append(fits)
                row.append(states[fits] if fits else _DEAD)
            rows.append(row)
        return Automaton(
            np.array(rows, dtype=np.int64),
            np.array([min(map(len, rests)) for rests in states], dtype=np.int64),
        )


def load_syntax(path: Path) -> PlateSyntax:
    """Read a syntax from a YAML.

    Raises:
        SyntaxFileError: it is missing, no YAML, or contradicts itself; the message names the file.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        return _from_values(values)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SyntaxFileError(f"{path}: not readable YAML ({error})") from error
    except KeyError as error:
        raise SyntaxFileError(f"{path}: lacks the field {error.args[0]!r}") from error
    except ValueError as error:
        raise SyntaxFileError(f"{path}: {error}") from error


def _from_values(values: Any) -> PlateSyntax:
    if not isinstance(values, dict):
        raise SyntaxFileError("holds no fields")
    characters, blank = _text("alphabet", values["alphabet"]), _text("blank", values["blank"])
    if len(blank) != 1 or blank not in characters:
        raise SyntaxFileError(f"blank is {blank!r}, expected one character of the alphabet")
    sets, kinds = values["sets"], values["kinds"]
    if not isinstance(sets, dict) or not isinstance(kinds, dict):
        raise SyntaxFileError("sets and kinds are expected to hold named values")
    for kind, forms in kinds.items():
        if not isinstance(forms, list):
            raise SyntaxFileError(f"kinds.{kind} is {forms!r}, expected a list of forms")
    return PlateSyntax(
        name=_text("name", values["name"]),
        alphabet=Alphabet(tuple(characters), blank=characters.index(blank)),
        sets={_text("sets", letter): _text(f"sets.{letter}", members) for letter, members in sets.items()},
        kinds={
            _text("kinds", kind): tuple(_text(f"kinds.{kind}", form) for form in forms)
            for kind, forms in kinds.items()
        },
    )


def _text(field: str, value: object) -> str:
    if not isinstance(value, str):  # YAML takes a bare 0123 for the number 83 and on for a truth value
        raise SyntaxFileError(f"{field} holds {value!r}, expected text; put it in quotes")
    return value


@functools.cache
def bundled_syntax(name: str) -> PlateSyntax:
    """Return a syntax that comes with the package, such as ``ga36``.

    Raises:
        SyntaxFileError: there is none of that name; the message lists those there are.
    """
    path = BUNDLED_FOLDER / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in BUNDLED_FOLDER.glob("*.yaml")))
        raise SyntaxFileError(f"no bundled syntax {name!r}; there are: {known}")
    return load_syntax(path)


def plate_kind(text: str) -> PlateKind | None:
    """Tell which kind of plate of GA 36 a string is.

    Args:
        text: a candidate such as ``京A12345``.

    Returns:
        The kind, or None where GA 36 knows no such single-row plate.
    """
    kind = bundled_syntax("ga36").kind(text)
    return PlateKind(kind) if kind is not None else None
