import json

import pytest

from lprnet_ros.reading.plate_reading import PlateReading, Seen, Timings, Verdict


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
        "other_kind",
    }


def test_the_total_time_is_the_sum_of_the_parts():
    assert Timings(1.0, 2.5, 0.25).total_ms == 3.75


QUAD = ((1.0, 2.004), (101.0, 2.0), (101.0, 32.0), (1.0, 32.0))


def test_a_reading_as_plain_values_has_the_fields_that_lpr_read_prints():
    seen = Seen(QUAD, rows=2, score=0.87654, file="gate.mp4", frame=12, seconds=0.48)
    reading = PlateReading(
        "京A12345", 0.98765432, verdict=Verdict.ACCEPTED, kind="blue", colour="blue", seen=seen
    )
    assert json.loads(json.dumps(reading.to_dict())) == {
        "file": "gate.mp4",
        "text": "京A12345",
        "confidence": 0.987654,
        "verdict": "accepted",
        "kind": "blue",
        "colour": "blue",
        "rows": 2,
        "quad": [[1.0, 2.0], [101.0, 2.0], [101.0, 32.0], [1.0, 32.0]],
        "score": 0.8765,
        "seconds": 0.48,
        "frame": 12,
    }
    assert (reading.quad, reading.rows) == (QUAD, 2)


def test_a_crop_has_no_place_and_no_time_and_an_empty_text_no_confidence():
    values = PlateReading("", 0.97, verdict=Verdict.EMPTY).to_dict()
    assert (values["quad"], values["confidence"], values["rows"]) == (None, 0.0, 1)
    assert "seconds" not in values


def test_what_is_shown_of_a_reading_is_what_a_person_asks_for():
    reading = PlateReading("京A12345", 0.5, verdict=Verdict.LOW_CONFIDENCE, colour="blue", seen=Seen(QUAD))
    assert repr(reading) == (
        "PlateReading('京A12345', confidence=0.5000, low_confidence, blue, quad=[1,2 101,2 101,32 1,32])"
    )
    assert repr(PlateReading("", 0.0)) == "PlateReading('', confidence=0.0000, unjudged)"
