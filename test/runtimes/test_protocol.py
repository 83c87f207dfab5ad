"""What every runtime promises, shown for each of them."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from lprnet_ros.models.tensor_spec import TensorSpec
from lprnet_ros.runtimes import RUNTIME_NAMES, InferenceError, open_runtime
from lprnet_ros.runtimes.tensor_checks import check_result

NAMES = [name for name in RUNTIME_NAMES if name not in ("auto", "simulator")]  # that: test_simulator.py


def tensor(seed):
    return np.random.default_rng(seed).uniform(-1, 1, (1, 3, 24, 94)).astype(np.float32)


@pytest.fixture(params=NAMES)
def manifest(request, board_libraries, onnx_manifest, bin_manifest):
    """A model of the file type of each runtime."""
    return onnx_manifest if request.param == "onnx" else bin_manifest


@pytest.fixture
def name(request):
    return request.node.callspec.params["manifest"]


@pytest.fixture
def runtime(name, manifest):
    opened = open_runtime(name, manifest)
    yield opened
    opened.close()


def test_a_runtime_bears_the_name_it_was_opened_by(runtime, name):
    assert runtime.name == name


def test_the_answer_is_float32_logits_of_classes_by_time_steps(runtime):
    logits = runtime.infer(tensor(0))
    assert logits.shape == (1, 68, 18)
    assert logits.dtype == np.float32
    assert np.isfinite(logits).all()


def test_the_answer_depends_on_the_input_alone(runtime):
    first, other, again = runtime.infer(tensor(1)), runtime.infer(tensor(2)), runtime.infer(tensor(1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_answer_belongs_to_the_caller_and_is_not_overwritten_later(runtime):
    first = runtime.infer(tensor(1))
    before = first.copy()
    runtime.infer(tensor(2))
    assert np.array_equal(first, before)
    first[:] = 0  # nor does writing to it change later answers
    assert np.array_equal(runtime.infer(tensor(1)), before)


def test_the_input_is_left_as_it_was(runtime):
    given = tensor(3)
    runtime.infer(given)
    assert np.array_equal(given, tensor(3))


def test_eight_threads_at_once_each_get_the_answer_to_their_own_input(runtime):
    expected = [runtime.infer(tensor(seed)) for seed in range(8)]

    def read_often(seed):
        given = tensor(seed)
        return [runtime.infer(given) for _ in range(15)]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(read_often, range(8)))
    for seed, logits in enumerate(expected):
        for answer in answers[seed]:
            np.testing.assert_allclose(answer, logits, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", [(1, 3, 24, 95), (1, 3, 12, 47), (1, 1, 24, 94), (0,)])
def test_an_input_of_another_shape_is_an_inference_error_and_the_next_good_one_is_read(runtime, shape):
    with pytest.raises(InferenceError):
        runtime.infer(np.zeros(shape, np.float32))
    assert runtime.infer(tensor(0)).shape == (1, 68, 18)


def test_a_closed_runtime_infers_no_more_and_may_be_closed_again(runtime):
    runtime.close()
    runtime.close()
    with pytest.raises(InferenceError, match="closed"):
        runtime.infer(tensor(0))


def test_a_missing_model_file_is_an_inference_error_that_names_it(name, manifest, tmp_path):
    gone = dataclasses.replace(manifest, path=tmp_path / f"gone{manifest.path.suffix}")
    with pytest.raises(InferenceError, match="gone"):
        open_runtime(name, gone)


def test_a_model_with_another_output_than_its_manifest_says_is_an_inference_error(name, manifest):
    other = dataclasses.replace(manifest, output=TensorSpec((1, 68, 17)))

    def open_and_infer():
        open_runtime(name, other).infer(tensor(0))

    with pytest.raises(InferenceError, match="its manifest says"):
        open_and_infer()


@pytest.mark.parametrize("shape", [(1, 68, 18), (1, 68, 1, 18), (1, 68, 18, 1)])
def test_an_output_with_more_dimensions_of_1_becomes_logits_in_their_order(onnx_manifest, shape):
    numbers = np.arange(68 * 18, dtype=np.float32)
    logits = check_result(onnx_manifest, numbers.reshape(shape))
    assert np.array_equal(logits, numbers.reshape(1, 68, 18))
    assert not np.shares_memory(logits, numbers)


def test_an_output_that_is_not_contiguous_is_copied_in_its_order(onnx_manifest):
    padded = np.arange(68 * 32, dtype=np.float32).reshape(1, 68, 1, 32)[..., :18]
    logits = check_result(onnx_manifest, padded)
    assert logits.flags.c_contiguous
    assert np.array_equal(logits, padded.reshape(1, 68, 18))


@pytest.mark.parametrize(
    "output",
    [
        None,
        1.0,
        False,
        [[1, 2], [3, 4]],
        np.zeros(0, np.float32),
        np.zeros(68 * 18, np.float32),
        np.zeros((68, 18), np.float32),
        np.zeros((1, 68, 17), np.float32),
        np.zeros((1, 18, 68), np.float32),
        np.zeros((1, 18, 1, 68), np.float32),
        np.zeros((1, 1, 68, 18), np.float32),
        np.zeros((1, 68, 18), np.int32),
        np.zeros((1, 68, 18), np.float64),
    ],
)
def test_an_output_of_another_shape_or_type_is_an_inference_error(onnx_manifest, output):
    with pytest.raises(InferenceError, match=r"its manifest says \(1, 68, 18\)"):
        check_result(onnx_manifest, output)
