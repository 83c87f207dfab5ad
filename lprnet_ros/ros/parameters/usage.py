"""What a node prints for ``--help``, and what it says of arguments that nobody reads."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence

from lprnet_ros.ros.parameters.parameter import Parameter
from lprnet_ros.text.escaping import one_line

_WIDTH = 100


def usage(program: str, description: str, parameters: Sequence[Parameter], example: str = "") -> str:
    """Return the text of ``--help``.

    Args:
        program: the node's command.
        description: what it does, in one sentence.
        parameters: those that it declares.
        example: arguments to begin with.
    """
    lines = [
        f"usage: {program} [--help] [--ros-args -p NAME:=VALUE | --params-file FILE | -r FROM:=TO ...]",
        "",
        *textwrap.wrap(description, _WIDTH),
        "",
        f"example: {program} {example}".rstrip(),
        f"topics:  ros2 node info /{program} lists them; docs/interface.md and docs/cropper.md explain them",
        "",
        "parameters:",
    ]
    for parameter in parameters:
        lines.append(f"  {parameter.name}:={json.dumps(parameter.default, ensure_ascii=False)}")
        lines += textwrap.wrap(
            parameter.description, _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6
        )
    return "\n".join(lines)


def refusal(program: str, arguments: Sequence[str]) -> str:
    """Return one line that names arguments outside ``--ros-args``.

    Args:
        program: the node's command.
        arguments: at least one.
    """
    named = one_line(" ".join(arguments), 200)
    hint = "parameters follow --ros-args, as in: --ros-args -p NAME:=VALUE"
    return f"{program}: arguments that no node reads: {named}; {hint} (see {program} --help)"
