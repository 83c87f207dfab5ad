import dataclasses
import re
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from lprnet_ros.plates.alphabet import Alphabet
from lprnet_ros.runtimes import InferenceError
from lprnet_ros.runtimes.onnx import OnnxRuntime


def other(manifest, which, **values):
    """A manifest whose input or output differs."""
    return dataclasses.replace(manifest, **{which: dataclasses.replace(getattr(manifest, which), **values)})


@pytest.mark.parametrize("shape", [(1, 3, 24, 95), (1, 3, 48, 94), (1, 3, 94, 24)])
def test_a_model_with_another_input_than_its_manifest_says_is_refused(onnx_manifest, shape):
    with pytest.raises(InferenceError, match=r"has an input of shape \[1, 3, 24, 94\], its manifest says"):
        OnnxRuntime(other(onnx_manifest, "input", shape=shape))


@pytest.mark.parametrize(("which", "name"), [("input", "picture"), ("output", "scores")])
def test_a_model_whose_tensors_have_other_names_is_refused(onnx_manifest, which, name):
    with pytest.raises(InferenceError, match=f"has an {which} named '.*', its manifest says '{name}'"):
        OnnxRuntime(other(onnx_manifest, which, name=name))


def test_a_model_with_other_types_than_its_manifest_says_is_refused(onnx_manifest):
    pixels = {"dtype": "uint8", "mean": (0.0,) * 3, "scale": (1.0,) * 3}
    with pytest.raises(InferenceError, match="has an input of type float32, its manifest says uint8"):
        OnnxRuntime(other(onnx_manifest, "input", **pixels))
    with pytest.raises(InferenceError, match="has an output of type float32, its manifest says uint8"):
        OnnxRuntime(other(onnx_manifest, "output", dtype="uint8"))


def test_a_model_with_other_time_steps_than_its_manifest_says_is_refused(onnx_manifest):
    with pytest.raises(InferenceError, match=r"has an output of shape .* its manifest says \[1, 68, 19\]"):
        OnnxRuntime(other(onnx_manifest, "output", shape=(1, 68, 19)))


def test_a_model_with_other_classes_than_its_manifest_says_is_refused(onnx_manifest):
    fewer = Alphabet(onnx_manifest.alphabet.characters[:-1], blank=0)
    output = dataclasses.replace(onnx_manifest.output, shape=(1, 67, 18))
    with pytest.raises(InferenceError, match=r"has an output of shape .* its manifest says \[1, 67, 18\]"):
        OnnxRuntime(dataclasses.replace(onnx_manifest, alphabet=fewer, output=output))


def stand_in(shape, inputs=(1, 3, 24, 94), declared=None):
    """A library whose models have an output and an input of a shape; the output may be declared otherwise."""

    class InferenceSession:
        def __init__(self, *_, **__):
            pass

        def get_inputs(self):
            return [SimpleNamespace(name="image", shape=list(inputs), type="tensor(float)")]

        def get_outputs(self):
            return [SimpleNamespace(name="logits", shape=declared or shape, type="tensor(float)")]

        def run(self, names, feed):
            return [np.arange(np.prod(shape), dtype=np.float32).reshape(shape)]

    options = SimpleNamespace(add_session_config_entry=lambda *_: None)
    return SimpleNamespace(SessionOptions=lambda: options, InferenceSession=InferenceSession)


@pytest.mark.parametrize("shape", [[1, 68, 18], [1, 68, 1, 18], [1, 68, 18, 1]])
def test_an_output_for_a_board_has_a_dimension_more(onnx_manifest, monkeypatch, shape):
    monkeypatch.setitem(sys.modules, "onnxruntime", stand_in(shape))
    logits = OnnxRuntime(onnx_manifest).infer(np.zeros((1, 3, 24, 94), np.float32))
    np.testing.assert_array_equal(logits, np.arange(68 * 18).reshape(1, 68, 18))


@pytest.mark.parametrize("shape", [[1, 18, 68], [2, 68, 9], [1, 68, 2, 9], [68, 18]])
def test_an_output_of_open_dimensions_is_checked_when_it_comes(onnx_manifest, monkeypatch, shape):
    monkeypatch.setitem(sys.modules, "onnxruntime", stand_in(shape, declared=["batch", 68, "steps"]))
    runtime = OnnxRuntime(onnx_manifest)
    with pytest.raises(
        InferenceError, match=r"returned an output of shape .*, its manifest says \(1, 68, 18\)"
    ):
        runtime.infer(np.zeros((1, 3, 24, 94), np.float32))


@pytest.mark.parametrize("shape", [[1, 68, 2, 18], [1, 68], [1, 18, 68], [1, 1, 68, 18], [1, 18, 1, 68]])
def test_an_output_of_other_sizes_is_refused_with_its_shape(onnx_manifest, monkeypatch, shape):
    monkeypatch.setitem(sys.modules, "onnxruntime", stand_in(shape))
    with pytest.raises(InferenceError, match=re.escape(f"has an output of shape {shape}, its manifest says")):
        OnnxRuntime(onnx_manifest)


def test_an_input_has_no_dimension_more(onnx_manifest, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", stand_in([1, 68, 18], (1, 3, 1, 24, 94)))
    with pytest.raises(InferenceError, match=r"has an input of shape \[1, 3, 1, 24, 94\]"):
        OnnxRuntime(onnx_manifest)


@pytest.mark.parametrize("share", [0.0, 0.00001, 0.01, 0.5, 0.99])
def test_a_truncated_model_is_refused(onnx_manifest, tmp_path, share):
    content = onnx_manifest.path.read_bytes()
    path = tmp_path / "truncated.onnx"
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(InferenceError, match=r"truncated\.onnx"):
        OnnxRuntime(dataclasses.replace(onnx_manifest, path=path))


@pytest.mark.parametrize("content", [b"no model at all", b"\x89PNG\r\n\x1a\n", b"\0" * 1000])
def test_a_file_that_is_no_model_is_refused(onnx_manifest, tmp_path, content):
    path = tmp_path / "other.onnx"
    path.write_bytes(content)
    with pytest.raises(InferenceError, match=r"other\.onnx"):
        OnnxRuntime(dataclasses.replace(onnx_manifest, path=path))


def test_a_folder_in_place_of_a_model_is_refused(onnx_manifest, tmp_path):
    with pytest.raises(InferenceError, match="cannot load"):
        OnnxRuntime(dataclasses.replace(onnx_manifest, path=tmp_path))


def test_an_input_of_another_type_is_an_inference_error(onnx_manifest):
    runtime = OnnxRuntime(onnx_manifest)
    with pytest.raises(InferenceError, match="ONNX Runtime failed"):
        runtime.infer(np.zeros((1, 3, 24, 94), np.float64))


def test_more_threads_give_the_same_answer(onnx_manifest):
    tensor = np.random.default_rng(0).uniform(-1, 1, (1, 3, 24, 94)).astype(np.float32)
    one = OnnxRuntime(onnx_manifest).infer(tensor)
    two = OnnxRuntime(onnx_manifest, threads=2).infer(tensor)
    np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-4)


def test_the_session_gets_the_threads_it_is_told_and_one_by_default(onnx_manifest):
    def threads(runtime):
        return runtime._session.get_session_options().intra_op_num_threads

    assert threads(OnnxRuntime(onnx_manifest)) == 1
    assert threads(OnnxRuntime(onnx_manifest, threads=2)) == 2


def test_a_model_is_found_below_any_folder_name(onnx_manifest, tmp_path):
    path = tmp_path / "车牌 模型" / "lprnet.onnx"
    path.parent.mkdir()
    path.write_bytes(onnx_manifest.path.read_bytes())
    assert OnnxRuntime(dataclasses.replace(onnx_manifest, path=path)).name == "onnx"
