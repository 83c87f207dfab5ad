"""The ground of a plate: what its colour allows the text to be.

A green plate has eight characters, a blue one seven.  So a text of seven on a green ground has lost
one, whoever cut or covered it.  In a picture without colours, of a mono or an infrared camera, the spacing
tells: on a green plate the characters stand closer, and the gap after the second one is wider.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.images.single_pixel import widen_single_pixel
from lprnet_ros.plates.syntax import PlateSyntax
from lprnet_ros.reading.plate_reading import PlateReading

Image = npt.NDArray[np.uint8]

_SIZE = (48, 12)  # the colour is measured at this size, in the middle of the crop
_MIDDLE = (slice(2, 10), slice(4, 44))
_UPPER, _LOWER = slice(0, 3), slice(5, 8)  # rows of the middle

# Hues in degrees of CIELAB's a and b plane, and the least distance from grey there.  A green plate is
# white above and green below, which shows in coloured light too.  Of 4,338 real plates with seven
# characters 0.2 % pass for green, of 943 green ones 98 %.
_GREEN_HUES, _GREEN_CHROMA, _GREEN_POLARITY = (112.0, 197.0), 8.0, 0.42
_DOUBTFUL_POLARITY = 0.3
_RAMP, _RAMP_POLARITY = -9.0, 0.55  # by how much the lower part is greener than the upper one
_CLEARLY_BLUE = 30.0  # above green and red: 74 % of 5,006 real plates of seven characters, of 1,058 green 0
_BLUE_HUES, _BLUE_CHROMA, _BLUE_POLARITY = (225.0, 330.0), 25.0, 0.4


_WIDE_GAP = 1.43
"""Gap after the second character, in steps between the others: 1.39 by GA 36 with seven characters, 1.81
with eight.  Of grey copies 1 % of the former lie above, and 90 % of green ones that are cut."""


class Ground(enum.Enum):
    """What the crop shows of the ground beyond doubt."""

    GREEN = "green"
    BLUE = "blue"
    PERHAPS_GREEN = "perhaps green"
    """Dark characters without a colour, or a green one whose characters are hardly darker."""


_NEVER = {  # grounds that plates of a kind never have, by syntax and kind
    ("GA 36-2018", "standard"): Ground.GREEN,
    ("GA 36-2018", "new_energy_small"): Ground.BLUE,
    ("GA 36-2018", "new_energy_large"): Ground.BLUE,
}


def ground_of(image: Image) -> Ground | None:
    """Measure the colour of a plate's ground; about 12 us.

    Args:
        image: BGR, uint8, height x width x 3, the crop of a plate.

    Returns:
        Green for dark characters on green, blue for light ones on blue; None for what may be anything.
    """
    return _ground_of(_middle_of(image))


def _middle_of(image: Image) -> Image:
    small = cv2.resize(widen_single_pixel(image), _SIZE, interpolation=cv2.INTER_NEAREST)
    return np.asarray(small[_MIDDLE], np.uint8)


def _ground_of(middle: Image) -> Ground | None:
    lab = np.asarray(cv2.cvtColor(middle, cv2.COLOR_BGR2LAB), np.uint8)
    _, green_red, blue_yellow, _ = cv2.mean(lab)
    a, b = green_red - 128.0, blue_yellow - 128.0
    hue, chroma = math.degrees(math.atan2(b, a)) % 360.0, math.hypot(a, b)
    polarity = _polarity(lab[:, :, 0])
    if _GREEN_HUES[0] < hue < _GREEN_HUES[1] and chroma > _GREEN_CHROMA and polarity > _DOUBTFUL_POLARITY:
        return Ground.GREEN if polarity > _GREEN_POLARITY else Ground.PERHAPS_GREEN
    if cv2.mean(lab[_LOWER])[1] - cv2.mean(lab[_UPPER])[1] < _RAMP and polarity > _RAMP_POLARITY:
        return Ground.GREEN
    if _BLUE_HUES[0] < hue < _BLUE_HUES[1] and chroma > _BLUE_CHROMA and polarity < _BLUE_POLARITY:
        return Ground.BLUE
    is_dark_on_grey = chroma < _GREEN_CHROMA and polarity > _GREEN_POLARITY
    return Ground.PERHAPS_GREEN if is_dark_on_grey else None


def fits_ground(
    image: Image,
    reading: PlateReading,
    syntax: PlateSyntax,
    places: Callable[[], Sequence[float]] = list,
) -> bool:
    """Tell whether a plate with the ground that a crop shows may bear the text that was read.

    Args:
        image: BGR, uint8, height x width x 3, the crop of a plate.
        reading: what was read there.
        syntax: which texts are plate numbers.
        places: gives the time step of each character; called where the colour leaves it open.
    """
    never = _NEVER.get((syntax.name, syntax.kind(reading.text) or ""))
    if never is None:
        return True
    middle = _middle_of(image)
    if never is Ground.GREEN:  # most plates are blue: a quick look spares most of the measuring
        blue, green, red, _ = cv2.mean(middle)
        if blue - max(green, red) > _CLEARLY_BLUE:
            return True
    ground = _ground_of(middle)
    if ground is Ground.PERHAPS_GREEN and never is Ground.GREEN:
        return not _has_wide_gap(places())
    return ground is not never


def _has_wide_gap(places: Sequence[float]) -> bool:
    """Tell whether the gap after the second character is as wide as on plates with eight."""
    return len(places) == 7 and places[2] - places[1] > _WIDE_GAP * (places[6] - places[2]) / 4


def _polarity(lightness: Image) -> float:
    """Tell how light the ground, the median, lies between the darkest and the lightest: 0..1."""
    ordered = np.sort(lightness, axis=None)
    dark, middle, light = (float(ordered[int(len(ordered) * share)]) for share in (0.05, 0.5, 0.95))
    return (middle - dark) / (light - dark) if light > dark else 0.5
