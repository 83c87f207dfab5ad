"""What bash completes, in a real bash, with argcomplete (extra ``completion``)."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
ASK = """
eval "$(register-python-argcomplete $1)"
COMP_WORDS=($2) COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE=$2 COMP_POINT=${#2} COMP_TYPE=9
_python_argcomplete $1
printf '%s\\n' "${COMPREPLY[@]}"
"""


def completed(line):
    """The words that bash offers for a line, after TAB at its end."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        [shutil.which("bash"), "-c", ASK, "bash", line.split()[0], line],
        capture_output=True,
        text=True,
        check=True,
        cwd=REPOSITORY,
        env=environment,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize("command", ["lpr_read", "lpr_evaluate", "lpr_model", "lpr_board", "lpr_benchmark"])
def test_the_options_of_a_command_are_completed(command):
    assert completed(f"{command} --hel") == ["--help"]


def test_options_choices_verbs_and_files_are_completed():
    assert completed("lpr_read --ann") == ["--annotate"]
    assert completed("lpr_read --runtime on") == ["onnx"]
    assert completed("lpr_model ver") == ["verify"]
    assert completed("lpr_read demo/str") == ["demo/street.jpg"]
