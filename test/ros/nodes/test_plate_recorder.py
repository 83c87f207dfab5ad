"""``plate_recorder`` beside ``lpr_node``, as processes: what is played stands in the record."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from a_vehicle import CROP, SOURCE, VEHICLE
from ros_harness import Client, Conversation, ReaderProcess, known_plate, python_process
from std_msgs.msg import String

from lprnet_ros.record.vehicle_record import RecordedVehicle, RecordError, RecordReader
from lprnet_ros.ros.messages.vehicle_json import vehicle_to_json

MODULE = "lprnet_ros.ros.nodes.plate_recorder"


class Recorder(ReaderProcess):
    """``plate_recorder`` as a process of its own."""

    module = MODULE


Start = Callable[..., Recorder]


@pytest.fixture
def start(client: Client, tmp_path: Path) -> Iterator[Start]:
    started = []

    def start(record: Path, *parameters: str, **environment: str) -> Recorder:
        started.append(Recorder(client, tmp_path, f"record:={record}", *parameters, **environment))
        return started[-1]

    yield start
    for recorder in started:
        recorder.close()


def recorded(record: Path) -> list[RecordedVehicle]:
    """What stands in a record; nothing where there is none yet."""
    try:
        reader = RecordReader(record)
    except RecordError:
        return []
    try:
        return reader.search()
    finally:
        reader.close()


class Gate:
    """Stands in for ``lpr_node``: publishes vehicles."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self._vehicles = recorder.publisher(String, "lpr_node/vehicle_record")
        self._node = recorder.client.node
        recorder.client.wait_for(lambda: self._vehicles.get_subscription_count() > 0, "a listener", recorder)

    def close(self) -> None:
        self._node.destroy_publisher(self._vehicles)

    def send(self, text: str | None = None) -> None:
        line = vehicle_to_json(VEHICLE, SOURCE, CROP)
        self._vehicles.publish(String(data=line if text is None else text))


def test_a_vehicle_that_was_played_stands_in_the_record(client: Client, start: Start, tmp_path: Path) -> None:
    record = tmp_path / "vehicles.db"
    recorder = start(record)
    recorder.wait_for_log("recording vehicles in")
    reader = ReaderProcess(
        client, tmp_path, "qos_profile:=reliable", "consensus_minimum_crops:=1", "log_readings:=true"
    )
    try:
        # the recorder listens to an lpr_node in its own namespace
        relay = recorder.publisher(String, "lpr_node/vehicle_record")
        reader._subscribe(String, f"{reader.full_name}/vehicle_record", relay.publish)
        conversation = Conversation(reader)
        text, crop = known_plate()

        def is_recorded() -> bool:
            return any(one.camera.endswith("/image gate_1") and one.text == text for one in recorded(record))

        client.retry_until(lambda: conversation.read_known("gate_1"), is_recorded, "a record", pause=2.0)
    finally:
        reader.close()
    vehicle = next(one for one in recorded(record) if one.text == text)
    assert vehicle.kind is not None
    assert 0.8 < vehicle.confidence <= 1.0
    assert 0.0 <= vehicle.last_seen - vehicle.first_seen < 3600.0
    assert abs(vehicle.first_seen - client.node.get_clock().now().nanoseconds * 1e-9) < 3600.0
    assert f"vehicle {text} (" in reader.log
    file = RecordReader(record)
    kept = cv2.imdecode(np.frombuffer(file.crop(vehicle.identifier), np.uint8), cv2.IMREAD_COLOR)
    file.close()
    assert kept.shape == crop.shape
    assert np.abs(kept.astype(int) - crop).mean() < 10.0, "JPEG of the crop itself"
    assert recorder.next_status()["level"] == "ok"
    recorder.signal(signal.SIGINT)
    assert recorder.process.returncode == 0
    assert not Path(f"{record}-wal").exists(), "closed properly"


def test_nonsense_is_counted_and_crops_are_left_out_where_told(start: Start, tmp_path: Path) -> None:
    record = tmp_path / "vehicles.db"
    gate = Gate(start(record, "crops:=false"))
    for text in ("nonsense", "{}", '{"vehicle": {}, "accepted": false}'):
        gate.send(text)
    gate.recorder.client.retry_until(gate.send, lambda: len(recorded(record)) > 0, "a record")
    reader = RecordReader(record)
    assert reader.crop(1) is None
    reader.close()
    status = gate.recorder.wait_for_status(lambda status: status["recorded"] != "0", "recorded")
    assert (status["messages rejected"], status["level"], status["record"]) == ("2", "ok", str(record))
    assert gate.recorder.lines("a message is no vehicle: Expecting value")


def test_a_folder_that_comes_later_is_used_then(start: Start, tmp_path: Path) -> None:
    record = tmp_path / "disk" / "vehicles.db"
    gate = Gate(start(record))
    line = f"vehicles are not recorded: record {record}: No such file or directory"
    for _ in range(3):
        gate.send()
    status = gate.recorder.wait_for_status(lambda status: status["not recorded"] == "3", "3 are lost")
    assert (status["level"], status["message"]) == ("error", line)
    assert len(gate.recorder.lines(line)) == 1
    record.parent.mkdir()
    gate.recorder.client.retry_until(gate.send, lambda: len(recorded(record)) > 0, "a record")
    assert gate.recorder.lines("recording again; vehicles that were not recorded: 3")
    status = gate.recorder.wait_for_status(lambda status: status["recorded"] != "0", "recorded")
    assert (status["level"], status["message"]) == ("warn", "3 vehicles were not recorded")


def test_a_record_that_is_deleted_meanwhile_begins_anew(start: Start, tmp_path: Path) -> None:
    record = tmp_path / "vehicles.db"
    gate = Gate(start(record))
    gate.recorder.client.retry_until(gate.send, lambda: len(recorded(record)) > 0, "a record")
    for file in tmp_path.glob("vehicles.db*"):
        file.unlink()
    gate.recorder.client.retry_until(gate.send, lambda: len(recorded(record)) > 0, "a record", pause=0.5)
    assert gate.recorder.lines("No such file or directory")


def test_without_a_file_it_ends_with_a_sentence() -> None:
    status, _, error = python_process(MODULE)
    assert (status, error) == (1, "plate_recorder: set the parameter record to a file, such as vehicles.db\n")
