"""The thread that searches frames: which is next, whom it waits for, and what a failure costs."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

import rclpy
from flow_doubles import wait_until
from rclpy.node import Node
from rclpy.serialization import serialize_message
from rclpy.signals import SignalHandlerOptions
from ros_harness import raw_image
from scripted_finder import plate

from lprnet_ros.cropping.cropper import CropRule
from lprnet_ros.cropping.search import FoundPlates
from lprnet_ros.flow.frame_reader import FrameReader
from lprnet_ros.ros.reports.crop_report import CropReport
from lprnet_ros.ros.topics.frame_path import FramePath

PICTURE = np.full((240, 320, 3), 90, np.uint8)


class Gated:
    """A finder that searches when it may; what it finds depends on the frame's first pixel.

    Attributes:
        searched: first pixel of each frame that it began to search.
    """

    def __init__(self) -> None:
        self.may_search = threading.Semaphore(0)
        self.searched: list[int] = []

    def find(self, frame, within=()):
        level = int(frame.cut(0, 0, 1, 1)[0, 0, 0])
        self.searched.append(level)
        assert self.may_search.acquire(timeout=60.0)
        if level == 255:
            raise RuntimeError("the BPU refuses it")
        return [plate(100 + level, 100)] if level else []


class Crops:
    """Takes crops; a reader takes the waiting ones when a test says so."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, int]] = []
        self.places: list[object] = []
        self.empty: list[tuple[int, int]] = []
        self.is_listened_to = True
        self.is_reader_free = threading.Event()
        self.is_reader_free.set()

    def take_crop(self, source, crop):
        self.places.append(source.place)
        self.taken.append((source.topic, source.seconds))

    def take_empty_frame(self, mark, stamp):
        self.empty.append(stamp)

    def wait_until_taken(self, topic, seconds):
        return self.is_reader_free.wait(seconds)

    def is_heard(self):
        return self.is_listened_to


@dataclass
class Settings:
    """As ``FrameSettings``, with a finder of the test's."""

    finder: Gated
    topics: tuple[str, ...] = ("a", "b")
    transport: str = "raw"
    qos_profile: str = "auto"
    queue_depth: int = 1
    frame_id: str = "camera"
    timeout_seconds: float = 60.0
    rule: CropRule = field(default_factory=lambda: CropRule(change_threshold=0.0))
    released: list[bool] = field(default_factory=list)

    def open_reader(self) -> FrameReader:
        return FrameReader(lambda: FoundPlates(self.finder), self.rule, lambda: self.released.append(True))


class Path:
    """A ``FramePath`` with what is around it."""

    def __init__(self, node: Node, **settings: object) -> None:
        self.finder, self.crops, self.report = Gated(), Crops(), CropReport(node)
        self.settings = Settings(self.finder, **settings)
        self.path = FramePath(node, self.settings, self.crops, self.report, lambda: 10_000_000)
        self.topics = self.path.subscribe()

    def send(self, number: int, camera: int = 0, level: int | None = None) -> None:
        picture = PICTURE.copy()
        picture[0, 0] = number if level is None else level
        message = serialize_message(raw_image(picture, "camera's own", (number, 0)))
        self.path._on_message(self.topics[camera], message)

    def search(self, frames: int = 1) -> None:
        for _ in range(frames):
            self.finder.may_search.release()

    def begun(self, *levels: int) -> None:
        wait_until(lambda: self.finder.searched == list(levels), f"{levels}, not {self.finder.searched}")

    @property
    def counts(self):
        return self.report.statistics.snapshot()


@pytest.fixture
def node(ros_environment: None) -> Iterator[Node]:
    context = rclpy.Context()
    rclpy.init(context=context, signal_handler_options=SignalHandlerOptions.NO)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        node = rclpy.create_node("frame_path", context=context)
        serialize_message(raw_image(PICTURE))
    yield node
    node.destroy_node()
    rclpy.try_shutdown(context=context)


@pytest.fixture
def path(node: Node) -> Iterator[Path]:
    path = Path(node)
    yield path
    path.search(100)
    path.path.unsubscribe(60.0)
    path.path.close(60.0)
    assert path.settings.released == [True]


def test_of_the_frames_that_arrive_during_a_search_the_newest_is_next(path: Path) -> None:
    path.send(1)
    path.begun(1)
    for number in range(2, 10):
        path.send(number)
    path.search(2)
    path.begun(1, 9)
    wait_until(lambda: len(path.crops.taken) == 2, "two crops")
    assert path.crops.taken == [(path.topics[0], 1), (path.topics[0], 9)]
    assert path.counts.frames_dropped == {path.topics[0]: 7}
    assert path.counts.received == 9
    wait_until(lambda: path.counts.frames_searched == path.counts.plates_found == 2, "the counts")


def test_crops_are_handed_on_only_when_a_reader_has_taken_those_before(path: Path) -> None:
    """Nothing is searched meanwhile, so that no crop grows old, however slow the reader is."""
    path.search(100)
    path.send(1)
    wait_until(lambda: path.crops.taken == [(path.topics[0], 1)], "the first crop")
    path.crops.is_reader_free.clear()
    path.send(2)
    path.begun(1, 2)
    for number in range(3, 8):
        path.send(number)
    threading.Event().wait(0.2)  # nothing may happen
    assert path.finder.searched == [1, 2]
    assert len(path.crops.taken) == 1
    path.crops.is_reader_free.set()
    path.begun(1, 2, 7)
    wait_until(lambda: [number for _, number in path.crops.taken] == [1, 2, 7], "three crops")


def test_cameras_take_turns_however_unequal_their_rates(path: Path) -> None:
    path.send(1, camera=0)
    path.begun(1)
    path.send(2, camera=1)
    for number in range(3, 6):
        path.send(number, camera=0)
    path.search(3)
    path.begun(1, 2, 5)


def test_a_crop_has_its_frames_stamp_its_cameras_frame_id_and_its_place(path: Path) -> None:
    path.search(3)
    path.send(5)
    path.send(0, camera=1)
    wait_until(lambda: bool(path.crops.taken and path.crops.empty), "both frames")
    (place,) = path.crops.places
    assert (place.frame_id, place.x, place.width) == ("camera's own", 55, 100)
    assert (place.frame.width, place.frame.height) == (320, 240)
    assert path.crops.empty == [(0, 0)]


def test_nothing_is_searched_while_nobody_listens(path: Path) -> None:
    path.crops.is_listened_to = False
    path.search(2)
    path.send(1)
    path.crops.is_listened_to = True
    path.send(2)
    path.begun(2)
    assert path.counts.received == 2
    assert not path.counts.frames_dropped


def test_a_failure_costs_one_frame(path: Path) -> None:
    path.search(2)
    path.send(1, level=255)
    wait_until(lambda: path.counts.failures == 1, "the failure")
    assert path.counts.last_failure == "RuntimeError: the BPU refuses it"
    path.path._on_message(path.topics[0], b"no message")
    assert path.counts.bad_images == {"malformed_message": 1}
    path.send(2)
    wait_until(lambda: path.crops.taken == [(path.topics[0], 2)], "the crop after it")


def test_a_search_that_ends_too_late_hands_nothing_on(node: Node) -> None:
    path = Path(node)
    path.send(1)
    path.begun(1)
    path.send(2)
    path.path.unsubscribe(0.05)
    assert path.counts.frames_dropped == {path.topics[0]: 1}
    path.search(10)
    path.path.close(60.0)
    assert path.settings.released == [True]
    assert path.crops.taken == []
    assert node.count_subscribers(path.topics[0]) == 0


def test_a_reader_that_never_comes_does_not_hold_the_end_up(node: Node) -> None:
    path = Path(node)
    path.crops.is_reader_free.clear()
    path.search(10)
    path.send(1)
    path.begun(1)
    path.path.unsubscribe(60.0)
    path.path.close(60.0)
    assert path.settings.released == [True]


def test_a_hung_search_is_named_as_a_problem(node: Node) -> None:
    path = Path(node, timeout_seconds=0.01)
    path.send(1)
    wait_until(lambda: bool(path.path.status().problem), "a problem")
    assert path.path.status().problem.endswith(
        "in 0.01 s a frame: the search for plates hangs; restart the node"
    )
    path.search(1)
    path.path.close(60.0)
