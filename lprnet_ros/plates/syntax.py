"""Which texts are plates: a country's forms, and the automaton that walks them.

A syntax is data: a YAML with the alphabet, named sets of characters and, for
each kind of plate, the forms of its text (``syntaxes/ga36.yaml`` shows one).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lprnet_ros.plates.alphabet import Alphabet
from lprnet_ros.text.fields import FieldError, Fields, read_yaml

BUNDLED_FOLDER = Path(__file__).parent / "syntaxes"
_DEAD = -1


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
        values = read_yaml(path)
    except FieldError as error:
        raise SyntaxFileError(str(error)) from error
    try:
        fields = Fields(values, ("name", "alphabet", "blank", "sets", "kinds"))
        sets, kinds = fields.section("sets", None), fields.section("kinds", None)
        return PlateSyntax(
            name=fields.text("name"),
            alphabet=Alphabet.of_text(fields.text("alphabet"), fields.text("blank")),
            sets={letter: sets.text(letter) for letter in sets.names()},
            kinds={kind: kinds.texts(kind) for kind in kinds.names()},
        )
    except ValueError as error:
        raise SyntaxFileError(f"{path}: {error}") from error


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
