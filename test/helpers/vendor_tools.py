"""The vendor's compiler and simulator in .venv-board, for tests that ask them."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-board" / "bin" / "python"

needs_vendor_tools = pytest.mark.skipif(
    not PYTHON.exists(), reason="the vendor's compiler is not here: no .venv-board; 'make board' makes it"
)


def in_board_environment(*arguments, code=0, **options):
    """Run .venv-board's Python; return what it printed."""
    done = subprocess.run(
        [str(PYTHON), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        **options,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr
