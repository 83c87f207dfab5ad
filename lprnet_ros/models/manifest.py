"""A model file and the manifest beside it, which says how the file wants to be used.

The manifest of ``lprnet.onnx`` is ``lprnet.onnx.yaml`` in the same folder.
Channel order, scale and alphabet differ between published LPRNets, and a wrong
one costs nearly every plate (89.4 % falls to 2 % for LPRNet_Pytorch), so they
are never defaults of the code.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

from lprnet_ros.models.temperature import Calibration
from lprnet_ros.plates.alphabet import Alphabet
from lprnet_ros.plates.syntax import PlateSyntax

MANIFEST_SUFFIX = ".yaml"
BUNDLED_MODEL = "lprnet.onnx"
BOARD_MODELS = Path("/opt/hobot/model/x5")
"""Where an RDK X5 keeps its models (the image's own ones lie in ``basic``)."""


class ManifestError(ValueError):
    """A manifest or its model file is missing or broken; the message says which and why."""


@dataclass(frozen=True)
class Preprocessing:
    """How a crop becomes a network's input.

    Attributes:
        channel_order: ``rgb`` or ``bgr``.
        mean: subtracted from each 8-bit value.
        scale: multiplies the difference.
        width: input width in pixels.
        height: input height in pixels.

    Raises:
        ManifestError: an order, size or scale that makes no sense.
    """

    channel_order: str
    mean: float
    scale: float
    width: int = 94
    height: int = 24

    def __post_init__(self) -> None:
        """Check every field."""
        if self.channel_order not in ("rgb", "bgr"):
            raise ManifestError(f"channel_order is {self.channel_order!r}, expected 'rgb' or 'bgr'")
        if self.scale == 0:
            raise ManifestError("scale is 0, every input would be 0")
        if self.width < 1 or self.height < 1:
            raise ManifestError(f"input of {self.width} x {self.height} pixels, expected at least 1 x 1")

    def normalise(self, blue: float, green: float, red: float) -> tuple[float, float, float]:
        """Return what one pixel becomes, in the order of the input's channels."""
        pixel = (red, green, blue) if self.channel_order == "rgb" else (blue, green, red)
        first, second, third = ((value - self.mean) * self.scale for value in pixel)
        return first, second, third


@dataclass(frozen=True)
class SelfTest:
    """What a model must answer before it may be used.

    Attributes:
        blue_pixel: what a pure blue pixel becomes at the input, one value a
            channel; guards order and scale without running the network.
        image: a picture of a plate, or None where none is published.
        text: what the network reads on it.
        logits: a ``.npy`` file with the logits for it (classes x time steps),
            or None; a network that is robust to colour still reads the plate
            when red and blue are swapped, but its logits differ.
        minimum_cosine: least cosine similarity with these logits, 0..1; leaves
            room for 8-bit arithmetic.
    """

    blue_pixel: tuple[float, float, float]
    image: Path | None = None
    text: str = ""
    logits: Path | None = None
    minimum_cosine: float = 0.97


@dataclass(frozen=True)
class ModelManifest:
    """How to use one model file.

    Attributes:
        path: the model file.
        name: what people call it.
        sha256: of the file, lower-case hexadecimal.
        preprocessing: how a crop becomes its input, 1 x 3 x height x width float32.
        alphabet: its classes.
        time_steps: length of its output, 1 x classes x time steps float32.
        self_test: what it must answer.
        syntax: which texts are plates, or None where nobody said.
        calibration: how its logits become probabilities.
        url: where its publisher keeps the file; empty where nobody said.
    """

    path: Path
    name: str
    sha256: str
    preprocessing: Preprocessing
    alphabet: Alphabet
    time_steps: int
    self_test: SelfTest
    syntax: PlateSyntax | None = None
    calibration: Calibration = field(default_factory=Calibration)
    url: str = ""

    @property
    def input_shape(self) -> tuple[int, int, int, int]:
        """Shape of the input, NCHW."""
        return (1, 3, self.preprocessing.height, self.preprocessing.width)

    @property
    def output_shape(self) -> tuple[int, int, int]:
        """Shape of the output: 1, classes, time steps."""
        return (1, len(self.alphabet), self.time_steps)

    def verify_file(self) -> None:
        """Check that the model file is the one the manifest speaks of.

        Raises:
            ManifestError: it is missing, unreadable, or has another SHA-256.
        """
        if not self.path.is_file():
            raise ManifestError(f"{self.path}: no such model file")
        try:
            actual = hashlib.sha256(self.path.read_bytes()).hexdigest()
        except OSError as error:
            raise ManifestError(f"{self.path}: cannot be read ({error.strerror})") from error
        if actual != self.sha256:
            raise ManifestError(
                f"{self.path} is not the file its manifest describes: sha256 {actual}, "
                f"expected {self.sha256}; get the file again, or write a manifest for this one"
            )


def manifest_path(model: Path) -> Path:
    """Return where the manifest of a model file lies."""
    return model.with_name(model.name + MANIFEST_SUFFIX)


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


def bundled_model() -> Path:
    """Return the path of the bundled network.

    Raises:
        ManifestError: the package was installed without its models.
    """
    return find_models_folder() / BUNDLED_MODEL


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
        name: empty for the bundled network; a path, which wins where such a file lies in
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
