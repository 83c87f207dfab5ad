import dataclasses
import os
from pathlib import Path

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
    with pytest.raises(InferenceError, match=r"cannot load .*lpr\.binn: the extension"):
        HbmRuntime(dataclasses.replace(bin_manifest, path=wrong))


def test_a_path_that_is_no_utf8_is_refused_with_its_name(library, bin_manifest, tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.bin"))
    path.write_bytes(b"compiled")
    with pytest.raises(InferenceError, match="hbm_runtime cannot load"):
        HbmRuntime(dataclasses.replace(bin_manifest, path=path))


@pytest.mark.parametrize("shape", [(1, 3, 24, 96), (1, 24, 94, 3), ()])
def test_a_model_with_another_input_shape_than_its_manifest_says_is_refused(
    library, bin_manifest, monkeypatch, shape
):
    monkeypatch.setattr(library, "input_shape", shape)
    with pytest.raises(InferenceError, match=r"has an input of shape .*, its manifest says \[1, 3, 24, 94\]"):
        HbmRuntime(bin_manifest)


@pytest.mark.parametrize("kind", ["U8", "S8", "F16", "RGB", "NV12"])
def test_a_model_that_wants_another_type_of_number_is_refused(library, bin_manifest, monkeypatch, kind):
    monkeypatch.setattr(library, "input_type", kind)
    found = {"U8": "uint8", "RGB": "uint8", "NV12": "nv12"}.get(kind, kind)
    with pytest.raises(InferenceError, match=f"has an input of type {found}, its manifest says float32"):
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


def test_an_output_with_padded_rows_comes_out_dense(library, bin_manifest):
    runtime = HbmRuntime(bin_manifest)
    raw = runtime._library.run(tensor())["Model from PaddlePaddle"]["y"]
    assert (raw.shape, raw.flags.c_contiguous) == ((1, 68, 1, 18), False)
    logits = runtime.infer(tensor())
    assert (logits.shape, logits.flags.c_contiguous) == ((1, 68, 18), True)


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


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (tensor().astype(np.float64), "type float64, it takes"),
        (tensor().astype(">f4"), "type >f4, it takes"),
        (tensor().reshape(3, 24, 94), r"shape \(3, 24, 94\)"),
        (tensor()[..., 1:], r"shape \(1, 3, 24, 93\)"),
    ],
)
def test_what_the_library_would_print_about_or_misread_never_reaches_it(
    library, bin_manifest, capfd, given, says
):
    runtime = HbmRuntime(bin_manifest)
    with pytest.raises(InferenceError, match=says):
        runtime.infer(given)
    assert capfd.readouterr().out == ""


def pixels_manifest(manifest, dtype, order="rgb"):
    spec = dataclasses.replace(
        manifest.input, dtype=dtype, channel_order=order, mean=(0.0,) * 3, scale=(1.0,) * 3
    )
    return dataclasses.replace(manifest, input=spec)


@pytest.mark.parametrize(("kind", "order"), [("U8", "bgr"), ("RGB", "rgb"), ("BGR", "bgr")])
def test_pixels_reach_the_network_as_they_are(library, bin_manifest, monkeypatch, kind, order):
    monkeypatch.setattr(library, "input_type", kind)
    given = np.random.default_rng(0).integers(0, 256, (1, 3, 24, 94), dtype=np.uint8)
    logits = HbmRuntime(pixels_manifest(bin_manifest, "uint8", order)).infer(given)
    assert np.array_equal(logits.reshape(-1), given.reshape(-1)[: 68 * 18])


@pytest.mark.parametrize(("kind", "order"), [("RGB", "bgr"), ("BGR", "rgb")])
def test_a_model_with_another_order_of_channels_than_its_manifest_says_is_refused(
    library, bin_manifest, monkeypatch, kind, order
):
    monkeypatch.setattr(library, "input_type", kind)
    with pytest.raises(InferenceError, match=f"has an input of type {kind}, its manifest says uint8"):
        HbmRuntime(pixels_manifest(bin_manifest, "uint8", order))


def test_the_rows_of_an_nv12_picture_arrive_where_the_network_looks_for_them(
    library, bin_manifest, monkeypatch
):
    monkeypatch.setattr(library, "input_type", "NV12")
    given = np.random.default_rng(0).integers(0, 256, (36, 96), dtype=np.uint8)  # 94 pixels, aligned
    runtime = HbmRuntime(pixels_manifest(bin_manifest, "nv12"))
    assert np.array_equal(runtime.infer(given).reshape(-1), given[:24, :94].reshape(-1)[: 68 * 18])
    for wrong in (given[:24], given[:, :94]):  # the library would read what is missing from the crop before
        with pytest.raises(InferenceError, match=r"it takes \(36, 96\) and uint8"):
            runtime.infer(wrong)


@pytest.fixture
def waits(library, monkeypatch):
    """How many of the next runs end without the BPU having computed anything."""
    left = [0]

    def fault(self, array):
        left[0] -= 1
        return "wait" if left[0] >= 0 else ""

    monkeypatch.setattr(library, "fault", fault)
    return left


def test_a_result_that_no_inference_computed_is_read_again(library, bin_manifest, waits):
    runtime = HbmRuntime(bin_manifest)
    for factor in (1, 2, 3):
        waits[0] = 1
        logits = runtime.infer(tensor() * np.float32(factor))
        assert np.array_equal(logits.reshape(-1), tensor().reshape(-1)[: 68 * 18] * factor)


def test_a_result_that_stays_suspect_is_an_error_and_the_next_one_is_read(library, bin_manifest, waits):
    runtime = HbmRuntime(bin_manifest)
    waits[0] = 2
    with pytest.raises(InferenceError, match="returned the same number everywhere, and again"):
        runtime.infer(tensor())
    before = runtime.infer(tensor())
    waits[0] = 2
    with pytest.raises(InferenceError, match="returned the result of the input before, bit by bit"):
        runtime.infer(-tensor())
    assert np.array_equal(runtime.infer(-tensor()), -before)


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
