"""The double of ``hbm_runtime`` with a network that finds blue rectangles, as ``board_finder`` draws them.

For PYTHONPATH of a process that shall pass for one on a board.  LPR_TEST_MICROSECONDS makes each inference
take that long, with the GIL held as the real library does.
"""

import ctypes
import importlib.util
import os
from pathlib import Path

import cv2
import numpy as np
from finder_cells import HEIGHT, STRIDE, WIDTH, encode

from lprnet_ros.finding.found_plate import FoundPlate
from lprnet_ros.images.geometry import upright_quad

_DOUBLE = Path(__file__).resolve().parents[1] / "doubles" / "hbm_runtime.py"
_spec = importlib.util.spec_from_file_location("sound_hbm_runtime", _DOUBLE)
_sound = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_sound)

_LIBC = ctypes.PyDLL(None)  # PyDLL keeps the GIL
_MICROSECONDS = int(os.environ.get("LPR_TEST_MICROSECONDS", "0"))
_LEAST_AREA = 20
_LEAST_ASPECT_OF_ONE_ROW = 2.5


class HB_HBMRuntime(_sound.HB_HBMRuntime):  # noqa: N801 - the library's own name
    input_shape = (1, 3, HEIGHT, WIDTH)
    output_shape = (1, 11, HEIGHT // STRIDE, WIDTH // STRIDE)

    def _numbers(self, array):
        _LIBC.usleep(_MICROSECONDS)
        red, green, blue = array[0]
        outlines, _ = cv2.findContours(
            ((blue > 0.4) & (red < -0.2) & (green < -0.2)).astype(np.uint8),
            cv2.RETR_EXTERNAL,
            cv2.CHAIN_APPROX_NONE,
        )
        plates = []
        for outline in outlines:
            (x, y), (width, height), angle = cv2.minAreaRect(outline)
            # outlines go through the middle of the outermost pixels
            points = cv2.boxPoints(((x + 0.5, y + 0.5), (width + 1, height + 1), angle))
            quad = upright_quad([(float(x), float(y)) for x, y in points])
            if quad is not None and width * height >= _LEAST_AREA:
                aspect = max(width, height) / min(width, height)
                plates.append(FoundPlate(quad, 0.9, 1 if aspect > _LEAST_ASPECT_OF_ONE_ROW else 2))
        cells = encode(plates)
        cells[0, 1, 0, 0] = array.mean()  # a network's answers to two pictures are never the same
        return cells
