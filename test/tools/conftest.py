"""Labelled crops whose readings are known, and a board without its library's silence."""

import hashlib
import importlib
import shutil
import sys
from pathlib import Path

import pytest
import yaml

from lprnet_ros.labelled import list_images, read_image
from lprnet_ros.model import bundled_model, find_models_folder, manifest_path
from lprnet_ros.recognizer import PlateRecognizer

REPOSITORY = Path(__file__).resolve().parents[2]
DOUBLES = REPOSITORY / "test" / "doubles"
BOARD_LIBRARIES = ("hbm_runtime", "bpu_infer_lib")


@pytest.fixture(scope="session")
def shipped_readings():
    """What the bundled model makes of the first eight shipped crops, by file."""
    recognizer = PlateRecognizer.open()
    files = list_images(REPOSITORY / "demo" / "crops")[:8]
    assert len(files) == 8
    readings = {file: recognizer.read(read_image(file)) for file in files}
    recognizer.close()
    return readings


@pytest.fixture
def csv_file(shipped_readings, tmp_path):
    """A CSV of the eight crops, half of them in each set; the last one has a wrong label."""
    lines = ["file,label,set"]
    for index, (file, reading) in enumerate(shipped_readings.items()):
        shutil.copy(file, tmp_path / f"{index}.png")
        label = reading.text if index < 7 else "新Z00000"
        lines.append(f"{index}.png,{label},{'road' if index % 2 == 0 else 'toll'}")
    path = tmp_path / "index.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def wrong_model(tmp_path):
    """A copy of the bundled model whose manifest names the wrong channel order."""
    for path in bundled_model().parent.glob("lprnet.*"):
        shutil.copy(path, tmp_path)
    model = tmp_path / bundled_model().name
    values = yaml.safe_load(manifest_path(model).read_text(encoding="utf-8"))
    values["input"]["channel_order"] = "bgr" if values["input"]["channel_order"] == "rgb" else "rgb"
    manifest_path(model).write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
    return model


@pytest.fixture
def board_model(tmp_path, monkeypatch):
    """A model for the board's libraries, of which the doubles can be imported."""
    for name in BOARD_LIBRARIES:
        sys.modules.pop(name, None)
    monkeypatch.syspath_prepend(str(DOUBLES))
    model = tmp_path / "lpr.bin"
    model.write_bytes(b"compiled for bayes-e")
    values = yaml.safe_load((find_models_folder() / "lpr.bin.yaml").read_text(encoding="utf-8"))
    values["sha256"] = hashlib.sha256(model.read_bytes()).hexdigest()
    manifest_path(model).write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
    yield model
    for name in BOARD_LIBRARIES:
        sys.modules.pop(name, None)
    importlib.invalidate_caches()
