"""The stand-in of an RDK X5."""

import importlib
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent))  # for rdk_x5

settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy machine")


@pytest.fixture
def root(tmp_path):
    """A copy of the board's files."""
    return importlib.import_module("rdk_x5").build(tmp_path)


@pytest.fixture
def kernel(root, monkeypatch):
    """Answers what the package writes to those files."""
    kernel = importlib.import_module("rdk_x5").Kernel(root)
    monkeypatch.setattr("lprnet_ros.board.performance.write_value", kernel.write)
    return kernel
