"""lpr_quantize and lpr_calibrate with a finder, and the ranges that its 8 bits hold."""

import csv

import cv2
import numpy as np
import pytest
import yaml
from hb_mapper_values import VALID, changed
from red_finder import HEIGHT, PLATE, WIDTH, red_picture, write_red_finder

from lprnet_ros.cli.calibrate import main as calibrate
from lprnet_ros.cli.quantize import main as quantize
from lprnet_ros.finding.finder import PlateFinder
from lprnet_ros.finding.search_part import picture_input
from lprnet_ros.models.load import load_finder_manifest
from lprnet_ros.toolchain.quantization import quantise

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:onnx"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:onnxruntime"),
]


@pytest.fixture
def model(tmp_path):
    return write_red_finder(tmp_path)


@pytest.fixture
def pictures(tmp_path):
    """A folder of whole pictures, and a CSV that says where their plates are; the last one has none."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    lines = ["file,label,x1,y1,x2,y2,x3,y3,x4,y4"]
    for index in range(3):
        picture = red_picture(2) if index < 2 else np.full((HEIGHT, WIDTH, 3), 200, np.uint8)
        cv2.imwrite(str(folder / f"京A1234{index}.png"), picture)
        x, y, width, height = (2 * value for value in PLATE)
        corners = [x, y, x + width, y, x + width, y + height, x, y + height] if index < 2 else [""] * 8
        lines.append(",".join(map(str, [f"京A1234{index}.png", f"京A1234{index}", *corners])))
    (folder / "index.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def test_a_finder_in_8_bits_finds_the_same_and_both_are_measured(model, pictures, tmp_path, capsys):
    output = tmp_path / "red_int8.onnx"
    arguments = ["--model", str(model), "--calibration", str(pictures), "--output", str(output)]
    assert quantize([*arguments, "--data", str(pictures / "index.csv")]) == 0
    printed = capsys.readouterr().out.splitlines()
    rows = {
        line.split("  ")[0]: line.split()[-5:] for line in printed if line.startswith(("float ", "8 bits "))
    }
    assert rows == {name: ["2", "2", "0", "100.00%", "100.00%"] for name in ("float", "8 bits")}
    manifest = load_finder_manifest(output)
    assert manifest.name == "red_int8"
    assert manifest.self_test.quads == load_finder_manifest(model).self_test.quads
    PlateFinder.open(output).close()
    with output.with_suffix(".csv").open(encoding="utf-8") as stream:
        assert [row["type"] for row in csv.DictReader(stream)] == ["Conv", "Conv"]


def test_all_values_are_held_where_no_share_of_them_is_said(model, tmp_path):
    picture = red_picture()
    picture[picture == 90] = 180  # 0.41 in the input, and everywhere but on the plate, where it is 2.0
    tensors = [picture_input(picture, load_finder_manifest(model).input)]
    all_held, most_held = (
        quantise(model, tmp_path / "x.onnx", tensors, percentile=percentile)[0].threshold
        for percentile in (None, 97.0)
    )
    assert all_held == pytest.approx(2.0, rel=0.01)
    assert most_held < 1.2


def test_a_finders_samples_are_whole_pictures_or_drawn_around_crops(model, pictures, tmp_path, capsys):
    config = tmp_path / "config.yaml"
    values = changed({"input_shape": f"1x3x{HEIGHT}x{WIDTH}"}, VALID)
    config.write_text(yaml.safe_dump(values), encoding="utf-8")
    for data, count in ((pictures, 3), ("demo/crops", 7)):
        folder = tmp_path / f"samples{count}"
        arguments = ["--model", str(model), "--config", str(config), "--output", str(folder)]
        assert calibrate([*arguments, "--data", str(data), "--count", "7"]) == 0
        assert f"wrote {count} samples, 1x3x{HEIGHT}x{WIDTH} float32" in capsys.readouterr().out
        assert {path.stat().st_size for path in folder.iterdir()} == {4 * 3 * HEIGHT * WIDTH}
        assert calibrate([*arguments, "--verify"]) == 0
    sample = np.fromfile(tmp_path / "samples3" / "00000.bin", np.float32).reshape(3, HEIGHT, WIDTH)
    assert np.abs(sample - (90 - 127.5) / 127.5).min() < 1e-6
