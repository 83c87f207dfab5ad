import dataclasses
import math

import numpy as np
import pytest
from sighted import GARBAGE, OTHER, PLATE, SIMILAR, crops, published, reading, texts

from lprnet_ros.consensus.sightings import MOST_CROPS, REMEMBERED_CROPS
from lprnet_ros.consensus.vehicles import Consensus, ConsensusSettings, Sighting
from lprnet_ros.consensus.vehicles_in_view import MOST_VEHICLES
from lprnet_ros.reading.plate_reading import Verdict


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("minimum_crops", 0),
        ("minimum_crops", REMEMBERED_CROPS + 1),
        ("gap_seconds", 0.0),
        ("gap_seconds", -1.0),
        ("gap_seconds", math.nan),
        ("longest_wait_seconds", math.inf),
        ("longest_wait_seconds", 0.0),
    ],
)
def test_settings_out_of_range_are_refused_by_name(name, value):
    with pytest.raises(ValueError, match=name):
        ConsensusSettings(**{name: value})


def test_crops_that_agree_become_one_final_reading():
    readings = [reading(PLATE, confidence) for confidence in (0.8, 0.9, 0.99, 0.85)]
    (plate,) = published(*crops(*readings, start=7.0))
    assert (plate.reading.text, plate.crops, plate.agreeing, plate.revised) == (PLATE, 4, 4, False)
    assert plate.best.stamp == 7.2
    assert plate.best.reading is readings[2]
    assert (plate.first, plate.last) == (7.0, pytest.approx(7.3))
    assert (plate.best.camera, plate.best.track) == ("gate", None)
    assert 0.99 < plate.reading.confidence < 1.0
    assert len(plate.reading.character_confidences) == len(PLATE)
    assert plate.reading.alternatives == ()


def test_probabilities_count_not_the_number_of_strings():
    """Three crops read the wrong text, none of them sure; two read the right one, very sure."""
    doubtful = reading(SIMILAR, 0.45, [(PLATE, 0.40)], Verdict.LOW_CONFIDENCE)
    (plate,) = published(*crops(doubtful, doubtful, reading(PLATE, 0.99), doubtful, reading(PLATE, 0.99)))
    assert (plate.reading.text, plate.agreeing, plate.crops) == (PLATE, 2, 5)
    assert plate.reading.alternatives[0][0] == SIMILAR
    assert 0.0 < plate.reading.alternatives[0][1] < 0.1


def test_a_text_that_is_only_an_alternative_can_win_but_needs_agreeing_crops_or_twice_as_many():
    readings = [reading(PLATE[:-1] + last, 0.4, [(PLATE, 0.39)]) for last in "1234"]
    (plate,) = published(*crops(*readings))
    assert (plate.reading.text, plate.agreeing) == (PLATE, 0)
    assert published(*crops(*readings[:3])) == []


@pytest.mark.parametrize("misread", [reading(SIMILAR, 0.99), reading(GARBAGE, 0.05), reading(SIMILAR, 0.5)])
@pytest.mark.parametrize("place", [0, 1, 5, 9, 10])
@pytest.mark.parametrize("minimum_crops", [1, 2])
def test_a_misread_makes_no_second_vehicle_wherever_it_stands(misread, place, minimum_crops):
    readings = [PLATE] * 10
    readings.insert(place, misread)
    (plate,) = published(*crops(*readings), minimum_crops=minimum_crops)
    assert (plate.reading.text, plate.agreeing) == (PLATE, 10)


def test_two_sure_misreads_in_the_midst_make_no_second_vehicle():
    (plate,) = published(*crops(*[PLATE] * 6, *[reading(SIMILAR, 1.0)] * 2, *[PLATE] * 6))
    assert (plate.reading.text, plate.agreeing, plate.crops) == (PLATE, 12, 14)


def test_a_plate_that_is_misread_now_and_then_makes_no_second_vehicle():
    """Alternating misreads are no vehicle; the same number of crops after the others is one."""
    misread = reading(SIMILAR, 0.97)
    assert texts(published(*crops(misread, misread, PLATE, PLATE, PLATE, PLATE, misread))) == [PLATE]
    follower = reading(SIMILAR, 0.99)
    assert texts(published(*crops(*[PLATE] * 4, *[follower] * 3))) == [PLATE, SIMILAR]


def test_another_vehicle_in_the_midst_of_one_that_waits_is_published():
    assert texts(published(*crops(*[PLATE] * 6, OTHER, OTHER, *[PLATE] * 16))) == [OTHER, PLATE]


@pytest.mark.parametrize("place", [0, 5, 10])
def test_a_stray_crop_of_something_else_is_dropped(place):
    readings = [PLATE] * 10
    readings.insert(place, reading(GARBAGE, 0.999))
    consensus = Consensus()
    for sighting in crops(*readings):
        assert consensus.add(sighting) == []
    assert texts(consensus.flush()) == [PLATE]
    assert consensus.dropped == 1


@pytest.mark.parametrize("count", [3, 10, 40])
@pytest.mark.parametrize("place", range(len(PLATE)))
def test_similar_plates_without_a_gap_stay_two(place, count):
    similar = PLATE[:place] + ("沪" if place == 0 else "B" if place == 1 else "9") + PLATE[place + 1 :]
    plates = published(*crops(*[PLATE] * count, *[similar] * count))
    assert texts(plates) == [PLATE, similar]
    assert [plate.crops for plate in plates] == [count, count]


def test_a_different_plate_is_a_new_vehicle_at_once():
    plates = published(*crops(PLATE, PLATE, OTHER, OTHER))
    assert texts(plates) == [PLATE, OTHER]


def test_two_vehicles_side_by_side_stay_two():
    plates = published(*crops(*[PLATE, OTHER] * 8))
    assert sorted(texts(plates)) == sorted([PLATE, OTHER])
    assert [plate.crops for plate in plates] == [8, 8]


def test_the_same_plate_is_published_again_only_after_a_gap():
    assert texts(published(*crops(PLATE, PLATE), *crops(PLATE, PLATE, start=1.0))) == [PLATE]
    assert texts(published(*crops(PLATE, PLATE), *crops(PLATE, PLATE, start=1.2))) == [PLATE, PLATE]
    twice = crops(PLATE, PLATE), crops(PLATE, PLATE, start=1.2)
    assert texts(published(*twice[0], *twice[1], gap_seconds=1.5)) == [PLATE]


@pytest.mark.parametrize("follower", [OTHER, SIMILAR])
@pytest.mark.parametrize("frames", [600, 100])
def test_a_vehicle_that_waits_is_published_once_and_the_next_one_too(follower, frames):
    consensus = Consensus(ConsensusSettings(longest_wait_seconds=5.0))
    finished = {}
    for sighting in crops(*[PLATE] * frames, *[follower] * 10):
        for plate in consensus.add(sighting):
            finished[plate.reading.text] = sighting.time
    assert list(finished) == [PLATE]
    assert finished[PLATE] == pytest.approx(5.0, abs=0.11)
    assert texts(consensus.flush()) == [follower]


def test_a_text_that_takes_over_after_publishing_makes_no_second_vehicle():
    readings = [reading(SIMILAR, 0.6, [(PLATE, 0.3)])] * 60 + [reading(PLATE, 0.6, [(SIMILAR, 0.3)])] * 60
    assert texts(published(*crops(*readings))) == [SIMILAR]


def test_a_published_text_is_not_published_again_when_the_crops_before_it_turn_out_to_be_another_vehicle():
    readings = [reading(SIMILAR, 0.6)] * 4 + [reading(PLATE, 0.5)] * 5 + [reading(PLATE, 0.99)] * 20
    assert texts(published(*crops(*readings), longest_wait_seconds=0.85)) == [PLATE, SIMILAR]


def test_a_vehicle_with_very_many_crops_is_published_before_the_longest_wait():
    (plate,) = published(*crops(*[PLATE] * (MOST_CROPS + 1), step=0.01), flush=False)
    assert plate.crops == MOST_CROPS


def test_a_final_reading_that_overtook_another_is_revised():
    doubtful = reading(SIMILAR, 0.5, [(PLATE, 0.3)])
    (plate,) = published(*crops(doubtful, doubtful, PLATE, PLATE, PLATE))
    assert (plate.reading.text, plate.revised) == (PLATE, True)
    (plate,) = published(*crops(doubtful, PLATE, PLATE, PLATE))
    assert (plate.reading.text, plate.revised) == (PLATE, False)  # one crop is not the least number


def test_too_few_agreeing_crops_are_not_published():
    consensus = Consensus(ConsensusSettings(minimum_crops=3))
    for sighting in crops(PLATE, PLATE):
        assert consensus.add(sighting) == []
    assert consensus.flush() == []
    assert consensus.dropped == 1
    assert texts(published(*crops(PLATE, PLATE, PLATE), minimum_crops=3)) == [PLATE]
    assert texts(published(*crops(PLATE), minimum_crops=1)) == [PLATE]


def test_low_confidence_counts_and_what_is_no_plate_does_not():
    weak = reading(PLATE, 0.4, verdict=Verdict.LOW_CONFIDENCE)
    (plate,) = published(*crops(weak, weak, weak))
    assert plate.crops == 3
    consensus = Consensus()
    useless = [
        reading("", 0.9, [(PLATE, 0.1)], Verdict.EMPTY),
        reading("A1", 0.9, (), Verdict.SYNTAX),
        "",
    ]
    for sighting in crops(*useless * 3):
        assert consensus.add(sighting) == []
    assert consensus.flush() == []
    assert (consensus.ignored, consensus.dropped) == (9, 0)


def test_tracks_tell_vehicles_apart_that_texts_do_not():
    first, second = crops(*[PLATE] * 8, track="1"), crops(*[PLATE] * 8, start=0.05, track="2")
    plates = published(*[sighting for pair in zip(first, second, strict=True) for sighting in pair])
    assert [(plate.best.track, plate.crops) for plate in plates] == [("1", 8), ("2", 8)]


def test_a_track_is_one_vehicle_whatever_is_read():
    (plate,) = published(*crops(*[PLATE] * 8, *[OTHER] * 3, track="1"))
    assert (plate.reading.text, plate.crops, plate.agreeing) == (PLATE, 11, 8)


def test_a_track_that_comes_back_is_not_published_again():
    back = crops(reading(GARBAGE, 0.1), PLATE, PLATE, start=20.0, track="1")
    assert texts(published(*crops(PLATE, PLATE, track="1"), *back)) == [PLATE]
    waiting = crops(*[PLATE] * 100, start=20.0, track="1")
    assert texts(published(*crops(PLATE, PLATE, track="1"), *waiting)) == [PLATE]


def test_a_track_id_that_names_another_vehicle_after_a_gap_is_published():
    others = crops(OTHER, OTHER, start=20.0, track="1")
    assert texts(published(*crops(PLATE, PLATE, track="1"), *others)) == [PLATE, OTHER]
    again = crops(PLATE, PLATE, start=90.0, track="1")
    assert texts(published(*crops(PLATE, PLATE, track="1"), *again)) == [PLATE, PLATE]


def test_time_alone_finishes_a_vehicle():
    consensus = Consensus()
    for sighting in crops(PLATE, PLATE, start=10.0):
        consensus.add(sighting)
    for now in (10.2, math.nan, math.inf, 11.1):
        assert consensus.advance(now) == []
    assert texts(consensus.advance(11.11)) == [PLATE]
    assert consensus.advance(11.5) == []
    for late in crops(PLATE, PLATE, PLATE, start=10.8):  # they were on their way for long
        assert consensus.add(late) == []
    assert consensus.advance(100.0) + consensus.flush() == []


def test_time_alone_ends_the_longest_wait():
    consensus = Consensus(ConsensusSettings(gap_seconds=10.0, longest_wait_seconds=2.0))
    for sighting in crops(PLATE, PLATE):
        consensus.add(sighting)
    assert consensus.advance(1.9) == []
    assert texts(consensus.advance(2.0)) == [PLATE]
    assert consensus.advance(20.0) + consensus.flush() == []


def test_a_clock_that_is_set_back_finishes_all():
    consensus = Consensus()
    consensus.advance(1000.0)
    for sighting in crops(PLATE, PLATE, start=1000.0):
        consensus.add(sighting)
    assert consensus.advance(999.5) == []
    assert texts(consensus.advance(3.0)) == [PLATE]
    assert consensus.flush() == []


def test_time_alone_that_is_set_back_finishes_all():
    consensus = Consensus()
    for sighting in crops(PLATE, PLATE, start=1000.0):
        consensus.add(sighting)
    assert texts(consensus.advance(3.0)) == [PLATE]
    for sighting in crops(OTHER, OTHER, start=3.0):
        assert consensus.add(sighting) == []
    assert texts(consensus.advance(4.2)) == [OTHER]


def test_a_bag_that_starts_anew_publishes_anew():
    bag = [*crops(*[PLATE] * 5), *crops(*[OTHER] * 5, start=3.0)]
    assert texts(published(*bag, *bag, *bag)) == [PLATE, OTHER] * 3


def test_a_single_jump_of_time_loses_nothing():
    ahead = dataclasses.replace(crops(PLATE)[0], time=1e9)
    sightings = crops(*[PLATE] * 6)
    assert set(texts(published(*sightings[:3], ahead, *sightings[3:]))) == {PLATE}
    assert set(texts(published(*sightings[:3], dataclasses.replace(ahead, time=-1e9), *sightings[3:]))) == {
        PLATE
    }


@pytest.mark.parametrize("time", [math.nan, math.inf, -math.inf])
def test_a_sighting_without_time_is_ignored(time):
    consensus = Consensus()
    assert consensus.add(dataclasses.replace(crops(PLATE)[0], time=time)) == []
    assert (consensus.ignored, consensus.flush()) == (1, [])


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1.0, 2.0, 0.0])
def test_a_confidence_out_of_its_range_raises_nothing(value):
    odd = reading(PLATE, value, [(OTHER, value), ("", value)])
    (plate,) = published(*crops(odd, odd, odd))
    assert plate.reading.text in (PLATE, OTHER)
    assert 0.0 <= plate.reading.confidence <= 1.0
    (plate,) = published(*crops(PLATE, odd, PLATE))
    assert plate.reading.text == PLATE
    assert 0.0 <= plate.reading.confidence <= 1.0


def test_more_crops_make_surer_and_contradiction_makes_less_sure():
    def confidence(*readings):
        (plate,) = published(*crops(*readings), minimum_crops=1)
        return plate.reading.confidence

    weak = reading(PLATE, 0.7, [(SIMILAR, 0.2)])
    growing = [confidence(*[weak] * count) for count in (1, 2, 4, 8, 16)]
    assert growing == sorted(growing)
    assert growing[0] == pytest.approx(0.7, abs=0.02)
    assert growing[-1] < 0.99  # crops of one vehicle err together
    assert confidence(weak, weak, reading(SIMILAR, 0.5)) < confidence(weak, weak)


def test_a_character_is_as_sure_as_the_candidates_that_share_it():
    weak = reading(PLATE, 0.6, [(SIMILAR, 0.3)])
    (plate,) = published(*crops(weak, weak))
    differs = [a != b for a, b in zip(PLATE, SIMILAR, strict=True)]
    for confidence, is_doubtful in zip(plate.reading.character_confidences, differs, strict=True):
        if is_doubtful:
            assert confidence == pytest.approx(plate.reading.confidence)
        else:
            assert confidence == pytest.approx(plate.reading.confidence + plate.reading.alternatives[0][1])


def test_memory_is_bounded():
    generator = np.random.default_rng(0)
    consensus = Consensus(ConsensusSettings(longest_wait_seconds=1e6))
    for i in range(300):
        plate = "".join(generator.choice(list("0123456789"), 7)) if i % 2 else PLATE
        consensus.add(Sighting(i * 1e-3, "gate", reading(plate), None))
        consensus.add(Sighting(i * 1e-3, "toll", reading(plate), str(i)))
        for camera in consensus._cameras.values():
            assert len(camera.view) <= MOST_VEHICLES
            assert all(len(vehicle) <= MOST_CROPS for vehicle in camera.view)
            assert len(camera._events) <= 8 * MOST_VEHICLES
    consensus.advance(1e6)
    assert consensus._cameras == {}
