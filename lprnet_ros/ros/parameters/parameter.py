"""What a node's parameter is, and the tables that are written of them for READMEs and configuration files."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_WHEN_IN_CHINESE = {"at start": "启动时", "at configure": "配置时", "at once": "立即"}

ParameterValue = bool | int | float | str | list[str]


@dataclass(frozen=True)
class Parameter:
    """One parameter.

    Attributes:
        name: its ROS name.
        default: its default; the type is the parameter's type.
        description: one sentence for the user.
        chinese: the same in Chinese, for README_cn.md.
        minimum: least value of a number, or None.
        maximum: greatest value of a number, or None.
        choices: the allowed strings; empty allows any.
        may_be_empty: whether a list may name nothing; ROS 2 wants one empty string in it then.
        read_only: fixed once the node has started.
        dynamic: takes effect at once; others are read when the node is configured.
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
            return f"{self.name} names no topic"
        return None

    def when(self) -> str:
        """Say when a change takes effect."""
        if self.read_only:
            return "at start"
        return "at once" if self.dynamic else "at configure"


def check_values(parameters: Sequence[Parameter], values: Mapping[str, object]) -> None:
    """Check the value of every parameter.

    Args:
        parameters: what is known of them.
        values: one value a parameter, by name.

    Raises:
        ValueError: a value is not allowed; the message names the parameter.
    """
    for parameter in parameters:
        complaint = parameter.complaint(values[parameter.name])
        if complaint is not None:
            raise ValueError(complaint)


def markdown_table(parameters: Sequence[Parameter], *, chinese: bool = False) -> str:
    """Return the table of parameters for README.md, or for README_cn.md."""
    head = (
        "| 参数 | 默认值 | 何时生效 | 含义 |"
        if chinese
        else "| parameter | default | takes effect | meaning |"
    )
    lines = [head, "|---|---|---|---|"]
    for parameter in parameters:
        default = json.dumps(parameter.default)
        when = _WHEN_IN_CHINESE[parameter.when()] if chinese else parameter.when()
        meaning = _meaning(parameter, chinese=chinese)
        lines.append(f"| `{parameter.name}` | `{default}` | {when} | {meaning} |")
    return "\n".join(lines)


def yaml_file(parameters: Sequence[Parameter], *, node: str, module: str) -> str:
    """Return a parameter file: every parameter with its default, explained.

    Args:
        parameters: what is known of them.
        node: name of the node, for the first line.
        module: the module that writes the file, for the first line.
    """
    lines = [
        f"# Every parameter of {node} with its default; made by python -m {module}.",
        "# Quote plates and names: YAML takes a bare Y, N or on for a truth value.",
        "/**:",
        "  ros__parameters:",
    ]
    for parameter in parameters:
        lines += [f"    # {line}" for line in textwrap.wrap(_meaning(parameter).replace("`", ""), 90)]
        lines.append(f"    {parameter.name}: {json.dumps(parameter.default)}")
    return "\n".join(lines)


def write_between(path: Path, begin: str, end: str, text: str) -> None:
    """Replace what stands between two marks in a file.

    Raises:
        ValueError: the marks are not both there.
    """
    head, first, rest = path.read_text(encoding="utf-8").partition(begin)
    _, last, tail = rest.partition(end)
    if not first or not last:
        raise ValueError(f"{path}: the marks {begin} and {end} are not both there")
    path.write_text(f"{head}{begin}\n{text}\n{end}{tail}", encoding="utf-8")


def _meaning(parameter: Parameter, *, chinese: bool = False) -> str:
    meaning = parameter.chinese if chinese else parameter.description
    choices = ", ".join(f"`{choice}`" for choice in parameter.choices)
    if choices:
        meaning += f"可选 {choices}。" if chinese else f" One of {choices}."
    if parameter.minimum is not None:
        least, most = f"{parameter.minimum:,}", f"{parameter.maximum:,}"
        meaning += f"{least} 到 {most}。" if chinese else f" {least} to {most}."
    return meaning
