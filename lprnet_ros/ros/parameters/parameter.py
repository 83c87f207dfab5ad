"""What a node's parameter is: its name, default, limits and meaning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

ParameterValue = bool | int | float | str | list[str]


@dataclass(frozen=True)
class Parameter:
    """One parameter.

    Attributes:
        name: its ROS name.
        default: its default; the type is the parameter's type.
        description: what it does, in English.
        chinese: the same in Chinese.
        minimum: smallest allowed number, or None.
        maximum: largest allowed number, or None.
        choices: the allowed strings; empty allows any.
        may_be_empty: whether a list may be empty; ROS 2 cannot declare an empty list, so it is then ``[""]``.
        read_only: fixed once the node has started.
        dynamic: a change takes effect immediately; the others are read when the node is configured.
    """

    name: str
    default: ParameterValue
    description: str
    chinese: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    may_be_empty: bool = False
    read_only: bool = False
    dynamic: bool = False

    def complaint(self, value: object) -> str | None:
        """Return what is wrong with a value, or None."""
        if self.choices and value not in self.choices:
            return f"{self.name} is {value!r}, expected one of {', '.join(self.choices)}"
        must_name = isinstance(self.default, list) and not self.may_be_empty
        if must_name and not (isinstance(value, (list, tuple)) and any(value)):
            return f"{self.name} is empty: name at least one topic, such as {self.default}"
        return None

    def when(self) -> str:
        """Return when a change takes effect."""
        if self.read_only:
            return "at start"
        return "immediately" if self.dynamic else "on configure"


def check_values(parameters: Sequence[Parameter], values: Mapping[str, object]) -> None:
    """Check the value of every parameter.

    Args:
        parameters: the declarations.
        values: one value for each parameter, by name.

    Raises:
        ValueError: a value is not allowed; the message names the parameter.
    """
    for parameter in parameters:
        complaint = parameter.complaint(values[parameter.name])
        if complaint is not None:
            raise ValueError(complaint)
