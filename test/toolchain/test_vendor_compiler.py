"""What the board's compiler prints is read, and with the vendor's tools the whole way is walked again."""

import csv
import re
import shutil

import pytest
from vendor_tools import ROOT, in_board_environment, needs_vendor_tools

from lprnet_ros.cli.compile import main
from lprnet_ros.models.find import BUNDLED_BOARD_MODEL, bundled_model
from lprnet_ros.models.load import load_manifest
from lprnet_ros.toolchain.compiler_log import parse_log
from lprnet_ros.toolchain.compiler_yaml import HbMapperError

LOG = """
time INFO FPS=13301.06, latency = 75.2 us, DDR = 397728 bytes   (see some.html)
/a/Conv                BPU  id(0)     HzSQuantizedConv  0.999988           1.0        int8
/a/Pow                 CPU  --        Pow               0.999000           --         float
/a/pad                 BPU  id(1)     HzPad             --                 --         int8
time INFO The quantized model output:
logits      0.999984           0.072737     0.002695     0.422840
time INFO hb_mapper version   : 1.24.3
time INFO hbdk version        : 3.49.15
"""
CONFIG = ROOT / "config" / "hb_mapper" / "lprnet_x5.yaml"
CAMERA = ROOT / "config" / "hb_mapper" / "lprnet_x5_camera.yaml"
DIFFERENCES = """
import re, sys
from horizon_tc_ui.hbdtort.runtime_pb2 import ModelProto
def parts(path):
    content = re.sub(rb"/tmp/tmp[a-z0-9_]{8}/", b"/tmp/tmp......../", open(path, "rb").read())
    model = ModelProto.FromString(content)
    (graph,) = model.graphs
    lists = graph.initializer, graph.value_info
    listed = [sorted(one.SerializeToString() for one in each) for each in lists]
    del graph.initializer[:], graph.value_info[:]
    return len(content), *listed, model.SerializeToString(deterministic=True)
print(parts(sys.argv[1]) == parts(sys.argv[2]))
"""


def compile_in_board_environment(config, output, *more, code=0):
    arguments = ["lprnet.onnx", "--config", config, "--data", ROOT / "demo" / "crops", "--output", output]
    return in_board_environment("-m", "lprnet_ros.cli.compile", *arguments, *more, code=code)


def test_the_table_the_cosine_and_the_estimate_are_read():
    made = parse_log(LOG)
    assert [(layer.node, layer.device, layer.kind) for layer in made.layers] == [
        ("/a/Conv", "BPU", "HzSQuantizedConv"),
        ("/a/Pow", "CPU", "Pow"),
        ("/a/pad", "BPU", "HzPad"),
    ]
    assert [(layer.cosine, layer.threshold) for layer in made.layers] == [
        (0.999988, 1.0),
        (0.999, None),
        (None, None),
    ]
    assert (made.output_cosine, made.estimated_us, made.ddr_bytes, made.parts) == (0.999984, 75.2, 397728, 1)
    assert made.compiler == "hb_mapper 1.24.3, hbdk 3.49.15"


def test_the_estimates_of_several_parts_are_added():
    made = parse_log(LOG + "FPS=1, latency = 41.7 us, DDR = 2272 bytes\n")
    assert (made.estimated_us, made.ddr_bytes, made.parts) == (116.9, 400000, 2)


@pytest.mark.parametrize("gone", ["latency", "logits", r"/a/"])
def test_a_log_without_one_of_them_is_refused(gone):
    with pytest.raises(HbMapperError, match=r"is its version 1\.24\.3"):
        parse_log("\n".join(line for line in LOG.splitlines() if not re.search(gone, line)))


def test_without_the_vendors_compiler_one_sentence_tells_the_way(tmp_path, capsys):
    pytest.importorskip("onnx", reason="needs onnx")
    arguments = ["lprnet.onnx", "--config", str(CONFIG), "--data", "demo/crops"]
    assert main([*arguments, "--output", str(tmp_path / "x.bin")]) == 1
    assert "run 'make board'" in capsys.readouterr().err
    assert not (tmp_path / "x.bin").exists()


@pytest.mark.parametrize("name", ["x.onnx", "no_such_folder/x.bin"])
def test_an_output_that_is_no_bin_is_refused(tmp_path, capsys, name):
    arguments = ["lprnet.onnx", "--config", str(CONFIG), "--data", "demo/crops"]
    assert main([*arguments, "--output", str(tmp_path / name)]) == 1
    assert "expected a name that ends in .bin" in capsys.readouterr().err


def test_the_bundled_table_shows_every_node_on_the_bpu():
    model = bundled_model(BUNDLED_BOARD_MODEL)
    with model.with_suffix(".csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert rows
    assert {row["device"] for row in rows} == {"BPU"}
    compiled = load_manifest(model).compiled
    assert compiled["parts"] == 1
    assert compiled["output_cosine"] >= 0.9999
    assert compiled["estimated_us"] <= 80


@needs_vendor_tools
def test_another_build_gives_the_bundled_file_but_for_the_bytes_that_are_named(tmp_path):
    printed = compile_in_board_environment(CONFIG, tmp_path / "again.bin")
    crops = len(list((ROOT / "demo" / "crops").glob("*.png")))
    assert (
        f"compared on {crops} crops: compiled instructions equal the quantised graph bit by bit on {crops}; "
        f"read as by the float network: {crops};" in printed
    )
    bundled = bundled_model(BUNDLED_BOARD_MODEL)
    assert in_board_environment("-c", DIFFERENCES, bundled, tmp_path / "again.bin").split()[-1] == "True"
    assert (tmp_path / "again.csv").read_bytes() == bundled.with_suffix(".csv").read_bytes()
    assert load_manifest(tmp_path / "again.bin").compiled == load_manifest(bundled).compiled


@needs_vendor_tools
def test_a_model_for_camera_pictures_is_made_compared_and_read_with(tmp_path):
    printed = compile_in_board_environment(CAMERA, tmp_path / "camera.bin", "--count", "8")
    assert (
        "compiled instructions equal the quantised graph bit by bit on 8; read as by the float network: 8"
        in printed
    )
    spec = load_manifest(tmp_path / "camera.bin").input
    assert (spec.dtype, spec.shape) == ("nv12", (1, 3, 24, 94))
    read = in_board_environment(
        *("-m", "lprnet_ros.cli.read", ROOT / "demo" / "self_test", "--runtime", "simulator"),
        *("--model", tmp_path / "camera.bin"),
    )
    assert "晋G63317\t" in read


@needs_vendor_tools
@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('"pyramid"', '"ddr"'), "nv12"),
        (("optimization: asymmetric", "optimization: asymmetric,bias_correction"), "optimization"),
    ],
    ids=["nv12 from memory", "optimizations separated by commas"],
)
def test_what_the_compiler_refuses_is_one_sentence_and_nothing_is_written(tmp_path, change, says):
    config = tmp_path / "config.yaml"
    config.write_text(CAMERA.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    printed = compile_in_board_environment(config, tmp_path / "x.bin", "--count", "2", code=1)
    assert "hb_mapper refuses config.yaml (exit status" in printed
    assert says in printed.splitlines()[-1]
    assert [path.name for path in tmp_path.iterdir()] == ["config.yaml"]


@needs_vendor_tools
def test_several_optimizations_are_separated_by_semicolons(tmp_path):
    config = tmp_path / "config.yaml"
    text = CONFIG.read_text(encoding="utf-8")
    config.write_text(
        text.replace("optimization: asymmetric", "optimization: asymmetric;bias_correction"), encoding="utf-8"
    )
    assert "wrote" in compile_in_board_environment(config, tmp_path / "x.bin", "--count", "4")
    shutil.rmtree(tmp_path)
