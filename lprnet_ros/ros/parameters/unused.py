"""Parameter values that somebody gives and no node takes: misspelt names, files for another node."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from lprnet_ros.text.escaping import one_line, quoted

_LONGEST = 120
_ROS_OWN = ("use_sim_time", "start_type_description_service", "enable_rosout")
_ROS_PREFIXES = ("qos_overrides.",)


def unknown_names(given: Iterable[str], known: Iterable[str]) -> list[str]:
    """Tell of each parameter that was given and that the node does not have.

    Args:
        given: names of the values given from outside.
        known: names of the node's parameters.

    Returns:
        One sentence each, with the nearest name that exists.
    """
    known = sorted(known)
    sentences = []
    for name in sorted(given):
        if name in known or name in _ROS_OWN or name.startswith(_ROS_PREFIXES):
            continue
        near = difflib.get_close_matches(name.lower().replace(".", "_"), known, n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]}?" if near else ""
        sentences.append(f"parameter {quoted(one_line(name, _LONGEST))} is unknown and has no effect{hint}")
    return sentences


def unmatched_files(arguments: Sequence[str], name: str, namespace: str) -> list[str]:
    """Tell of each parameter file that holds nothing for a node.

    Args:
        arguments: the command line, ROS arguments included.
        name: the node's name.
        namespace: its namespace, such as ``/`` or ``/gate``.

    Returns:
        One sentence a file; files that cannot be read are left to rcl, which names them.
    """
    own = f"{namespace.rstrip('/')}/{name}"
    sentences = []
    for flag, file in itertools.pairwise(arguments):
        if flag != "--params-file":
            continue
        try:
            values = yaml.safe_load(Path(file).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            continue
        names = [name for name, _ in sections(values)]
        if not names or any(_fits(name, own) for name in names):
            continue
        named = ", ".join(one_line(name, _LONGEST) for name in names[:3])
        sentences.append(
            f"{one_line(file, _LONGEST)} holds parameters for {named} and none for {own}: "
            f"they have no effect; name its section {own} or /**"
        )
    return sentences


def sections(document: object, prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Walk the namespaces of a parameter file down to each ``ros__parameters``.

    Args:
        document: what the file holds.
        prefix: the namespace so far.

    Yields:
        For each section the node's full name, possibly with wildcards, and its parameters.
    """
    for key, value in document.items() if isinstance(document, dict) else ():
        if key == "ros__parameters" and isinstance(value, dict):
            yield prefix or "/", value
        else:
            yield from sections(value, f"{prefix}/{str(key).strip('/')}")


def _fits(section: str, name: str) -> bool:
    """Tell whether a section is a node's; in rcl ``*`` is one part of a name, ``**`` any number."""

    def fits(pattern: list[str], parts: list[str]) -> bool:
        if not pattern:
            return not parts
        if pattern[0] == "**":
            return any(fits(pattern[1:], parts[count:]) for count in range(len(parts) + 1))
        return bool(parts) and pattern[0] in ("*", parts[0]) and fits(pattern[1:], parts[1:])

    return fits(section.strip("/").split("/"), name.strip("/").split("/"))
