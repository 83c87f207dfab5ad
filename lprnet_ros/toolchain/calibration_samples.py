"""The samples from which the board's compiler takes the ranges of its 8-bit numbers.

One raw file a sample, as ``numpy.tofile`` writes it: no header, no shape.  The compiler
reads every file of the folder, so the index that says what they are lies beside the folder.

Source: D-Robotics rdk_doc, ptq_process.md, "Preparing Calibration Data": about 100 samples of the
training or validation set, in the type, layout and shape of the float model's input; what
the compiler itself normalises must not be normalised before.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lprnet_ros.models.tensor_spec import shared_number
from lprnet_ros.toolchain.compiler_yaml import HbMapperConfig, HbMapperError
from lprnet_ros.toolchain.model_answers import AnyManifest, Sample, model_input

_MADE_BY = "lpr_calibrate"


class CalibrationSetError(ValueError):
    """A folder of samples is not what its index says, or not ours; the message says what differs."""


def index_path(folder: Path) -> Path:
    """Return where the index of a folder of samples lies: beside it."""
    return folder.with_name(f"{folder.name}.index.json")


def make_sample(
    image: npt.NDArray[np.uint8], config: HbMapperConfig, manifest: AnyManifest
) -> npt.NDArray[np.float32] | npt.NDArray[np.uint8]:
    """Turn a crop, or a finder's picture, into one calibration sample.

    Args:
        image: BGR, uint8, height x width x 3.
        config: the YAML, which fits the model.
        manifest: of the model.

    Returns:
        1 x 3 x height x width in the model's channel order, of the YAML's type:
        ``(x - mean) * scale`` where the samples are normalised, else 0 to 255.

    Raises:
        ValueError: no picture.
    """
    if config.samples_are_normalised:
        return model_input(image, manifest, manifest.input)
    as_it_is = dataclasses.replace(manifest.input, mean=(0.0,) * 3, scale=(1.0,) * 3)
    raw = model_input(image, manifest, as_it_is)
    return raw.astype(np.uint8) if config.sample_dtype == "uint8" else raw


def contract(config: HbMapperConfig, manifest: AnyManifest) -> dict[str, Any]:
    """Return what the samples depend on; another value makes another set."""
    rule = manifest.input
    return {
        "model": manifest.name,
        "shape": list(manifest.input.shape),
        "layout": config.layout_train,
        "type": config.type_train,
        "channel_order": rule.channel_order,
        "dtype": config.sample_dtype,
        "normalised": config.samples_are_normalised,
        "mean": shared_number(rule.mean) if config.samples_are_normalised else 0.0,
        "scale": shared_number(rule.scale) if config.samples_are_normalised else 1.0,
    }


def write_set(folder: Path, crops: Iterable[Sample], config: HbMapperConfig, manifest: AnyManifest) -> int:
    """Write samples and their index; nothing where a crop cannot be read.

    Args:
        folder: for the samples alone; an older set of this function there is replaced.
        crops: the crops, or pictures for a finder.
        config: the YAML.
        manifest: the model, which the YAML fits.

    Returns:
        How many samples there are.

    Raises:
        CalibrationSetError: the folder holds something else, or cannot be written.
        HbMapperError: with this YAML the compiler reads pictures, no samples.
        LabelledDataError: a crop cannot be read.
    """
    if config.reads_pictures:
        raise HbMapperError("calibration_parameters.preprocess_on is True, expected False for raw samples")
    folder = Path(os.path.abspath(folder))
    samples = [(crop, make_sample(crop.read(), config, manifest)) for crop in crops]
    known = _known(_read_index(folder)) if index_path(folder).is_file() else {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        old = sorted(folder.iterdir())
        for path in old:
            if path.name not in known:
                raise CalibrationSetError(f"{path}: is no sample of {_MADE_BY}; name an empty folder")
        for path in old:
            path.unlink()
        entries = []
        for number, (crop, content) in enumerate(samples):
            name = f"{number:05}.bin"
            content.tofile(folder / name)
            sha256 = hashlib.sha256(content.tobytes()).hexdigest()
            entries.append({"file": name, "sha256": sha256, "source": str(crop.path)})
        index = {"made_by": _MADE_BY, "contract": contract(config, manifest), "samples": entries}
        text = json.dumps(index, ensure_ascii=False, indent=1)
        index_path(folder).write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise CalibrationSetError(f"{folder}: cannot be written ({error.strerror or error})") from error
    return len(samples)


def _known(index: dict[str, Any]) -> dict[str, str]:
    """Return the SHA-256 of each sample by the name of its file."""
    return {sample["file"]: sample["sha256"] for sample in index["samples"]}


def _read_index(folder: Path) -> dict[str, Any]:
    path = index_path(folder)
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
        if index["made_by"] != _MADE_BY or not isinstance(index["contract"], dict):
            raise ValueError("made by something else")
        for sample in index["samples"]:
            if not all(isinstance(sample[name], str) for name in ("file", "sha256", "source")):
                raise ValueError("a sample without its file, sha256 and source")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CalibrationSetError(f"{path}: no readable index of samples ({error})") from error
    return dict(index)


def verify_set(folder: Path, config: HbMapperConfig, manifest: AnyManifest) -> int:
    """Check that a folder holds the samples of its index, and that they fit a YAML and a model.

    Returns:
        How many samples there are.

    Raises:
        CalibrationSetError: a file is missing, unknown or changed, or the set was made for
            another YAML or model.
    """
    folder = Path(os.path.abspath(folder))
    index = _read_index(folder)
    made_for = contract(config, manifest)
    for name, value in made_for.items():
        if index["contract"].get(name) != value:
            have = f"{folder}: its samples have {name} {index['contract'].get(name)!r}"
            raise CalibrationSetError(f"{have}, the YAML and the model ask for {value!r}; make them anew")
    expected = _known(index)
    found = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    for wrong, names in (("is missing", set(expected) - found), ("is in no index", found - set(expected))):
        for name in sorted(names):
            raise CalibrationSetError(f"{folder / name}: {wrong}; make the samples anew")
    for name, sha256 in expected.items():
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != sha256:
            raise CalibrationSetError(f"{folder / name}: is not the file that was written; make it anew")
    return len(expected)
