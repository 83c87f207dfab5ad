"""What is logged of crops that are dropped, lost or too old: at most every 5 s, and nothing left out."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from lprnet_ros.flow.job import Source
from lprnet_ros.reading.plate_reading import PlateReading
from lprnet_ros.ros.reports import statistics
from lprnet_ros.ros.reports.crop_report import CropReport


class FakeNode:
    """Its log is a list, and its clock stands where a test sets it."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.seconds = 0.0

    def get_logger(self) -> SimpleNamespace:
        return SimpleNamespace(warning=self.warnings.append, error=self.warnings.append)

    def get_clock(self) -> SimpleNamespace:
        return SimpleNamespace(
            ros_time_is_active=True, now=lambda: SimpleNamespace(nanoseconds=int(self.seconds * 1e9))
        )


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The steady time that the log goes by."""
    seconds = [100.0]
    monkeypatch.setattr(statistics, "time", SimpleNamespace(monotonic=lambda: seconds[0]))
    return seconds


@pytest.mark.parametrize(
    ("what", "remedy"), [("dropped", "raise workers or queue_depth"), ("lost", "qos_profile to 'reliable'")]
)
def test_crops_that_are_not_read_are_told_every_five_seconds(
    now: list[float], what: str, remedy: str
) -> None:
    node = FakeNode()
    report = CropReport(node)
    for second in range(11):
        now[0] = 100.0 + second
        for topic, count in (("/gate", 2), ("/exit", 1)):
            if what == "dropped":
                for _ in range(count):
                    report.drop(topic)
            else:
                report.lost(topic, count)
        report.tell_losses(report.statistics.snapshot())
    assert all(remedy in line for line in node.warnings)
    starts = [" ".join(line.split()[:5]).rstrip(":") for line in node.warnings]
    assert starts == [
        f"{count} crop{'s' * (count > 1)} of {topic} {what}"
        for times in (1, 5, 5)
        for topic, count in (("/gate", 2 * times), ("/exit", times))
    ]


def test_one_burst_is_told_once(now: list[float]) -> None:
    node = FakeNode()
    report = CropReport(node)
    for _ in range(40):
        report.drop("/gate")
    for second in range(20):
        now[0] = 100.0 + second
        report.tell_losses(report.statistics.snapshot())
    assert len(node.warnings) == 1
    assert node.warnings[0].startswith("40 crops of /gate dropped")
    report.start_again()
    report.drop("/gate")
    now[0] += 5.0
    report.tell_losses(report.statistics.snapshot())
    assert node.warnings[1].startswith("1 crop of /gate dropped"), "counting has begun anew"


def test_the_age_of_a_crop_is_that_when_it_was_read() -> None:
    """One that is read at once and looked at a second later is not a second old."""
    node = FakeNode()
    report = CropReport(node)
    for age in (0.05, 0.4, 0.1):
        node.seconds = 50.0 + age
        report.reading(PlateReading("京A12345", 0.9), Source("/gate", 50, 0, "", time.perf_counter()))
    node.seconds = 51.0
    assert report.statistics.snapshot().age == pytest.approx(0.4), "the oldest of them"
    assert report.statistics.snapshot().age == 0.0, "and none since"
    node.seconds = 49.0
    report.reading(PlateReading("京A12345", 0.9), Source("/gate", 50, 0, "", time.perf_counter()))
    assert report.statistics.snapshot().age == pytest.approx(-1.0)
