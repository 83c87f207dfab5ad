import dataclasses

import numpy as np
import pytest

from lprnet_ros.runtimes import InferenceError
from lprnet_ros.runtimes.hbm import HbmRuntime


@pytest.fixture
def library(board_libraries):
    import hbm_runtime  # noqa: PLC0415 - the double is on the path only now

    return hbm_runtime.HB_HBMRuntime


def tensor():
    return np.linspace(-1, 1, 3 * 24 * 94, dtype=np.float32).reshape(1, 3, 24, 94)


def test_the_librarys_answer_to_the_input_is_returned(library, bin_manifest):
    logits = HbmRuntime(bin_manifest).infer(tensor())
    assert np.array_equal(logits, tensor().reshape(-1)[: 68 * 18].reshape(1, 68, 18))


def test_a_file_that_the_library_cannot_load_is_refused_with_its_reason(library, bin_manifest):
    wrong = bin_manifest.path.with_suffix(".binn")
    wrong.write_bytes(b"compiled")
    with pytest.raises(InferenceError, match="Unsupported model file extension"):
        HbmRuntime(dataclasses.replace(bin_manifest, path=wrong))


@pytest.mark.parametrize("shape", [(1, 3, 24, 96), (1, 24, 94, 3), ()])
def test_a_model_with_another_input_shape_than_its_manifest_says_is_refused(
    library, bin_manifest, monkeypatch, shape
):
    monkeypatch.setattr(library, "input_shape", shape)
    with pytest.raises(InferenceError, match=r"has an input of shape .*, its manifest says \[1, 3, 24, 94\]"):
        HbmRuntime(bin_manifest)


@pytest.mark.parametrize("kind", ["U8", "S8", "F16"])
def test_a_model_that_wants_another_type_of_number_is_refused(library, bin_manifest, monkeypatch, kind):
    monkeypatch.setattr(library, "input_type", kind)
    with pytest.raises(InferenceError, match=f"has an input of type {kind}, its manifest says float32"):
        HbmRuntime(bin_manifest)


@pytest.mark.parametrize(
    ("attribute", "value", "says"),
    [
        ("output_shape", (1, 18, 68), r"output of shape \[1, 18, 68\], its manifest says \[1, 68, 18\]"),
        ("output_type", "S32", "output of type S32, its manifest says float32"),
    ],
)
def test_a_model_with_another_output_than_its_manifest_says_is_refused(
    library, bin_manifest, monkeypatch, attribute, value, says
):
    monkeypatch.setattr(library, attribute, value)
    with pytest.raises(InferenceError, match=says):
        HbmRuntime(bin_manifest)


def test_the_four_dimensional_output_of_the_boards_compiler_is_read(library, bin_manifest, monkeypatch):
    monkeypatch.setattr(library, "output_shape", (1, 68, 1, 18))
    run = library.run
    monkeypatch.setattr(
        library,
        "run",
        lambda self, arrays: {
            model: {name: array.reshape(1, 68, 1, 18) for name, array in named.items()}
            for model, named in run(self, arrays).items()
        },
    )
    assert HbmRuntime(bin_manifest).infer(tensor()).shape == (1, 68, 18)


@pytest.mark.parametrize(("which", "names"), [("inputs", ("y", "uv")), ("outputs", ("a", "b"))])
def test_a_model_with_more_than_one_input_or_output_is_refused(
    library, bin_manifest, monkeypatch, which, names
):
    monkeypatch.setattr(library, which, names)
    with pytest.raises(InferenceError, match=f"2 {which}.*expected one each"):
        HbmRuntime(bin_manifest)


@pytest.mark.parametrize("which", ["inputs", "outputs"])
def test_a_model_without_an_input_or_output_is_refused(library, bin_manifest, monkeypatch, which):
    monkeypatch.setattr(library, which, ())
    with pytest.raises(InferenceError, match=r"lpr\.bin"):
        HbmRuntime(bin_manifest)


def test_an_input_of_another_type_is_an_inference_error_with_the_librarys_reason(library, bin_manifest):
    with pytest.raises(InferenceError, match="Data type mismatch"):
        HbmRuntime(bin_manifest).infer(tensor().astype(np.float64))


@pytest.mark.parametrize("error", [RuntimeError, ValueError])
def test_a_failed_run_is_an_inference_error_and_the_next_run_succeeds(
    library, bin_manifest, monkeypatch, error
):
    runtime = HbmRuntime(bin_manifest)

    def fail(self, arrays):
        raise error("hbDNNInfer failed")

    with monkeypatch.context() as patch:
        patch.setattr(library, "run", fail)
        with pytest.raises(InferenceError, match="hbDNNInfer failed"):
            runtime.infer(tensor())
    assert runtime.infer(tensor()).shape == (1, 68, 18)


def test_an_answer_without_the_models_output_is_an_inference_error(library, bin_manifest, monkeypatch):
    runtime = HbmRuntime(bin_manifest)
    monkeypatch.setattr(library, "run", lambda self, arrays: {})
    with pytest.raises(InferenceError, match="hbm_runtime failed"):
        runtime.infer(tensor())


def test_the_double_refuses_a_second_run_while_one_is_in_progress(library, bin_manifest):
    """The contract of the library itself, so that the threads of the other tests prove something."""
    opened = library(str(bin_manifest.path))
    model = opened.model_names[0]
    with opened._in_use, pytest.raises(RuntimeError, match="already in use"):
        opened.run({model: {"x": tensor()}})
