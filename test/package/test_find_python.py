"""How make board and CI find a version of Python, and what they say where it is absent."""

import os
import shutil
import subprocess
from pathlib import Path

PROGRAM = Path(__file__).resolve().parents[2] / ".ci" / "find_python"


def find(path, pyenv):
    environment = os.environ | {"PATH": str(path), "PYENV_ROOT": str(pyenv)}
    command = [shutil.which("bash"), str(PROGRAM), "3.10"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def program(path, version):
    path.parent.mkdir(parents=True, exist_ok=True)
    # answers the two questions that the script asks: whether it starts, and whether it is a 3.10
    path.write_text(f"#!{shutil.which('bash')}\n[[ -z $2 ]] || exit {int(version != '3.10')}\n")
    path.chmod(0o755)
    return path


def test_without_any_one_sentence_says_what_to_install(tmp_path):
    done = find(tmp_path, tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("no Python 3.10: neither python3.10 in PATH nor a 3.10 of pyenv")
    assert done.stderr.count("\n") == 1


def test_one_in_path_is_found_and_else_one_of_pyenv(tmp_path):
    of_pyenv = program(tmp_path / "pyenv" / "versions" / "3.10.13" / "bin" / "python3.10", "3.10")
    assert find(tmp_path / "bin", tmp_path / "pyenv").stdout == f"{of_pyenv}\n"
    in_path = program(tmp_path / "bin" / "python3.10", "3.10")
    assert find(tmp_path / "bin", tmp_path / "pyenv").stdout == f"{in_path}\n"


def test_another_version_of_that_name_is_refused(tmp_path):
    program(tmp_path / "bin" / "python3.10", "3.11")
    assert find(tmp_path / "bin", tmp_path).returncode == 1
