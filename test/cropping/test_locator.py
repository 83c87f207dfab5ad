import numpy as np

from lprnet_ros.cropping.detection import Detection, DetectionFilter
from lprnet_ros.cropping.locator import DetectorTopic, FixedRegions
from lprnet_ros.cropping.regions import parse_regions
from lprnet_ros.images.camera_frame import BgrFrame
from lprnet_ros.images.geometry import Box

STAMP = (5, 7)
PLATE = Detection(Box(1, 2, 30, 10), label="plate", score=0.9)


def frame(width=100, height=50):
    return BgrFrame(lambda: np.zeros((height, width, 3), np.uint8))


def detector(**options):
    return DetectorTopic(
        DetectionFilter(frozenset({"plate"})), **{"capacity": 2, "longest_wait_seconds": 1.0, **options}
    )


def test_regions_are_known_at_once_in_the_pixels_of_each_frame():
    locator = FixedRegions(parse_regions(["0.1,0.2,0.5,0.4"]))
    for width, height in ((100, 50), (640, 480)):
        picture = frame(width, height)
        located = locator.add_frame(STAMP, picture, "gate", 0.0)
        assert (located.stamp, located.frame, located.frame_id) == (STAMP, picture, "gate")
        assert [place.box for place in located.detections] == [
            Box(0.1 * width, 0.2 * height, 0.5 * width, 0.4 * height)
        ]
    locator.advance(100.0)
    assert locator.counts == {}


def test_a_frame_waits_for_its_detections_and_they_for_it():
    locator, picture = detector(), frame()
    assert locator.add_frame(STAMP, picture, "gate", 0.0) is None
    assert locator.add_detections((5, 8), [PLATE], 0.1) is None
    located = locator.add_detections(STAMP, [PLATE], 0.2)
    assert (located.stamp, located.frame, located.frame_id) == (STAMP, picture, "gate")
    assert list(located.detections) == [PLATE]
    assert locator.add_frame((5, 8), picture, "gate", 0.3).detections == [PLATE]


def test_what_is_no_plate_or_has_no_partner_is_counted():
    locator = detector()
    locator.add_detections(STAMP, [Detection(PLATE.box, label="car"), PLATE], 0.0)
    locator.advance(2.0)
    assert {part: dict(counts) for part, counts in locator.counts.items()} == {
        "detections": {"other_class": 1},
        "pairing": {"detections_alone": 1},
    }
    assert locator.add_frame(STAMP, frame(), "gate", 2.0) is None
