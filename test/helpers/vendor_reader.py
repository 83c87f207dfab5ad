"""Reads calibration samples as the vendor describes them; shares no code with the package.

Source: D-Robotics rdk_doc, ptq_process.md.  "Preparing Calibration Data": one binary file a sample, in
type (input_type_train), size (input_shape) and layout (input_layout_train) of the float model's
input, read with numpy.fromfile; cal_data_type tells the type of its numbers.  "norm_type": what
stands there is done by the model itself, out = (x - mean) * scale.
"""

import array
import itertools

import yaml


def network_input(sample, config):
    """Return what the float network gets of a sample, as nested lists: channel, row, column.

    Args:
        sample: the file.
        config: the YAML's path.
    """
    groups = yaml.safe_load(config.read_text(encoding="utf-8"))
    source, calibration = groups["input_parameters"], groups["calibration_parameters"]
    assert calibration["preprocess_on"] is False
    assert source["input_layout_train"] == "NCHW"
    numbers = array.array({"float32": "f", "uint8": "B"}[calibration["cal_data_type"]])
    numbers.frombytes(sample.read_bytes())
    batch, channels, height, width = map(int, source["input_shape"].split("x"))
    assert batch == 1
    assert len(numbers) == channels * height * width
    planes = []
    for channel in range(channels):
        mean, scale = (
            of_channel(source.get(key, nothing), channel)
            for key, nothing in (("mean_value", 0), ("scale_value", 1))
        )
        if source["norm_type"] == "no_preprocess":
            mean, scale = 0.0, 1.0
        rows = iter(numbers[channel * height * width : (channel + 1) * height * width])
        planes.append([[(x - mean) * scale for x in itertools.islice(rows, width)] for _ in range(height)])
    return planes


def of_channel(value, channel):
    numbers = [float(number) for number in str(value).split()]
    return numbers[channel] if len(numbers) > 1 else numbers[0]
