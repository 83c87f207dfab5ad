"""Tests of lprnet_ros.consensus.vehicles on sightings made at random."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sighted import GARBAGE, OTHER, PLATE, SIMILAR, crops, published, reading

from lprnet_ros.consensus.vehicles import Consensus, ConsensusSettings, Sighting
from lprnet_ros.reading.plate_reading import PlateReading, Verdict

any_reading = st.builds(
    PlateReading,
    text=st.sampled_from(["", PLATE, SIMILAR, OTHER, GARBAGE, "京A1234"]),
    confidence=st.floats(0.0, 1.0) | st.floats(),
    alternatives=st.lists(st.tuples(st.sampled_from(["", PLATE, OTHER]), st.floats()), max_size=3).map(tuple),
    verdict=st.sampled_from([Verdict.ACCEPTED, *Verdict]),
)
any_time = st.floats() | st.floats(0.0, 10.0) | st.integers(0, 100).map(lambda tenths: tenths / 10)
any_sightings = st.lists(
    st.builds(
        Sighting,
        time=any_time,
        camera=st.sampled_from(["gate", "toll"]),
        reading=any_reading,
        track=st.sampled_from([None, None, "1", "2"]),
    ),
    max_size=60,
).map(lambda sightings: [dataclasses.replace(each, stamp=i) for i, each in enumerate(sightings)])


@given(any_sightings, st.lists(any_time, max_size=5), st.integers(1, 3))
def test_no_data_raises_and_no_sighting_is_published_twice(sightings, times, minimum_crops):
    consensus = Consensus(ConsensusSettings(minimum_crops=minimum_crops))
    plates = []
    for i, sighting in enumerate(sightings):
        plates += consensus.add(sighting)
        if i < len(times):
            plates += consensus.advance(times[i])
    plates += consensus.flush()
    assert consensus.flush() == []
    stamps = [plate.best.stamp for plate in plates]
    assert len(set(stamps)) == len(stamps)
    assert sum(plate.crops for plate in plates) <= len(sightings)
    for plate in plates:
        assert 0.0 <= plate.reading.confidence <= min((*plate.reading.character_confidences, 1.0)) + 1e-9
        assert plate.reading.confidence + sum(p for _, p in plate.reading.alternatives) <= 1.0 + 1e-9
        assert plate.agreeing >= minimum_crops or plate.crops >= 2 * minimum_crops
        assert plate.first <= plate.best.time <= plate.last
        assert plate.best.camera == sightings[plate.best.stamp].camera


@given(any_sightings)
def test_cameras_do_not_influence_each_other(sightings):
    together = published(*sightings)
    for camera in ("gate", "toll"):
        alone = published(*[sighting for sighting in sightings if sighting.camera == camera])
        assert [plate for plate in together if plate.best.camera == camera] == alone


@given(st.permutations(range(10)))
def test_crops_in_any_order_within_the_gap_give_the_same_reading(order):
    readings = [reading(SIMILAR, 0.5, [(PLATE, 0.4)])] * 4 + [reading(PLATE, 0.8)] * 6
    in_order = crops(*readings)
    (expected,) = published(*in_order)
    (plate,) = published(*[in_order[i] for i in order])
    assert (plate.reading.text, plate.crops, plate.revised) == (
        expected.reading.text,
        expected.crops,
        expected.revised,
    )
    assert plate.reading.confidence == pytest.approx(expected.reading.confidence)


def vehicles(generator, count):
    """Plates, one in five of which differs in one character from the one before."""
    plates = []
    while len(plates) < count:
        serial = list(
            plates[-1][2:] if plates and len(plates) % 5 == 0 else generator.choice(list("0123456789"), 5)
        )
        if plates and len(plates) % 5 == 0:
            place = int(generator.integers(5))
            serial[place] = str((int(serial[place]) + int(generator.integers(1, 10))) % 10)
        plates.append("京A" + "".join(serial))
    return plates


def noisy(generator, text):
    """A reading that is wrong in one character one time in five, then less sure."""
    if generator.random() < 0.8:
        return reading(text, generator.uniform(0.6, 0.999))
    place = int(generator.integers(2, 7))
    wrong = text[:place] + str(generator.integers(10)) + text[place + 1 :]
    confidence = generator.uniform(0.2, 0.85)
    return reading(wrong, confidence, [(text, 0.5 * (1 - confidence))] if generator.random() < 0.5 else [])


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("is_tracked", [False, True])
def test_two_hundred_vehicles_give_two_hundred_final_readings(seed, is_tracked):
    generator = np.random.default_rng(seed)
    plates = vehicles(generator, 200)
    sightings, time = [], 0.0
    for number, plate in enumerate(plates):
        time += generator.choice([0.0, 0.3, 0.7, 2.0, 30.0])
        for _ in range(int(generator.integers(8, 16))):
            time += 0.1
            track = str(number) if is_tracked else None
            sightings.append(Sighting(time, "gate", noisy(generator, plate), track, stamp=number))
    finals = published(*sightings)
    assert sorted(plate.best.stamp for plate in finals) == list(range(200))
    assert {plate.best.stamp: plate.reading.text for plate in finals} == dict(enumerate(plates))
