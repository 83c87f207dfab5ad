import numpy as np
import pytest

from lprnet_ros.plates.syntax import bundled_syntax
from lprnet_ros.reading.plate_reading import PlateReading, Verdict
from lprnet_ros.reading.rules import ReadingRules

SYNTAX = bundled_syntax("ga36")


def read(text, confidence, *alternatives):
    return PlateReading(text, confidence, (confidence,) * len(text), alternatives)


@pytest.mark.parametrize(
    ("text", "confidence", "verdict"),
    [
        ("京A12345", 0.9, Verdict.ACCEPTED),
        ("京A12345", 0.5, Verdict.ACCEPTED),  # the minimum is itself enough
        ("京A12345", 0.499, Verdict.LOW_CONFIDENCE),
        ("京A1234", 0.9, Verdict.SYNTAX),
        ("京A1234", 0.1, Verdict.SYNTAX),  # the syntax is named before the confidence
        ("", 0.9, Verdict.EMPTY),
        ("", 0.1, Verdict.EMPTY),  # nothing read is named before all else
    ],
)
def test_the_first_reason_that_holds_is_given(text, confidence, verdict):
    assert ReadingRules(minimum_confidence=0.5).judge(read(text, confidence), SYNTAX) is verdict


@pytest.mark.parametrize(
    ("confidence", "alternatives", "verdict"),
    [
        (0.5, [("京A12346", 0.3)], Verdict.AMBIGUOUS),  # together the minimum is itself enough
        (0.5, [("京A12346", 0.2), ("京A12347", 0.1)], Verdict.AMBIGUOUS),
        (0.5, [("京A12346", 0.2), ("京A12347", 0.09)], Verdict.LOW_CONFIDENCE),
        (0.79, [], Verdict.LOW_CONFIDENCE),
        (0.8, [("京A12346", 0.2)], Verdict.ACCEPTED),  # sure enough alone
    ],
)
def test_one_of_several_plates_is_told_from_a_plate_that_is_hardly_legible(confidence, alternatives, verdict):
    reading = read("京A12345", confidence, *alternatives)
    assert ReadingRules(minimum_confidence=0.8).judge(reading, SYNTAX) is verdict


def test_what_is_no_plate_is_rejected_for_that_and_not_for_its_rivals():
    rules = ReadingRules(minimum_confidence=0.8)
    assert rules.judge(read("京A1234", 0.5, ("京A12345", 0.4)), SYNTAX) is Verdict.SYNTAX
    assert rules.judge(read("", 0.5, ("京A12345", 0.4)), SYNTAX) is Verdict.EMPTY
    assert rules.judge(read("京A12345", 0.9), None) is Verdict.SYNTAX


def test_without_the_syntax_rule_any_text_passes_but_an_empty_one():
    rules = ReadingRules(minimum_confidence=0.5, require_syntax=False)
    assert rules.judge(read("ABC", 0.9), None) is Verdict.ACCEPTED
    assert rules.judge(read("ABC", 0.4), None) is Verdict.LOW_CONFIDENCE
    assert rules.judge(read("ABC", 0.4, ("ABD", 0.1)), None) is Verdict.AMBIGUOUS
    assert rules.judge(read("", 0.9), None) is Verdict.EMPTY


@pytest.mark.parametrize(
    ("width", "confidence", "verdict"),
    [
        (30, 0.94, Verdict.LOW_CONFIDENCE),
        (30, 0.95, Verdict.ACCEPTED),
        (37, 0.8, Verdict.ACCEPTED),  # plates stand so askew in real crops
        (94, 0.8, Verdict.ACCEPTED),
    ],
)
def test_a_plate_seen_from_far_to_its_side_needs_more_confidence(width, confidence, verdict):
    image = np.full((30, width, 3), (190, 70, 20), np.uint8)
    rules = ReadingRules(minimum_confidence=0.8)
    assert rules.judge(read("京A12345", confidence), SYNTAX, image) is verdict
    other = type(SYNTAX)("another", SYNTAX.alphabet, SYNTAX.sets, SYNTAX.kinds)
    assert rules.judge(read("京A12345", confidence), other, image) is Verdict.ACCEPTED
