"""``make test`` announces what it will skip: nothing that tests can lack is missing from the list."""

import re
from pathlib import Path

import pytest
from skips import NEEDED, announced

TEST = Path(__file__).resolve().parents[1]


def test_every_module_that_tests_may_lack_is_announced():
    texts = [path.read_text(encoding="utf-8") for path in TEST.rglob("*.py")]
    asked = {name for text in texts for name in re.findall(r'importorskip\(\s*f?"(\w+)', text)}
    assert "rclpy" in asked
    assert asked - {name for names in NEEDED.values() for name in names} == set()


def test_what_is_absent_is_named_with_what_is_not_tested(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "torch" else name)
    monkeypatch.setattr("pathlib.Path.is_dir", lambda path: "background" not in path.parts)
    monkeypatch.setattr("shutil.which", lambda name: name)
    assert announced() == [
        "training, and quantisation with it: no torch",
        "the board's own crops, tensor and article: no ../shared/background",
    ]
