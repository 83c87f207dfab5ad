"""A model that takes NV12 is fed by ``hbm`` with rows as wide as the board aligns them."""

import dataclasses
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from lprnet_ros.models.tensor_spec import TensorSpec
from lprnet_ros.reading.preprocess import preprocess
from lprnet_ros.runtimes import InferenceError, open_runtime

MODEL = "lprnet_x5_camera"


@pytest.fixture
def fed(monkeypatch):
    """What the library's ``run`` was given; it answers with zeros, and says that its input is NV12."""
    arrays = []

    class HB_HBMRuntime:  # noqa: N801 - the library's own name
        def __init__(self, path):
            self.model_names = [MODEL]
            self.input_names, self.output_names = {MODEL: ["image"]}, {MODEL: ["logits"]}
            self.input_shapes = {MODEL: {"image": [1, 3, 24, 94]}}
            self.input_dtypes = {MODEL: {"image": SimpleNamespace(name="NV12")}}
            self.output_shapes = {MODEL: {"logits": [1, 68, 1, 18]}}
            self.output_dtypes = {MODEL: {"logits": SimpleNamespace(name="F32")}}

        def run(self, inputs, *_, **__):
            if not isinstance(inputs, np.ndarray):
                inputs = inputs.get(MODEL, inputs)["image"]
            arrays.append(inputs)
            ramp = np.arange(68 * 18, dtype=np.float32) + len(arrays)
            return {MODEL: {"logits": ramp.reshape(1, 68, 1, 18)}}

    module = ModuleType("hbm_runtime")
    module.HB_HBMRuntime = HB_HBMRuntime
    monkeypatch.setitem(sys.modules, "hbm_runtime", module)
    return arrays


def test_rows_of_96_bytes_go_in_as_they_are(fed, bin_manifest):
    spec = TensorSpec.picture("rgb", 0, 1, dtype="nv12")
    runtime = open_runtime("hbm", dataclasses.replace(bin_manifest, input=spec))
    rows = preprocess(np.full((24, 94, 3), 77, np.uint8), spec)
    assert runtime.infer(rows).shape == (1, 68, 18)
    assert (fed[0].shape, fed[0].dtype) == ((36, 96), np.uint8)
    assert np.array_equal(fed[0], rows)
    runtime.close()


def test_a_manifest_that_says_floats_does_not_go_with_it(fed, bin_manifest):
    with pytest.raises(InferenceError, match="has an input of type nv12, its manifest says float32"):
        open_runtime("hbm", bin_manifest)
