"""bench/finders.py: the rows that it prints for finders and for the rival."""

import cv2
import numpy as np
import pytest
from red_finder import HEIGHT, WIDTH, red_picture, write_red_finder

from bench.finders import main


@pytest.fixture
def index(tmp_path):
    """Two pictures with a red plate, one that nobody finds in the first, and one picture without any."""
    for name, picture in (
        ("a", red_picture(2)),
        ("b", red_picture()),
        ("c", np.full((96, 160, 3), 90, np.uint8)),
    ):
        cv2.imwrite(str(tmp_path / f"{name}.png"), picture)
    rows = [
        "file,label,x1,y1,x2,y2,x3,y3,x4,y4,role",
        "a.png,京A12345,128,80,192,80,192,96,128,96,choose",
        "a.png,京A12346,10,10,50,10,50,20,10,20,choose",
        "b.png,京A12347,64,40,96,40,96,48,64,48,choose",
        "c.png,,,,,,,,,,choose",
        "gone.png,京A12348,64,40,96,40,96,48,64,48,exam",
    ]
    (tmp_path / "index.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return tmp_path / "index.csv"


def write_rival(path):
    """A network that always finds the plate of b.png: twice, and once more each too weak and mirrored."""
    scale, top = 640 / WIDTH, (640 - HEIGHT * 4) / 2
    corners = [(x * scale, y * scale + top) for x, y in ((64, 40), (96, 40), (96, 48), (64, 48))]
    row = [320.0, 320.0, 128.0, 32.0, 0.9, *(value for corner in corners for value in corner), 0.95, 0.1]
    weak, mirrored = [*row], [*row]
    weak[4] = 0.2
    mirrored[5:13] = row[11:13] + row[9:11] + row[7:9] + row[5:7]
    rows = np.array([[row, row, weak, mirrored]], np.float32)
    onnx = pytest.importorskip("onnx", reason="needs onnx (extra 'training')")
    helper = onnx.helper
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMax", ["input"], ["most"], keepdims=0),
            helper.make_node("Mul", ["most", "none"], ["nothing"]),
            helper.make_node("Add", ["rows", "nothing"], ["output"]),
        ],
        "rival",
        [helper.make_tensor_value_info("input", onnx.TensorProto.FLOAT, [1, 3, 640, 640])],
        [helper.make_tensor_value_info("output", onnx.TensorProto.FLOAT, [1, 4, 15])],
        [onnx.numpy_helper.from_array(rows, "rows"), onnx.numpy_helper.from_array(np.float32(0), "none")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=7), str(path))
    return path


def test_each_model_gets_a_row(tmp_path, index, monkeypatch, capsys):
    model, rival = write_red_finder(tmp_path), write_rival(tmp_path / "rival.onnx")
    arguments = [
        "finders",
        str(model),
        "--data",
        str(index),
        "--role",
        "choose",
        "--rival",
        str(rival),
        "--missed",
    ]
    monkeypatch.setattr("sys.argv", arguments)
    assert main() == 0
    printed = capsys.readouterr().out.splitlines()
    rows = {line.split()[0]: line.split()[5:] for line in printed[-2:]}
    assert rows["red.onnx"][:5] == ["2", "1", "0", "66.67%", "100.00%"]
    assert rows["red.onnx"][-2:] == ["100.00%", "0"]
    # the rival finds its one plate in every picture: right in both with a plate, and false in the third
    assert rows["rival"][:5] == ["2", "1", "1", "66.67%", "66.67%"]
    assert rows["rival"][-2:] == ["100.00%", "1"]
    assert f"{model}\tmissed\ta.png\t10,10 50,10 50,20 10,20" in printed
    assert "rival\tfalse\tc.png\t64,40 96,40 96,48 64,48" in printed
