"""What cv_bridge reads, where it is installed, and what it is not asked."""

from __future__ import annotations

import sys
from array import array
from types import ModuleType

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from fuzz.oracle import ENCODINGS, Message
from image_messages import MAX_PIXELS, random_message, reason_of

from lprnet_ros.images.conversion import BadImage, ImageRejectedError, image_to_bgr


def install_cv_bridge(monkeypatch: pytest.MonkeyPatch, answer: object) -> list[tuple[object, str]]:
    """Put a cv_bridge into place that raises or returns the answer; return the calls it gets."""
    calls: list[tuple[object, str]] = []

    class CvBridgeError(TypeError):
        pass

    class CvBridge:
        def imgmsg_to_cv2(self, message: object, desired_encoding: str = "passthrough") -> object:
            calls.append((message, desired_encoding))
            if isinstance(answer, str):
                raise CvBridgeError("[bayer_rggb8] is not a color format")
            if isinstance(answer, BaseException):
                raise answer
            return answer

    module = ModuleType("cv_bridge")
    module.CvBridge, module.CvBridgeError = CvBridge, CvBridgeError
    monkeypatch.setitem(sys.modules, "cv_bridge", module)
    return calls


@pytest.mark.parametrize("step", [0, 5])
def test_cv_bridge_is_not_asked_where_rows_have_less_than_a_byte_a_pixel(
    step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = install_cv_bridge(monkeypatch, TypeError("must not be called"))
    message = bayer_message()
    message.step = step
    assert reason_of(message) is BadImage.STEP
    assert calls == []


def test_cv_bridge_is_not_asked_where_data_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = install_cv_bridge(monkeypatch, TypeError("must not be called"))
    message = bayer_message()
    message.data = message.data[:-1]
    assert reason_of(message) is BadImage.SHORT
    assert calls == []


def test_what_cv_bridge_says_makes_a_short_line_of_log(monkeypatch: pytest.MonkeyPatch) -> None:
    install_cv_bridge(monkeypatch, ValueError("no\n" * 1000))
    with pytest.raises(ImageRejectedError) as caught:
        image_to_bgr(bayer_message(), max_pixels=MAX_PIXELS)
    assert len(str(caught.value)) < 260
    assert str(caught.value).isprintable()


def bayer_message() -> Message:
    return Message(4, 6, "bayer_rggb8", 0, 6, array("B", bytes(24)))


def test_cv_bridge_reads_the_encodings_that_are_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = np.full((4, 6, 3), 55, np.uint8)
    calls = install_cv_bridge(monkeypatch, picture)
    message = bayer_message()
    assert np.array_equal(image_to_bgr(message, max_pixels=MAX_PIXELS), picture)
    assert calls == [(message, "bgr8")]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_cv_bridge_is_not_asked_for_our_own_encodings(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = install_cv_bridge(monkeypatch, TypeError("must not be called"))
    image_to_bgr(random_message(encoding), max_pixels=MAX_PIXELS)
    assert calls == []


@pytest.mark.parametrize(
    "failure",
    [
        "CvBridgeError",
        TypeError("buffer is too small for requested array"),
        ValueError("cannot reshape"),
        AttributeError("'numpy.ndarray' object has no attribute 'newbyteorder'"),
        KeyError("bayer"),
        cv2.error("bad conversion"),
        ImportError("numpy.core.multiarray failed to import"),
        RuntimeError("module compiled against another numpy"),
    ],
    ids=lambda failure: failure if isinstance(failure, str) else type(failure).__name__,
)
def test_whatever_cv_bridge_raises_is_a_refusal(failure: object, monkeypatch: pytest.MonkeyPatch) -> None:
    install_cv_bridge(monkeypatch, failure)
    assert reason_of(bayer_message()) is BadImage.ENCODING


@pytest.mark.parametrize(
    "answer",
    [
        None,
        np.zeros((4, 6), np.uint8),
        np.zeros((4, 6, 4), np.uint8),
        np.zeros((4, 5, 3), np.uint8),
        np.zeros((4, 6, 3), np.uint16),
    ],
    ids=["none", "grey", "bgra", "narrower", "16_bit"],
)
def test_no_bgr_image_from_cv_bridge_is_a_refusal(answer: object, monkeypatch: pytest.MonkeyPatch) -> None:
    install_cv_bridge(monkeypatch, answer)
    assert reason_of(bayer_message()) is BadImage.ENCODING
