import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lprnet_ros.metrics import Outcome, edit_distance, score


def outcomes(*pairs):
    """Outcomes of (read right, confidence)."""
    return [Outcome("A", "A" if right else "B", confidence, 1.0) for right, confidence in pairs]


readings = st.lists(
    st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0])), min_size=1, max_size=30
)


@functools.cache
def slow_distance(first, second):
    if not first or not second:
        return len(first) + len(second)
    return min(
        slow_distance(first[1:], second) + 1,
        slow_distance(first, second[1:]) + 1,
        slow_distance(first[1:], second[1:]) + (first[0] != second[0]),
    )


@given(st.text(alphabet="京A1", max_size=7), st.text(alphabet="京A1", max_size=7))
def test_the_edit_distance_is_that_of_the_definition(first, second):
    assert edit_distance(first, second) == slow_distance(first, second)


@pytest.mark.parametrize(
    ("first", "second", "distance"),
    [
        ("", "", 0),
        ("京A12345", "京A12345", 0),
        ("京A12345", "", 7),
        ("京A12345", "京A1345", 1),
        ("京A12345", "京A122345", 1),
        ("京A12345", "沪A12354", 3),
    ],
)
def test_the_edit_distance_of_plates(first, second, distance):
    assert edit_distance(first, second) == distance


def test_plates_characters_and_time_are_summed_up():
    result = score(
        [
            Outcome("京A12345", "京A12345", 0.9, 1.0),
            Outcome("京A12345", "京A1234", 0.9, 9.0),
            Outcome("京A12345", "沪A12346", 0.9, 2.0),
        ]
    )
    assert (result.plates, result.correct) == (3, 1)
    assert result.accuracy == pytest.approx(1 / 3)
    assert result.character_accuracy == pytest.approx(1 - 3 / 21)
    assert result.ms_per_plate == 2.0


def test_the_character_accuracy_never_falls_below_zero():
    assert score([Outcome("A", "BCDEF", 0.5, 1.0)]).character_accuracy == 0.0


def test_a_crop_without_a_plate_is_right_when_nothing_is_read():
    assert score([Outcome("", "", 0.5, 1.0)]).accuracy == 1.0
    assert score([Outcome("", "A", 0.5, 1.0)]).accuracy == 0.0


def test_nothing_to_score_is_refused():
    with pytest.raises(ValueError, match="no readings"):
        score([])


@given(readings)
def test_auroc_is_the_share_of_pairs_in_the_right_order_with_ties_counted_half(pairs):
    good = [confidence for right, confidence in pairs if right]
    bad = [confidence for right, confidence in pairs if not right]
    auroc = score(outcomes(*pairs)).auroc
    if not good or not bad:
        assert auroc is None
        return
    won = sum(1.0 if g > b else 0.5 if g == b else 0.0 for g in good for b in bad)
    assert auroc == pytest.approx(won / (len(good) * len(bad)))


@given(readings)
def test_passed_at_99_is_the_best_of_all_thresholds(pairs):
    best = 0.0
    for threshold in {confidence for _, confidence in pairs}:
        passed = [right for right, confidence in pairs if confidence >= threshold]
        if sum(passed) / len(passed) >= 0.99:
            best = max(best, len(passed) / len(pairs))
    assert score(outcomes(*pairs)).passed_at_99 == pytest.approx(best)


@given(readings, st.randoms())
def test_the_order_of_the_readings_changes_no_score(pairs, random):
    shuffled = list(pairs)
    random.shuffle(shuffled)
    first, second = score(outcomes(*pairs)), score(outcomes(*shuffled))
    assert first.auroc == second.auroc
    assert first.passed_at_99 == second.passed_at_99
    assert first.calibration_error == pytest.approx(second.calibration_error)


def test_one_wrong_reading_in_a_hundred_may_still_pass():
    result = score(outcomes(*[(True, 0.9)] * 99, (False, 0.8), (False, 0.7)))
    assert result.passed_at_99 == pytest.approx(100 / 101)


def test_readings_of_equal_confidence_pass_together_or_not_at_all():
    assert score(outcomes((True, 0.9), (True, 0.5), (False, 0.5))).passed_at_99 == pytest.approx(1 / 3)
    assert score(outcomes((True, 0.9), (False, 0.9))).passed_at_99 == 0.0


def test_the_calibration_error_of_an_example_worked_by_hand():
    # bins of 1/15: 0.50 and 0.52 fall in bin 7, 0.90 in bin 13, 1.00 in bin 14
    result = score(outcomes((True, 0.50), (False, 0.52), (True, 0.90), (True, 1.00)))
    expected = 2 / 4 * abs(0.5 - 0.51) + 1 / 4 * abs(1 - 0.9) + 1 / 4 * 0
    assert result.calibration_error == pytest.approx(expected)


def test_the_calibration_error_has_fifteen_bins():
    # 0.61 and 0.69 fall in bins 9 and 10 of fifteen, but in one bin of ten
    apart = score(outcomes((True, 0.61), (False, 0.69)))
    assert apart.calibration_error == pytest.approx((0.39 + 0.69) / 2)


def test_a_confidence_that_is_always_wrong_has_the_greatest_calibration_error():
    assert score(outcomes((False, 1.0), (True, 0.0))).calibration_error == pytest.approx(1.0)
    assert score(outcomes((True, 1.0), (False, 0.0))).calibration_error == pytest.approx(0.0)
