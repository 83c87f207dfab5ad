"""Times of vehicles are those at which crops arrive, however long they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from hypothesis import example, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from rclpy.lifecycle import LifecycleNode
from ros_harness import Client

from lprnet_ros.consensus.vehicles import ConsensusSettings
from lprnet_ros.flow.job import Job, Source
from lprnet_ros.images.crop_image import CropImage
from lprnet_ros.plates.syntax import bundled_syntax
from lprnet_ros.reading.plate_reading import PlateReading, Verdict
from lprnet_ros.ros.topics.vehicle_publisher import VehiclePublisher

GREY = np.full((24, 94, 3), 128, np.uint8)
PLATE, OTHER = "京A12345", "沪C8KX07"


class Gate:
    """A publisher of vehicles whose clock the test sets, and what it publishes."""

    def __init__(self, node: LifecycleNode) -> None:
        self.now, self.messages = 0.0, []
        self.vehicles = VehiclePublisher(
            node, ConsensusSettings(), lambda _: Verdict.ACCEPTED, bundled_syntax("ga36"), pytest.fail
        )
        self.vehicles.is_heard = True
        self.vehicles._now = lambda: self.now
        self.vehicles._publish = self.messages.extend

    def arrive(self, time: float, text: str, crop: np.ndarray = GREY) -> Callable[[], None]:
        """Let a crop arrive; return what delivers its reading."""
        self.now = time
        source = Source("/image", 0, 0, "", 0.0, None, self.vehicles.arrival())
        reading = PlateReading(text, 0.99, (0.99,) * len(text), verdict=Verdict.ACCEPTED) if text else None
        return lambda: self.vehicles.add(reading, Job(source, CropImage(crop)))

    def pass_time(self, until: float) -> None:
        while self.now < until:
            self.now = min(until, self.now + 0.1)
            self.vehicles._advance()

    @property
    def texts(self) -> list[str]:
        return [vehicle.reading.text for vehicle in self.messages]


@pytest.fixture(scope="module")
def node(client: Client) -> Iterator[LifecycleNode]:
    node = LifecycleNode("gate", context=client.context)
    yield node
    node.destroy_node()


@pytest.fixture
def gate(node: LifecycleNode) -> Iterator[Gate]:
    gate = Gate(node)
    yield gate
    gate.vehicles.destroy()


def test_a_backlog_makes_no_vehicle_of_two_that_passed_with_a_gap(gate: Gate) -> None:
    """The same plate passes twice, two seconds apart; all crops are read at once, later."""
    waiting = [gate.arrive(time, PLATE) for time in (0.0, 0.1, 0.2, 2.5, 2.6, 2.7)]
    gate.pass_time(5.0)
    for deliver in waiting:
        deliver()
    gate.pass_time(10.0)
    assert gate.texts == [PLATE, PLATE]
    assert [vehicle.crops for vehicle in gate.messages] == [3, 3]
    assert [round(vehicle.last - vehicle.first, 3) for vehicle in gate.messages] == [0.2, 0.2]


def test_a_backlog_does_not_tear_a_vehicle_apart(gate: Gate) -> None:
    """Ten crops of a tenth of a second, read two seconds apart."""
    for deliver in [gate.arrive(number / 10, PLATE) for number in range(10)]:
        deliver()
        gate.pass_time(gate.now + 2.0)
    assert gate.texts == [PLATE]
    assert gate.messages[0].crops == 10


def test_crops_that_are_dropped_or_fail_hold_nothing_up(gate: Gate) -> None:
    waiting = [gate.arrive(0.0, PLATE), gate.arrive(0.1, PLATE), gate.arrive(0.2, "")]
    for deliver in waiting:
        deliver()
    assert gate.vehicles._awaited == []
    gate.pass_time(1.5)
    assert gate.texts == [PLATE]


def test_a_crop_that_never_comes_back_does_not_hold_vehicles_up_for_ever(gate: Gate) -> None:
    gate.arrive(0.0, OTHER)
    gate.arrive(0.1, PLATE)()
    gate.arrive(0.2, PLATE)()
    gate.pass_time(20.0)
    assert gate.texts == []
    gate.pass_time(40.0)
    assert gate.texts == [PLATE]


def test_a_clock_that_falls_back_starts_anew(gate: Gate) -> None:
    for _ in range(3):
        for number in range(3):
            gate.arrive(100.0 + number / 10, PLATE)()
        gate.now = 50.0
        gate.vehicles._advance()
        gate.now = 0.0
    assert gate.texts == [PLATE] * 3


@example(steps=[1] * 9 + [11], delays=[0] * 8 + [1] + [0] * 11)
@examples(max_examples=25)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=20), st.lists(st.integers(0, 40), min_size=20))
def test_how_long_crops_are_read_changes_nothing(
    node: LifecycleNode, steps: list[int], delays: list[int]
) -> None:
    """Crops are delivered in order, each so many tenths of a second after it arrived, or later."""
    arrivals = [sum(steps[: i + 1]) / 10 for i in range(len(steps))]

    def final(delays: list[int]) -> list[tuple[str, int, float, float]]:
        gate = Gate(node)
        waiting: list[tuple[float, Callable[[], None]]] = []
        for i, time in enumerate(arrivals):
            gate.pass_time(time)
            due = max([time + delays[i] / 10, *(when for when, _ in waiting)])
            waiting.append((due, gate.arrive(time, (PLATE, OTHER)[i // 4 % 2])))
            while waiting and waiting[0][0] <= gate.now:
                waiting.pop(0)[1]()
        for due, deliver in waiting:
            gate.pass_time(due)
            deliver()
        gate.pass_time(gate.now + 10.0)
        gate.vehicles.destroy()
        # which of two that leave in the same moment comes first is open
        return sorted((v.reading.text, v.crops, v.first, v.last) for v in gate.messages)

    assert final(delays) == final([0] * len(delays))


def test_crops_that_are_kept_are_bounded_and_the_newest_stay(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lprnet_ros.ros.topics.vehicle_publisher._MOST_BYTES", 3 * (GREY.nbytes + 1024))
    for number in range(10):
        gate.arrive(number / 10, PLATE)()
    assert len(gate.vehicles._kept) == 3
    gate.arrive(1.0, PLATE, np.zeros((500, 500, 3), np.uint8))()
    assert len(gate.vehicles._kept) == gate.vehicles._kept_bytes == 0
    gate.arrive(1.1, PLATE)()
    gate.pass_time(5.0)
    (vehicle,) = gate.messages
    assert vehicle.crops == 12
    sightings = gate.vehicles._kept
    assert [kept.source.received for kept in sightings] == [1.1]


def test_of_tiny_crops_of_large_messages_the_messages_count(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lprnet_ros.ros.topics.vehicle_publisher._MOST_BYTES", 2_500_000)
    for number in range(10):
        padded = np.frombuffer(bytes(1_000_000), np.uint8)[:3].reshape(1, 1, 3)
        gate.arrive(number / 10, PLATE, padded)()
    assert len(gate.vehicles._kept) == 2
    for number in range(10, 5000):
        gate.arrive(number / 10, PLATE, np.zeros((1, 1, 3), np.uint8))()
    assert len(gate.vehicles._kept) < 2_500_000 / 1024
