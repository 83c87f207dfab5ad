import itertools

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_finder import ScriptedFinder, plate

from lprnet_ros.cropping.regions import parse_regions
from lprnet_ros.cropping.search import FoundPlates
from lprnet_ros.images.camera_frame import BgrFrame
from lprnet_ros.images.geometry import bounding_box

WIDTH, HEIGHT = 1280, 720


def picture(seed=1, width=WIDTH, height=HEIGHT):
    patches = np.random.default_rng(seed).integers(0, 256, (9, 16, 3), dtype=np.uint8)
    return cv2.resize(patches, (width, height), interpolation=cv2.INTER_NEAREST)


SCENES = [picture(seed) for seed in range(4)]


def look(locator, count=1, *, scene=0, start=0):
    """What is located in some frames of 30 Hz."""
    found = []
    for i in range(start, start + count):
        stamp = (5 + i // 30, i % 30 * 33_333_333)
        pixels = SCENES[scene]
        found.append(list(locator.add_frame(stamp, BgrFrame(lambda p=pixels: p), "gate", i / 30).detections))
    return found


def moving(x=300.0, y=200.0, speed=12.0, **more):
    return [[plate(x + speed * i, y, **more)] for i in range(60)]


def test_a_plate_anywhere_has_its_corners_and_all_that_the_finder_says():
    one = plate(400, 300, angle=0.2, score=0.7, rows=2)
    (found,) = look(FoundPlates(ScriptedFinder([one])))[0]
    assert found.quad == one.quad
    assert found.box == bounding_box(one.quad)
    assert (found.score, found.rows, found.track_id, found.label) == (0.7, 2, 1, "plate")


def test_the_frame_comes_back_with_its_stamp_and_name():
    locator = FoundPlates(ScriptedFinder([]))
    frame = BgrFrame(lambda: SCENES[0])
    located = locator.add_frame((5, 7), frame, "gate", 0.0)
    assert (located.stamp, located.frame, located.frame_id, list(located.detections)) == (
        (5, 7),
        frame,
        "gate",
        [],
    )
    locator.advance(100.0)


def test_without_regions_the_whole_frame_is_searched():
    finder = ScriptedFinder([])
    look(FoundPlates(finder))
    assert finder.searched == [[]]


def test_a_plate_counts_whose_centre_lies_in_a_region():
    finder = ScriptedFinder([plate(405, 300), plate(395, 500, score=0.8), plate(900, 600, score=0.7)])
    regions = parse_regions(["400,0,300,720", "800,560 1000,560 1000,640 800,640"])
    locator = FoundPlates(finder, regions)
    (found,) = look(locator)
    assert [one.box.x + one.box.width / 2 for one in found] == [405, 900]
    assert locator.counts["finder"] == {"searched": 1, "found": 3, "outside_regions": 1}


def test_a_region_with_corners_is_no_box():
    regions = parse_regions(["400,100 800,100 800,500 799,500"])  # nearly a triangle
    finder = ScriptedFinder([plate(700, 200), plate(500, 400, score=0.8)])
    (found,) = look(FoundPlates(finder, regions))
    assert [one.box.x + one.box.width / 2 for one in found] == [700]


def test_around_a_region_that_fits_its_plate_the_finder_sees_its_surroundings():
    finder = ScriptedFinder([plate(500, 300, 200)])
    (found,) = look(FoundPlates(finder, parse_regions(["400,268,200,64"])))
    ((part,),) = finder.searched
    assert (part.x, part.y, part.right, part.bottom) == (200, 68, 800, 532)
    assert len(found) == 1


def test_a_large_region_is_widened_by_less_and_never_beyond_the_frame():
    finder = ScriptedFinder([])
    look(FoundPlates(finder, parse_regions(["0.6,0,0.4,1"])))
    ((part,),) = finder.searched
    assert (part.x, part.y, part.right, part.bottom) == (384, 0, 1280, 720)


def test_a_region_outside_of_the_frame_is_not_searched_nor_the_frame_in_its_stead():
    finder = ScriptedFinder([plate(500, 300)])
    locator = FoundPlates(finder, parse_regions(["3000,100,300,100"]))
    assert look(locator) == [[]]
    assert finder.searched == []
    finder = ScriptedFinder([plate(500, 300)])
    look(FoundPlates(finder, parse_regions(["3000,100,300,100", "400,250,200,100"])))
    assert len(finder.searched[0]) == 1


@pytest.mark.parametrize("find_every", [1, 2, 3, 5])
def test_the_finder_sees_every_nth_frame_and_plates_move_on_in_between(find_every):
    frames = moving()[::find_every]
    finder = ScriptedFinder(*frames)
    found = look(FoundPlates(finder, find_every=find_every), 30)
    assert len(finder.searched) == -(-30 // find_every)
    assert all(not one for one in found[1:find_every])  # how it moves is not known yet
    for i, detections in enumerate(found):
        if i == 0 or i >= find_every:
            (one,) = detections
            assert one.box.x + one.box.width / 2 == pytest.approx(300 + 12 * i, abs=0.01)
            assert (one.track_id, one.rows) == (1, 1)


def test_find_every_0_is_refused():
    with pytest.raises(ValueError, match="find_every is 0"):
        FoundPlates(ScriptedFinder([]), find_every=0)


def test_a_plate_that_drives_into_a_region_has_the_id_it_had_outside():
    finder = ScriptedFinder(*moving(x=250, speed=20))
    regions = parse_regions(["400,0,600,720"])
    ids = [[one.track_id for one in found] for found in look(FoundPlates(finder, regions), 20)]
    first = ids.index([1])
    assert ids == [[]] * first + [[1]] * (20 - first)
    assert first == 8


def test_another_scene_is_searched_at_once_and_its_plates_are_others():
    finder = ScriptedFinder([plate(400, 300)])
    locator = FoundPlates(finder, find_every=10)
    assert [one.track_id for one in look(locator, 2)[0]] == [1]
    assert [one.track_id for one in look(locator, scene=1, start=2)[0]] == [2]
    assert len(finder.searched) == 2


def test_in_a_folder_of_photographs_nothing_has_a_track():
    locator = FoundPlates(ScriptedFinder([plate(400, 300)]))
    ids = [look(locator, scene=i % 4, start=i)[0][0].track_id for i in range(8)]
    assert ids[1:] == [0] * 7
    later = [found[0].track_id for found in look(locator, 3, scene=3, start=8)]
    assert later[0] > 0
    assert set(later) == {later[0]}


def test_time_that_jumps_back_begins_anew():
    locator = FoundPlates(ScriptedFinder([plate(400, 300)]))
    look(locator, 5, start=600)
    ids = [found[0].track_id for found in look(locator, 5, start=0)]
    assert len(set(ids)) == 1
    assert ids[0] > 1


def test_what_a_broken_frame_or_a_finder_that_fails_raises_harms_no_later_frame():
    class Failing(ScriptedFinder):
        def find(self, frame, within=()):
            if len(self.searched) == 2:
                self.searched.append([])
                raise RuntimeError("the BPU is gone")
            return super().find(frame, within)

    def convert():
        raise ValueError("broken")

    locator = FoundPlates(Failing(*moving()))
    look(locator, 2)
    with pytest.raises(ValueError, match="broken"):
        locator.add_frame((5, 66_666_666), BgrFrame(convert), "gate", 0.1)
    with pytest.raises(RuntimeError, match="BPU"):
        look(locator, start=2)
    assert [found[0].track_id for found in look(locator, 5, start=3)] == [1] * 5


stamps = st.tuples(st.sampled_from([0, 1, 5, 6, 7, 10**9]), st.integers(0, 999_999_999))


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 4),
    st.lists(st.tuples(stamps, st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40),
)
def test_whatever_the_camera_does_every_frame_comes_back_and_tracks_do_not_mix(find_every, frames):
    several = [[plate(200 + 250 * n, 300, score=0.9 - 0.1 * n) for n in range(count)] for count in range(4)]
    finder = ScriptedFinder(*(several[count] for _, _, count in frames))
    locator = FoundPlates(finder, find_every=find_every)
    seen = []
    for now, (stamp, scene, _) in enumerate(frames):
        frame = BgrFrame(lambda p=SCENES[scene]: p)
        located = locator.add_frame(stamp, frame, "gate", now / 30)
        assert (located.stamp, located.frame) == (stamp, frame)
        ids = [one.track_id for one in located.detections]
        assert len(set(ids)) == len(ids) or not any(ids)
        seen += [(one.track_id, round(one.box.x / 250)) for one in located.detections if one.track_id]
    # plates that stand still: each track is one of them
    for _, ones in itertools.groupby(sorted(seen), key=lambda one: one[0]):
        assert len({place for _, place in ones}) == 1
