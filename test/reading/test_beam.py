import functools
from pathlib import Path

import cv2
import numpy as np
import pytest
from ctc_reference import logits_of_any_kind, masses_by_enumeration, prefix_beam_search_by_dictionary
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from syntax_reference import SMALL, forms_of, kind_of, small_syntaxes

from lprnet_ros.plates.alphabet import CHINESE_PLATES, DIGITS, LETTERS, PROVINCES
from lprnet_ros.plates.syntax import Automaton, PlateSyntax, bundled_syntax
from lprnet_ros.reading.beam import prefix_beam_search
from lprnet_ros.reading.ctc import class_probabilities, text_probability
from lprnet_ros.reading.preprocess import preprocess
from lprnet_ros.reading.recognizer import PlateRecognizer
from lprnet_ros.sources.labelled import list_images, read_image

REPOSITORY = Path(__file__).resolve().parents[2]
BOARDS_CROPS = REPOSITORY.parent / "shared" / "background" / "rec_img"
WIDE = 10**4  # holds every prefix of the small cases
GA36 = bundled_syntax("ga36")

needs_boards_crops = pytest.mark.skipif(
    not BOARDS_CROPS.is_dir(), reason=f"the board's sample crops are not at {BOARDS_CROPS}"
)
small_logits = logits_of_any_kind(len(SMALL), most_steps=5)
long_logits = logits_of_any_kind(len(SMALL), most_steps=12)


def spelt(indices, alphabet):
    return "".join(alphabet.characters[index] for index in indices)


def every_prefix(prefix, left):
    return True


def completion(syntax):
    """The predicate of the reference: enough time steps are left for what a prefix lacks."""

    @functools.cache
    def forms_with(prefix):
        """The forms that a text with this prefix may have."""
        if not prefix:
            return forms_of(syntax)
        *_, last = spelt(prefix, syntax.alphabet)
        place = len(prefix) - 1
        return [f for f in forms_with(prefix[:-1]) if place < len(f) and last in syntax.sets[f[place]]]

    def may_be_completed(prefix, left):
        return any(len(form) - len(prefix) <= left for form in forms_with(prefix))

    return may_be_completed


def check_against_the_reference(probabilities, alphabet, automaton, may_be_completed, width):
    """Compare texts and masses; tell whether ties left it undecided what the beam holds."""
    expected, is_undecided = prefix_beam_search_by_dictionary(
        probabilities, alphabet.blank, may_be_completed, width
    )
    if is_undecided:
        return False
    found = prefix_beam_search(probabilities, alphabet.blank, automaton, width)
    assert len(found) == len(dict(found)), "a text came twice"
    assert dict(found) == pytest.approx(expected, rel=1e-9)
    masses = [mass for _, mass in found]
    assert masses == sorted(masses, reverse=True)
    return True


@given(long_logits, st.integers(1, 40))
def test_without_a_syntax_texts_and_masses_are_those_of_the_reference(logits, width):
    probabilities = class_probabilities(logits, SMALL)
    any_text = Automaton.of_any_text(SMALL)
    assume(check_against_the_reference(probabilities, SMALL, any_text, every_prefix, width))


@given(long_logits, small_syntaxes(), st.integers(1, 40))
def test_within_a_syntax_texts_and_masses_are_those_of_the_reference(logits, syntax, width):
    probabilities = class_probabilities(logits, SMALL)
    assume(check_against_the_reference(probabilities, SMALL, syntax.automaton, completion(syntax), width))


@given(small_logits)
def test_a_wide_beam_finds_every_text_with_the_sum_over_all_its_paths(logits):
    probabilities = class_probabilities(logits, SMALL)
    found = prefix_beam_search(probabilities, SMALL.blank, Automaton.of_any_text(SMALL), WIDE)
    assert dict(found) == pytest.approx(masses_by_enumeration(probabilities, SMALL.blank), rel=1e-9)


@given(small_logits, small_syntaxes())
def test_a_wide_beam_finds_every_plate_and_the_best_of_them_first(logits, syntax):
    probabilities = class_probabilities(logits, SMALL)
    masses = masses_by_enumeration(probabilities, SMALL.blank)
    plates = {text: mass for text, mass in masses.items() if kind_of(spelt(text, SMALL), syntax) is not None}
    found = prefix_beam_search(probabilities, SMALL.blank, syntax.automaton, WIDE)
    assert dict(found) == pytest.approx(plates, rel=1e-9)
    if plates:
        assert plates[found[0][0]] == pytest.approx(max(plates.values()), rel=1e-9)


@given(long_logits, small_syntaxes(), st.integers(1, 6))
def test_however_narrow_the_beam_it_holds_plates_alone_and_never_more_than_their_mass(logits, syntax, width):
    probabilities = class_probabilities(logits, SMALL)
    found = prefix_beam_search(probabilities, SMALL.blank, syntax.automaton, width)
    assert len(found) <= width
    assert len(found) == len(dict(found))
    for text, mass in found:
        assert kind_of(spelt(text, SMALL), syntax) is not None
        assert 0.0 < mass <= text_probability(probabilities, text, SMALL.blank) * (1 + 1e-9)


def test_a_prefix_that_comes_back_into_the_beam_is_the_same_prefix():
    # in a beam of two, A leaves at the second step and comes back at the third; AB stayed and gets its share
    probabilities = np.array(
        [
            [0.4, 0.01, 0.7, 0.0],  # A
            [0.0, 0.7, 0.0, 0.5],  # B
            [0.6, 0.29, 0.3, 0.5],  # -
            [0.0, 0.0, 0.0, 0.0],  # C
        ]
    )
    syntax = PlateSyntax("a row", SMALL, {"A": "A", "B": "B"}, {"row": ["A", "AB", "ABB"]})
    found = prefix_beam_search(probabilities, SMALL.blank, syntax.automaton, 2)
    back = 0.6 * 0.29 * 0.7
    ab = 0.4 * 0.7 * 0.3 * 0.5 + back * 0.5
    assert found == [((0, 1), pytest.approx(ab)), ((0,), pytest.approx(back * 0.5))]


def test_prefixes_that_no_time_is_left_for_take_no_place_in_the_beam():
    # "no plate yet" is by far the most probable prefix to the very end; the beam of one keeps the plate
    syntax = PlateSyntax("two", SMALL, {"x": "AB"}, {"pair": ["xx"]})
    logits = np.array([[0, 0, 0], [-1, 1, -1], [9, 9, 9], [0, 0, 0]], np.float32)
    probabilities = class_probabilities(logits, SMALL)
    found = prefix_beam_search(probabilities, SMALL.blank, syntax.automaton, 1)
    assert len(found) == 1
    assert kind_of(spelt(found[0][0], SMALL), syntax) == "pair"


def test_where_no_text_of_the_syntax_has_any_probability_nothing_is_found():
    syntax = PlateSyntax("one", SMALL, {"x": "AB", "y": "C"}, {"pair": ["xy"]})
    only_a = np.zeros((4, 5))
    only_a[0] = 1.0
    assert prefix_beam_search(only_a, SMALL.blank, syntax.automaton, WIDE) == []
    even = np.full((4, 1), 0.25)  # one time step spells no pair
    assert prefix_beam_search(even, SMALL.blank, syntax.automaton, WIDE) == []
    assert len(prefix_beam_search(np.full((4, 2), 0.25), SMALL.blank, syntax.automaton, WIDE)) == 2


def test_the_callers_probabilities_are_left_as_they_were():
    probabilities = class_probabilities(np.random.default_rng(0).normal(size=(4, 8)), SMALL)
    before = probabilities.copy()
    prefix_beam_search(probabilities, SMALL.blank, Automaton.of_any_text(SMALL), 5)
    assert np.array_equal(probabilities, before)


def plate_logits(seed):
    """Logits of a network that is fairly sure of a plate, with rivals here and there."""
    generator = np.random.default_rng(seed)
    characters = [generator.choice(list(PROVINCES)), generator.choice(list(LETTERS))]
    characters += generator.choice(list(DIGITS + LETTERS), generator.integers(4, 7)).tolist()
    logits = generator.normal(0, 1.5, (68, 18))
    steps = np.sort(generator.choice(18, len(characters), replace=False))
    logits[67] += 6.0
    for step, character in zip(steps, characters, strict=True):
        logits[CHINESE_PLATES.characters.index(character), step] += 6.0 + generator.normal(0, 2)
        logits[generator.integers(68), step] += generator.uniform(0, 8)
    return logits.astype(np.float32)


@pytest.mark.parametrize("width", [4, 16])
def test_chinese_plates_are_searched_as_the_reference_does(width):
    may_be_completed = completion(GA36)

    @settings(max_examples=12)
    @given(st.integers(0, 2**32 - 1), st.sampled_from([0.5, 1.0, 2.0]))
    def check(seed, sharpness):
        probabilities = class_probabilities(sharpness * plate_logits(seed), CHINESE_PLATES)
        args = probabilities, CHINESE_PLATES, GA36.automaton, may_be_completed, width
        assume(check_against_the_reference(*args))

    check()


@pytest.fixture(scope="module")
def bundled():
    recognizer = PlateRecognizer.open()
    yield recognizer
    recognizer.close()


def check_crops(bundled, images, width):
    may_be_completed = completion(GA36)
    for image in images:
        for left in (0, image.shape[1] // 6):  # the whole plate, and one without its province
            crop = np.ascontiguousarray(image[:, left:])
            logits = bundled.runtime.infer(preprocess(crop, bundled.manifest.input))[0]
            probabilities = class_probabilities(logits, CHINESE_PLATES)
            assert check_against_the_reference(
                probabilities, CHINESE_PLATES, GA36.automaton, may_be_completed, width
            )


@pytest.mark.parametrize("width", [4, 16])
def test_what_the_bundled_network_says_of_shipped_crops_is_searched_as_the_reference_does(bundled, width):
    files = list_images(REPOSITORY / "demo" / "crops")[::4]
    assert len(files) >= 5
    check_crops(bundled, map(read_image, files), width)


@needs_boards_crops
def test_what_the_bundled_network_says_of_the_boards_crops_is_searched_as_the_reference_does(bundled):
    check_crops(bundled, [cv2.imread(str(path)) for path in sorted(BOARDS_CROPS.glob("*.jpg"))], 16)
