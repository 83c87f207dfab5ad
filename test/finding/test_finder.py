"""The finder around a runtime: what it shows the network, and what it makes of the answer."""

import cv2
import numpy as np
import pytest
from finder_cells import HEIGHT, WIDTH, FakeRuntime, encode, finder_manifest

from lprnet_ros.finding.finder import PlateFinder
from lprnet_ros.finding.found_plate import FoundPlate
from lprnet_ros.finding.plate_cells import CellsError
from lprnet_ros.images.camera_frame import BgrFrame, SemiPlanarFrame
from lprnet_ros.images.geometry import Box, quad_of_box
from lprnet_ros.models.manifest import FindingSelfTest
from lprnet_ros.runtimes.self_test_input import SelfTestError

PLATE = FoundPlate(quad_of_box(Box(100, 200, 80, 24)), 0.9)


def frame_of(width, height, seed=0):
    picture = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return BgrFrame(lambda: picture)


@pytest.fixture
def manifest(tmp_path):
    return finder_manifest(tmp_path / "fake.onnx")


def test_a_whole_frame_is_scaled_and_its_plates_come_back_in_its_pixels(manifest):
    runtime = FakeRuntime(encode([PLATE]))
    (plate,) = PlateFinder(manifest, runtime).find(frame_of(1920, 1080))
    np.testing.assert_allclose(plate.quad, 3 * np.array(PLATE.quad), atol=0.01)
    (tensor,) = runtime.tensors
    assert tensor.shape == (1, 3, HEIGHT, WIDTH)
    assert tensor.dtype == np.float32
    assert np.all(tensor[:, :, 360:] == 0.0)
    assert np.any(tensor[:, :, 359] != 0.0)


def test_what_the_network_sees_is_the_frame_shrunk_by_means(manifest):
    runtime = FakeRuntime(encode([]))
    frame = frame_of(1280, 768)
    assert PlateFinder(manifest, runtime).find(frame) == []
    whole = frame.cut(0, 0, 1280, 768).astype(float).reshape(384, 2, 640, 2, 3).mean(axis=(1, 3))
    expected = (whole[..., ::-1].transpose(2, 0, 1) - 127.5) / 127.5
    np.testing.assert_allclose(runtime.tensors[0][0], expected, atol=0.6 / 127.5)


def test_a_tall_frame_leaves_grey_beside_it(manifest):
    runtime = FakeRuntime(encode([]))
    PlateFinder(manifest, runtime).find(frame_of(480, 768))
    assert np.all(runtime.tensors[0][:, :, :, 240:] == 0.0)
    assert np.any(runtime.tensors[0][:, :, :, 239] != 0.0)


def test_each_box_is_searched_by_itself_and_one_plate_in_two_boxes_is_one(manifest):
    def answer(_tensor):  # the plate that both boxes hold, where each of them shows it
        part = parts.pop(0)
        quad = tuple((x - part[0], y - part[1]) for x, y in quad_of_box(Box(1000, 500, 60, 20)))
        return encode([FoundPlate(quad, 0.8)])

    boxes = [Box(900, 450, 200, 100), Box(960, 440, 200, 100), Box(3000, 0, 10, 10)]
    parts = [(680, 308), (740, 298)]
    runtime = FakeRuntime(answer)
    (plate,) = PlateFinder(manifest, runtime).find(frame_of(1920, 1080), boxes)
    assert len(runtime.tensors) == 2
    np.testing.assert_allclose(plate.quad, quad_of_box(Box(1000, 500, 60, 20)), atol=0.01)


def test_where_every_box_lies_outside_nothing_is_searched(manifest):
    runtime = FakeRuntime(encode([PLATE]))
    assert PlateFinder(manifest, runtime).find(frame_of(640, 480), [Box(700, 0, 50, 50)]) == []
    assert runtime.tensors == []


def test_only_what_is_searched_of_a_semi_planar_frame_is_converted(manifest, monkeypatch):
    converted = []
    whole = cv2.cvtColorTwoPlane
    monkeypatch.setattr(
        cv2, "cvtColorTwoPlane", lambda luma, *more: (converted.append(luma.shape), whole(luma, *more))[1]
    )
    planes = np.random.default_rng(1).integers(0, 256, (1080 * 3 // 2, 1920), dtype=np.uint8)
    PlateFinder(manifest, FakeRuntime(encode([]))).find(SemiPlanarFrame(planes[:1080], planes[1080:]))
    assert converted == [(360, 640)]


def test_the_least_score_is_the_manifests_unless_one_is_given(manifest):
    weak = FoundPlate(PLATE.quad, 0.6)
    frame = frame_of(640, 384)
    assert len(PlateFinder(manifest, FakeRuntime(encode([weak]))).find(frame)) == 1
    assert PlateFinder(manifest, FakeRuntime(encode([weak])), 0.7).find(frame) == []


@pytest.mark.parametrize("score", [0, 1, -0.5, float("nan")])
def test_a_score_that_is_none_is_refused(manifest, score):
    with pytest.raises(ValueError, match="minimum_score"):
        PlateFinder(manifest, FakeRuntime(encode([])), score)


def test_an_output_of_nan_is_an_error(manifest):
    with pytest.raises(CellsError):
        PlateFinder(manifest, FakeRuntime(np.full((1, 11, 48, 80), np.nan, np.float32))).find(
            frame_of(64, 48)
        )


def with_self_test(folder, **fields):
    cv2.imwrite(str(folder / "test.png"), np.zeros((384, 640, 3), np.uint8))
    values = {"blue_pixel": (-1.0, -1.0, 1.0), "image": folder / "test.png", "quads": (PLATE.quad,)}
    return finder_manifest(folder / "fake.onnx", self_test=FindingSelfTest(**(values | fields)))


def test_a_model_that_finds_what_its_manifest_says_passes(tmp_path):
    finder = PlateFinder(with_self_test(tmp_path), FakeRuntime(encode([PLATE])), 0.95)
    finder.self_test()  # with the manifest's least score, not the user's
    assert finder.minimum_score == 0.95


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ([], "found 0 plates in test.png instead of 1"),
        ([PLATE, FoundPlate(quad_of_box(Box(400, 50, 80, 24)), 0.9)], "found 2 plates"),
        (
            [FoundPlate(quad_of_box(Box(105, 200, 80, 24)), 0.9)],
            r"off by 0\.06[23] of its width, at most 0\.05",
        ),
    ],
    ids=["none", "more", "elsewhere"],
)
def test_a_model_that_answers_otherwise_fails(tmp_path, found, message):
    with pytest.raises(SelfTestError, match=message):
        PlateFinder(with_self_test(tmp_path), FakeRuntime(encode(found))).self_test()


def test_a_blue_pixel_that_becomes_something_else_fails(tmp_path):
    manifest = with_self_test(tmp_path, blue_pixel=(1.0, -1.0, -1.0))
    with pytest.raises(SelfTestError, match="blue pixel"):
        PlateFinder(manifest, FakeRuntime(encode([PLATE]))).self_test()
