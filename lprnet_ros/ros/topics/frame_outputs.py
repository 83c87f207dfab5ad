"""Puts readings back on the frames that their crops were cut from, and publishes them by frame."""

from __future__ import annotations

import importlib.util
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from rclpy.lifecycle import LifecycleNode
from std_msgs.msg import Header

from lprnet_ros.flow.job import CropJob
from lprnet_ros.frames.frame_cache import Stamp
from lprnet_ros.frames.frame_results import FrameResult, FrameResults
from lprnet_ros.frames.place import FrameMark, Place, parse_frame
from lprnet_ros.reading.plate_reading import PlateReading, Timings
from lprnet_ros.ros.messages.detection_array import DetectionArrayPublisher
from lprnet_ros.ros.messages.targets import TargetsPublisher

KINDS = ("targets", "detections")

_NO_STREAM = "00000000"
_PACKAGES = {"targets": "ai_msgs", "detections": "vision_msgs"}


def kinds_of(setting: str) -> list[str]:
    """Return the kinds that the parameter ``outputs`` stands for.

    Args:
        setting: ``none``, kinds separated by commas, or ``auto``: those whose messages are installed.
    """
    if setting == "auto":
        return [kind for kind in KINDS if importlib.util.find_spec(_PACKAGES[kind]) is not None]
    return [] if setting == "none" else setting.split(",")


class FrameOutputs:
    """Publishes one message a frame: its plates, or none.

    A crop with a place waits for the other crops of its frame.  A crop without one
    is a frame of its own, filled by its plate.  Without a subscriber nothing is gathered.
    Every method may be called from any thread.

    Args:
        node: the node whose private names are used.
        kinds: any of ``targets`` and ``detections``.
        model_name: begins the names of the durations in targets.
        timeout_seconds: how long a frame waits for its crops.
        clock: seconds, of a clock that does not run backwards.

    Raises:
        MissingMessagesError: the package of a kind's messages is not installed.
        ValueError: there is no such kind.
    """

    def __init__(
        self,
        node: LifecycleNode,
        kinds: Sequence[str],
        *,
        model_name: str,
        timeout_seconds: float = 0.5,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        for kind in kinds:
            if kind not in KINDS:
                raise ValueError(f"output {kind!r} is unknown, expected one of {', '.join(KINDS)}")
        self._clock = clock
        self._lock = threading.RLock()  # readings come from the workers, empty frames from the executor
        self._results = FrameResults(timeout_seconds)
        self._publishers: list[TargetsPublisher | DetectionArrayPublisher] = []
        if "targets" in kinds:
            self._publishers.append(TargetsPublisher(node, model_name, clock))
        if "detections" in kinds:
            self._publishers.append(DetectionArrayPublisher(node))
        self.look_for_listeners()

    @property
    def counts(self) -> Counter[str]:
        """What did not go as it should, by reason; see ``FrameResults``."""
        return self._results.counts

    def add(self, job: CropJob, reading: PlateReading | None) -> None:
        """Take in what became of one crop.

        Args:
            job: the crop.
            reading: what was read, or None where the crop could not be read or was dropped.
        """
        if not self.is_heard:
            return
        source, place = job.source, job.source.place
        stamp = (source.seconds, source.nanoseconds)
        if place is not None:
            with self._lock:
                self._publish(self._results.add(place, stamp, reading, self._clock()))
            return
        width = height = 1
        if reading is not None:  # the crop is all there is of its frame
            height, width = job.crop.to_bgr().shape[:2]
        mark = FrameMark(source.frame_id, width, height, _NO_STREAM, 0, 1)
        whole = Place(mark, 0, 0, 0, width, height)
        plates = ((whole, reading),) if reading is not None and reading.accepted else ()
        timings = reading.timings if reading is not None else Timings()
        self._publish([FrameResult(stamp, mark, plates, timings, is_complete=True)])

    def empty(self, header: Header) -> None:
        """Take in a frame without a crop.

        Args:
            header: as a cropper publishes it on ``~/empty_frames``, or the plain header of a frame.
        """
        stamp = (header.stamp.sec, header.stamp.nanosec)
        mark = parse_frame(header.frame_id)
        if mark is not None:
            self.add_empty(mark, stamp)
        elif self.is_heard:
            plain = FrameMark(header.frame_id, 1, 1, _NO_STREAM, 0, 0)
            self._publish([FrameResult(stamp, plain, (), Timings(), is_complete=True)])

    def add_empty(self, mark: FrameMark, stamp: Stamp) -> None:
        """Take in a frame of which the mark says that it has no crop."""
        if self.is_heard:
            with self._lock:
                self._publish(self._results.add_empty(mark, stamp, self._clock()))

    def advance(self, now: float | None = None) -> None:
        """Publish the frames that have waited long enough; call it every tenth of a second or so.

        Args:
            now: the clock's time; None asks it.
        """
        with self._lock:
            self._publish(self._results.advance(self._clock() if now is None else now))

    def destroy(self) -> None:
        """Remove the publishers from the node."""
        for publisher in self._publishers:
            publisher.destroy()
        self._publishers = []

    def look_for_listeners(self) -> None:
        """See whether somebody subscribes."""
        self.is_heard = any(publisher.is_heard() for publisher in self._publishers)

    def _publish(self, results: Iterable[FrameResult]) -> None:
        with self._lock:
            for result in results:
                header = Header(frame_id=result.mark.frame_id)
                header.stamp.sec, header.stamp.nanosec = result.stamp
                for publisher in self._publishers:
                    if publisher.is_heard():
                        publisher.publish(result, header)
