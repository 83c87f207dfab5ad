import pytest

from lprnet_ros.ctc import Decoding
from lprnet_ros.reading import Acceptance, PlateReading, Rejection, Timings


def decoding(text, confidence):
    return Decoding(text, confidence, (confidence,) * len(text))


@pytest.mark.parametrize(
    ("text", "confidence", "reason"),
    [
        ("京A12345", 0.9, None),
        ("京A12345", 0.5, None),  # the least confidence is itself enough
        ("京A12345", 0.499, Rejection.LOW_CONFIDENCE),
        ("京A1234", 0.9, Rejection.SYNTAX),
        ("京A1234", 0.1, Rejection.SYNTAX),  # the syntax is named before the confidence
        ("", 0.9, Rejection.EMPTY),
        ("", 0.1, Rejection.EMPTY),  # nothing read is named before all else
    ],
)
def test_the_first_reason_that_holds_is_given(text, confidence, reason):
    assert Acceptance(minimum_confidence=0.5).judge(decoding(text, confidence)) is reason


def test_without_the_syntax_rule_any_text_passes_but_an_empty_one():
    rule = Acceptance(minimum_confidence=0.5, require_syntax=False)
    assert rule.judge(decoding("ABC", 0.9)) is None
    assert rule.judge(decoding("ABC", 0.4)) is Rejection.LOW_CONFIDENCE
    assert rule.judge(decoding("", 0.9)) is Rejection.EMPTY


@pytest.mark.parametrize("reason", list(Rejection))
def test_a_reading_with_a_reason_against_it_is_not_accepted(reason):
    assert not PlateReading("京A12345", 0.9, rejection=reason).accepted
    assert PlateReading("京A12345", 0.9).accepted


def test_the_reasons_keep_the_names_that_the_topics_publish():
    assert [reason.value for reason in Rejection] == ["empty", "syntax", "low_confidence"]


def test_the_total_time_is_the_sum_of_the_parts():
    assert Timings(1.0, 2.5, 0.25).total_ms == 3.75
