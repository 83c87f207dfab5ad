"""Puts a model file, with its manifest beside it, where ``find_model`` looks."""

from __future__ import annotations

import os
from pathlib import Path

from lprnet_ros.models.derive import companion_copies
from lprnet_ros.models.download_error import DownloadError
from lprnet_ros.models.fetch import MAXIMUM_BYTES, download
from lprnet_ros.models.find import BOARD_MODELS, installed_models_folders
from lprnet_ros.models.load import load_any_manifest
from lprnet_ros.models.manifest import ManifestError, manifest_path, sha256_of


def usual_folder() -> Path:
    """Return where models are installed: a board's own folder if it can be written, else the user's."""
    user, board = installed_models_folders()
    writable = os.access(board if board.exists() else BOARD_MODELS, os.W_OK | os.X_OK)
    return board if writable and BOARD_MODELS.is_dir() else user


def install(
    described: Path,
    source: str,
    folder: Path,
    *,
    replace: bool = False,
    maximum_bytes: int = MAXIMUM_BYTES,
    timeout: float = 300.0,
) -> tuple[Path, bool]:
    """Get a model file and lay it with its manifest into a folder.

    Args:
        described: where the manifest says that the model lies; the file itself need not be there.
        source: an address or a path from which the file comes.
        folder: where it shall lie; made where it is missing.
        replace: whether another model of that name there may go.
        maximum_bytes: more are not read.
        timeout: seconds in which all of it must have come.

    Returns:
        The installed file, and whether it had to be fetched: the right one may have been there.

    Raises:
        ManifestError: the manifest or a file of its self-test is missing or broken, or another
            model of that name is installed.
        DownloadError: the file cannot be had, is not the right one, or cannot be written.
    """
    manifest = load_any_manifest(described)
    target = folder / described.name
    actual = sha256_of(target) if target.is_file() and os.access(target, os.R_OK) else None
    if not replace:
        _check_free(target, actual, manifest.sha256)
    copies = companion_copies(described, target, replace=replace)
    if target.resolve() != described.resolve():
        copies.append((manifest_path(described), manifest_path(target)))
    try:
        for place in (target, *(copy for _, copy in copies)):
            place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DownloadError(f"{folder}: cannot be made ({error.strerror})") from error
    if actual != manifest.sha256:
        download(source, target, manifest.sha256, maximum_bytes=maximum_bytes, timeout=timeout)
    for path, copy in copies:  # the manifest last: now the model is whole
        download(str(path), copy, sha256_of(path))
    return target, actual != manifest.sha256


def _check_free(target: Path, actual: str | None, wanted: str) -> None:
    """Raise if a model that is whole, and another one, would be replaced."""
    if actual is None or actual == wanted or not manifest_path(target).is_file():
        return
    try:
        if load_any_manifest(target).sha256 != actual:
            return  # a broken file: it has nothing to lose
    except ManifestError:
        return
    raise ManifestError(
        f"{target} is another model (sha256 {actual}) with its own manifest; "
        "install into another folder (--to), or let it go (--replace)"
    )
