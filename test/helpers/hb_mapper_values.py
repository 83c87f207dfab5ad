"""The shipped YAMLs of hb_mapper as values, and a way to change a key of them."""

import copy
from pathlib import Path

import yaml

from lprnet_ros.models.find import bundled_model
from lprnet_ros.models.load import load_manifest

CALIBRATION_KEYS = ("cal_data_dir", "cal_data_type", "preprocess_on")
CONFIGS = Path(__file__).resolve().parents[2] / "config" / "hb_mapper"
MANIFEST = load_manifest(bundled_model())
VALID = yaml.safe_load((CONFIGS / "lprnet_x5.yaml").read_text(encoding="utf-8"))
CAMERA = yaml.safe_load((CONFIGS / "lprnet_x5_camera.yaml").read_text(encoding="utf-8"))


def changed(changes, base):
    """The values with other keys of the input or the calibration; None leaves a key out."""
    values = copy.deepcopy(base)
    for name, value in changes.items():
        group = f"{'calibration' if name in CALIBRATION_KEYS else 'input'}_parameters"
        values[group][name] = value
        if value is None:
            del values[group][name]
    return values
