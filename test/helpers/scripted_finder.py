"""A finder that finds what it is told, for tests of what comes after it."""

from lprnet_ros.finding.found_plate import FoundPlate
from lprnet_ros.images.geometry import rotated_box


def plate(x, y, width=100.0, *, angle=0.0, score=0.9, rows=1):
    """A plate by its centre; one row is 3.14:1, two are 2:1."""
    height = width * (140 / 440 if rows == 1 else 220 / 440)
    return FoundPlate(rotated_box((float(x), float(y)), width, height, angle), score, rows)


class ScriptedFinder:
    """Finds the plates of a list, one entry a call, the last again and again.

    Args:
        script: for each call the plates of the whole frame; those count whose centre lies in a searched part.

    Attributes:
        searched: the parts that were asked for, one entry a call.
    """

    def __init__(self, *script):
        self.script = list(script)
        self.searched = []

    def find(self, frame, within=()):
        frame.cut(0, 0, 1, 1)  # a broken picture is noticed
        found = self.script[min(len(self.searched), len(self.script) - 1)]
        self.searched.append(list(within))
        return sorted(
            (one for one in found if not within or any(_holds(box, one.quad) for box in within)),
            key=lambda one: -one.score,
        )


def _holds(box, quad):
    x, y = (sum(corner[axis] for corner in quad) / 4 for axis in (0, 1))
    return box.x <= x <= box.right and box.y <= y <= box.bottom
