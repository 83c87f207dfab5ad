import pytest

from lprnet_ros.reading.ctc import Decoding
from lprnet_ros.reading.plate_reading import Acceptance, PlateReading, Rejection, Timings


def decoding(text, confidence, *alternatives):
    return Decoding(text, confidence, (confidence,) * len(text), alternatives)


@pytest.mark.parametrize(
    ("text", "is_plate", "confidence", "reason"),
    [
        ("京A12345", True, 0.9, None),
        ("京A12345", True, 0.5, None),  # the least confidence is itself enough
        ("京A12345", True, 0.499, Rejection.LOW_CONFIDENCE),
        ("京A1234", False, 0.9, Rejection.SYNTAX),
        ("京A1234", False, 0.1, Rejection.SYNTAX),  # the syntax is named before the confidence
        ("", False, 0.9, Rejection.EMPTY),
        ("", False, 0.1, Rejection.EMPTY),  # nothing read is named before all else
    ],
)
def test_the_first_reason_that_holds_is_given(text, is_plate, confidence, reason):
    rule = Acceptance(minimum_confidence=0.5)
    assert rule.judge(decoding(text, confidence), is_plate=is_plate) is reason


@pytest.mark.parametrize(
    ("confidence", "alternatives", "reason"),
    [
        (0.5, [("京A12346", 0.3)], Rejection.AMBIGUOUS),  # the least confidence together is itself enough
        (0.5, [("京A12346", 0.2), ("京A12347", 0.1)], Rejection.AMBIGUOUS),
        (0.5, [("京A12346", 0.2), ("京A12347", 0.09)], Rejection.LOW_CONFIDENCE),
        (0.79, [], Rejection.LOW_CONFIDENCE),
        (0.8, [("京A12346", 0.2)], None),  # sure enough alone
    ],
)
def test_one_of_several_plates_is_told_from_a_plate_that_is_hardly_legible(confidence, alternatives, reason):
    read = decoding("京A12345", confidence, *alternatives)
    assert Acceptance(minimum_confidence=0.8).judge(read, is_plate=True) is reason


def test_what_is_no_plate_is_rejected_for_that_and_not_for_its_rivals():
    rule = Acceptance(minimum_confidence=0.8)
    assert rule.judge(decoding("京A1234", 0.5, ("京A12345", 0.4)), is_plate=False) is Rejection.SYNTAX
    assert rule.judge(decoding("", 0.5, ("京A12345", 0.4)), is_plate=False) is Rejection.EMPTY


def test_without_the_syntax_rule_any_text_passes_but_an_empty_one():
    rule = Acceptance(minimum_confidence=0.5, require_syntax=False)
    assert rule.judge(decoding("ABC", 0.9), is_plate=False) is None
    assert rule.judge(decoding("ABC", 0.4), is_plate=False) is Rejection.LOW_CONFIDENCE
    assert rule.judge(decoding("ABC", 0.4, ("ABD", 0.1)), is_plate=False) is Rejection.AMBIGUOUS
    assert rule.judge(decoding("", 0.9), is_plate=False) is Rejection.EMPTY


@pytest.mark.parametrize("reason", list(Rejection))
def test_a_reading_with_a_reason_against_it_is_not_accepted(reason):
    assert not PlateReading("京A12345", 0.9, rejection=reason).accepted
    assert PlateReading("京A12345", 0.9).accepted


def test_the_reasons_keep_the_names_that_the_topics_publish():
    assert [reason.value for reason in Rejection] == ["empty", "syntax", "low_confidence", "ambiguous"]


def test_the_total_time_is_the_sum_of_the_parts():
    assert Timings(1.0, 2.5, 0.25).total_ms == 3.75
