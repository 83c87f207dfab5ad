"""The self-test that a finder must pass before it is used."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from lprnet_ros.finding.found_plate import FoundPlate
from lprnet_ros.images.camera_frame import Picture
from lprnet_ros.images.geometry import Quad, plate_width
from lprnet_ros.models.manifest import FinderManifest
from lprnet_ros.runtimes.self_test_input import SelfTestError, check_blue_pixel, read_self_test_picture


def run_finder_self_test(manifest: FinderManifest, find: Callable[[Picture], list[FoundPlate]]) -> None:
    """Let a finder search its self-test picture and compare the answer with its manifest.

    Args:
        manifest: of the finder.
        find: finds the plates of a picture, BGR.

    Raises:
        ManifestError: the picture is missing or broken.
        SelfTestError: the input or the answer is wrong.
        InferenceError, CellsError: as of ``find``.
    """
    check_blue_pixel(manifest)
    test = manifest.self_test
    if test.image is None:
        return
    found, name = find(read_self_test_picture(test.image)), manifest.path.name
    if len(found) != len(test.quads):
        raise SelfTestError(
            f"{name} found {len(found)} plates in {test.image.name} instead of {len(test.quads)}; the model "
            "file, its channel order, mean or scale is not what its manifest says"
        )
    for quad in test.quads:
        error = min(_worst_corner(plate.quad, quad) for plate in found)
        if not error <= test.tolerance:
            raise SelfTestError(
                f"{name} found the plate at {', '.join(f'({x:.0f}, {y:.0f})' for x, y in quad)} of "
                f"{test.image.name} with corners that are off by {error:.3f} of its width, at most "
                f"{test.tolerance}; the model file, channel_order, mean or scale is wrong"
            )


def _worst_corner(found: Sequence[tuple[float, float]], wanted: Quad) -> float:
    """Return the largest distance of a corner from its place, as a share of the plate's mean width."""
    farthest = max(math.dist(a, b) for a, b in zip(found, wanted, strict=True))
    return farthest / max(plate_width(wanted), 1e-9)
