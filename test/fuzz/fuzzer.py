"""Makes hostile messages one by one, sends them through the conversion, and says what must not be."""

from __future__ import annotations

import time
from collections import Counter
from random import Random

from fuzz.messages import KINDS, MessageMaker, serialised
from fuzz.mutations import change_bytes, change_field
from fuzz.trial import compare, convert
from lprnet_ros.images.crop_image import BadImage, BgrImage, ImageRejectedError

LONGEST_MS = 250.0
"""CPU time that no message may take; the slowest of a million take a few milliseconds."""

_GOOD_SHARE = 0.1
_BIG_ENDIAN_SHARE = 0.1


class Fuzzer:
    """Makes, converts and checks messages; each depends on the seed and its number alone.

    Args:
        seed: of all messages.
        max_pixels: greatest width x height that is accepted.
        pictures: share of messages that hold a JPEG or PNG.
        compared: share of messages that are held against rclpy and the oracle.

    Attributes:
        counts: of messages, by what became of them.
        slowest: CPU milliseconds and number of the message that took longest.
    """

    def __init__(
        self, *, seed: int = 0, max_pixels: int = 10_000, pictures: float = 0.03, compared: float = 0.01
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.slowest = (0.0, -1)
        self._seed, self._max_pixels = seed, max_pixels
        self._pictures, self._compared = pictures, compared
        self._maker = MessageMaker(seed)
        self._random = Random()

    def message(self, number: int) -> tuple[str, bytes, bool]:
        """Make a message.

        Args:
            number: which one, from 0.

        Returns:
            Its kind, its bytes, and whether it is good and has to be read.
        """
        random = self._random
        random.seed(self._seed << 40 | number)
        is_picture = random.random() < self._pictures
        kind = KINDS[1] if is_picture and random.random() < 0.7 else KINDS[0]
        make = self._maker.picture if is_picture else self._maker.raw
        big_endian = random.random() < _BIG_ENDIAN_SHARE
        message, other, way = make(random), make(random), random.random()
        if way < _GOOD_SHARE:
            return kind, serialised(message, kind, big_endian=big_endian), True
        if way < 0.5:
            for _ in range(random.choice((1, 1, 1, 2, 3))):
                message = change_field(random, message)
            return kind, serialised(message, kind, big_endian=big_endian), False
        if is_picture and way < 0.9:
            message.data = change_bytes(random, bytes(message.data), bytes(other.data))
            return kind, serialised(message, kind, big_endian=big_endian), False
        content = serialised(message, kind, big_endian=big_endian)
        return kind, change_bytes(random, content, serialised(other, kind)), False

    def run(self, number: int) -> None:
        """Send a message through the conversion and count what became of it.

        Raises:
            AssertionError: that is wrong, or took too long.
            Exception: the conversion raised it, and may not.
        """
        kind, content, is_good = self.message(number)
        is_compared = self._random.random() < self._compared
        image: BgrImage | None = None
        reason: BadImage | None = None
        started = time.thread_time_ns()
        try:
            image = convert(kind, content, max_pixels=self._max_pixels)
        except ImageRejectedError as error:
            reason = error.reason
        milliseconds = (time.thread_time_ns() - started) * 1e-6
        self.counts["messages"] += 1
        self.counts["accepted" if reason is None else reason.value] += 1
        self.counts["good"] += is_good
        self.counts["compared"] += is_compared
        if milliseconds > self.slowest[0]:
            self.slowest = (milliseconds, number)
        if milliseconds > LONGEST_MS:
            raise AssertionError(f"it took {milliseconds:.0f} ms of CPU")
        if image is not None and (image.ndim != 3 or image.shape[0] * image.shape[1] > self._max_pixels):
            raise AssertionError(f"accepted an image of {image.shape}")
        if is_good and reason is not None:
            raise AssertionError(f"nothing is wrong with it, but it was refused as {reason.value}")
        if is_compared:
            compare(kind, content, image, reason, max_pixels=self._max_pixels)
