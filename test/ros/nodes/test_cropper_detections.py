"""The live cropper with a detector: frames and detections meet by their stamp, whichever comes first."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from cropper_harness import Answer, CropperOutputs, CropperProcess, Stamp
from rclpy.qos import ReliabilityPolicy
from ros_harness import Client, raw_image
from sensor_msgs.msg import Image
from std_msgs.msg import Header

PACKAGES = {"targets": "ai_msgs", "detection_2d_array": "vision_msgs"}
SETTINGS = (
    "qos_profile:=reliable",
    "queue_depth:=100",
    "change_threshold:=0.0",
    "padding:=0.0",
    "classes:=['plate']",
    "minimum_score:=0.5",
    "cache_frames:=4",
    "cache_seconds:=60.0",
)
Found = tuple[str, float, tuple[int, int, int, int]]  # class, score, and x, y, width, height
PLATE: Found = ("plate", 0.9, (40, 50, 96, 24))


def picture(number: int) -> np.ndarray:
    """A frame that tells which one it is."""
    return np.full((240, 320, 3), number % 256, np.uint8)


class Detector:
    """A camera and a detector that talk to a cropper, all sides matched."""

    def __init__(self, cropper: CropperProcess, kind: str) -> None:
        self.cropper = cropper
        self.kind = kind
        self.messages = pytest.importorskip(
            f"{PACKAGES[kind]}.msg", reason=f"{PACKAGES[kind]} is not installed"
        )
        self.message_type = {
            "targets": "PerceptionTargets",
            "detection_2d_array": "Detection2DArray",
        }[kind]
        self.outputs: CropperOutputs = cropper.outputs()
        self.image = cropper.publisher(Image)
        self.detections = cropper.publisher(getattr(self.messages, self.message_type), "detections")
        self._number = 0
        client = cropper.client
        for publisher in (self.image, self.detections):
            client.wait_for(lambda one=publisher: one.get_subscription_count() > 0, "a subscription", cropper)
        for found in ([PLATE], []):  # crops and empty frames come from two publishers
            client.retry_until(
                lambda found=found: self._send(found),
                lambda: self.outputs.answer(self._last_stamp()) is not None,
                f"an answer; {cropper.log}",
            )
        self.outputs.clear()
        self.before = self.status()

    def _send(self, found: list[Found]) -> None:
        stamp = self.next_stamp()
        self.send_frame(stamp)
        self.send_found(stamp, found)

    def _last_stamp(self) -> Stamp:
        return 1_700_000_000, self._number

    def next_stamp(self) -> Stamp:
        self._number += 1
        return self._last_stamp()

    def send_frame(self, stamp: Stamp) -> None:
        self.image.publish(raw_image(picture(stamp[1]), "gate", stamp))

    def send_found(self, stamp: Stamp, found: list[Found], track: int = 0) -> None:
        header = Header(frame_id="whatever the detector writes")
        header.stamp.sec, header.stamp.nanosec = stamp
        message = getattr(self.messages, self.message_type)(header=header)
        for kind, score, (x, y, width, height) in found:
            if self.kind == "targets":
                roi = self.messages.Roi(type=kind, confidence=score)
                roi.rect.x_offset, roi.rect.y_offset, roi.rect.width, roi.rect.height = x, y, width, height
                message.targets.append(self.messages.Target(type="vehicle", track_id=track, rois=[roi]))
            else:
                best = self.messages.ObjectHypothesisWithPose()
                best.hypothesis.class_id, best.hypothesis.score = kind, score
                one = self.messages.Detection2D(results=[best], id=str(track))
                one.bbox.center.position.x, one.bbox.center.position.y = x + width / 2, y + height / 2
                one.bbox.size_x, one.bbox.size_y = float(width), float(height)
                message.detections.append(one)
        self.detections.publish(message)

    def answer_to(self, stamp: Stamp) -> Answer:
        self.cropper.client.wait_for(
            lambda: self.outputs.answer(stamp) is not None, f"an answer to {stamp}", self.cropper
        )
        return self.outputs.answer(stamp)

    def status(self) -> dict[str, str]:
        return self.cropper.next_status(2)

    def wait_for_count(self, name: str, count: int) -> None:
        """Wait until a counter has risen by at least so much since the matching."""
        wanted = int(self.before.get(name, "0")) + count
        self.cropper.wait_for_status(
            lambda status: int(status.get(name, "0")) >= wanted, f"{name} to be {wanted}"
        )


@pytest.fixture(params=PACKAGES)
def detector(
    request: pytest.FixtureRequest, client: Client, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Detector]:
    pytest.importorskip(
        f"{PACKAGES[request.param]}.msg", reason=f"{PACKAGES[request.param]} is not installed"
    )
    folder = tmp_path_factory.mktemp("detector")
    cropper = CropperProcess(client, folder, f"detections:={request.param}", *SETTINGS)
    try:
        yield Detector(cropper, request.param)
    finally:
        cropper.close()


def test_frames_and_detections_meet_by_stamp_and_the_rest_is_counted(detector: Detector) -> None:
    """One story, so that one start serves it all."""
    colour: Callable[[Answer], int] = lambda answer: int(answer.pictures()[0][0, 0, 0])  # noqa: E731

    # detections that come later find their own frame, not the latest
    stamps = [detector.next_stamp() for _ in range(3)]
    for stamp in stamps:
        detector.send_frame(stamp)
    detector.send_found(stamps[0], [PLATE], track=17)
    answer = detector.answer_to(stamps[0])
    ((place, _),) = answer.crops
    assert (place.x, place.y, place.width, place.height) == PLATE[2]
    assert (place.frame_id, place.track_id) == ("gate", 17)
    assert colour(answer) == stamps[0][1] % 256

    # a frame that comes after its detections finds them
    late = detector.next_stamp()
    detector.send_found(late, [PLATE])
    detector.send_frame(late)
    assert colour(detector.answer_to(late)) == late[1] % 256

    # a frame without a plate is named as empty
    detector.send_found(stamps[1], [])
    assert detector.answer_to(stamps[1]).crops == []

    # of other classes and low scores nothing is cropped
    detector.send_found(stamps[2], [("car", 0.9, (0, 0, 200, 200)), ("plate", 0.4, (0, 0, 96, 24))])
    assert detector.answer_to(stamps[2]).crops == []
    detector.wait_for_count("detections: other_class", 1)
    detector.wait_for_count("detections: low_score", 1)

    # a stamp that no frame has pairs with nothing, however near it is
    lonely = detector.next_stamp()
    detector.send_frame(lonely)
    detector.send_found((lonely[0], lonely[1] + 500_000), [PLATE])
    for _ in range(4):  # as many as are kept: they push the lonely ones out
        detector.send_frame(detector.next_stamp())
        detector.send_found(detector.next_stamp(), [PLATE])
    detector.wait_for_count("pairing: frame_alone", 1)
    detector.wait_for_count("pairing: detections_alone", 1)
    assert lonely not in detector.outputs.stamps()
    assert "does the detector see this camera's frames" in detector.cropper.wait_for_log("(frame_alone)")

    # a second answer to one frame, and a second frame of one stamp, are left out
    twice = detector.next_stamp()
    detector.send_frame(twice)
    detector.send_frame(twice)
    detector.send_found(twice, [PLATE])
    detector.answer_to(twice)
    detector.send_found(twice, [PLATE])
    detector.wait_for_count("pairing: frame_twice", 1)
    detector.wait_for_count("pairing: detections_twice", 1)
    assert len([one for one in detector.outputs.crops if one[0] == twice]) == 1

    # more frames than are kept push the oldest out, and its detections come too late
    many = [detector.next_stamp() for _ in range(6)]
    for stamp in many:
        detector.send_frame(stamp)
    detector.wait_for_count("frames", 4 + 1 + 4 + 2 + 6)
    detector.send_found(many[0], [PLATE])
    detector.send_found(many[5], [PLATE])
    detector.answer_to(many[5])
    assert many[0] not in detector.outputs.stamps()

    # impossible places do no harm
    odd = detector.next_stamp()
    detector.send_frame(odd)
    far = 2**32 - 1 if detector.kind == "targets" else 10**9
    detector.send_found(odd, [("plate", 0.9, (far, far, far, far)), ("plate", float("nan"), PLATE[2]), PLATE])
    assert [place.x for place, _ in detector.answer_to(odd).crops] == [PLATE[2][0]]
    detector.wait_for_count("detections: bad_numbers", 2)
    assert "Traceback" not in detector.cropper.log

    # a detector that cannot be heard is named, with what to set
    shy = getattr(detector.messages, detector.message_type)
    detector.cropper.publisher(shy, "detections", reliability=ReliabilityPolicy.BEST_EFFORT)
    assert "set the parameter detections_qos_profile" in detector.cropper.wait_for_log("best effort")
