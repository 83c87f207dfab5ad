import numpy as np
import pytest

from lprnet_ros.runtimes import InferenceError
from lprnet_ros.runtimes.bpu import BpuRuntime


@pytest.fixture
def library(board_libraries):
    import bpu_infer_lib  # noqa: PLC0415 - the double is on the path only now

    return bpu_infer_lib.Infer


def tensor():
    return np.linspace(-1, 1, 3 * 24 * 94, dtype=np.float32).reshape(1, 3, 24, 94)


def expected(given):
    return given.reshape(-1)[: 68 * 18].reshape(1, 68, 18)


def test_the_librarys_answer_to_the_input_is_returned(library, bin_manifest):
    assert np.array_equal(BpuRuntime(bin_manifest).infer(tensor()), expected(tensor()))


def test_a_model_that_the_library_cannot_load_is_refused(library, bin_manifest):
    bin_manifest.path.unlink()
    with pytest.raises(InferenceError, match=r"cannot load .*lpr\.bin"):
        BpuRuntime(bin_manifest)


def test_a_library_whose_load_model_returns_nothing_is_believed(library, bin_manifest, monkeypatch):
    load = library.load_model

    def load_without_answer(self, path):
        load(self, path)

    monkeypatch.setattr(library, "load_model", load_without_answer)
    assert np.array_equal(BpuRuntime(bin_manifest).infer(tensor()), expected(tensor()))


@pytest.mark.parametrize(
    "given",
    [np.asfortranarray(tensor()), tensor()[:, ::-1]],
    ids=["column order", "reversed channels"],
)
def test_an_input_that_the_library_would_refuse_is_put_in_order_first(library, bin_manifest, given):
    answer = BpuRuntime(bin_manifest).infer(given)
    assert np.array_equal(answer, expected(np.ascontiguousarray(given)))


@pytest.mark.parametrize("given", [tensor().astype(np.float64), np.zeros((1, 3, 24, 95), np.float32)])
def test_an_input_that_the_library_would_print_about_never_reaches_it(library, bin_manifest, capfd, given):
    runtime = BpuRuntime(bin_manifest)
    runtime.infer(tensor())
    with pytest.raises(InferenceError, match=r"lpr\.bin was given an input of shape .* it takes"):
        runtime.infer(given)
    assert capfd.readouterr().out == ""


def test_a_buffer_that_still_holds_the_result_before_is_read_again_and_then_an_error(
    library, bin_manifest, monkeypatch
):
    runtime, forward = BpuRuntime(bin_manifest), library.forward
    runtime.infer(tensor())
    left = [1]

    def forget(self, more=False):
        left[0] -= 1
        return True if left[0] >= 0 else forward(self, more=more)

    monkeypatch.setattr(library, "forward", forget)
    assert np.array_equal(runtime.infer(-tensor()), -expected(tensor()))
    left[0] = 2
    with pytest.raises(InferenceError, match="returned the result of the input before"):
        runtime.infer(tensor())
    assert np.array_equal(runtime.infer(tensor()), expected(tensor()))


@pytest.mark.parametrize("method", ["read_input", "forward", "get_output"])
def test_each_step_that_returns_false_is_an_inference_error_and_the_next_run_succeeds(
    library, bin_manifest, monkeypatch, method
):
    runtime = BpuRuntime(bin_manifest)
    with monkeypatch.context() as patch:
        patch.setattr(library, method, lambda self, *args, **options: False)
        with pytest.raises(InferenceError, match=rf"{method} returned False"):
            runtime.infer(tensor())
    assert np.array_equal(runtime.infer(tensor()), expected(tensor()))


def test_the_device_keeps_its_memory_for_the_next_inference(library, bin_manifest):
    runtime = BpuRuntime(bin_manifest)
    for factor in (1, 2, 3):
        assert np.array_equal(runtime.infer(tensor() * np.float32(factor)), expected(tensor()) * factor)


def test_a_model_without_an_output_is_an_inference_error(library, bin_manifest, monkeypatch):
    def lose_the_output(self):
        self.outputs.clear()
        return True

    monkeypatch.setattr(library, "get_output", lose_the_output)
    runtime = BpuRuntime(bin_manifest)
    with pytest.raises(InferenceError):
        runtime.infer(tensor())


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (tensor().astype(np.float64), "expect float32, but got float64"),
        (tensor()[..., :-1], "expect 6768 numbers, but got 6696"),
        (tensor()[:, :, ::-1], "the array is not contiguous"),
    ],
    ids=["type", "size", "order"],
)
def test_the_double_prints_why_it_returns_false(library, bin_manifest, capfd, given, reason):
    """The contract of the library itself, so that the other tests prove something."""
    opened = library(False)
    assert opened.load_model(str(bin_manifest.path)) is True
    assert opened.read_input(given, 0) is False
    output = capfd.readouterr().out
    assert "[BPU_PLAT]" in output
    assert f"ERROR: {reason}" in output


def test_the_double_has_one_output_buffer_that_the_next_inference_overwrites(library, bin_manifest):
    opened = library(False)
    opened.load_model(str(bin_manifest.path))
    buffer = opened.outputs[0].data
    for factor in (1, 2):
        given = tensor() * np.float32(factor)
        assert opened.read_input(given, 0)
        assert opened.forward(more=True)
        assert opened.get_output()
        assert opened.outputs[0].data is buffer
        assert np.array_equal(buffer.reshape(1, 68, 18), expected(given))


@pytest.mark.parametrize(
    ("which", "shape", "says"),
    [("inputs", [1, 24, 94, 3], r"\[1, 3, 24, 94\]"), ("outputs", [1, 18, 68], r"\[1, 68, 18\]")],
)
def test_a_model_whose_shapes_are_not_its_manifests_is_refused(
    library, bin_manifest, monkeypatch, which, shape, says
):
    load = library.load_model

    def load_other(self, path):
        getattr(self, which)[0].properties.validShape = shape
        return load(self, path)

    monkeypatch.setattr(library, "load_model", load_other)
    with pytest.raises(InferenceError, match=rf"has an {which[:-1]} of shape .*, its manifest says {says}"):
        BpuRuntime(bin_manifest)


def test_a_library_that_does_not_tell_its_shapes_is_believed(library, bin_manifest, monkeypatch):
    load = library.load_model

    def load_untold(self, path):
        del self.inputs
        self.outputs[0].properties = None
        return load(self, path)

    monkeypatch.setattr(library, "load_model", load_untold)
    assert np.array_equal(BpuRuntime(bin_manifest).infer(tensor()), expected(tensor()))


@pytest.mark.parametrize("shape", [(1, 18, 68), (18, 68), (1, 1, 68, 18)])
def test_a_transposed_output_is_refused(library, bin_manifest, monkeypatch, shape):
    get = library.get_output

    def get_transposed(self):
        result = get(self)
        self.outputs[0].data = self.outputs[0].data.reshape(shape)
        return result

    monkeypatch.setattr(library, "get_output", get_transposed)
    with pytest.raises(
        InferenceError, match=r"returned an output of shape .*, its manifest says \(1, 68, 18\)"
    ):
        BpuRuntime(bin_manifest).infer(tensor())
