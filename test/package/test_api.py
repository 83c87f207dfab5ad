"""The package's top level: it loads at once, names the API, and what the READMEs show works."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import lprnet_ros

REPOSITORY = Path(__file__).resolve().parents[2]


def test_importing_the_package_loads_nothing_large():
    program = "import sys, lprnet_ros; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert {"numpy", "cv2", "typing", "onnxruntime", "yaml"} & set(done.stdout.split()) == set()


def test_the_api_is_named_and_found():
    assert {"PlateReader", "PlateReading"} <= set(dir(lprnet_ros))
    assert lprnet_ros.PlateReader.__module__ == "lprnet_ros.pictures.plate_reader"
    assert lprnet_ros.PlateReading.__name__ == "PlateReading"
    with pytest.raises(AttributeError, match="has no attribute 'PlateFinder'"):
        _ = lprnet_ros.PlateFinder


@pytest.mark.parametrize("name", ["README.md", "README_cn.md"])
def test_the_example_of_a_readme_prints_what_it_says(name):
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (output,) = re.findall(r"```python\n.*?```\n+[^`]*```\n(.*?)```", text, re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=REPOSITORY
    )
    assert done.stdout == output
