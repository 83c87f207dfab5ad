"""Where models lie: bundled with the package, installed by the user or on the board."""

from __future__ import annotations

import os
from pathlib import Path

from lprnet_ros.models.manifest import ManifestError, manifest_path

BUNDLED_MODEL = "lprnet.onnx"
BUNDLED_BOARD_MODEL = "lprnet_x5.bin"
BUNDLED_FINDER = "plate_finder.onnx"
BUNDLED_BOARD_FINDER = "plate_finder_x5.bin"
BUNDLED_NV12_FINDER = "plate_finder_x5_nv12.bin"
BOARD_MODELS = Path("/opt/hobot/model/x5")
"""Where an RDK X5 keeps its models (the image's own ones lie in ``basic``)."""


def find_models_folder() -> Path:
    """Return the folder of the bundled models.

    In a source tree it is ``models/``; installed by pip, colcon or a Debian
    package it is ``share/lprnet_ros/models`` below the same prefix.

    Raises:
        ManifestError: it is in neither place.
    """
    package = Path(__file__).resolve().parents[1]
    candidates = [package.parent / "models"]
    candidates += [parent / "share" / "lprnet_ros" / "models" for parent in package.parents]
    for folder in candidates:
        if manifest_path(folder / BUNDLED_MODEL).is_file():
            return folder
    raise ManifestError(
        f"the bundled models are not installed: no {BUNDLED_MODEL} in {candidates[0]} "
        f"or in share/lprnet_ros/models above {package}"
    )


def bundled_model(name: str = BUNDLED_MODEL) -> Path:
    """Return the path of a bundled network.

    Raises:
        ManifestError: the package was installed without its models.
    """
    return find_models_folder() / name


def installed_models_folders() -> list[Path]:
    """Return the folders in which ``lpr_model`` installs models: the user's, then the board's.

    The user's is ``$XDG_DATA_HOME/lprnet_ros/models``, without that variable
    ``~/.local/share/lprnet_ros/models`` (XDG Base Directory Specification, which ignores
    relative paths); the board's is ``/opt/hobot/model/x5/lprnet``.
    """
    data_home = Path(os.environ.get("XDG_DATA_HOME", ""))
    if not data_home.is_absolute():
        data_home = Path(os.path.expanduser("~/.local/share"))  # raises nothing where nobody has a home
    return [data_home / "lprnet_ros" / "models", BOARD_MODELS / "lprnet"]


def find_model(name: str) -> Path:
    """Return the model file that a user means.

    Args:
        name: empty for the bundled ONNX file; a path, which wins where such a file lies in
            the working folder; or the bare name of a model, such as ``lpr.bin``, which is
            looked for with its manifest beside it among the bundled models, in the
            user's folder and in the board's, in this order.

    Returns:
        The file; where no such file is found, the place where a bundled manifest
        expects it, else the name as a path.

    Raises:
        ManifestError: a bare name is meant, and the package was installed
            without its models.
    """
    if not name:
        return bundled_model()
    path = Path(name).expanduser()
    if path.name != name or path.exists():
        return path
    models = [folder / name for folder in (find_models_folder(), *installed_models_folders())]
    for model in models:
        if model.is_file() and manifest_path(model).is_file():
            return model
    return models[0] if manifest_path(models[0]).is_file() else path
