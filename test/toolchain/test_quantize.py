"""lpr_quantize: the 8-bit model, its table, its manifest, and which crops it is calibrated with."""

import csv
import hashlib
import sys
from importlib.util import find_spec

import cv2
import numpy as np
import pytest
import yaml

from lprnet_ros.cli import quantize
from lprnet_ros.cli.quantize import main
from lprnet_ros.models.load import load_manifest
from lprnet_ros.models.manifest import manifest_path
from lprnet_ros.plates.alphabet import CHINESE_PLATES
from lprnet_ros.reading.ctc import decode_greedy
from lprnet_ros.reading.preprocess import preprocess
from lprnet_ros.reading.recognizer import PlateRecognizer
from lprnet_ros.reading.self_test import logits_cosine
from lprnet_ros.runtimes import InferenceError
from lprnet_ros.sources.labelled import is_held_out, list_images, read_image
from lprnet_ros.toolchain.quantization import NodeLoss, quantise

MISSING = [name for name in ("torch", "onnx", "onnxruntime") if find_spec(name) is None]
if not MISSING:
    import onnx
    import torch
    from onnx import TensorProto, numpy_helper

    from lprnet_ros.training.checkpoint_export import write_manifest, write_onnx
    from lprnet_ros.training.network import PlateNet
    from lprnet_ros.training.trainer import PREPROCESSING

pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"needs the extra 'training': {', '.join(MISSING)}"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:onnx"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:onnxruntime"),
]
LABELS = [f"京A{number:05}" for number in range(60)]
TRAINING = [label for label in LABELS if not is_held_out(label)]
HELD_OUT = [label for label in LABELS if is_held_out(label)]


def write_picture(path, seed):
    """A smooth picture: a crop has no more detail than that."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 24, 3), dtype=np.uint8)
    path.write_bytes(cv2.imencode(".png", cv2.resize(coarse, (94, 24)))[1].tobytes())


@pytest.fixture(scope="module")
def float_model(tmp_path_factory):
    """A network of chance weights, whose self-test is what it answers."""
    folder = tmp_path_factory.mktemp("float")
    torch.manual_seed(5)
    network = PlateNet()
    with torch.no_grad():
        for _ in range(3):  # statistics for the batch normalisation, so that logits are not all alike
            network.train()(torch.rand(16, 3, 24, 94) * 2 - 1)
    model = folder / "net.onnx"
    write_onnx(network.eval(), model)
    write_picture(folder / "net.self_test.png", 1)
    image = read_image(folder / "net.self_test.png")
    with torch.no_grad():
        logits = network(torch.from_numpy(preprocess(image, PREPROCESSING)))[0].numpy()
    np.save(folder / "net.self_test.npy", logits)
    text = decode_greedy(logits, CHINESE_PLATES).text
    assert text
    files = {"image": "net.self_test.png", "logits": "net.self_test.npy"}
    write_manifest(model, PREPROCESSING, files | {"text": text, "minimum_cosine": 0.95})
    return model


@pytest.fixture
def crops(tmp_path):
    """A folder of pictures, each named by a plate."""
    folder = tmp_path / "crops"
    folder.mkdir()
    for seed, label in enumerate(LABELS[:12]):
        write_picture(folder / f"{label}.png", seed)
    return folder


def write_index(folder, labels):
    lines = ["file,label", *(f"{label}.png,{label}" for label in labels)]
    (folder / "index.csv").write_text("\n".join(lines), encoding="utf-8")
    return folder / "index.csv"


@pytest.fixture
def calibrated_with(monkeypatch):
    """Stands in for the quantising: notes the inputs that it gets, and hands the float model back."""
    seen = []

    def note(model, output, calibration):
        output.write_bytes(model.read_bytes())
        seen.extend(calibration)
        return [NodeLoss("a", "Conv", 1.0, 2.0)]

    monkeypatch.setattr(quantize, "quantise", note)
    return seen


def run(model, crops, output, *arguments):
    return main(
        ["--model", str(model), "--calibration", str(crops), "--output", str(output), *map(str, arguments)]
    )


def tensors(folder):
    return [preprocess(read_image(path), PREPROCESSING) for path in list_images(folder)]


def types_of(model):
    """The type of the numbers that each layer computes with: activations, weights; None for float."""
    graph = onnx.load(str(model)).graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    producers = {node.output[0]: node for node in graph.node}

    def kind(name):
        producer = producers.get(name)
        if producer is None or producer.op_type != "DequantizeLinear":
            return None
        return constants[producer.input[2]].data_type

    return [tuple(map(kind, node.input[:2])) for node in graph.node if node.op_type == "Conv"]


def test_all_layers_but_the_last_become_8_bits_and_answer_alike(float_model, crops, tmp_path):
    output = tmp_path / "eight.onnx"
    calibration = tensors(crops)
    quantise(float_model, output, calibration)
    *inner, last = types_of(output)
    assert set(inner) == {(TensorProto.UINT8, TensorProto.INT8)}
    assert len(inner) == 8
    assert last[1] is None
    assert output.stat().st_size < float_model.stat().st_size / 2
    write_manifest(output, PREPROCESSING, {})
    before, after = PlateRecognizer.open(float_model), PlateRecognizer.open(output)
    cosines = [logits_cosine(after.runtime.infer(x)[0], before.runtime.infer(x)[0]) for x in calibration]
    assert min(cosines) > 0.97
    assert max(cosines) < 1.0


def test_each_weight_channel_has_a_scale_of_its_own(float_model, crops, tmp_path):
    quantise(float_model, tmp_path / "eight.onnx", tensors(crops))
    graph = onnx.load(str(tmp_path / "eight.onnx")).graph
    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    weights = [
        arrays[node.input[1]] for node in graph.node if arrays.get(node.input[0], np.zeros(1)).ndim == 4
    ]
    assert len(weights) == 8
    assert all(len(np.unique(scales)) > 16 for scales in weights)


def test_the_table_follows_the_graph_and_its_thresholds_the_calibration(float_model, crops, tmp_path):
    losses = quantise(float_model, tmp_path / "eight.onnx", tensors(crops))
    assert [loss.kind for loss in losses] == [
        *["Conv"] * 4,
        "Add",
        *["Conv"] * 3,
        "Add",
        "Conv",
        "Conv",
        "Squeeze",
    ]
    assert all(0.97 < loss.cosine < 1.0 for loss in losses)
    assert all(loss.threshold > 0 for loss in losses[:-2])
    assert [loss.threshold for loss in losses[-2:]] == [None, None]
    doubled = quantise(float_model, tmp_path / "doubled.onnx", [2 * x for x in tensors(crops)])
    assert [loss.node for loss in doubled] == [loss.node for loss in losses]
    assert doubled[0].threshold > 1.5 * losses[0].threshold


def test_a_lone_outlier_does_not_widen_the_range(float_model, crops, tmp_path):
    calibration = tensors(crops) * 8
    usual = quantise(float_model, tmp_path / "a.onnx", calibration)
    outlier = calibration[0].copy()
    outlier[0, :, 9, 9] = 6.0  # the others are -1 to 1
    disturbed = quantise(float_model, tmp_path / "b.onnx", [*calibration, outlier])
    assert disturbed[0].threshold == pytest.approx(usual[0].threshold, rel=0.1)


def test_a_model_that_cannot_be_quantised_is_refused(float_model, crops, tmp_path):
    quantise(float_model, tmp_path / "eight.onnx", tensors(crops))
    with pytest.raises(InferenceError, match="8-bit model already"):
        quantise(tmp_path / "eight.onnx", tmp_path / "again.onnx", tensors(crops))
    (tmp_path / "broken.onnx").write_bytes(b"no model")
    with pytest.raises(InferenceError, match=r"cannot quantise .*broken\.onnx"):
        quantise(tmp_path / "broken.onnx", tmp_path / "again.onnx", tensors(crops))
    assert not (tmp_path / "again.onnx").exists()


def test_the_command_writes_a_model_that_opens_with_its_manifest(float_model, crops, tmp_path, capsys):
    output = tmp_path / "out" / "net8.onnx"
    output.parent.mkdir()
    before = sorted(float_model.parent.iterdir())
    assert run(float_model, crops, output, "--data", crops) == 0
    assert sorted(float_model.parent.iterdir()) == before
    printed = capsys.readouterr().out
    rows = list(csv.DictReader((tmp_path / "out" / "net8.csv").read_text().splitlines()))
    assert list(rows[0]) == ["node", "type", "cosine_similarity", "threshold"]
    for row in rows:
        assert any(row["node"] in line and row["type"] in line for line in printed.splitlines())
    for name in ("float", "8 bits"):
        assert any(line.startswith(f"{name} ") and " 12 " in line for line in printed.splitlines())
    values, original = (
        yaml.safe_load(manifest_path(path).read_text(encoding="utf-8")) for path in (output, float_model)
    )
    assert values["name"] == "net8"
    assert values["sha256"] == hashlib.sha256(output.read_bytes()).hexdigest() != original["sha256"]
    for name in set(original) - {"name", "sha256"}:
        assert values[name] == original[name]
    manifest = load_manifest(output)
    assert manifest.self_test.image.read_bytes() == (float_model.parent / "net.self_test.png").read_bytes()
    PlateRecognizer.open(output).close()


def test_in_the_models_folder_the_self_test_is_shared(float_model, crops, tmp_path, calibrated_with):
    for path in float_model.parent.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    before = {path.name for path in tmp_path.iterdir()}
    assert run(tmp_path / "net.onnx", crops, tmp_path / "net8.onnx", "--table", tmp_path / "t.csv") == 0
    assert {path.name for path in tmp_path.iterdir()} - before == {"net8.onnx", "net8.onnx.yaml", "t.csv"}


def test_nothing_of_another_model_is_replaced(float_model, crops, tmp_path, calibrated_with, capsys):
    (tmp_path / "net.self_test.png").write_bytes(b"of another model")
    assert run(float_model, crops, tmp_path / "net8.onnx") == 1
    assert "belongs to another model" in capsys.readouterr().err
    assert (tmp_path / "net.self_test.png").read_bytes() == b"of another model"
    assert run(float_model, crops, float_model) == 1
    assert "another name than the model's" in capsys.readouterr().err
    assert run(float_model, crops, tmp_path / "none" / "net8.onnx") == 1
    assert "there is no folder" in capsys.readouterr().err
    assert calibrated_with == []


def test_a_csv_calibrates_with_plates_of_the_training_side_alone(
    float_model, crops, tmp_path, calibrated_with, capsys
):
    labels = LABELS[:12]
    assert set(labels) & set(HELD_OUT)
    index = write_index(crops, labels)
    assert run(float_model, index, float_model.with_name("a.onnx")) == 0
    expected = [preprocess(read_image(crops / f"{x}.png"), PREPROCESSING) for x in labels if x in TRAINING]
    assert {x.tobytes() for x in calibrated_with} == {x.tobytes() for x in expected}
    assert len(calibrated_with) == len(expected)
    write_index(crops, [label for label in labels if label in HELD_OUT])
    assert run(float_model, index, tmp_path / "b.onnx") == 1
    assert "held out" in capsys.readouterr().err


def test_a_folder_calibrates_with_all_its_crops_or_as_many_as_asked(
    float_model, crops, tmp_path, calibrated_with
):
    assert run(float_model, crops, tmp_path / "a.onnx") == 0
    assert {x.tobytes() for x in calibrated_with} == {x.tobytes() for x in tensors(crops)}
    calibrated_with.clear()
    assert run(float_model, crops, tmp_path / "b.onnx", "--samples", 5) == 0
    first = [x.tobytes() for x in calibrated_with]
    assert len(set(first)) == 5
    calibrated_with.clear()
    assert run(float_model, crops, tmp_path / "c.onnx", "--samples", 5) == 0
    assert [x.tobytes() for x in calibrated_with] == first
    with pytest.raises(SystemExit, match="2"):
        run(float_model, crops, tmp_path / "d.onnx", "--samples", 0)


def test_calibration_is_preprocessed_as_the_manifest_says(float_model, crops, tmp_path, calibrated_with):
    model = tmp_path / "bgr.onnx"
    model.write_bytes(float_model.read_bytes())
    values = yaml.safe_load(manifest_path(float_model).read_text(encoding="utf-8"))
    values["input"] |= {"channel_order": "bgr", "mean": 100.0, "scale": 0.5}
    values["self_test"] = {"blue_pixel": [77.5, -50.0, -50.0]}
    manifest_path(model).write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
    assert run(model, crops, tmp_path / "out.onnx") == 0
    rule = load_manifest(model).input
    expected = {preprocess(read_image(path), rule).tobytes() for path in list_images(crops)}
    assert {x.tobytes() for x in calibrated_with} == expected


def test_what_is_measured_is_chosen_as_in_lpr_evaluate(float_model, crops, tmp_path, calibrated_with, capsys):
    index = write_index(crops, LABELS[:12])
    held_out = len(set(LABELS[:12]) & set(HELD_OUT))
    assert run(float_model, crops, tmp_path / "a.onnx", "--data", index, "--split", "held-out") == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("float ")]
    assert [int(row[1]) for row in rows] == [held_out]
    assert run(float_model, crops, tmp_path / "a.onnx", "--data", index, "--without", "set=x") == 1
    assert "no column 'set'" in capsys.readouterr().err


def test_without_onnx_it_says_what_to_install_and_writes_nothing(
    float_model, crops, tmp_path, monkeypatch, capsys
):
    for name in [name for name in sys.modules if name.startswith("onnxruntime.quantization")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("onnxruntime.quantization", raising=False)
    monkeypatch.setitem(sys.modules, "onnx", None)
    output = tmp_path / "out" / "net8.onnx"
    output.parent.mkdir()
    assert run(float_model, crops, output) == 1
    message = capsys.readouterr().err
    assert "pip install 'lprnet_ros[training]'" in message
    assert message.count("\n") == 1
    assert list(output.parent.iterdir()) == []
