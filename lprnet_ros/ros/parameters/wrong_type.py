"""What to write where a parameter was given a value of another type, as 7 for 7.0."""

from __future__ import annotations

import re

from lprnet_ros.ros.parameters.parameter import Parameter
from lprnet_ros.text.escaping import one_line, quoted

_EXPECTED = {
    bool: "true or false",
    int: "a whole number",
    float: "a number with a decimal point",
    str: "a text in quotes",
    list: "a list of texts in brackets",
}
_LONGEST = 120
_PLAIN = re.compile(r"[\w/.:~+ -]+")  # needs no escape between quotes, in a shell or in YAML


def wrong_type(parameter: Parameter, value: object) -> str | None:
    """Tell that a value has not the parameter's type, and what to write.

    Args:
        parameter: the parameter.
        value: as ROS 2 has read it, which knows types by how they are written.

    Returns:
        A sentence without full stop; None if the type is right, or there is no value.
    """
    kind = type(parameter.default)
    if isinstance(value, (list, tuple)):
        value = list(value)
        is_right = kind is list and all(isinstance(each, str) for each in value)
    else:
        is_right = type(value) is kind
    if is_right or value is None:
        return None
    shown = quoted(value, _LONGEST) if isinstance(value, str) else one_line(_text(value), _LONGEST)
    written = _written(kind, value)
    argument = f"{parameter.name}:={written}"
    hint = f": write {_in_quotes(argument)}" if written else ""
    return f"{parameter.name} is {shown}, expected {_EXPECTED[kind]}{hint}"


def _written(kind: type, value: object) -> str:
    """Return how a value is written as one of another type; empty where it cannot be."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind is float and is_number:
        return repr(float(value))  # type: ignore[arg-type]
    if kind is int and isinstance(value, float) and value.is_integer():
        return str(int(value))
    if kind is bool and is_number and value in (0, 1):
        return _text(bool(value))
    values = value if isinstance(value, list) else [value]
    texts = [_text(each) for each in values]
    if not all(_PLAIN.fullmatch(text) for text in texts):
        return ""
    if kind is list:
        return str(texts)
    return repr(texts[0]) if kind is str and not isinstance(value, list) else ""


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _in_quotes(argument: str) -> str:
    return f'"{argument}"' if "'" in argument else argument
