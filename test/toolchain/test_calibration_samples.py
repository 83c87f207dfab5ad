"""The samples byte by byte, with a reader of their own that follows the vendor's description."""

import dataclasses
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from hb_mapper_values import CAMERA, CONFIGS, MANIFEST, VALID, changed
from hypothesis import given
from hypothesis import strategies as st
from vendor_reader import network_input

from lprnet_ros.sources.labelled import LabelledCrop, LabelledDataError
from lprnet_ros.toolchain.calibration_samples import (
    CalibrationSetError,
    index_path,
    make_sample,
    verify_set,
    write_set,
)
from lprnet_ros.toolchain.compiler_yaml import HbMapperError, load_config, parse_config

FLOATS, PICTURES = parse_config(VALID), parse_config(CAMERA)
BACKGROUND = Path(__file__).resolve().parents[2].parent / "shared" / "background"
BOARD_TENSOR = BACKGROUND / "test_tensor_f32_1x3x24x94.bin"
SIZE = 3 * 24 * 94


def write_crops(folder, count=3, size=(94, 24)):
    """Crops of noise as PNG files, which lose nothing."""
    folder.mkdir(exist_ok=True)
    crops = []
    for number in range(count):
        noise = np.random.default_rng(number).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        path = folder / f"京A0000{number}.png"
        path.write_bytes(cv2.imencode(".png", noise)[1].tobytes())
        crops.append(LabelledCrop(path, path.stem))
    return crops


def write_yaml(folder, values):
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return path


def expected_input(picture):
    """What the network shall get of a picture in BGR: RGB planes of (x - 127.5) / 127.5."""
    return [[[(float(pixel[2 - c]) - 127.5) / 127.5 for pixel in row] for row in picture] for c in range(3)]


@pytest.mark.parametrize(
    ("changes", "base", "size"),
    [
        ({}, VALID, 4 * SIZE),
        ({}, CAMERA, 4 * SIZE),
        ({"cal_data_type": "uint8"}, CAMERA, SIZE),
        ({"mean_value": 127.5, "scale_value": 0.0078431373}, CAMERA, 4 * SIZE),
        (
            {"norm_type": "data_mean_and_scale", "mean_value": 127.5, "scale_value": 1 / 127.5},
            VALID,
            4 * SIZE,
        ),
    ],
    ids=["floats", "pictures", "pictures in 8 bits", "one mean for all", "floats that are normalised later"],
)
def test_by_the_vendors_description_the_network_gets_each_crop_normalised_once(tmp_path, changes, base, size):
    config = write_yaml(tmp_path, changed(changes, base))
    crops = write_crops(tmp_path / "crops")
    assert write_set(tmp_path / "set", crops, load_config(config), MANIFEST) == 3
    samples = sorted((tmp_path / "set").iterdir())
    assert len(samples) == 3
    for sample, crop in zip(samples, crops, strict=True):
        assert sample.stat().st_size == size
        expected = expected_input(cv2.imread(str(crop.path)))
        assert np.allclose(network_input(sample, config), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", ["lprnet_x5", "lprnet_x5_camera"])
def test_the_shipped_configurations_feed_the_same_to_the_network(tmp_path, name):
    config = CONFIGS / f"{name}.yaml"
    (crop,) = write_crops(tmp_path / "crops", 1, size=(136, 36))
    write_set(tmp_path / "set", [crop], load_config(config), MANIFEST)
    found = network_input(tmp_path / "set" / "00000.bin", config)
    resized = cv2.resize(cv2.imread(str(crop.path)), (94, 24), interpolation=cv2.INTER_LINEAR)
    assert np.allclose(found, expected_input(resized), rtol=0, atol=1e-6)
    assert -1 <= np.min(found) < -0.5
    assert 0.5 < np.max(found) <= 1


def test_raw_samples_are_whole_numbers_of_a_pixel(tmp_path):
    (crop,) = write_crops(tmp_path / "crops", 1)
    write_set(tmp_path / "set", [crop], PICTURES, MANIFEST)
    numbers = np.fromfile(tmp_path / "set" / "00000.bin", "<f4").reshape(3, 24, 94)
    assert np.array_equal(numbers, cv2.imread(str(crop.path))[:, :, ::-1].transpose(2, 0, 1))


@pytest.mark.skipif(not BOARD_TENSOR.is_file(), reason=f"the board's sample tensor is not at {BOARD_TENSOR}")
def test_a_sample_is_what_the_boards_own_demonstration_feeds(tmp_path):
    tensor = np.fromfile(BOARD_TENSOR, "<f4").reshape(3, 24, 94)
    crop = np.rint(tensor[::-1] * 127.5 + 127.5).astype(np.uint8).transpose(1, 2, 0)
    (tmp_path / "川A1R10T.png").write_bytes(cv2.imencode(".png", crop)[1].tobytes())
    write_set(tmp_path / "set", [LabelledCrop(tmp_path / "川A1R10T.png", "川A1R10T")], FLOATS, MANIFEST)
    sample = tmp_path / "set" / "00000.bin"
    assert sample.stat().st_size == BOARD_TENSOR.stat().st_size
    assert np.allclose(np.fromfile(sample, "<f4"), tensor.reshape(-1), rtol=0, atol=1e-6)


@given(st.integers(1, 255), st.integers(1, 100), st.integers(1, 100), st.sampled_from(["float32", "uint8"]))
def test_a_plain_crop_of_any_size_becomes_a_plain_sample(level, height, width, dtype):
    crop = np.full((height, width, 3), level, np.uint8)
    raw = make_sample(crop, parse_config(changed({"cal_data_type": dtype}, CAMERA)), MANIFEST)
    assert (raw.shape, raw.dtype) == ((1, 3, 24, 94), np.dtype(dtype))
    assert np.all(raw == level)
    floats = make_sample(crop, FLOATS, MANIFEST)
    assert np.allclose(floats, (level - 127.5) / 127.5, atol=1e-6)


def test_the_channels_are_ordered_as_the_model_wants_them():
    blue = np.zeros((24, 94, 3), np.uint8)
    blue[:, :, 0] = 255
    for order, first in (("rgb", 0), ("bgr", 255)):
        manifest = dataclasses.replace(
            MANIFEST, input=dataclasses.replace(MANIFEST.input, channel_order=order)
        )
        assert np.all(make_sample(blue, PICTURES, manifest)[0, 0] == first)


# the folder and its index


def test_the_index_lies_beside_the_folder_which_holds_samples_alone(tmp_path):
    crops = write_crops(tmp_path / "crops")
    write_set(tmp_path / "new" / "set", crops, FLOATS, MANIFEST)
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"set", "set.index.json"}
    names = [path.name for path in sorted((tmp_path / "new" / "set").iterdir())]
    assert names == ["00000.bin", "00001.bin", "00002.bin"]
    index = json.loads((tmp_path / "new" / "set.index.json").read_text(encoding="utf-8"))
    assert [sample["file"] for sample in index["samples"]] == names
    assert [sample["source"] for sample in index["samples"]] == [str(crop.path) for crop in crops]
    assert verify_set(tmp_path / "new" / "set", FLOATS, MANIFEST) == 3


def test_a_set_of_its_own_is_replaced_and_an_empty_folder_filled(tmp_path):
    crops = write_crops(tmp_path / "crops")
    (tmp_path / "set").mkdir()
    write_set(tmp_path / "set", crops, FLOATS, MANIFEST)
    write_set(tmp_path / "set", crops[:1], PICTURES, MANIFEST)
    assert [path.name for path in (tmp_path / "set").iterdir()] == ["00000.bin"]
    assert verify_set(tmp_path / "set", PICTURES, MANIFEST) == 1


def test_what_is_not_its_own_is_never_touched(tmp_path):
    crops = write_crops(tmp_path / "crops")
    with pytest.raises(CalibrationSetError, match=r"crops/.*: is no sample of lpr_calibrate; name an"):
        write_set(tmp_path / "crops", crops, FLOATS, MANIFEST)
    assert len(list((tmp_path / "crops").iterdir())) == 3
    write_set(tmp_path / "set", crops, FLOATS, MANIFEST)
    (tmp_path / "set" / "notes.txt").write_text("mine")
    with pytest.raises(CalibrationSetError, match=r"notes\.txt: is no sample of lpr_calibrate"):
        write_set(tmp_path / "set", crops, FLOATS, MANIFEST)
    assert len(list((tmp_path / "set").iterdir())) == 4
    (tmp_path / "file").write_text("mine")
    with pytest.raises(CalibrationSetError, match=r"file: cannot be written \(File exists"):
        write_set(tmp_path / "file", crops, FLOATS, MANIFEST)


def test_a_crop_that_cannot_be_read_leaves_everything_as_it_was(tmp_path):
    crops = write_crops(tmp_path / "crops")
    write_set(tmp_path / "set", crops, FLOATS, MANIFEST)
    before = {path.name: path.read_bytes() for path in (tmp_path / "set").iterdir()}
    crops[2].path.write_bytes(b"no picture")
    with pytest.raises(LabelledDataError, match="not an image"):
        write_set(tmp_path / "set", crops, PICTURES, MANIFEST)
    assert {path.name: path.read_bytes() for path in (tmp_path / "set").iterdir()} == before
    assert {path.name for path in tmp_path.iterdir()} == {"crops", "set", "set.index.json"}
    assert verify_set(tmp_path / "set", FLOATS, MANIFEST) == 3


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CalibrationSetError, match=r"set: cannot be written \("):
        write_set(tmp_path / "file" / "set", write_crops(tmp_path / "crops"), FLOATS, MANIFEST)


def test_a_yaml_by_which_the_compiler_reads_pictures_gets_no_samples(tmp_path):
    config = parse_config(changed({"preprocess_on": True}, CAMERA))
    with pytest.raises(HbMapperError, match="preprocess_on is True, expected False"):
        write_set(tmp_path / "set", [], config, MANIFEST)


def test_a_sample_that_was_changed_lost_or_added_is_named(tmp_path):
    folder = tmp_path / "set"
    write_set(folder, write_crops(tmp_path / "crops"), FLOATS, MANIFEST)
    sample = folder / "00001.bin"
    whole = sample.read_bytes()
    for broken in (whole[:-1], whole[:-4] + b"\0\0\0\0", b""):
        sample.write_bytes(broken)
        with pytest.raises(CalibrationSetError, match=r"00001\.bin: is not the file that was written"):
            verify_set(folder, FLOATS, MANIFEST)
    sample.unlink()
    with pytest.raises(CalibrationSetError, match=r"00001\.bin: is missing"):
        verify_set(folder, FLOATS, MANIFEST)
    sample.write_bytes(whole)
    (folder / "00003.bin").write_bytes(whole)
    with pytest.raises(CalibrationSetError, match=r"00003\.bin: is in no index"):
        verify_set(folder, FLOATS, MANIFEST)


def test_a_set_for_another_yaml_or_model_is_refused(tmp_path):
    write_set(tmp_path / "set", write_crops(tmp_path / "crops"), FLOATS, MANIFEST)
    with pytest.raises(
        CalibrationSetError, match="have type 'featuremap', the YAML and the model ask for 'rgb'"
    ):
        verify_set(tmp_path / "set", PICTURES, MANIFEST)
    other = dataclasses.replace(MANIFEST, input=dataclasses.replace(MANIFEST.input, mean=(0.0,) * 3))
    with pytest.raises(CalibrationSetError, match=r"have mean 127\.5, .* ask for 0\.0"):
        verify_set(tmp_path / "set", FLOATS, other)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"made_by": "other", "contract": {}, "samples": []}', "5"])
def test_an_index_that_is_none_is_named(tmp_path, text):
    folder = tmp_path / "set"
    write_set(folder, write_crops(tmp_path / "crops"), FLOATS, MANIFEST)
    index_path(folder).write_text(text)
    for attempt in (verify_set, lambda *rest: write_set(rest[0], [], *rest[1:])):
        with pytest.raises(CalibrationSetError, match=r"set\.index\.json: no readable index"):
            attempt(folder, FLOATS, MANIFEST)


def test_a_folder_that_was_never_written_has_no_index(tmp_path):
    with pytest.raises(CalibrationSetError, match=r"set\.index\.json: no readable index"):
        verify_set(tmp_path / "set", FLOATS, MANIFEST)
