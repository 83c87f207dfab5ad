"""The live node's consensus: many crops over DDS in, one final reading a vehicle out.

Vehicles are told apart by gaps in time, so the time is a simulated one that the tests let pass.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
from ros_harness import (
    DEACTIVATE,
    RELIABLE,
    Client,
    Conversation,
    ReaderProcess,
    another_plate,
    crops,
    known_plate,
    raw_image,
)
from rosgraph_msgs.msg import Clock
from std_msgs.msg import String

SETTINGS = ("qos_profile:=reliable", "queue_depth:=200", "minimum_confidence:=0.0", "use_sim_time:=true")
GREY = np.full((24, 94, 3), 128, np.uint8)


class Street:
    """A reader in simulated time, the crops of vehicles that pass it, and what it publishes of them.

    The time is published again and again while anything waits: the node may lose messages of it.
    """

    def __init__(self, reader: ReaderProcess) -> None:
        self.conversation = Conversation(reader)
        self.vehicles: list[dict] = []
        self.last_reading: dict = {}
        self._reader, self._client = reader, reader.client
        self._now, self._time_of_node = 1000.0, 0.0
        self._clock = self._client.node.create_publisher(Clock, "/clock", RELIABLE)
        self._timer = self._client.node.create_timer(0.01, self._tell_the_time)
        topic = f"{reader.full_name}/vehicle_plate"
        reader._subscribe(String, topic, lambda message: self.vehicles.append(json.loads(message.data)))
        reader._subscribe(DiagnosticArray, "/diagnostics", self._on_diagnostics)
        self.let_pass(100.0)
        self._client.retry_until(self._pass_in_vain, lambda: bool(self.vehicles), "a first vehicle")
        self.let_pass(100.0)
        self.vehicles.clear()

    def close(self) -> None:
        self._client.node.destroy_timer(self._timer)
        self._client.node.destroy_publisher(self._clock)

    def _tell_the_time(self) -> None:
        self._clock.publish(Clock(clock=Time(sec=int(self._now), nanosec=round(self._now % 1 * 1e9))))

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        if message.status[0].name.startswith(f"{self._reader.full_name}:"):
            self._time_of_node = message.header.stamp.sec + message.header.stamp.nanosec * 1e-9

    def let_pass(self, seconds: float) -> None:
        """Let time pass, and wait until the node knows and has published the vehicles that have gone."""
        self._now += seconds
        self._client.wait_for(
            lambda: self._time_of_node >= self._now - 0.001, "the node's time", self._reader
        )

    def _pass_in_vain(self) -> None:
        """Until a vehicle comes through, the node does not know that somebody listens."""
        self.drive(known_plate()[1], "nobody", 4)
        self._now += 100.0

    def drive(
        self, image: np.ndarray, frame_id: str, frames: int, *, second: int = 0, every: float = 0.0
    ) -> None:
        """Let a vehicle pass, so many simulated seconds from frame to frame; it has been read at the end."""
        seen = self.conversation.outputs
        for frame in range(frames):
            seen.clear()
            self.conversation.image.publish(raw_image(image, frame_id, (second, frame)))
            # a picture without a plate is read after the crop, and counts for no vehicle
            self.conversation.image.publish(raw_image(GREY, "no plate", (second, frame)))
            self._client.wait_for(lambda: bool(seen.of("no plate")), "a reading", self._reader)
            self.last_reading = seen.of(frame_id)[0]
            self._now += every

    def finish(self) -> None:
        """Let all vehicles go, and one of another plate after them, whose final reading comes last."""
        self.let_pass(100.0)
        self.drive(another_plate()[1], "the last one", 2)
        self.let_pass(100.0)
        self._client.wait_for(
            lambda: bool(self.vehicles) and self.vehicles[-1]["frame_id"] == "the last one",
            "the last vehicle",
            self._reader,
        )
        self.vehicles.pop()

    def wait_for_vehicle(self) -> None:
        self._client.wait_for(lambda: bool(self.vehicles), "a vehicle")


@pytest.fixture
def street(client: Client, start_reader: Callable[..., ReaderProcess]) -> Iterator[Callable[..., Street]]:
    streets: list[Street] = []

    def start(*parameters: str) -> Street:
        streets.append(Street(start_reader(*SETTINGS, *parameters)))
        return streets[-1]

    yield start
    for one in streets:
        one.close()


def test_one_final_reading_a_vehicle_with_the_stamp_of_its_best_crop(street: Callable[..., Street]) -> None:
    """They follow each other before the one in front has gone, by the clock."""
    scene = street("consensus_gap:=20.0")
    chosen = crops()[:3]
    for number, (_, image) in enumerate(chosen):
        scene.drive(image, f"vehicle {number}", 4, second=100 + number, every=0.1)
    scene.finish()
    assert [vehicle["text"] for vehicle in scene.vehicles] == [plate for plate, _ in chosen]
    for number, vehicle in enumerate(scene.vehicles):
        assert set(vehicle) == set(scene.last_reading) | {"vehicle"}
        assert vehicle["vehicle"]["crops"] == vehicle["vehicle"]["agreeing"] == 4
        assert vehicle["vehicle"]["revised"] is False
        assert vehicle["stamp"]["sec"] == 100 + number
        assert vehicle["frame_id"] == f"vehicle {number}"
        assert vehicle["accepted"] is True
        assert [c["character"] for c in vehicle["characters"]] == list(vehicle["text"])


def test_a_vehicle_that_waits_is_published_once_and_before_it_leaves(street: Callable[..., Street]) -> None:
    scene = street("consensus_gap:=50.0", "consensus_longest_wait:=0.6")
    scene.drive(known_plate()[1], "waiting", 20, every=0.1)
    scene.wait_for_vehicle()  # while it is still there
    scene.drive(known_plate()[1], "waiting", 20, every=0.1)
    scene.finish()
    assert [vehicle["frame_id"] for vehicle in scene.vehicles] == ["waiting"]


def deactivate(reader: ReaderProcess) -> None:
    assert reader.change_state(DEACTIVATE)


ENDS = {
    "deactivate": deactivate,
    "SIGTERM": lambda reader: reader.signal(signal.SIGTERM),
    "SIGINT": lambda reader: reader.signal(signal.SIGINT),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("workers", [0, 2])
def test_the_end_publishes_the_vehicles_that_are_gathered(
    street: Callable[..., Street], end: Callable[[ReaderProcess], None], workers: int
) -> None:
    scene = street("consensus_gap:=50.0", "consensus_longest_wait:=50.0", f"workers:={workers}")
    text, image = known_plate()
    scene.drive(image, "last", 3)

    def last() -> list[str]:  # another one may be left of the time until the node knew its listener
        return [vehicle["text"] for vehicle in scene.vehicles if vehicle["frame_id"] == "last"]

    assert not last()
    end(scene.conversation.reader)
    scene.conversation.reader.client.wait_for(lambda: bool(last()), "the last vehicle")
    assert last() == [text]


def test_without_consensus_there_is_no_such_topic(
    client: Client, start_reader: Callable[..., ReaderProcess]
) -> None:
    conversation = Conversation(start_reader("qos_profile:=reliable", "consensus:=false"))
    conversation.read_known("a crop")
    topic = f"{conversation.reader.full_name}/vehicle_plate"
    assert client.node.count_publishers(topic) == 0


def test_vehicles_are_logged_while_log_readings_says_so(start_reader: Callable[..., ReaderProcess]) -> None:
    """Nobody subscribes to ``~/vehicle_plate``; the parameter alone is enough, from one crop to the next."""
    reader = start_reader("qos_profile:=reliable", "consensus_minimum_crops:=1", "consensus_gap:=0.1")
    conversation = Conversation(reader)
    conversation.read_known("before")
    assert reader.set_parameters(log_readings=True) == [(True, "")]
    crop = raw_image(known_plate()[1], "gate\n\x1b[31m1")
    reader.client.retry_until(
        lambda: conversation.image.publish(crop), lambda: bool(reader.lines("]: vehicle ")), "a line"
    )
    line = reader.lines("]: vehicle ")[0].partition("]: ")[2]
    assert line.startswith(f"vehicle {known_plate()[0]} (0.9")
    assert r"/image gate\n\x1b[31m1: " in line
    assert reader.set_parameters(log_readings=False) == [(True, "")]
    assert not reader.lines(" before: ")
