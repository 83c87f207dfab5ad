"""The place of a crop in its frame, encoded in the crop's ``header.frame_id``.

``sensor_msgs/Image`` has no field for it, and a second topic could be paired
wrongly; therefore the crop itself carries it:

``camera_1#frame=1920x1080;stream=9f3c61d2;number=42;crops=3;still=;crop=1;roi=100,200,94,24;...``

In the camera's own frame_id each ``%`` and ``#`` is written as ``%25`` and ``%23``,
as in a URL (RFC 3986, 2.1).  The parser is strict: any text that ``to_frame_id``
cannot have written is an ordinary frame_id.  What the finder says of a plate is therefore
part of the number of its place: nodes that do not know of it read the same text.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from lprnet_ros.images.geometry import Box, Quad

MOST_CROPS = 64
"""Maximum number of crops, and of unchanged places, of one frame."""

_MOST_NUMBER = 2**53
_MOST_SERIAL = 2**32
_SCORES = 1001  # 0.000 to 1.000
_MOST_PIXELS = 2**31
_MOST_TRACK = 2**64
_WHOLE = "0|[1-9][0-9]{0,19}"
_DECIMAL = f"-?(?:{_WHOLE})\\.[0-9]{{2}}"
_FRAME = re.compile(
    f"(?P<frame_id>[^#]*)#frame=(?P<width>{_WHOLE})x(?P<height>{_WHOLE});stream=(?P<stream>[0-9a-f]{{8}})"
    f";number=(?P<number>{_WHOLE});crops=(?P<count>{_WHOLE});still=(?P<still>(?:(?:{_WHOLE})(?:,(?:{_WHOLE}))*)?)"
    "(?P<rest>;crop=.*)?",
    re.DOTALL,
)
_CROP = re.compile(
    f";crop=(?P<index>{_WHOLE});roi=(?P<x>{_WHOLE}),(?P<y>{_WHOLE}),(?P<w>{_WHOLE}),(?P<h>{_WHOLE})"
    f";quad=(?P<quad>(?:{_DECIMAL}(?:,{_DECIMAL}){{7}})?);track=(?P<track>{_WHOLE});place=(?P<place>{_WHOLE})"
)


@dataclass(frozen=True)
class FrameMark:
    """Which frame of a cropper this is, and what is published of it.

    Attributes:
        frame_id: the camera's own.
        width: of the frame in pixels.
        height: of the frame in pixels.
        stream: 8 hexadecimal digits, unique to a running cropper.
        number: of the frame; consecutive for the frames that the cropper has processed.
        count: number of crops published of the frame, 0 to 64.
        still: numbers of the places whose picture has not changed since it was
            published; their readings remain valid.

    Raises:
        ValueError: a value is out of its range; the message names it.
    """

    frame_id: str
    width: int
    height: int
    stream: str
    number: int
    count: int
    still: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not (1 <= self.width < _MOST_PIXELS and 1 <= self.height < _MOST_PIXELS):
            raise ValueError(f"a frame of {self.width} x {self.height} pixels")
        if re.fullmatch("[0-9a-f]{8}", self.stream) is None:
            raise ValueError(f"stream is {self.stream!r}, expected 8 hexadecimal digits")
        if not 0 <= self.number < _MOST_NUMBER:
            raise ValueError(f"number is {self.number}, expected 0 to {_MOST_NUMBER - 1}")
        if not 0 <= self.count <= MOST_CROPS or len(self.still) > MOST_CROPS:
            raise ValueError(f"{self.count} crops and {len(self.still)} places, expected up to {MOST_CROPS}")
        if not all(0 <= place < _MOST_NUMBER for place in self.still):
            raise ValueError(f"still is {self.still}, expected numbers from 0 to {_MOST_NUMBER - 1}")

    def to_frame_id(self) -> str:
        """Write the mark; ``parse_frame`` reads it."""
        own = self.frame_id.replace("%", "%25").replace("#", "%23")
        still = ",".join(map(str, self.still))
        return (
            f"{own}#frame={self.width}x{self.height};stream={self.stream};number={self.number}"
            f";crops={self.count};still={still}"
        )


@dataclass(frozen=True)
class Place:
    """A crop's place.

    Attributes:
        frame: the frame that it lies in.
        index: which of the frame's crops this is, from 0.
        x: left edge of the plate in the frame, in pixels.
        y: upper edge of the plate in the frame, in pixels.
        width: of the plate, in pixels.
        height: of the plate, in pixels.
        quad: the plate's corners in pixels of the frame, to a hundredth, or None if unknown.
        track_id: of the tracker; 0 is none.
        number: of the place; a place that does not move keeps its number, as long as the finder says the same
            of it (``number_of_place``).

    Raises:
        ValueError: a value is out of its range; the message names it.
    """

    frame: FrameMark
    index: int
    x: int
    y: int
    width: int
    height: int
    quad: Quad | None = None
    track_id: int = 0
    number: int = 0

    def __post_init__(self) -> None:
        """Check the ranges; round the corners to what is written."""
        if not 0 <= self.index < self.frame.count:
            raise ValueError(f"crop {self.index} of {self.frame.count}")
        inside = 0 <= self.x < self.x + self.width <= self.frame.width
        if not (inside and 0 <= self.y < self.y + self.height <= self.frame.height):
            raise ValueError(
                f"roi {self.x},{self.y},{self.width},{self.height} does not lie in a frame of "
                f"{self.frame.width} x {self.frame.height}"
            )
        if not (0 <= self.track_id < _MOST_TRACK and 0 <= self.number < _MOST_NUMBER):
            raise ValueError(f"track_id is {self.track_id} and number {self.number}")
        if self.quad is not None:
            values = [value for corner in self.quad for value in corner]
            if not all(math.isfinite(value) and abs(value) < _MOST_PIXELS for value in values):
                raise ValueError(f"quad is {self.quad}, expected finite pixels")
            # + 0.0: a value just below 0 must not become -0.00
            a, b, c, d = ((round(x, 2) + 0.0, round(y, 2) + 0.0) for x, y in self.quad)
            object.__setattr__(self, "quad", (a, b, c, d))

    @property
    def frame_id(self) -> str:
        """The camera's own frame_id."""
        return self.frame.frame_id

    @property
    def box(self) -> Box:
        """The plate's box in pixels of the frame."""
        return Box(self.x, self.y, self.width, self.height)

    @property
    def rows(self) -> int:
        """Rows of the plate's characters, 1 or 2; 0 is unknown."""
        said = self.number // _MOST_SERIAL
        return 1 + (said - 1) // _SCORES if 0 < said <= 2 * _SCORES else 0

    @property
    def score(self) -> float | None:
        """How surely the finder took it for a plate, 0..1 to a thousandth; None is unknown."""
        return (self.number // _MOST_SERIAL - 1) % _SCORES / (_SCORES - 1) if self.rows else None

    def to_frame_id(self) -> str:
        """Write the place; ``parse_frame_id`` reads it."""
        corners = self.quad if self.quad is not None else ()
        quad = ",".join(f"{value:.2f}" for corner in corners for value in corner)
        return (
            f"{self.frame.to_frame_id()};crop={self.index};roi={self.x},{self.y},{self.width},{self.height}"
            f";quad={quad};track={self.track_id};place={self.number}"
        )


def number_of_place(serial: int, rows: int, score: float) -> int:
    """Return the number of a place, with what the finder says of the plate that lies there.

    Args:
        serial: of the place, from 0; modulo 2**32.
        rows: of the plate's characters, 1 or 2; 0, unknown, leaves the number the serial.
        score: how surely it is a plate, 0..1; written to a thousandth.
    """
    if rows not in (0, 1, 2):
        raise ValueError(f"rows is {rows}, expected 1 or 2, or 0 where they are unknown")
    thousandths = round(min(max(score, 0.0), 1.0) * (_SCORES - 1))
    said = 1 + _SCORES * (rows - 1) + thousandths if rows else 0
    return serial % _MOST_SERIAL + _MOST_SERIAL * said


def parse_frame_id(text: str) -> Place | None:
    """Read a crop's place.

    Args:
        text: the crop's ``header.frame_id``.

    Returns:
        The place, or None if the text is an ordinary frame_id.
    """
    whole = _FRAME.fullmatch(text)
    crop = _CROP.fullmatch(whole["rest"] or "") if whole is not None else None
    if whole is None or crop is None:
        return None
    values = [float(value) for value in crop["quad"].split(",") if value]
    corners = [(values[i], values[i + 1]) for i in range(0, len(values), 2)]
    try:
        place = Place(
            frame=_frame_mark(whole),
            index=int(crop["index"]),
            x=int(crop["x"]),
            y=int(crop["y"]),
            width=int(crop["w"]),
            height=int(crop["h"]),
            quad=(corners[0], corners[1], corners[2], corners[3]) if corners else None,
            track_id=int(crop["track"]),
            number=int(crop["place"]),
        )
    except ValueError:
        return None
    return place if place.to_frame_id() == text else None


def parse_frame(text: str) -> FrameMark | None:
    """Read the mark of a frame without crops; None if the text is an ordinary frame_id."""
    whole = _FRAME.fullmatch(text)
    if whole is None or whole["rest"] is not None:
        return None
    try:
        mark = _frame_mark(whole)
    except ValueError:
        return None
    return mark if mark.to_frame_id() == text else None


def _frame_mark(match: re.Match[str]) -> FrameMark:
    return FrameMark(
        frame_id=match["frame_id"].replace("%23", "#").replace("%25", "%"),
        width=int(match["width"]),
        height=int(match["height"]),
        stream=match["stream"],
        number=int(match["number"]),
        count=int(match["count"]),
        still=tuple(int(place) for place in match["still"].split(",") if place),
    )
