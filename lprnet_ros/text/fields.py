"""Fields of a YAML file that a user wrote: unknown ones are refused, known ones checked when read."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

_LONGEST_SHOWN = 80
_REQUIRED: Final[Any] = object()


class FieldError(ValueError):
    """A field is missing, unknown, or holds what it must not; the message names it."""


def read_yaml(path: Path) -> object:
    """Read a YAML file of plain values.

    Raises:
        FieldError: the file is missing, is no text, or is no YAML; the message names it.
    """
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise FieldError(f"{path}: not readable YAML ({error})") from error


class Fields:
    """One mapping of a YAML file.

    Args:
        values: what the YAML holds there.
        known: names of the fields that may be there; None allows every name.
        name: of the mapping, such as ``input``; empty for the whole file.

    Attributes:
        values: the same, as they stand there.

    Raises:
        FieldError: it is no mapping, or holds a field that is not known.
    """

    def __init__(self, values: object, known: Sequence[str] | None, name: str = "") -> None:
        self._name = name
        if not isinstance(values, Mapping):
            raise FieldError(f"{name} is {_shown(values)}, expected fields" if name else "holds no fields")
        self.values: Mapping[Any, object] = values
        for key in values if known is not None else ():
            if key not in (known or ()):
                near = difflib.get_close_matches(str(key), known or (), n=1)
                hint = f"did you mean {near[0]}?" if near else f"expected {', '.join(known or ())}"
                raise FieldError(f"{self._full(_shown(key).strip(chr(39)))} is an unknown field; {hint}")

    def __contains__(self, key: str) -> bool:
        """Tell whether a field is there."""
        return key in self.values

    def names(self) -> list[str]:
        """Return the names of all fields, which must be texts."""
        return [_text(self._name, key) for key in self.values]

    def get(self, key: str, default: object = _REQUIRED) -> Any:
        """Return a field as it stands there."""
        if key not in self.values and default is _REQUIRED:
            raise FieldError(f"lacks the field {self._full(key)!r}")
        return self.values.get(key, default)

    def section(self, key: str, known: Sequence[str] | None, default: object = _REQUIRED) -> Fields:
        """Return a field that holds fields."""
        return Fields(self.get(key, default), known, self._full(key))

    def sections(self, key: str, known: Sequence[str]) -> list[Fields]:
        """Return a list of mappings."""
        return [Fields(one, known, self._full(key)) for one in self._list(key, "mappings")]

    def text(self, key: str, default: object = _REQUIRED) -> str:
        """Return a text; a number or a truth value that YAML made of one is refused."""
        return _text(self._full(key), self.get(key, default))

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts."""
        return tuple(_text(self._full(key), text) for text in self._list(key, "texts"))

    def choice(self, key: str, choices: Sequence[str], default: object = _REQUIRED) -> str:
        """Return one of some texts."""
        value = self.get(key, default)
        if value not in choices:
            expected = " or ".join(map(repr, choices))
            raise FieldError(f"{self._full(key)} is {_shown(value)}, expected {expected}")
        return str(value)

    def number(self, key: str, default: object = _REQUIRED) -> float:
        """Return a finite number."""
        return _number(self._full(key), self.get(key, default))

    def numbers(self, key: str, count: int | None = None) -> tuple[float, ...]:
        """Return a list of finite numbers, so many of them or any number."""
        values = self._list(key, "numbers" if count is None else f"{count} numbers")
        if count is not None and len(values) != count:
            raise FieldError(f"{self._full(key)} is {_shown(values)}, expected {count} numbers")
        return tuple(_number(self._full(key), value) for value in values)

    def count(self, key: str, smallest: int, largest: int) -> int:
        """Return a whole number within limits."""
        value = self.get(key)
        if isinstance(value, bool) or not isinstance(value, int):
            raise FieldError(f"{self._full(key)} is {_shown(value)}, expected a whole number")
        if not smallest <= value <= largest:
            raise FieldError(f"{self._full(key)} is {_shown(value)}, expected {smallest} to {largest}")
        return value

    def file_beside(self, key: str, folder: Path) -> Path | None:
        """Return a file in a folder or below it, or None where none is named."""
        name = self.get(key, "")
        if not isinstance(name, str):
            raise FieldError(f"{self._full(key)} is {_shown(name)}, expected a file name")
        if name.startswith("/") or "\\" in name or "\0" in name or ".." in name.split("/"):
            raise FieldError(
                f"{self._full(key)} is {_shown(name)}, expected a file in the manifest's own folder: "
                "no '..', no leading '/', no backslash"
            )
        return folder / name if name else None

    def _list(self, key: str, expected: str) -> list[Any]:
        values = self.get(key)
        if not isinstance(values, list):
            raise FieldError(f"{self._full(key)} is {_shown(values)}, expected a list of {expected}")
        return values

    def _full(self, key: str) -> str:
        return f"{self._name}.{key}" if self._name else key


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):  # YAML takes a bare 0123 for the number 83 and on for a truth value
        raise FieldError(f"{name} holds {_shown(value)}, expected text; put it in quotes")
    return value


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise FieldError(f"{name} is {_shown(value)}, expected a number")
    return float(value)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
