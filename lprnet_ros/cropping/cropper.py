"""From a frame and the places of its plates to crops that know where they belong."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from lprnet_ros.cropping.changes import ChangeMemory, thumbnail_of
from lprnet_ros.cropping.detection import Detection, most_certain
from lprnet_ros.cropping.rectify import rectify
from lprnet_ros.frames.place import MOST_CROPS, FrameMark, Place
from lprnet_ros.images.camera_frame import Frame, Picture


@dataclass(frozen=True)
class CropRule:
    """What is cropped, and how.

    Attributes:
        padding: room on each side of a plate, as a share of its width and height, 0..1.
        minimum_width: least width of a plate in pixels of the frame.
        minimum_height: least height of a plate in pixels of the frame.
        minimum_visible: least share of a plate's box that lies in the frame, 0..1.
        maximum_crops: crops of one frame, 1 to 64; those of the highest score are kept.
        change_threshold: grey levels by which a place must change to be read again; 0 reads all.
        refresh_period: seconds after which an unchanged place is read again.
    """

    padding: float = 0.02
    minimum_width: int = 32
    minimum_height: int = 8
    minimum_visible: float = 0.8
    maximum_crops: int = 8
    change_threshold: float = 16.0
    refresh_period: float = 0.5


@dataclass(frozen=True)
class Crop:
    """One crop.

    Attributes:
        place: where it lies.
        picture: BGR, uint8, height x width x 3.
    """

    place: Place
    picture: Picture


@dataclass(frozen=True)
class CroppedFrame:
    """What came of one frame.

    Attributes:
        mark: the frame; it tells how many crops there are.
        crops: possibly none.
    """

    mark: FrameMark
    crops: tuple[Crop, ...]


class Cropper:
    """Cuts plates out of the frames of one camera.

    Args:
        rule: what is cropped, and how.
        stream: 8 hexadecimal digits that no other running cropper has; None draws them.

    Attributes:
        counts: plates that were left out, by reason: ``too_small``, ``out_of_frame``,
            ``overlapping``, ``too_many``, ``unchanged``.
    """

    def __init__(self, rule: CropRule, stream: str | None = None) -> None:
        if not 1 <= rule.maximum_crops <= MOST_CROPS:
            raise ValueError(f"maximum_crops is {rule.maximum_crops}, expected 1 to {MOST_CROPS}")
        self._rule = rule
        self._stream = stream if stream is not None else secrets.token_hex(4)
        self._memory = ChangeMemory(rule.change_threshold, rule.refresh_period)
        self._next_number = 0
        self.counts: Counter[str] = Counter()

    def crop(self, frame: Frame, frame_id: str, detections: Sequence[Detection], now: float) -> CroppedFrame:
        """Cut the plates of one frame out.

        Args:
            frame: the picture.
            frame_id: the camera's own.
            detections: where plates are; their numbers are finite.
            now: seconds, of a clock that does not run backwards.

        Raises:
            Whatever the frame raises when it is converted; then nothing of the frame is counted.
        """
        width, height = frame.size
        self._memory.next_frame()
        changed: list[tuple[Detection, int]] = []
        still: list[int] = []
        for detection in self._usable(detections, width, height):
            thumbnail = thumbnail_of(frame.grey(*detection.box.pixels_in(width, height)))
            change = self._memory.judge(
                detection.box, thumbnail, now, rows=detection.rows, score=detection.score
            )
            if change.is_changed:
                changed.append((detection, change.place))
            else:
                self.counts["unchanged"] += 1
                still.append(change.place)
        mark = FrameMark(frame_id, width, height, self._stream, self._next_number, len(changed), tuple(still))
        self._next_number += 1
        crops = []
        for index, (detection, number) in enumerate(changed):
            roi = detection.box.pixels_in(width, height)
            place = Place(mark, index, *roi, detection.quad, detection.track_id, number)
            crops.append(Crop(place, rectify(frame, detection, self._rule.padding)))
        return CroppedFrame(mark, tuple(crops))

    def _usable(self, detections: Sequence[Detection], width: int, height: int) -> list[Detection]:
        """Return the plates that are large enough and in the frame."""
        usable = []
        for detection in detections:
            box = detection.box
            inside = box.clipped(width, height)
            if box.width < self._rule.minimum_width or box.height < self._rule.minimum_height:
                self.counts["too_small"] += 1
            elif inside.area < max(self._rule.minimum_visible * box.area, 1.0):
                self.counts["out_of_frame"] += 1
            else:
                usable.append(detection)
        return most_certain(usable, self._rule.maximum_crops, self.counts)
