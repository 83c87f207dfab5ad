"""The double of ``hbm_runtime`` with a network that finds plates, and one that reads.

For PYTHONPATH of a process that shall pass for one on a board; ``frame_board`` writes the models.  The
finder finds what is pasted on plain grey, the reader reads the plate of its self-test everywhere.  The
finder takes 0.7 ms and the reader 0.1 ms, both with Python's lock held, as estimated for the board's BPU.
"""

import functools
import importlib.util
import os
import time
from pathlib import Path

import cv2
import numpy as np
from finder_cells import encode
from frame_board import FAULT_PIXEL, FAULTS, GREY, SIZE, STRIDE, known_logits

from lprnet_ros.finding.found_plate import FoundPlate
from lprnet_ros.images.geometry import Box, quad_of_box

_PATH = Path(__file__).resolve().parents[1] / "doubles" / "hbm_runtime.py"
_spec = importlib.util.spec_from_file_location("sound_hbm_runtime", _PATH)
_sound = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_sound)
_wait, _sound.wait_for_the_bpu = _sound.wait_for_the_bpu, lambda microseconds: None


@functools.lru_cache(maxsize=256)  # a camera's stand-in shows the same frames again and again
def _encoded(plates):
    return encode(list(plates), *SIZE)


class HB_HBMRuntime(_sound.HB_HBMRuntime):  # noqa: N801 - the library's own name
    def __init__(self, path):
        self._runs = 0
        self._finds = Path(path).read_bytes().startswith(b"finder")
        if self._finds:
            width, height = SIZE
            self.input_shape, self.input_type = (1, 3, height, width), "NV12"
            self.output_shape = (1, 11, height // STRIDE, width // STRIDE)
        else:
            self._logits = known_logits()
        super().__init__(path)

    def _numbers(self, array):
        begun = time.perf_counter()
        numbers = self._found(array) if self._finds else self._logits.reshape(self.output_shape)
        self._runs += 1
        numbers = numbers + self._runs * 1e-6  # no two pictures have quite the same answer from a network
        used = (time.perf_counter() - begun) * 1e6
        _wait(max(0, int((700 if self._finds else 100) - used)))
        return numbers

    def _found(self, planes):
        luma = planes[: SIZE[1], : SIZE[0]]
        fault = FAULTS.get(int(np.rint(luma[FAULT_PIXEL] / 10.0)) * 10, "")
        if fault == "hang":
            time.sleep(1e6)
        if fault == "die":
            os.abort()
        if fault == "raise":
            raise RuntimeError("the BPU refuses the frame")
        shown = luma[: np.count_nonzero(luma[:, -1] != 128)]  # below it lies no picture
        mask = cv2.inRange(shown, GREY - 12, GREY + 12)
        mask[: FAULT_PIXEL[0] + 3, : FAULT_PIXEL[1] + 3] = 255
        columns = np.flatnonzero(np.diff(np.r_[0, cv2.reduce(mask, 0, cv2.REDUCE_MIN)[0] == 0, 0]))
        plates = []
        for left, right in columns.reshape(-1, 2).tolist():
            rows = np.flatnonzero(cv2.reduce(mask[:, left:right], 1, cv2.REDUCE_MIN)[:, 0] == 0)
            box = Box(left, int(rows[0]), right - left, int(rows[-1] - rows[0]) + 1)
            plates.append(FoundPlate(quad_of_box(box), 0.9))
        cells = _encoded(tuple(plates)).copy()
        if fault == "nan":
            cells[0, 0, 0, 0] = np.nan
        return cells
