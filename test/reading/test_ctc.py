import functools
import itertools
import math

import numpy as np
import pytest
from ctc_reference import logits_of_any_kind, masses_by_enumeration, text_probability_by_matrices
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lprnet_ros.models.find import find_models_folder
from lprnet_ros.plates.alphabet import CHINESE_PLATES, Alphabet
from lprnet_ros.reading.ctc import LogitsError, class_probabilities, decode_greedy, text_probability

SMALL = Alphabet(tuple("AB-C"), blank=2)


def collapse(path, alphabet):
    """Drop repeats, then blanks."""
    return "".join(alphabet.characters[c] for c, _ in itertools.groupby(path) if c != alphabet.blank)


def probability_by_enumeration(logits, text, alphabet):
    """Sum over every path there is that spells the text."""
    exponentials = np.exp(logits.astype(np.float64) - logits.max(axis=0))
    probabilities = exponentials / exponentials.sum(axis=0)
    classes, steps = logits.shape
    return sum(
        math.prod(probabilities[c, t] for t, c in enumerate(path))
        for path in itertools.product(range(classes), repeat=steps)
        if collapse(path, alphabet) == text
    )


def probability_by_recursion(logits, text, alphabet):
    """Sum over all paths in doubles, deciding one time step after the other."""
    exponentials = np.exp(logits.astype(np.float64) - logits.max(axis=0))
    probabilities = exponentials / exponentials.sum(axis=0)
    indices = [alphabet.characters.index(character) for character in text]

    @functools.cache
    def rest(step, spelt, previous):
        if step == logits.shape[1]:
            return 1.0 if spelt == len(indices) else 0.0
        total = probabilities[alphabet.blank, step] * rest(step + 1, spelt, alphabet.blank)
        if previous != alphabet.blank:
            total += probabilities[previous, step] * rest(step + 1, spelt, previous)
        if spelt < len(indices) and indices[spelt] != previous:
            total += probabilities[indices[spelt], step] * rest(step + 1, spelt + 1, indices[spelt])
        return total

    return rest(0, 0, alphabet.blank)


def reference(logits, alphabet):
    """Best path decoding, one time step after the other, in doubles."""
    path, probabilities = [], []
    for step in range(logits.shape[1]):
        column = [float(value) for value in logits[:, step]]
        top = max(column)
        exponentials = [math.exp(value - top) for value in column]
        best = column.index(top)
        path.append(best)
        probabilities.append(exponentials[best] / sum(exponentials))
    runs = []  # (class, probabilities of the time steps that emit it)
    for best, probability in zip(path, probabilities, strict=True):
        if runs and runs[-1][0] == best:
            runs[-1][1].append(probability)
        else:
            runs.append((best, [probability]))
    kept = [(best, run) for best, run in runs if best != alphabet.blank]
    text = "".join(alphabet.characters[best] for best, _ in kept)
    return text, [max(run) for _, run in kept]


def logits_of(path, alphabet=CHINESE_PLATES, height=20.0):
    """Logits whose most probable classes spell a path."""
    logits = np.zeros((len(alphabet), len(path)), np.float32)
    for step, character in enumerate(path):
        logits[alphabet.characters.index(character), step] = height
    return logits


def any_logits(classes, values):
    steps = st.integers(1, 18)
    return steps.flatmap(lambda count: arrays(np.float32, (classes, count), elements=values))


@given(any_logits(len(SMALL), st.integers(-3, 3)))
def test_small_alphabets_with_ties_and_repeats_decode_as_the_reference_does(logits):
    text, characters = reference(logits, SMALL)
    confidence = probability_by_recursion(logits, text, SMALL)
    decoding = decode_greedy(logits, SMALL)
    assert decoding.text == text
    assert decoding.confidence == pytest.approx(confidence, rel=1e-9)
    assert decoding.character_confidences == pytest.approx(characters, rel=1e-5)


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.1, 1.0, 10.0, 1000.0]))
def test_the_networks_alphabet_decodes_as_the_reference_does(seed, spread):
    logits = np.random.default_rng(seed).normal(scale=spread, size=(68, 18)).astype(np.float32)
    text, characters = reference(logits, CHINESE_PLATES)
    confidence = probability_by_recursion(logits, text, CHINESE_PLATES)
    decoding = decode_greedy(logits, CHINESE_PLATES)
    assert decoding.text == text
    assert decoding.confidence == pytest.approx(confidence, rel=1e-9, abs=1e-30)
    assert decoding.character_confidences == pytest.approx(characters, rel=1e-9)


@given(any_logits(len(SMALL), st.floats(-1e6, 1e6, width=32)))
def test_confidences_are_probabilities_and_stand_one_beside_each_character(logits):
    decoding = decode_greedy(logits, SMALL)
    assert len(decoding.character_confidences) == len(decoding.text)
    assert 0.0 <= decoding.confidence <= 1.0
    assert all(0.0 < value <= 1.0 for value in decoding.character_confidences)


few_steps = st.integers(1, 5).flatmap(
    lambda steps: arrays(np.float32, (len(SMALL), steps), elements=st.floats(-4, 4, width=32))
)


@given(few_steps)
def test_the_confidence_is_the_sum_over_every_path_that_spells_the_text(logits):
    decoding = decode_greedy(logits, SMALL)
    expected = probability_by_enumeration(logits, decoding.text, SMALL)
    assert decoding.confidence == pytest.approx(expected, rel=1e-5)


@settings(max_examples=50)
@given(logits_of_any_kind(len(SMALL), most_steps=5))
def test_every_text_has_the_sum_over_every_path_that_spells_it(logits):
    probabilities = class_probabilities(logits, SMALL)
    for text, mass in masses_by_enumeration(probabilities, SMALL.blank).items():
        assert text_probability(probabilities, text, SMALL.blank) == pytest.approx(mass, rel=1e-9, abs=1e-300)


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.1, 1.0, 10.0]),
    st.integers(1, 24),
    st.lists(st.sampled_from([0, 1, 1, 31, 66]), max_size=24),
)
def test_texts_of_any_length_have_the_probability_that_one_matrix_a_time_step_gives(
    seed, spread, steps, indices
):
    logits = np.random.default_rng(seed).normal(scale=spread, size=(68, steps)).astype(np.float32)
    probabilities = class_probabilities(logits, CHINESE_PLATES)
    expected = text_probability_by_matrices(probabilities, indices, CHINESE_PLATES.blank)
    found = text_probability(probabilities, indices, CHINESE_PLATES.blank)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-300)


@given(st.floats(0.05, 1.5), st.floats(0.0, 8.0), st.integers(0, 2**32 - 1))
def test_what_the_network_says_of_a_plate_is_as_sure_as_one_matrix_a_time_step_makes_it(sharp, noise, seed):
    """From surely read to hardly: the network's logits made flatter or sharper, and disturbed."""
    said = np.load(find_models_folder() / "lprnet.self_test.npy")
    disturbance = np.random.default_rng(seed).normal(scale=noise, size=said.shape)
    logits = (sharp * said + disturbance).astype(np.float32)
    decoding = decode_greedy(logits, CHINESE_PLATES)
    exponentials = np.exp(logits.astype(np.float64) - logits.max(axis=0))
    probabilities = exponentials / exponentials.sum(axis=0)
    indices = CHINESE_PLATES.encode(decoding.text)
    expected = text_probability_by_matrices(probabilities, indices, CHINESE_PLATES.blank)
    assert decoding.confidence == pytest.approx(expected, rel=1e-9)


def test_rounding_makes_no_text_more_probable_than_1():
    rounded_up = np.nextafter(np.array([[0.0, 1.0], [0.0, 0.0], [1.0, 0.0], [0.0, 0.0]]), 2.0)
    assert text_probability(rounded_up, [0], SMALL.blank) == 1.0


@settings(deadline=None)
@given(few_steps)
def test_the_probabilities_of_all_texts_sum_to_one(logits):
    exponentials = np.exp(logits.astype(np.float64) - logits.max(axis=0))
    probabilities = exponentials / exponentials.sum(axis=0)
    paths = itertools.product(range(len(SMALL)), repeat=logits.shape[1])
    texts = {collapse(path, SMALL) for path in paths}
    indices = [[SMALL.characters.index(character) for character in text] for text in texts]
    total = sum(text_probability(probabilities, text, SMALL.blank) for text in indices)
    assert total == pytest.approx(1.0, rel=1e-6)


@given(
    any_logits(len(SMALL), st.floats(-20, 20, width=32)),
    st.sampled_from([0.1, 0.7, 1.0, 3.0]),
    st.sampled_from([None, (0.0, 1.5, -2.0, 0.25)]),
)
def test_class_probabilities_are_the_softmax_of_biased_logits_over_the_temperature(logits, temperature, bias):
    column = None if bias is None else np.array(bias)[:, None]
    found = class_probabilities(logits, SMALL, temperature, column)
    assert found.dtype == np.float64
    for step in range(logits.shape[1]):
        biased = [float(logits[c, step]) + (bias or (0.0,) * 4)[c] for c in range(4)]
        exponentials = [math.exp((value - max(biased)) / temperature) for value in biased]
        expected = [value / sum(exponentials) for value in exponentials]
        assert found[:, step].tolist() == pytest.approx(expected, rel=1e-9)


@given(
    any_logits(
        len(SMALL), st.integers(-6144, 6144).map(lambda count: count / 1024)
    ),  # exact, also when moved
    st.sampled_from([-1e3, -750.0, -501.0, -499.0, -400.0, 400.0, 499.0, 501.0, 750.0, 1e3]),
    st.sampled_from([0.5, 1.0, 2.0]),
)
def test_logits_far_from_zero_have_the_probabilities_of_those_around_it(logits, shift, temperature):
    around_zero = class_probabilities(logits, SMALL, temperature)
    far = class_probabilities(logits + np.float32(shift), SMALL, temperature)
    np.testing.assert_allclose(far, around_zero, rtol=1e-12)


@pytest.mark.parametrize("temperature", [1e-300, 1e-45, 1e-10, 1e10, 1e300])
@pytest.mark.parametrize("bias", [None, 1e300, -1e300])
def test_no_calibration_that_may_be_written_leaves_the_probabilities(temperature, bias):
    logits = np.array([[3e38, 0.0], [-3e38, 1.0], [0.0, 2.0], [1.0, 3.0]], np.float32)
    column = None if bias is None else np.array([[bias], [0.0], [-bias], [0.0]])
    probabilities = class_probabilities(logits, SMALL, temperature, column)
    np.testing.assert_allclose(probabilities.sum(axis=0), 1.0)
    assert (probabilities >= 0.0).all()


def test_a_text_too_long_for_the_time_steps_has_no_probability():
    even = np.full((len(SMALL), 3), 0.25)
    assert text_probability(even, [0, 0], SMALL.blank) == pytest.approx(0.25**3)  # only A-A spells it
    assert text_probability(even, [0, 0, 0], SMALL.blank) == 0.0


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("------", ""),
        ("京京京AAA", "京A"),
        ("-京-A--1", "京A1"),
        ("11-11", "11"),  # a blank between makes two of them
        ("1122", "12"),
        ("1", "1"),
        ("1-", "1"),
        ("-1", "1"),
    ],
)
def test_repeats_fall_together_and_blanks_fall_away(path, text):
    assert decode_greedy(logits_of(path), CHINESE_PLATES).text == text


def test_a_character_that_may_begin_at_two_time_steps_is_as_sure_as_both_together():
    even = np.log(np.array([[0.5, 1e-9, 0.5, 1e-9]], np.float32)).T
    blank = np.log(np.array([[1e-9, 1e-9, 1.0, 1e-9]], np.float32)).T
    surely = np.log(np.array([[1.0, 1e-9, 1e-9, 1e-9]], np.float32)).T
    decoding = decode_greedy(np.concatenate([blank, even, surely, even, blank], axis=1), SMALL)
    assert decoding.text == "A"
    assert decoding.confidence == pytest.approx(1.0, abs=1e-5)  # its best path has 0.25


def test_a_characters_confidence_is_the_best_of_the_time_steps_that_emit_it():
    def column(probability, character):
        values = np.full(4, (1 - probability) / 3, np.float32)
        values[SMALL.characters.index(character)] = probability
        return np.log(values)

    logits = np.stack(
        [column(0.6, "A"), column(0.9, "A"), column(0.5, "A"), column(0.8, "-"), column(0.7, "B")], axis=1
    )
    decoding = decode_greedy(logits, SMALL)
    assert decoding.text == "AB"
    assert decoding.character_confidences == pytest.approx((0.9, 0.7), rel=1e-5)


def test_logits_of_any_height_overflow_nowhere():
    decoding = decode_greedy(logits_of("京A", height=3e38), CHINESE_PLATES)
    assert (decoding.text, decoding.confidence) == ("京A", 1.0)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("row", [0, 67])
@pytest.mark.parametrize("height", [20.0, 3e38])
def test_one_value_that_is_not_finite_is_refused(value, row, height):
    logits = logits_of("京A12345", height=height)
    logits[row, 3] = value
    with pytest.raises(LogitsError, match="NaN or infinite"):
        decode_greedy(logits, CHINESE_PLATES)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_bias_makes_nothing_finite(value):
    logits = logits_of("京A12345")
    logits[0, 3] = value
    bias = np.where(np.arange(68) == 0, 1e300, -1e300)[:, None]
    with pytest.raises(LogitsError, match="NaN or infinite"):
        class_probabilities(logits, CHINESE_PLATES, bias=bias)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_logits_that_are_nowhere_finite_are_refused(value):
    with pytest.raises(LogitsError, match="NaN or infinite"):
        decode_greedy(np.full((68, 18), value, np.float32), CHINESE_PLATES)


@pytest.mark.parametrize("shape", [(18, 68), (67, 18), (1, 68, 18), (68,), (), (68, 0)])
def test_a_wrong_shape_is_refused_and_named(shape):
    with pytest.raises(LogitsError, match="expected 68 classes"):
        decode_greedy(np.zeros(shape, np.float32), CHINESE_PLATES)


def test_the_callers_logits_are_left_as_they_were():
    logits = logits_of("京A12345")
    before = logits.copy()
    decode_greedy(logits, CHINESE_PLATES)
    assert np.array_equal(logits, before)
