"""Results that no inference computed are found, whichever library returned them; sound ones never are."""

import numpy as np
import pytest

from lprnet_ros.runtimes import InferenceError
from lprnet_ros.runtimes.result_watch import ResultWatch


def logits(seed):
    return np.random.default_rng(seed).normal(0, 10, (1, 68, 18)).astype(np.float32)


def with_one(value):
    result = logits(0)
    result[0, 5, 5] = value
    return result


class Network:
    """Returns what it is told, one answer a run."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.runs = 0

    def run(self):
        self.runs += 1
        return self.answers[min(self.runs, len(self.answers)) - 1]


@pytest.fixture
def watch(onnx_manifest):
    return ResultWatch(onnx_manifest)


FIRST, OTHER = np.zeros((1, 3, 24, 94), np.float32), np.ones((1, 3, 24, 94), np.float32)
SUSPECT = {
    "NaN": (with_one(np.nan), "NaN or infinite values"),
    "infinite": (with_one(-np.inf), "NaN or infinite values"),
    "zeros": (np.zeros((1, 68, 18), np.float32), "the same number everywhere"),
    "constant": (np.full((1, 68, 18), -3.5, np.float32), "the same number everywhere"),
    "all NaN": (np.full((1, 68, 18), np.nan, np.float32), "NaN or infinite values"),
    "the last one": (logits(1), "the result of the input before, bit by bit"),
}


@pytest.mark.parametrize("answer", SUSPECT)
def test_a_suspect_result_is_read_again_once(watch, answer):
    watch.take(FIRST, Network(logits(1)).run)
    network = Network(SUSPECT[answer][0], logits(2))
    assert np.array_equal(watch.take(OTHER, network.run), logits(2))
    assert network.runs == 2


@pytest.mark.parametrize("answer", SUSPECT)
def test_a_result_that_is_suspect_twice_is_an_error_of_one_sentence_that_says_why(watch, answer):
    watch.take(FIRST, Network(logits(1)).run)
    network = Network(SUSPECT[answer][0])
    with pytest.raises(InferenceError, match=SUSPECT[answer][1]) as caught:
        watch.take(OTHER, network.run)
    assert network.runs == 2
    assert str(caught.value).startswith("lprnet.onnx returned ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("step", [0, 1224 - 1])
def test_one_number_that_differs_makes_a_result_sound(watch, step):
    answer = np.zeros(68 * 18, np.float32)
    answer[step] = 1
    network = Network(answer.reshape(1, 68, 18))
    assert watch.take(FIRST, network.run).reshape(-1)[step] == 1
    assert network.runs == 1


def test_the_same_input_may_give_the_same_result_again(watch):
    network = Network(logits(1))
    for tensor in (FIRST, FIRST, FIRST.copy()):
        assert np.array_equal(watch.take(tensor, network.run), logits(1))
    assert network.runs == 3


def test_an_error_of_the_library_is_not_tried_again(watch):
    def fail():
        calls.append(1)
        raise InferenceError("hbm_runtime failed")

    calls = []
    with pytest.raises(InferenceError, match="hbm_runtime failed"):
        watch.take(FIRST, fail)
    assert len(calls) == 1


def test_what_was_refused_is_no_measure_of_what_follows(watch):
    """A result that was an error for one input may be right for the next."""
    watch.take(FIRST, Network(logits(1)).run)
    with pytest.raises(InferenceError):
        watch.take(OTHER, Network(logits(1)).run)
    assert np.array_equal(watch.take(FIRST, Network(logits(1)).run), logits(1))


def test_nearly_the_same_input_may_give_the_same_result(watch):
    """A quantised network sees no difference where one pixel in a thousand is one grey level off."""
    watch.take(FIRST, Network(logits(1)).run)
    nearly = FIRST.copy()
    nearly[0, :, 12, 40] += 1 / 127.5
    network = Network(logits(1))
    assert np.array_equal(watch.take(nearly, network.run), logits(1))
    assert network.runs == 1
