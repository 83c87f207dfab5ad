"""The stand-in of an RDK X5."""

import importlib

import pytest


@pytest.fixture
def root(tmp_path):
    """A copy of the board's files."""
    return importlib.import_module("rdk_x5").build(tmp_path)


@pytest.fixture
def kernel(root, monkeypatch):
    """Answers what the package writes to those files."""
    kernel = importlib.import_module("rdk_x5").Kernel(root)
    monkeypatch.setattr("lprnet_ros.board.sysfs.write_value", kernel.write)
    return kernel
