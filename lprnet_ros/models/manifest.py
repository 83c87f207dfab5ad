"""What is known of a model file; it stands in the manifest beside it.

The manifest of ``lprnet.onnx`` is ``lprnet.onnx.yaml`` in the same folder.
Channel order, scale and alphabet differ between published LPRNets, and a wrong
one costs nearly every plate (89.4 % falls to 2 % for LPRNet_Pytorch), so they
are never defaults of the code.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lprnet_ros.models.temperature import TemperatureScaling
from lprnet_ros.models.tensor_spec import TensorSpec
from lprnet_ros.plates.alphabet import Alphabet
from lprnet_ros.plates.syntax import PlateSyntax

MANIFEST_SUFFIX = ".yaml"

Quad = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]

CELL_CHANNELS = 11
"""Numbers that a finder gives for a cell; ``finding.plate_cells`` says which."""


class ManifestError(ValueError):
    """A manifest or its model file is missing or broken; the message says which and why."""


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, lower-case hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def manifest_path(model: Path) -> Path:
    """Return where the manifest of a model file lies."""
    return model.with_name(model.name + MANIFEST_SUFFIX)


@dataclass(frozen=True)
class SelfTest:
    """What a model must answer before it may be used.

    Attributes:
        blue_pixel: what a pure blue pixel becomes at the input, one value a
            channel; guards order and scale without running the network.
        image: a picture, or None where none is published.
    """

    blue_pixel: tuple[float, ...]
    image: Path | None = None


@dataclass(frozen=True)
class ReadingSelfTest(SelfTest):
    """What a network that reads plates must answer; the picture is a crop.

    Attributes:
        text: what the network reads on it.
        logits: a ``.npy`` file with the logits for it (classes x time steps),
            or None; a network that is robust to colour still reads the plate
            when red and blue are swapped, but its logits differ.
        minimum_cosine: least cosine similarity with these logits, 0..1; leaves
            room for 8-bit arithmetic.
    """

    text: str = ""
    logits: Path | None = None
    minimum_cosine: float = 0.97


@dataclass(frozen=True)
class FindingSelfTest(SelfTest):
    """What a network that finds plates must answer.

    Attributes:
        quads: of all plates in the picture: x and y of the corners, in its pixels, clockwise from the
            plate's own top left.
        tolerance: how far a corner may be from there, as a share of the plate's width.
    """

    quads: tuple[Quad, ...] = ()
    tolerance: float = 0.05


@dataclass(frozen=True, kw_only=True)
class ModelManifest:
    """How to run one model file, whatever it computes.

    Attributes:
        path: the model file.
        name: what people call it.
        sha256: of the file, lower-case hexadecimal.
        input: the picture that it takes.
        output: the tensor that it gives.
        self_test: what it must answer.
        url: where its publisher keeps the file; empty where nobody said.
        companions: other files that the manifest names.
        compiled: how a compiler made the file and what it says of it; only shown.
    """

    path: Path
    name: str
    sha256: str
    input: TensorSpec
    output: TensorSpec
    self_test: SelfTest
    url: str = ""
    companions: tuple[Path, ...] = ()
    compiled: Mapping[str, object] = field(default_factory=dict)

    def verify_file(self) -> None:
        """Check that the model file is the one the manifest speaks of.

        Raises:
            ManifestError: it is missing, unreadable, or has another SHA-256.
        """
        if not self.path.is_file():
            hint = f"; get it with 'lpr_model fetch {self.path.name}'" if self.url else ""
            raise ManifestError(f"{self.path}: no such model file{hint}")
        try:
            actual = sha256_of(self.path)
        except OSError as error:
            raise ManifestError(f"{self.path}: cannot be read ({error.strerror})") from error
        if actual != self.sha256:
            raise ManifestError(
                f"{self.path} is not the file its manifest describes: sha256 {actual}, "
                f"expected {self.sha256}; get the file again, or write a manifest for this one"
            )


@dataclass(frozen=True, kw_only=True)
class RecognizerManifest(ModelManifest):
    """How to read plates with a model whose output holds logits, 1 x classes x time steps.

    Attributes:
        self_test: what it must answer.
        alphabet: its classes.
        syntax: which texts are plates, or None where nobody said.
        calibration: how its logits become probabilities.

    Raises:
        ManifestError: the output has another shape.
    """

    self_test: ReadingSelfTest
    alphabet: Alphabet
    syntax: PlateSyntax | None = None
    calibration: TemperatureScaling = field(default_factory=TemperatureScaling)

    def __post_init__(self) -> None:
        """Check the output."""
        if len(self.output.shape) != 3 or self.output.shape[:2] != (1, len(self.alphabet)):
            raise ManifestError(
                f"output has the shape {self.output.shape}, "
                f"expected 1 x {len(self.alphabet)} classes x time steps"
            )


@dataclass(frozen=True, kw_only=True)
class FinderManifest(ModelManifest):
    """How to find plates with a model whose output holds cells, 1 x 11 x rows of cells x cells in a row.

    Attributes:
        self_test: what it must answer.
        stride: width and height of a cell, in pixels of the input.
        minimum_score: least score of what counts as a plate where nobody says otherwise, above 0 and below 1.

    Raises:
        ManifestError: the output has another shape, the cells do not fill the input, or no score is so.
    """

    self_test: FindingSelfTest
    stride: int
    minimum_score: float

    def __post_init__(self) -> None:
        """Check the output."""
        width, height = self.input.width, self.input.height
        if width % self.stride or height % self.stride:
            raise ManifestError(
                f"output.stride is {self.stride}, expected a divisor of the input's {width} x {height} pixels"
            )
        wanted = (1, CELL_CHANNELS, height // self.stride, width // self.stride)
        if self.output.shape != wanted:
            raise ManifestError(f"output has the shape {self.output.shape}, expected {wanted}")
        if not 0 < self.minimum_score < 1:
            raise ManifestError(
                f"output.minimum_score is {self.minimum_score}, expected more than 0 and less than 1"
            )
