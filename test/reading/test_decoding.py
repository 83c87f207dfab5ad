import numpy as np
import pytest
from ctc_reference import best_alignments, logits_of_any_kind, masses_by_enumeration
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from syntax_reference import SMALL, kind_of, small_syntaxes

import lprnet_ros.reading.decoding
from lprnet_ros.models.temperature import TemperatureScaling
from lprnet_ros.plates.alphabet import CHINESE_PLATES, Alphabet
from lprnet_ros.plates.syntax import Automaton, PlateSyntax, bundled_syntax
from lprnet_ros.reading.beam import prefix_beam_search
from lprnet_ros.reading.ctc import (
    LogitsError,
    character_confidences,
    class_probabilities,
    decode_greedy,
    text_probability,
)
from lprnet_ros.reading.decoding import ALTERNATIVES, CERTAIN, DECODERS, Decoder

GA36 = bundled_syntax("ga36")
BLANK = CHINESE_PLATES.blank
WIDE = 10**4
FOREIGN = 1000

small_logits = logits_of_any_kind(len(SMALL), most_steps=5)
smooth_logits = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).uniform(-4, 4, (len(SMALL), 5)).astype(np.float32)
)


def plate_logits(text, *rivals, sure=14.0):
    """Logits of a plate, a character every other step; a rival is (place, character, logit)."""
    logits = np.zeros((len(CHINESE_PLATES), 18), np.float32)
    logits[BLANK, 0::2] = sure
    logits[BLANK, 2 * len(text) :] = sure
    for place, character in enumerate(text):
        logits[CHINESE_PLATES.characters.index(character), 2 * place + 1] = sure
    for place, character, height in rivals:
        logits[CHINESE_PLATES.characters.index(character), 2 * place + 1] = height
    return logits


PLATES = ["京A12345", "沪AD12345", "粤B12345D", "渝A999U9"]
NO_PLATES = ["京A1234", "A12345", "京A1", ""]


@st.composite
def chinese_logits(draw, texts=(*PLATES, *NO_PLATES)):
    """A plate, or something like one, with rivals of every strength; noise in between."""
    text = draw(st.sampled_from(texts))
    places = st.integers(0, max(len(text) - 1, 0))
    rivals = st.tuples(places, st.sampled_from(CHINESE_PLATES.characters), st.floats(0, 20, width=32))
    logits = plate_logits(text, *draw(st.lists(rivals, max_size=5)))
    noise = np.random.default_rng(draw(st.integers(0, 2**32 - 1))).normal(0, 2, logits.shape)
    return (logits * draw(st.sampled_from([0.5, 1.0])) + noise).astype(np.float32)


# greedy


@given(st.one_of(small_logits, logits_of_any_kind(len(SMALL), most_steps=18)))
def test_greedy_is_the_best_path(logits):
    assert Decoder(SMALL, method="greedy").decode(logits) == decode_greedy(logits, SMALL)


@given(chinese_logits())
def test_greedy_heeds_no_syntax(logits):
    assert Decoder(CHINESE_PLATES, GA36, "greedy").decode(logits) == decode_greedy(logits, CHINESE_PLATES)


# the search against the sum over all paths


def best_texts(logits, alphabet):
    probabilities = class_probabilities(logits, alphabet)
    masses = masses_by_enumeration(probabilities, alphabet.blank)
    return {
        "".join(alphabet.characters[index] for index in indices): mass for indices, mass in masses.items()
    }


@settings(max_examples=60)
@given(smooth_logits, small_syntaxes())
def test_a_wide_beam_reads_the_most_probable_plate_unless_the_best_path_is_a_thousand_times_as_probable(
    logits, syntax
):
    masses = best_texts(logits, SMALL)
    plates = {text: mass for text, mass in masses.items() if kind_of(text, syntax) is not None}
    greedy = decode_greedy(logits, SMALL)
    best = max(plates.values(), default=0.0)
    decoding = Decoder(SMALL, syntax, width=WIDE).decode(logits)
    assert decoding.confidence == pytest.approx(masses[decoding.text], rel=1e-6)
    if greedy.text in plates or greedy.confidence <= FOREIGN * best:
        assert decoding.confidence == pytest.approx(best, rel=1e-6)
        assert decoding.text in plates
    else:
        assert (decoding.text, decoding.confidence) == (greedy.text, pytest.approx(greedy.confidence))
    others = sorted((mass for text, mass in plates.items() if text != decoding.text), reverse=True)
    if decoding.alternatives:
        got = [mass for _, mass in decoding.alternatives]
        assert got == pytest.approx(others[:ALTERNATIVES], rel=1e-6)


@settings(max_examples=60)
@given(smooth_logits)
def test_a_wide_beam_without_syntax_reads_the_most_probable_text_and_the_next_three(logits):
    masses = best_texts(logits, SMALL)
    ranked = sorted(masses.values(), reverse=True)
    decoding = Decoder(SMALL, method="beam", width=WIDE).decode(logits)
    assume(decoding.alternatives)  # else the best path was certain
    got = [decoding.confidence, *(mass for _, mass in decoding.alternatives)]
    assert got == pytest.approx(ranked[: 1 + ALTERNATIVES], rel=1e-6)
    for text, mass in [(decoding.text, decoding.confidence), *decoding.alternatives]:
        assert mass == pytest.approx(masses[text], rel=1e-6)


def test_the_most_probable_text_may_differ_from_the_best_path():
    # the best path is all blank, with 0.6 x 0.6 of the mass; the paths that spell A have 0.64
    logits = np.log(np.array([[0.4, 0.4], [1e-9, 1e-9], [0.6, 0.6], [1e-9, 1e-9]], np.float32))
    assert Decoder(SMALL, method="greedy").decode(logits).text == ""
    decoding = Decoder(SMALL, method="beam").decode(logits)
    assert decoding.text == "A"
    assert decoding.confidence == pytest.approx(0.64, abs=1e-6)
    assert decoding.alternatives[0] == ("", pytest.approx(0.36, abs=1e-6))


def test_classes_that_are_seen_nowhere_cost_nothing_and_shift_nothing():
    # the blank stands among the classes, and most classes before it are left out of the search
    alphabet = Alphabet(tuple("ABCDEF-GHIJ"), blank=6)
    syntax = PlateSyntax("pairs", alphabet, {"x": "ABCDEFGHIJ"}, {"pair": ["xx"]})
    logits = np.full((11, 4), -30.0, np.float32)
    for step, (character, rival) in enumerate(["H-", "-H", "E-", "-J"]):
        logits[alphabet.characters.index(character), step] = 1.0
        logits[alphabet.characters.index(rival), step] = 0.0
    for method in ("beam", "syntax"):
        decoding = Decoder(alphabet, syntax, method).decode(logits)
        masses = best_texts(logits, alphabet)
        assert decoding.text == "HE"
        for text, mass in [(decoding.text, decoding.confidence), *decoding.alternatives]:
            assert mass == pytest.approx(masses[text], rel=1e-9)
    assert "EJ" in {text for text, _ in decoding.alternatives}


# alternatives


@settings(max_examples=60)
@given(chinese_logits(), st.sampled_from(["syntax", "beam"]))
def test_alternatives_are_other_texts_best_first_with_their_exact_probabilities(logits, method):
    decoding = Decoder(CHINESE_PLATES, GA36, method).decode(logits)
    texts = [text for text, _ in decoding.alternatives]
    masses = [mass for _, mass in decoding.alternatives]
    assert len(texts) <= ALTERNATIVES
    assert len({decoding.text, *texts}) == 1 + len(texts)
    assert masses == sorted(masses, reverse=True)
    assert decoding.confidence >= max(masses, default=0.0)
    assert decoding.confidence + sum(masses) <= 1.0 + 1e-9
    probabilities = class_probabilities(logits, CHINESE_PLATES)
    for text, mass in [(decoding.text, decoding.confidence), *decoding.alternatives]:
        exact = text_probability(probabilities, CHINESE_PLATES.encode(text), BLANK)
        assert mass == pytest.approx(exact, rel=1e-9)
    if method == "syntax":
        assert all(GA36.kind(text) is not None for text in texts)


def test_two_rivals_are_given_as_text_and_alternative():
    decoding = Decoder(CHINESE_PLATES, GA36).decode(plate_logits("京A12345", (6, "6", 13.0), (2, "7", 11.0)))
    one, six, seven = 1 / (1 + np.exp(-3)), 1 / (1 + np.exp(1)), 1 / (1 + np.exp(3))
    assert decoding.text == "京A12345"
    assert decoding.confidence == pytest.approx((1 - six) * one, abs=2e-3)
    assert [text for text, _ in decoding.alternatives] == ["京A12346", "京A72345", "京A72346"]
    expected = [six * one, (1 - six) * seven, six * seven]
    assert [mass for _, mass in decoding.alternatives] == pytest.approx(expected, abs=2e-3)


def test_the_best_path_counts_where_the_beam_lost_it():
    rescued = 0
    for seed in range(300):
        logits = np.random.default_rng(seed).uniform(-4, 4, (len(SMALL), 5)).astype(np.float32)
        greedy = decode_greedy(logits, SMALL)
        probabilities = class_probabilities(logits, SMALL)
        ((found, _),) = prefix_beam_search(probabilities, SMALL.blank, Automaton.of_any_text(SMALL), 1)
        exact = text_probability(probabilities, found, SMALL.blank)
        decoding = Decoder(SMALL, method="beam", width=1).decode(logits)
        assert decoding.confidence == pytest.approx(max(exact, greedy.confidence))
        rescued += greedy.confidence > exact * (1 + 1e-9)
    assert rescued > 0


@given(
    smooth_logits, st.lists(st.text(alphabet="ABCx", min_size=1, max_size=4), max_size=3), st.integers(1, 4)
)
def test_however_narrow_the_beam_a_plate_on_the_best_path_is_never_given_up_for_a_worse_one(
    logits, forms, width
):
    greedy = decode_greedy(logits, SMALL)
    assume(greedy.text)
    sets = {"A": "A", "B": "B", "C": "C", "x": "ABC"}
    syntax = PlateSyntax("with the best path", SMALL, sets, {"some": [greedy.text, *forms]})
    decoding = Decoder(SMALL, syntax, width=width).decode(logits)
    assert decoding.confidence >= greedy.confidence
    assert kind_of(decoding.text, syntax) == "some"
    if decoding.text == greedy.text:
        assert decoding.character_confidences == greedy.character_confidences


# the shortcut


def fail(*args, **options):
    raise AssertionError("searched")


def test_a_plate_that_is_certain_is_not_searched(monkeypatch):
    monkeypatch.setattr(lprnet_ros.reading.decoding, "prefix_beam_search", fail)
    logits = plate_logits("京A12345")
    for method in DECODERS:
        decoding = Decoder(CHINESE_PLATES, GA36, method).decode(logits)
        assert decoding == decode_greedy(logits, CHINESE_PLATES)
        assert decoding.confidence > CERTAIN


@pytest.mark.parametrize("text", ["京A1234", ""])
def test_what_is_certain_but_no_plate_is_not_searched_where_no_plate_could_win(monkeypatch, text):
    monkeypatch.setattr(lprnet_ros.reading.decoding, "prefix_beam_search", fail)
    for method in ("beam", "syntax"):
        decoding = Decoder(CHINESE_PLATES, GA36, method).decode(plate_logits(text, sure=40.0))
        assert decoding.text == text
        assert decoding.confidence > 1000 / 1001


def test_a_text_that_is_no_plate_is_searched_where_a_plate_could_win(monkeypatch):
    monkeypatch.setattr(lprnet_ros.reading.decoding, "prefix_beam_search", fail)
    logits = plate_logits("京A1234", sure=40.0)
    logits[BLANK, 13] = 40.0
    logits[CHINESE_PLATES.characters.index("5"), 13] = 40.0 - np.log(990.0)
    assert CERTAIN < decode_greedy(logits, CHINESE_PLATES).confidence < 1000 / 1001
    assert Decoder(CHINESE_PLATES, GA36, "beam").decode(logits).text == "京A1234"
    with pytest.raises(AssertionError, match="searched"):
        Decoder(CHINESE_PLATES, GA36, "syntax").decode(logits)


@pytest.mark.parametrize("method", ["syntax", "beam"])
def test_a_plate_that_is_not_certain_is_searched(monkeypatch, method):
    monkeypatch.setattr(lprnet_ros.reading.decoding, "prefix_beam_search", fail)
    with pytest.raises(AssertionError, match="searched"):
        Decoder(CHINESE_PLATES, GA36, method).decode(plate_logits("京A12345", (6, "6", 11.5)))


@settings(max_examples=60)
@given(chinese_logits(PLATES), st.sampled_from(["syntax", "beam"]))
def test_a_plate_more_probable_than_all_others_together_is_what_a_search_finds_too(logits, method):
    greedy = decode_greedy(logits, CHINESE_PLATES)
    assume(greedy.confidence > 0.5 and GA36.kind(greedy.text) is not None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lprnet_ros.reading.decoding, "CERTAIN", 2.0)  # nothing is so certain
        decoding = Decoder(CHINESE_PLATES, GA36, method).decode(logits)
    assert decoding.text == greedy.text
    assert decoding.confidence == greedy.confidence
    assert decoding.character_confidences == greedy.character_confidences


# what is no plate


@pytest.mark.parametrize(
    ("ratio", "text"), [(900.0, "京A12345"), (1100.0, "京A1234")], ids=["below 1000", "above 1000"]
)
def test_a_text_that_is_no_plate_is_read_only_where_it_is_a_thousand_times_as_probable(ratio, text):
    # the last place is the 5 or nothing; all else is certain
    logits = plate_logits("京A1234", sure=40.0)
    logits[BLANK, 13] = 40.0
    logits[CHINESE_PLATES.characters.index("5"), 13] = 40.0 - np.log(ratio)
    decoding = Decoder(CHINESE_PLATES, GA36).decode(logits)
    assert decoding.text == text
    shares = {"京A1234": ratio / (ratio + 1), "京A12345": 1 / (ratio + 1)}
    assert decoding.confidence == pytest.approx(shares[text], rel=1e-3)
    assert len(decoding.character_confidences) == len(text)
    others = dict(decoding.alternatives)
    assert "京A1234" not in others  # no plate, so no alternative
    if text == "京A1234":
        assert others == {}  # no plate could win, so none was searched


@settings(max_examples=60)
@given(chinese_logits(NO_PLATES))
def test_a_reading_that_is_no_plate_is_the_best_path_and_far_surer_than_its_alternatives(logits):
    decoding = Decoder(CHINESE_PLATES, GA36).decode(logits)
    if GA36.kind(decoding.text) is None:
        greedy = decode_greedy(logits, CHINESE_PLATES)
        assert (decoding.text, decoding.confidence) == (greedy.text, greedy.confidence)
        assert decoding.character_confidences == greedy.character_confidences
        assert all(FOREIGN * mass < decoding.confidence for _, mass in decoding.alternatives)


@pytest.mark.parametrize("method", DECODERS)
def test_where_all_is_blank_nothing_is_read(method):
    decoding = Decoder(CHINESE_PLATES, GA36, method).decode(plate_logits(""))
    assert (decoding.text, decoding.character_confidences) == ("", ())
    assert decoding.confidence > 0.99


def test_where_no_plate_has_any_probability_the_best_path_is_read():
    logits = np.full((len(CHINESE_PLATES), 18), -1e30, np.float32)
    logits[CHINESE_PLATES.characters.index("A"), :] = 0.0
    decoding = Decoder(CHINESE_PLATES, GA36).decode(logits)
    assert (decoding.text, decoding.confidence, decoding.alternatives) == ("A", 1.0, ())


# calibration


@given(small_logits, st.sampled_from([0.5, 1.5, 3.0]))
def test_a_temperature_changes_the_confidence_of_greedy_and_not_its_text(logits, temperature):
    plain = Decoder(SMALL, method="greedy").decode(logits)
    decoding = Decoder(SMALL, method="greedy", calibration=TemperatureScaling(temperature)).decode(logits)
    probabilities = class_probabilities(logits, SMALL, temperature)
    assert decoding.text == plain.text
    expected = text_probability(probabilities, SMALL.encode(plain.text), SMALL.blank)
    assert decoding.confidence == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("method", DECODERS)
def test_a_high_temperature_makes_every_decoder_less_sure(method):
    logits = plate_logits("京A12345", (6, "6", 11.0))
    confidences = [
        Decoder(CHINESE_PLATES, GA36, method, calibration=TemperatureScaling(temperature))
        .decode(logits)
        .confidence
        for temperature in (0.5, 1.0, 2.0)
    ]
    assert confidences == sorted(confidences, reverse=True)
    assert confidences[0] > confidences[2] + 0.1


@pytest.mark.parametrize(
    ("method", "text"), [("syntax", "沪A12345"), ("beam", "沪A12345"), ("greedy", "京A12345")]
)
def test_a_bias_moves_the_search_and_not_the_best_path(method, text):
    logits = plate_logits("京A12345", (0, "沪", 13.0))
    plain = Decoder(CHINESE_PLATES, GA36, method).decode(logits)
    assert plain.text == "京A12345"
    calibration = TemperatureScaling(class_bias={"京": -1.0, "沪": 1.0})
    decoding = Decoder(CHINESE_PLATES, GA36, method, calibration=calibration).decode(logits)
    assert decoding.text == text
    if method == "greedy":
        assert decoding == plain
    else:
        assert decoding.confidence == pytest.approx(1 / (1 + np.exp(-1)), abs=5e-3)  # 14 to 13


# errors


@pytest.mark.parametrize("method", ["viterbi", "", "Syntax", None])
def test_an_unknown_decoder_is_named_with_those_there_are(method):
    with pytest.raises(ValueError, match=rf"decoder is {method!r}, expected one of syntax, beam, greedy"):
        Decoder(CHINESE_PLATES, GA36, method)


def test_the_syntax_decoder_needs_a_syntax_and_the_others_do_not():
    with pytest.raises(ValueError, match="needs a plate syntax"):
        Decoder(CHINESE_PLATES)
    for method in ("beam", "greedy"):
        assert Decoder(CHINESE_PLATES, method=method).decode(plate_logits("京A1")).text == "京A1"


@pytest.mark.parametrize("method", ["syntax", "beam"])
def test_a_bias_outside_of_the_alphabet_is_refused(method):
    with pytest.raises(ValueError, match="港"):
        Decoder(CHINESE_PLATES, GA36, method, calibration=TemperatureScaling(class_bias={"港": 1.0}))


@pytest.mark.parametrize("method", DECODERS)
@pytest.mark.parametrize(
    ("logits", "message"),
    [
        (np.zeros((67, 18), np.float32), "expected 68 classes"),
        (np.full((68, 18), np.nan, np.float32), "NaN or infinite"),
    ],
)
def test_logits_that_are_none_are_refused(method, logits, message):
    with pytest.raises(LogitsError, match=message):
        Decoder(CHINESE_PLATES, GA36, method).decode(logits)


@pytest.mark.parametrize("method", DECODERS)
def test_the_callers_logits_are_left_as_they_were(method):
    logits = plate_logits("京A12345", (6, "6", 13.0))
    before = logits.copy()
    calibration = TemperatureScaling(1.5, {"京": 1.0})
    Decoder(CHINESE_PLATES, GA36, method, calibration=calibration).decode(logits)
    assert np.array_equal(logits, before)


# how sure each character is


@given(small_logits, st.lists(st.sampled_from([0, 1, 3]), max_size=4))
def test_characters_are_as_sure_as_on_the_most_probable_path_of_their_text(logits, indices):
    probabilities = class_probabilities(logits, SMALL)
    found = character_confidences(probabilities, indices, SMALL.blank)
    assert any(found == pytest.approx(one) for one in best_alignments(probabilities, indices, SMALL.blank))


@pytest.mark.parametrize(
    ("table", "indices", "expected"),
    [
        ([[0.9, 0.1], [0.05, 0.8], [0.05, 0.1]], [0, 1], (0.9, 0.8)),  # no blank is needed between
        ([[0.8, 0.7, 0.9], [0.1, 0.1, 0.05], [0.1, 0.2, 0.05]], [0, 0], (0.8, 0.9)),  # here it is
        ([[0.8, 0.9], [0.1, 0.05], [0.1, 0.05]], [0, 0], (0.0, 0.0)),  # and there is no time for it
        ([[0.6, 0.9, 0.1], [0.1, 0.05, 0.1], [0.3, 0.05, 0.8]], [0], (0.9,)),
        ([[0.6], [0.1], [0.3]], [], ()),
    ],
)
def test_each_character_is_as_sure_as_its_surest_time_step(table, indices, expected):
    assert character_confidences(np.array(table), indices, 2) == pytest.approx(expected)


def test_the_characters_of_a_text_off_the_best_path_have_confidences_of_their_own():
    logits = plate_logits("京A1234", sure=14.0)
    logits[BLANK, 13] = 14.0
    logits[CHINESE_PLATES.characters.index("5"), 13] = 12.0
    decoding = Decoder(CHINESE_PLATES, GA36).decode(logits)
    assert decoding.text == "京A12345"
    assert decoding.character_confidences[:6] == pytest.approx([1.0] * 6, abs=1e-3)
    assert decoding.character_confidences[6] == pytest.approx(1 / (1 + np.exp(2)), abs=1e-3)
