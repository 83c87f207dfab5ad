"""ROS parameter files: the user's, looked into before a node is started with it, and the launch's own."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

from lprnet_ros.launching.plan import LaunchError
from lprnet_ros.ros.parameters.parameter import ParameterValue
from lprnet_ros.text.escaping import one_line


def read_parameter_file(path: Path, *, argument: str, example: Path, node: str) -> dict[str, object]:
    """Read what a file sets for a node.

    Args:
        path: the file.
        argument: name of the launch argument, for messages.
        example: a file that is right, for messages.
        node: name of the node; a section of any namespace counts.

    Returns:
        Each parameter's value, by name.

    Raises:
        LaunchError: it is missing, cannot be read, or is no parameter file.
    """
    advice = f"give a YAML like {example}"
    if not path.exists():
        raise LaunchError(f"{argument} {path} does not exist; {advice}")
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        # a YAML error spreads over lines
        raise LaunchError(
            f"{argument} {path} cannot be read ({one_line(str(error), 300)}); {advice}"
        ) from error
    if not document:
        return {}  # rcl takes an empty file too
    sections = list(_sections(document, "")) if isinstance(document, dict) else []
    if not sections:
        raise LaunchError(f"{argument} {path} holds no section ros__parameters; {advice}")
    found: dict[str, object] = {}
    for name, parameters in sections:
        if name in (node, "*", "**"):
            found.update(parameters)
    return found


def write_parameter_file(node: str, parameters: Mapping[str, ParameterValue]) -> Path:
    """Write a temporary file that sets a node's parameters.

    Launch would leave texts such as y and 1e5 without quotes, and rcl's parser take
    them for a truth value and a number.

    Args:
        node: its full name; sections of files that name it in part do not win then.
        parameters: value by name.
    """
    lines = [f"{_yaml(node)}:", "  ros__parameters:" if parameters else "  ros__parameters: {}"]
    lines += [f"    {name}: {_yaml(value)}" for name, value in parameters.items()]
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", prefix="lprnet_ros_", suffix=".yaml", delete=False
    ) as stream:
        stream.write("\n".join(lines) + "\n")
    return Path(stream.name)


def _yaml(value: ParameterValue) -> str:
    if isinstance(value, str):
        return yaml.safe_dump(value, default_style='"', allow_unicode=True, width=math.inf).rstrip("\n")
    if isinstance(value, list):
        return f"[{', '.join(map(_yaml, value))}]"
    return yaml.safe_dump(value).partition("\n")[0]


def _sections(tree: Mapping[object, object], name: str) -> Iterator[tuple[str, dict[str, object]]]:
    """Find the parameters of every node, with the last part of the node's name."""
    for key, value in tree.items():
        if not isinstance(value, dict):
            continue
        if key == "ros__parameters":
            yield name, {str(parameter): one for parameter, one in value.items()}
        else:
            yield from _sections(value, str(key).rpartition("/")[2])
