"""The tests pass in the background of a shell too, which starts its jobs with Ctrl-C ignored."""

import subprocess
import sys

from tethered import ROOT

TEST = "test/cli/test_benchmark.py::test_ctrl_c_ends_it_after_the_crops_in_flight"


def test_a_test_of_ctrl_c_ends_where_the_shell_ignores_it() -> None:
    command = f"trap '' INT; exec '{sys.executable}' -m pytest -q -p no:cacheprovider {TEST}"
    done = subprocess.run(
        ["sh", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
