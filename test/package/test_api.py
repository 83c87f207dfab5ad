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


@pytest.mark.parametrize("name", ["README.md", "README_cn.md", "docs/commands.md"])
def test_the_python_that_a_document_shows_reads_the_plates_of_the_street(name, tmp_path):
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    (program,) = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=REPOSITORY
    )
    assert "京A7K358" in done.stdout
    assert done.stderr == ""


def test_the_output_that_the_documents_show_of_lpr_read_is_its_own():
    """Confidences and corners may differ a little from one processor to another."""
    text = (REPOSITORY / "docs" / "commands.md").read_text(encoding="utf-8")
    command = "lpr_read demo/street.jpg demo/crops/京AC6895.png"
    (shown,) = re.findall(rf"^```bash\n{command}\n```\n\n```\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    done = subprocess.run(
        [sys.executable, "-m", "lprnet_ros.cli.read", *command.split()[1:]],
        capture_output=True,
        text=True,
        check=True,
        cwd=REPOSITORY,
    )
    accepted = [
        [line.split("\t") for line in output.splitlines() if line.endswith("accepted")]
        for output in (shown, done.stdout)
    ]
    assert len(accepted[0]) >= 3
    assert sorted(row[:2] for row in accepted[0]) == sorted(row[:2] for row in accepted[1])


def test_beside_a_folder_of_its_name_the_package_is_still_found(tmp_path):
    """As beside a clone of the repository: to Python the clone looks like a package without a file."""
    (tmp_path / "lprnet_ros").mkdir()
    program = "import lprnet_ros; lprnet_ros.PlateReader"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
