"""The manifest of a model that was made out of another one: fewer bits, another file format."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from lprnet_ros.models.load import load_any_manifest
from lprnet_ros.models.manifest import ManifestError, manifest_path, sha256_of


def companion_copies(model: Path, target: Path, *, replace: bool = False) -> list[tuple[Path, Path]]:
    """List what must be copied so that a target finds the files that a model's manifest names.

    Args:
        model: a model file with its manifest beside it.
        target: the other model file.
        replace: whether files of the same names there may go.

    Returns:
        Pairs of a file (picture and logits of the self-test, syntax) and its copy; none where
        both models lie in one folder.

    Raises:
        ManifestError: the manifest or one of the files is missing or broken, or a copy would
            replace another model's.
    """
    copies = []
    for source in load_any_manifest(model).companions:
        if not source.is_file():
            raise ManifestError(f"{source}: this file of the model's self-test is missing")
        copy = target.parent / source.relative_to(model.parent)
        same = copy.is_file() and copy.read_bytes() == source.read_bytes()
        if copy.exists() and not same and not replace:
            raise ManifestError(f"{copy} belongs to another model; name another folder for {target.name}")
        if not same:
            copies.append((source, copy))
    return copies


def write_manifest_like(
    model: Path, target: Path, *, changes: Mapping[str, Mapping[str, Any]] | None = None, name: str = ""
) -> Path:
    """Write a manifest for a model that is used as another one is, with copies of its companions.

    Args:
        model: the other one, with its manifest beside it.
        target: the model file, already there.
        changes: fields that are to differ, by section of the manifest.
        name: what people call the target; empty is its file name without the suffix.

    Returns:
        The path of the new manifest.

    Raises:
        ManifestError: as for :func:`companion_copies`, or a file cannot be read or written.
    """
    copies = companion_copies(model, target)
    values = yaml.safe_load(manifest_path(model).read_text(encoding="utf-8"))
    values.pop("url", None)  # there lies the other one
    values |= {section: values.get(section, {}) | fields for section, fields in (changes or {}).items()}
    path = manifest_path(target)
    try:
        sha256 = sha256_of(target)
        for source, copy in copies:
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
        values |= {"name": name or target.stem, "sha256": sha256}
        text = yaml.safe_dump(values, allow_unicode=True, sort_keys=False, width=200)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ManifestError(f"{path}: cannot be written ({error})") from error
    return path
