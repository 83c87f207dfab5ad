"""The shipped YAMLs of hb_mapper as values, and a way to change a key of them."""

import copy
from pathlib import Path

import yaml

from lprnet_ros.models.find import bundled_model
from lprnet_ros.models.load import load_manifest
from lprnet_ros.toolchain.compiler_keys import KEYS

CONFIGS = Path(__file__).resolve().parents[2] / "config" / "hb_mapper"
MANIFEST = load_manifest(bundled_model())
VALID = yaml.safe_load((CONFIGS / "lprnet_x5.yaml").read_text(encoding="utf-8"))
CAMERA = yaml.safe_load((CONFIGS / "lprnet_x5_camera.yaml").read_text(encoding="utf-8"))


def changed(changes, base):
    """The values with other keys, each in its group; None leaves a key out."""
    values = copy.deepcopy(base)
    for name, value in changes.items():
        group = next(group for group, keys in KEYS.items() if name in keys)
        values.setdefault(group, {})[name] = value
        if value is None:
            del values[group][name]
    return values
