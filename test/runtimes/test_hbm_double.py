"""The contract of ``hbm_runtime`` in its double, so that the other tests prove something.

Each test is one way in which the vendor's library behaved when it ran: shared/facts/toolchain.md, section 7.
"""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

MODEL = "Model from PaddlePaddle"


@pytest.fixture
def library(board_libraries):
    import hbm_runtime  # noqa: PLC0415 - the double is on the path only now

    return hbm_runtime.HB_HBMRuntime


@pytest.fixture
def opened(library, bin_manifest):
    return library(str(bin_manifest.path))


def tensor():
    return np.linspace(-1, 1, 3 * 24 * 94, dtype=np.float32).reshape(1, 3, 24, 94)


def numbers(results):
    return results[MODEL]["y"].reshape(-1)


def test_it_takes_text_or_bytes_and_no_path(library, bin_manifest):
    assert library(str(bin_manifest.path)).model_names == [MODEL]
    assert library(os.fsencode(bin_manifest.path)).model_names == [MODEL]
    with pytest.raises(TypeError):
        library(bin_manifest.path)
    with pytest.raises(TypeError):
        library(os.fsdecode(b"/tmp/\xff.bin"))


def test_whether_a_file_exists_is_asked_before_its_extension(library, tmp_path):
    with pytest.raises(RuntimeError, match="no such file"):
        library(str(tmp_path / "lpr.txt"))
    for name in ("lpr.txt", "lpr.BIN", "lpr.hbm", "bin"):
        (tmp_path / name).write_bytes(b"compiled")
        with pytest.raises(RuntimeError, match="extension"):
            library(str(tmp_path / name))


def test_a_list_of_files_takes_no_bin(library, bin_manifest):
    with pytest.raises(RuntimeError, match="extension"):
        library([str(bin_manifest.path)])


def test_an_input_can_be_given_in_three_ways(opened):
    for given in (tensor(), {"x": tensor()}, {MODEL: {"x": tensor()}}):
        assert np.array_equal(numbers(opened.run(given)), tensor().reshape(-1)[: 68 * 18])
    assert opened.run(tensor(), model_name=MODEL)


@pytest.mark.parametrize(
    ("given", "error"),
    [([tensor()], TypeError), (None, TypeError), ({}, RuntimeError), ({"z": tensor()}, RuntimeError)],
)
def test_other_ways_are_refused(opened, given, error):
    with pytest.raises(error):
        opened.run(given)


def test_a_priority_is_kept_by_the_setter_and_refused_by_run(opened):
    opened.set_scheduling_params(priority={MODEL: 255}, bpu_cores={MODEL: [0]})
    assert opened.sched_params["priority"] == {MODEL: 255}
    with pytest.raises(RuntimeError):
        opened.set_scheduling_params(priority={MODEL: 256})
    with pytest.raises(RuntimeError, match="priority"):
        opened.run(tensor(), priority={MODEL: 1})


@pytest.mark.parametrize(
    "given", [tensor().astype(np.float64), tensor().astype(np.float16), tensor()[..., 1:], tensor()[0]]
)
def test_another_type_or_shape_is_refused_after_a_line_on_stdout(opened, capfd, given):
    capfd.readouterr()
    with pytest.raises(RuntimeError, match="differ"):
        opened.run(given)
    assert capfd.readouterr().out.startswith("=== C++ Debug")


def test_types_are_compared_by_character_so_another_byte_order_is_misread(opened):
    given = tensor().astype(">f4")
    assert np.array_equal(
        numbers(opened.run(given)).view(np.uint32), given.view(np.uint32).reshape(-1)[: 68 * 18]
    )


def test_an_array_that_is_not_contiguous_is_copied(opened):
    given = tensor()[:, ::-1]
    assert np.array_equal(numbers(opened.run(given)), given.reshape(-1)[: 68 * 18])


@pytest.mark.parametrize("kind", ["RGB", "BGR", "S8"])
def test_pictures_and_int8_take_int8_alone(library, bin_manifest, monkeypatch, kind):
    monkeypatch.setattr(library, "input_type", kind)
    opened = library(str(bin_manifest.path))
    with pytest.raises(RuntimeError, match="types differ"):
        opened.run(np.zeros((1, 3, 24, 94), np.uint8))
    pixels = numbers(opened.run(np.full((1, 3, 24, 94), -128, np.int8)))
    assert set(pixels) == {-128 if kind == "S8" else 0}


@pytest.mark.parametrize("kind", ["Y", "YUV444", "NV12_SEPARATE"])
def test_other_pictures_cannot_be_fed(library, bin_manifest, monkeypatch, kind):
    monkeypatch.setattr(library, "input_type", kind)
    with pytest.raises(ValueError, match=kind):
        library(str(bin_manifest.path)).run(np.zeros((1, 3, 24, 94), np.uint8))


def test_nv12_of_any_size_is_taken_neither_checked_nor_padded(library, bin_manifest, monkeypatch):
    monkeypatch.setattr(library, "input_type", "NV12")
    opened = library(str(bin_manifest.path))
    assert set(numbers(opened.run(np.full((36, 96), 7, np.uint8)))) == {7}
    short = numbers(opened.run(np.full(96, 9, np.uint8)))
    assert set(short[:94]) == {9}
    assert set(short[94:]) == {7}, "the rest is what the buffer held"
    assert set(numbers(opened.run(np.full(10_000, 5, np.uint8)))) == {5}, "what is too long is cut"
    assert numbers(opened.run(np.arange(36 * 94, dtype=np.uint8).reshape(36, 94)))[94] == 96, "rows are askew"


def test_an_output_is_a_view_with_padded_rows_that_later_runs_leave_alone(opened):
    first = opened.run(tensor())[MODEL]["y"]
    assert first.shape == (1, 68, 1, 18)
    assert not first.flags.c_contiguous
    before = first.copy()
    opened.run(-tensor())
    assert np.array_equal(first, before)


def test_the_lock_of_python_is_held_while_the_bpu_works(opened, monkeypatch):
    ticks, is_over, during = [0], threading.Event(), []
    library = sys.modules["hbm_runtime"]
    work = library.wait_for_the_bpu

    def tick():
        while not is_over.is_set():
            ticks[0] += 1
            time.sleep(0)

    def watch(microseconds):
        before = ticks[0]
        work(200 * microseconds)
        during.append(ticks[0] - before)

    monkeypatch.setattr(library, "wait_for_the_bpu", watch)
    before, thread = sys.getswitchinterval(), threading.Thread(target=tick)
    sys.setswitchinterval(1000.0)  # a thread loses the lock only where it gives it away
    try:
        thread.start()
        opened.run(tensor())
    finally:
        sys.setswitchinterval(before)
        is_over.set()
        thread.join()
    assert during == [0]


def test_a_failing_wait_returns_what_lay_in_the_memory(library, opened, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(library, "fault", lambda self, array: "wait")
        assert set(numbers(opened.run(tensor()))) == {0}
    before = numbers(opened.run(tensor()))
    monkeypatch.setattr(library, "fault", lambda self, array: "wait")
    assert np.array_equal(numbers(opened.run(-tensor())), before)


def test_a_failing_inference_ends_the_process_past_every_handler(library, bin_manifest):
    program = """if True:
        import sys
        sys.path.insert(0, sys.argv[1])
        import hbm_runtime, numpy
        hbm_runtime.HB_HBMRuntime.fault = lambda self, array: "infer"
        opened = hbm_runtime.HB_HBMRuntime(sys.argv[2])
        try:
            opened.run(numpy.zeros((1, 3, 24, 94), "f4"))
        finally:
            print("handled")
    """
    doubles = Path(sys.modules["hbm_runtime"].__file__).parent
    arguments = [sys.executable, "-c", program, doubles, bin_manifest.path]
    ended = subprocess.run(arguments, capture_output=True, check=False)
    assert (ended.returncode, b"handled" in ended.stdout) == (-6, False)


def test_descriptions_are_empty(opened):
    assert opened.input_descs == opened.output_descs == opened.model_descs == opened.hbm_descs == {}
