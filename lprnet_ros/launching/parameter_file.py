"""Looks into a ROS parameter file before a node is started with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

from lprnet_ros.escaping import one_line
from lprnet_ros.launching.plan import LaunchError


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


def _sections(tree: Mapping[object, object], name: str) -> Iterator[tuple[str, dict[str, object]]]:
    """Find the parameters of every node, with the last part of the node's name."""
    for key, value in tree.items():
        if not isinstance(value, dict):
            continue
        if key == "ros__parameters":
            yield name, {str(parameter): one for parameter, one in value.items()}
        else:
            yield from _sections(value, str(key).rpartition("/")[2])
