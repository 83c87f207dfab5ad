"""The double of ``hbm_runtime``, with the faults that crops ask for.

LPR_TEST_MICROSECONDS makes each inference take that long, with the GIL held as the real library does.
A file named by LPR_TEST_HANGING appears when one begins to hang.
"""

import ctypes
import importlib.util
import os
import time
from pathlib import Path

import numpy as np
from board_model import fault_of

_DOUBLE = Path(__file__).resolve().parents[1] / "doubles" / "hbm_runtime.py"
_spec = importlib.util.spec_from_file_location("sound_hbm_runtime", _DOUBLE)
_sound = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_sound)

_LIBC = ctypes.PyDLL(None)  # PyDLL keeps the GIL
_MICROSECONDS = int(os.environ.get("LPR_TEST_MICROSECONDS", "0"))


class HB_HBMRuntime(_sound.HB_HBMRuntime):  # noqa: N801 - the library's own name
    def fault(self, array):
        return {"die": "infer", "stale": "wait"}.get(fault_of(array), "")

    def run(self, arrays):
        if _MICROSECONDS:
            _LIBC.usleep(_MICROSECONDS)
        ((_, named),) = arrays.items()
        ((_, array),) = named.items()
        fault = fault_of(array)
        if fault == "raise":
            raise RuntimeError("hbDNNInfer failed: -6000013")
        if fault == "type error":
            raise TypeError("an error that no manual names")
        if fault == "hang":
            if name := os.environ.get("LPR_TEST_HANGING"):
                Path(name).touch()
            time.sleep(3600)
        results = super().run(arrays)
        for outputs in results.values():
            for name, output in outputs.items():
                if fault in ("nan", "constant"):
                    outputs[name] = np.full_like(output, np.nan if fault == "nan" else 0.0)
                elif fault == "shape":
                    outputs[name] = output[:, :-1]
                elif fault == "false":
                    outputs[name] = False
        return results
