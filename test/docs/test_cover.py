"""NodeHub's cover: its form, and that it shows what the network reads."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lprnet_ros.sources.labelled import read_image

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_it_is_what_nodehub_asks_for():
    height, width = read_image(DOCS / "cover.jpg").shape[:2]
    assert width * 3 == height * 4
    assert width >= 1280
    assert (DOCS / "cover.jpg").stat().st_size < 6_000_000


def test_the_committed_cover_is_the_one_that_the_script_makes(tmp_path):
    for library in ("PIL", "cvttf_NotoSansCJK_Bold"):
        pytest.importorskip(library, reason="needs Pillow and the font (extra 'training')")
    subprocess.run([sys.executable, str(DOCS / "cover.py"), str(tmp_path / "cover.jpg")], check=True)
    difference = np.abs(read_image(DOCS / "cover.jpg").astype(int) - read_image(tmp_path / "cover.jpg"))
    assert difference.mean() < 1
    assert (difference > 60).mean() < 0.0005  # a digit of a confidence may differ
