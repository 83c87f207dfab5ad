import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lprnet_ros.evaluation.metrics import (
    Outcome,
    Passed,
    align,
    calibration_bins,
    precision_curve,
    score,
    wilson_interval,
)
from lprnet_ros.plates.edit_distance import edit_distance


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


@pytest.mark.parametrize(
    ("successes", "trials", "lower", "upper"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_wilson_interval_is_that_of_the_published_examples(successes, trials, lower, upper):
    """Newcombe, Statistics in Medicine 17 (1998), table I, method 3."""
    assert wilson_interval(successes, trials) == pytest.approx((lower, upper), abs=5e-5)


counts = st.integers(1, 100_000).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials)))


@given(counts)
def test_an_end_of_the_wilson_interval_is_just_not_rejected_by_the_normal_test(counted):
    successes, trials = counted
    lower, upper = wilson_interval(successes, trials)
    assert 0.0 <= lower <= successes / trials <= upper <= 1.0
    assert lower < upper
    for end in (lower, upper):
        if 0 < successes < trials or end not in (0.0, 1.0):
            deviation = (successes / trials - end) ** 2 * trials / (end * (1 - end))
            assert deviation == pytest.approx(1.959963984540054**2, rel=1e-4)


@given(counts)
def test_the_wilson_interval_of_the_failures_is_the_mirror_image(counted):
    successes, trials = counted
    lower, upper = wilson_interval(successes, trials)
    assert wilson_interval(trials - successes, trials) == pytest.approx((1 - upper, 1 - lower))


def test_the_wilson_interval_reaches_the_ends_exactly():
    for trials in range(1, 200):
        assert wilson_interval(0, trials)[0] == 0.0
        assert wilson_interval(trials, trials)[1] == 1.0


@pytest.mark.parametrize(("successes", "trials"), [(0, 0), (-1, 5), (6, 5), (0, -1)])
def test_impossible_counts_have_no_interval(successes, trials):
    with pytest.raises(ValueError, match="is no share"):
        wilson_interval(successes, trials)


@given(st.text(alphabet="京A1", max_size=7), st.text(alphabet="京A1", max_size=7))
def test_an_alignment_spells_both_texts_with_as_few_differences_as_possible(label, text):
    pairs = align(label, text)
    assert "".join(written for written, _ in pairs) == label
    assert "".join(read for _, read in pairs) == text
    assert all(len(written) + len(read) >= 1 for written, read in pairs)
    assert all(len(written) <= 1 and len(read) <= 1 for written, read in pairs)
    assert sum(written != read for written, read in pairs) == slow_distance(label, text)


@given(st.text(alphabet="京沪A12", min_size=1, max_size=7), st.integers(0, 6), st.data())
def test_an_alignment_names_the_one_character_that_was_changed_missed_or_added(label, position, data):
    position %= len(label)
    head, character, tail = label[:position], label[position], label[position + 1 :]
    assert [pair for pair in align(label, head + "Z" + tail) if pair[0] != pair[1]] == [(character, "Z")]
    assert [pair for pair in align(label, head + tail) if pair[0] != pair[1]] == [(character, "")]
    assert [pair for pair in align(label, head + "Z" + label[position:]) if pair[0] != pair[1]] == [("", "Z")]


def test_another_character_is_taken_before_a_missed_and_an_added_one():
    assert align("AB", "BA") == [("A", "B"), ("B", "A")]


@given(readings)
def test_every_reading_is_in_the_bin_of_its_confidence(pairs):
    bins = calibration_bins(outcomes(*pairs))
    assert [part.index for part in bins] == sorted({min(14, int(confidence * 15)) for _, confidence in pairs})
    assert sum(part.plates for part in bins) == len(pairs)
    assert sum(part.correct for part in bins) == sum(right for right, _ in pairs)
    for part in bins:
        members = [(r, c) for r, c in pairs if min(14, int(c * 15)) == part.index]
        assert (part.plates, part.correct) == (len(members), sum(right for right, _ in members))
        assert part.confidence == pytest.approx(sum(confidence for _, confidence in members) / len(members))


@given(readings)
def test_the_precision_curve_is_what_each_threshold_lets_through(pairs):
    expected = []
    for threshold in sorted({confidence for _, confidence in pairs}, reverse=True):
        passed = [right for right, confidence in pairs if confidence >= threshold]
        expected.append(Passed(threshold, len(passed) / len(pairs), sum(passed) / len(passed)))
    assert precision_curve(outcomes(*pairs)) == expected
