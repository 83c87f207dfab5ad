"""``python docs/notebook.py`` executes docs/plate_reader.ipynb and writes its outputs into it.

It needs no Jupyter.  A cell's last expression is its output, as in Jupyter; pictures are given to
``IPython.display``, for which something that keeps them stands in.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import io
import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

NOTEBOOK = Path(__file__).resolve().parent / "plate_reader.ipynb"


def executed(notebook: dict[str, Any]) -> dict[str, Any]:
    """Return a notebook with the outputs of its code cells, run in order in the folder docs/.

    Raises:
        Exception: what a cell raises.
    """
    shown: list[dict[str, Any]] = []
    display = ModuleType("IPython.display")
    display.Image = lambda data: {"image/jpeg": base64.b64encode(data).decode()}  # type: ignore[attr-defined]
    display.display = lambda picture: shown.append(_output(picture))  # type: ignore[attr-defined]
    package = ModuleType("IPython")
    names: dict[str, Any] = {}
    before, others = Path.cwd(), {name: sys.modules.get(name) for name in ("IPython", "IPython.display")}
    sys.modules |= {"IPython": package, "IPython.display": display}
    os.chdir(NOTEBOOK.parent)
    try:
        codes = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        for number, cell in enumerate(codes, 1):
            shown.clear()
            program = ast.parse("".join(cell["source"]))
            last = program.body.pop() if isinstance(program.body[-1], ast.Expr) else None
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                exec(compile(program, NOTEBOOK.name, "exec"), names)
                value = None
                if isinstance(last, ast.Expr):
                    value = eval(compile(ast.Expression(last.value), NOTEBOOK.name, "eval"), names)
            text = {"name": "stdout", "output_type": "stream", "text": printed.getvalue().splitlines(True)}
            cell["outputs"] = [text] if text["text"] else []
            cell["outputs"] += [*shown, *([] if value is None else [_output(value)])]
            cell["execution_count"] = number
    finally:
        os.chdir(before)
        for name, module in others.items():
            del sys.modules[name]
            if module is not None:
                sys.modules[name] = module
    return notebook


def _output(value: object) -> dict[str, Any]:
    data = value if isinstance(value, dict) and "image/jpeg" in value else {"text/plain": [repr(value)]}
    return {"data": data, "metadata": {}, "output_type": "display_data"}


if __name__ == "__main__":
    done = executed(json.loads(NOTEBOOK.read_text(encoding="utf-8")))
    NOTEBOOK.write_text(json.dumps(done, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
