"""The finder's fuzzer: what it counts, and that it finds what is broken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from finder_cells import FakeRuntime, encode, finder_manifest

from fuzz import finder_fuzz
from fuzz.finder_fuzz import FinderFuzzer, RandomCells, check_plate
from lprnet_ros.finding.finder import PlateFinder
from lprnet_ros.finding.found_plate import FoundPlate
from lprnet_ros.finding.plate_cells import CellsError
from lprnet_ros.images.geometry import Box, quad_of_box

PLATE = FoundPlate(quad_of_box(Box(10, 8, 40, 12)), 0.9)


def fuzzer(answer: object) -> FinderFuzzer:
    """A fuzzer of a finder whose network gives an answer."""
    runtime = answer if isinstance(answer, RandomCells) else FakeRuntime(answer)
    return FinderFuzzer(PlateFinder(finder_manifest(Path("fake.onnx")), runtime), seed=0)


def test_random_cells_never_make_nonsense() -> None:
    one = fuzzer(RandomCells((1, 11, 48, 80), np.random.default_rng(0)))
    for number in range(1500):
        one.run(number)
    assert one.counts["frames"] == 1500
    assert one.counts["searched"] + one.counts["rejected"] + one.counts["refused outputs"] == 1500
    assert all(one.counts[name] > 8 for name in ("searched", "rejected", "refused outputs", "found"))


def test_a_find_where_no_plate_is_is_reported() -> None:
    with pytest.raises(AssertionError, match=r"in a frame of .* without a plate"):
        for number in range(200):
            fuzzer(encode([PLATE])).run(number)


def test_an_output_that_is_not_finite_is_reported_of_a_network() -> None:
    with pytest.raises(CellsError):
        for number in range(50):
            fuzzer(np.full((1, 11, 48, 80), np.nan, np.float32)).run(number)


def test_a_slow_frame_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finder_fuzz, "LONGEST_MS", 0.0)
    with pytest.raises(AssertionError, match="ms of CPU"):
        fuzzer(encode([])).run(0)


def test_a_frame_depends_on_seed_and_number_alone() -> None:
    tensors = []
    for _ in range(2):
        runtime = FakeRuntime(encode([]))
        one = FinderFuzzer(PlateFinder(finder_manifest(Path("fake.onnx")), runtime), seed=3)
        for number in (*range(15, 30), 5, 8):
            one.run(number)
        tensors.append(runtime.tensors)
    assert len(tensors[0]) > 0
    assert all(np.array_equal(first, second) for first, second in zip(*tensors, strict=True))


@pytest.mark.parametrize(
    ("plate", "message"),
    [
        (FoundPlate(PLATE.quad[::-1], 0.9), "is none"),
        (FoundPlate((PLATE.quad[0],) * 4, 0.9), "is none"),
        (FoundPlate(quad_of_box(Box(500, 8, 40, 12)), 0.9), "lies outside"),
        (FoundPlate(PLATE.quad, 0.3), "score"),
        (FoundPlate(PLATE.quad, 0.9, 3), "rows"),
    ],
    ids=["mirrored", "a point", "outside", "weak", "three rows"],
)
def test_nonsense_is_seen(plate: FoundPlate, message: str) -> None:
    check_plate(PLATE, (64, 48), 0.5)
    with pytest.raises(AssertionError, match=message):
        check_plate(plate, (64, 48), 0.5)
