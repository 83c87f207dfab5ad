"""Reading without workers: each crop is read at once, in the calling thread."""

from __future__ import annotations

import threading

from lprnet_ros.flow.delivery import Deliver
from lprnet_ros.flow.job import CropJob, CropReader
from lprnet_ros.flow.pool import OpenReader, PoolStatus
from lprnet_ros.images.crop_image import CropImage
from lprnet_ros.reading.plate_reading import ReadingFailedError
from lprnet_ros.reading.recognizer import ReadingRules, ReadResult


class InlineReading:
    """Reads each crop in ``submit``; nothing waits, nothing is dropped, nothing can be replaced.

    Args:
        open_reader: opens the reader.
        rules: how crops are read.
        deliver: takes each crop with its result.

    Attributes:
        rules: the same; may be replaced at any time.

    Raises:
        Exception: what ``open_reader`` raised.
    """

    def __init__(
        self,
        open_reader: OpenReader[CropReader],
        rules: ReadingRules,
        deliver: Deliver[CropImage, ReadResult],
    ) -> None:
        self.rules = rules
        self._deliver = deliver
        self._lock = threading.Lock()  # crops come from the executor, and from where frames are searched
        self._reader: CropReader | None = open_reader(rules)

    def submit(self, job: CropJob) -> CropJob | None:
        """Read a crop and deliver the result; return None, or the crop itself where all is closed."""
        with self._lock:
            if self._reader is None:
                return job
            result: ReadResult
            try:
                (result,) = self._reader.read_batch([job.crop], self.rules)
            except Exception as error:  # noqa: BLE001 - a bug in reading must not end the node
                result = ReadingFailedError(repr(error))
            self._deliver(job, result)
        return None

    def status(self) -> PoolStatus:
        """Return that there are no workers."""
        return PoolStatus()

    def waiting(self) -> int:
        """Return 0: nothing waits."""
        return 0

    def wait_until_taken(self, camera: str, seconds: float) -> bool:
        """Return True: nothing waits."""
        del camera, seconds
        return True

    def stop_waiting(self) -> None:
        """Do nothing: nobody waits."""

    def discard(self, seconds: float) -> list[CropJob]:
        """Return no crops: none waits."""
        del seconds
        return []

    def close(self, seconds: float = 1.0) -> None:
        """Release the reader; one that still reads after so many seconds is left behind."""
        is_idle = self._lock.acquire(timeout=seconds)
        if self._reader is not None and is_idle:
            self._reader.close()
        self._reader = None
        if is_idle:
            self._lock.release()
