"""What becomes of each crop's result: counted, published, given to its vehicle, or logged."""

from __future__ import annotations

import threading

from std_msgs.msg import Header

from lprnet_ros.flow.job import Job, ReadingFailedError, ReadResult
from lprnet_ros.images.crop_image import ImageRejectedError
from lprnet_ros.reading.plate_reading import PlateReading
from lprnet_ros.ros.reports.crop_report import CropReport
from lprnet_ros.ros.topics.frame_outputs import FrameOutputs
from lprnet_ros.ros.topics.reading_publisher import ReadingPublisher, header_of
from lprnet_ros.ros.topics.vehicle_publisher import VehiclePublisher


class Results:
    """Takes the results in the order of their cameras, from one thread at a time.

    Args:
        outputs: publishes readings.
        vehicles: gathers them by vehicle; None gathers nothing.
        frames: puts them back on their frames; None does not.
        report: counts and logs what becomes of crops.
    """

    def __init__(
        self,
        outputs: ReadingPublisher,
        vehicles: VehiclePublisher | None,
        frames: FrameOutputs | None,
        report: CropReport,
    ) -> None:
        self._outputs = outputs
        self._vehicles = vehicles
        self._frames = frames
        self._frames_lock = threading.Lock()  # readings come from the workers, empty frames from the executor
        self._are_frames_heard = False
        self._report = report
        self._is_closed = False

    def deliver(self, job: Job, result: ReadResult) -> None:
        """Publish a reading, or count and log why there is none."""
        if self._is_closed:
            return
        source = job.source
        self._add_to_frame(job, result if isinstance(result, PlateReading) else None)
        if isinstance(result, ImageRejectedError):
            self._report.bad_image(source.topic, result)
        elif isinstance(result, ReadingFailedError):
            self._report.failure(source.topic, result)
        else:
            self._outputs.publish(result, job)
            if self._vehicles is not None:
                self._vehicles.add(result, source)
            self._report.reading(result, source)

    def drop(self, job: Job) -> None:
        """Count a crop that is not read because newer ones came."""
        self._report.drop(job.source.topic)
        self._add_to_frame(job, None)

    def on_empty_frame(self, header: Header) -> None:
        """Take in a frame in which there is no crop."""
        if self._frames is not None:
            with self._frames_lock:
                self._frames.empty(header)

    def advance(self) -> None:
        """Publish the frames that have waited long enough for their crops."""
        if self._frames is not None:
            with self._frames_lock:
                self._frames.advance()

    def look_for_listeners(self) -> None:
        """See which topics somebody listens to; what nobody does is not made."""
        self._outputs.look_for_listeners()
        if self._vehicles is not None:
            self._vehicles.look_for_listeners()
        if self._frames is not None:
            self._are_frames_heard = self._frames.is_heard()

    def flush(self) -> None:
        """Publish the vehicles that are still gathered."""
        if self._vehicles is not None:
            self._vehicles.flush()

    def destroy(self) -> None:
        """Publish nothing more, and remove the publishers from the node."""
        self._is_closed = True
        self._outputs.destroy()
        if self._vehicles is not None:
            self._vehicles.destroy()
        if self._frames is not None:
            self._frames.destroy()

    def _add_to_frame(self, job: Job, reading: PlateReading | None) -> None:
        if self._frames is not None and self._are_frames_heard:
            width = height = 1
            if job.source.place is None and reading is not None:  # the crop is all there is of its frame
                height, width = job.crop.to_bgr().shape[:2]
            with self._frames_lock:
                self._frames.add(job.source.place, header_of(job.source), reading, size=(width, height))
