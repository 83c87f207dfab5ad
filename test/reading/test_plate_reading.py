import pytest

from lprnet_ros.reading.plate_reading import PlateReading, Timings, Verdict


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_reading_is_accepted_by_its_verdict_alone(verdict):
    assert PlateReading("京A12345", 0.9, verdict=verdict).accepted == (verdict is Verdict.ACCEPTED)


def test_a_reading_that_nobody_has_judged_is_not_accepted():
    assert not PlateReading("京A12345", 1.0).accepted


def test_the_verdicts_keep_the_names_that_the_topics_publish():
    assert {verdict.value for verdict in Verdict} == {
        "unjudged",
        "accepted",
        "empty",
        "syntax",
        "cut_off",
        "wrong_length",
        "low_confidence",
        "ambiguous",
    }


def test_the_total_time_is_the_sum_of_the_parts():
    assert Timings(1.0, 2.5, 0.25).total_ms == 3.75
