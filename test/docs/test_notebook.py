"""docs/plate_reader.ipynb: every cell runs, and shows what the committed outputs show."""

import copy
import importlib.util
import json
import re
from pathlib import Path

import cv2
import numpy as np

DOCS = Path(__file__).resolve().parents[2] / "docs"
SPEC = importlib.util.spec_from_file_location("notebook", DOCS / "notebook.py")
notebook = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(notebook)

COMMITTED = json.loads(notebook.NOTEBOOK.read_text(encoding="utf-8"))


def texts_and_pictures(page):
    """What stands below the cells: texts without their numbers, which processors differ in, and sizes."""
    outputs = [output for cell in page["cells"] for output in cell.get("outputs", ())]
    for output in outputs:
        data = output.get("data", {})
        if "image/jpeg" in data:
            picture = np.frombuffer(notebook.base64.b64decode(data["image/jpeg"]), np.uint8)
            yield cv2.imdecode(picture, cv2.IMREAD_COLOR).shape
        else:
            yield re.sub(
                r"\d+\.\d+|\b\d+,\d+\b", "#", "".join(output.get("text", data.get("text/plain", "")))
            )


def test_every_cell_runs_and_shows_what_was_committed():
    done = notebook.executed(copy.deepcopy(COMMITTED))
    shown, expected = list(texts_and_pictures(done)), list(texts_and_pictures(COMMITTED))
    assert len(shown) > 10
    assert "京A7K358" in str(shown)
    # readings that are not accepted may differ from one processor to another
    unsure = re.compile(r"PlateReading\([^)]*low_confidence[^)]*\)|\S+ # low_confidence \w+|\d+ crops")
    assert [unsure.sub("?", str(one)) for one in shown] == [unsure.sub("?", str(one)) for one in expected]


def test_it_is_a_notebook_that_jupyter_opens():
    assert (COMMITTED["nbformat"], COMMITTED["metadata"]["kernelspec"]["name"]) == (4, "python3")
    for number, cell in enumerate(COMMITTED["cells"]):
        wanted = {"cell_type", "id", "metadata", "source"}
        if cell["cell_type"] == "code":
            wanted |= {"execution_count", "outputs"}
        assert set(cell) == wanted, number
        assert re.fullmatch(r"[\w-]{1,64}", cell["id"])
    assert notebook.NOTEBOOK.stat().st_size < 300_000
