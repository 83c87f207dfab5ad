import cv2
import numpy as np
import pytest

from lprnet_ros.cropping.continuity import LONGEST_STEP, Continuity, correlation, sketch_of
from lprnet_ros.images.camera_frame import BgrFrame, SemiPlanarFrame

RNG = np.random.default_rng(3)


def scene(seed, height=240, width=320):
    patches = np.random.default_rng(seed).integers(0, 256, (9, 16, 3), dtype=np.uint8)
    return cv2.resize(patches, (width, height), interpolation=cv2.INTER_CUBIC)


def frame(picture):
    return BgrFrame(lambda: picture)


def moved(picture, share):
    height, width = picture.shape[:2]
    matrix = np.array([[1, 0, share * width], [0, 1, 0]], np.float32)
    return cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)


def steps(*frames):
    """The step to each frame, given as (stamp in seconds, picture, time of arrival)."""
    continuity = Continuity()
    return [
        continuity.step((int(stamp // 1), round(stamp % 1 * 1e9)), frame(picture), now)
        for stamp, picture, now in frames
    ]


def test_seconds_go_by_the_stamps_and_the_first_frame_begins():
    one = scene(1)
    assert steps((5.9, one, 0.0), (6.0, one, 0.5), (6.25, one, 0.6)) == [
        None,
        pytest.approx(0.1),
        pytest.approx(0.25),
    ]


def test_a_frame_that_was_overtaken_goes_back():
    one = scene(1)
    assert steps((5.2, one, 0.0), (5.1, one, 0.1), (5.3, one, 0.2))[1:] == [
        pytest.approx(-0.1),
        pytest.approx(0.2),
    ]


def test_where_nothing_is_stamped_the_arrival_counts():
    one = scene(1)
    assert steps((0.0, one, 3.0), (0.0, one, 3.1))[1] == pytest.approx(0.1)


@pytest.mark.parametrize("jump", [LONGEST_STEP + 0.1, -LONGEST_STEP - 0.1, 1e9, -1e9])
def test_a_jump_of_time_begins_anew_once(jump):
    one = scene(1)
    after = 2e9 + jump
    found = steps((2e9, one, 0.0), (after, one, 0.1), (after + 0.1, one, 0.2))
    assert found[1] is None
    assert found[2] == pytest.approx(0.1, abs=1e-3)


def test_another_scene_begins_anew_and_a_camera_that_moves_brightens_or_trembles_does_not():
    one = scene(1)
    assert steps((0.1, one, 0.0), (0.2, scene(2), 0.1), (0.3, scene(2), 0.2))[1:] == [
        None,
        pytest.approx(0.1),
    ]
    brighter = np.clip(one * 0.6 + 60, 0, 255).astype(np.uint8)
    noisy = np.clip(one + RNG.normal(0, 12, one.shape), 0, 255).astype(np.uint8)
    for other in (moved(one, 0.02), brighter, noisy):
        assert steps((0.1, one, 0.0), (0.2, other, 0.1))[1] == pytest.approx(0.1)


def test_a_flat_frame_is_like_itself():
    flat = np.full((50, 60, 3), 7, np.uint8)
    assert steps((0.1, flat, 0.0), (0.2, flat, 0.1))[1] == pytest.approx(0.1)


def test_a_broken_frame_counts_as_not_seen():
    def convert():
        raise ValueError("broken")

    continuity = Continuity()
    continuity.step((1, 0), frame(scene(1)), 0.0)
    with pytest.raises(ValueError, match="broken"):
        continuity.step((1, 100_000_000), BgrFrame(convert), 0.1)
    assert continuity.step((1, 200_000_000), frame(scene(1)), 0.2) == pytest.approx(0.2)


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (3, 3), (7, 1000)])
def test_frames_of_any_size_have_a_sketch(size):
    assert sketch_of(frame(np.full((*size, 3), 9, np.uint8))).shape == (12, 20)


def test_a_sketch_shows_where_the_frame_is_dark_and_planes_give_the_same_as_pixels():
    picture = np.full((90, 160, 3), 200, np.uint8)
    picture[:45] = 0
    sketch = sketch_of(frame(picture))
    assert sketch[:6].max() == 0
    assert sketch[6:].min() == 200
    grey = np.ascontiguousarray(scene(4)[..., 1])
    planes = SemiPlanarFrame(grey, np.full((120, 320), 128, np.uint8))
    assert correlation(sketch_of(planes), sketch_of(frame(np.repeat(grey[..., None], 3, axis=2)))) > 0.999
