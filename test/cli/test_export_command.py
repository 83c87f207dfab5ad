"""lpr_export's command line; needs neither PyTorch nor onnx."""

import sys

import pytest

from lprnet_ros.cli import export as cli
from lprnet_ros.models.find import bundled_model


@pytest.mark.parametrize(
    "arguments",
    [
        ["net.onnx"],
        ["net.onnx", "--output", "a.onnx"],
        ["net.onnx", "--target", "bpu"],
        ["net.onnx", "--target", "bpu", "--output", "a.onnx", "--self-test", "p.png"],
        ["net.pth", "--target", "bpu", "--output", "a.onnx"],
        ["net.pth", "--output", "a", "--self-test", "p.png"],
        ["net.pth", "--self-test", "p.png"],
        ["net.pth", "--target", "hailo", "--output", "a.onnx", "--self-test", "p.png"],
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_is_a_usage_error(arguments):
    with pytest.raises(SystemExit, match="2"):
        cli.main(arguments)


def test_without_onnx_it_says_what_to_install_and_writes_nothing(tmp_path, monkeypatch, capsys):
    for name in [name for name in sys.modules if name.startswith("lprnet_ros.toolchain.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "onnx", None)
    output = tmp_path / "out.onnx"
    assert cli.main([str(bundled_model()), "--target", "bpu", "--output", str(output)]) == 1
    assert capsys.readouterr().err == "lpr_export: needs onnx; pip install onnx\n"
    assert list(tmp_path.iterdir()) == []
