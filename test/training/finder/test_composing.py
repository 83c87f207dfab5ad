"""Composed pictures: their plates lie where the composer says."""

import cv2
import numpy as np
import pytest

from lprnet_ros.training.finder.composing import Ingredients, SceneComposer, SceneShares
from lprnet_ros.training.finder.painting import paint, quad_for
from lprnet_ros.training.finder.pictures import TrainingPicture, load_pictures
from lprnet_ros.training.finder.plate_bank import FlatPlate, foreign_plates, real_plates, rendered_plates
from lprnet_ros.training.finder.taught_cells import TaughtPlate

QUAD = np.array([[100, 80], [180, 84], [178, 110], [98, 106]], np.float32)


def levels(picture):
    return [picture, cv2.resize(picture, None, fx=0.5, fy=0.5), cv2.resize(picture, None, fx=0.25, fy=0.25)]


@pytest.fixture
def car():
    """A grey picture on which the plate alone is red."""
    picture = np.full((240, 320, 3), 120, np.uint8)
    cv2.fillConvexPoly(picture, QUAD.astype(np.int32), (0, 0, 255))
    return TrainingPicture(levels(picture), [TaughtPlate(QUAD)], "car_1.jpg")


@pytest.fixture
def ingredients(car, style, generator):
    street = TrainingPicture(levels(np.full((200, 300, 3), 90, np.uint8)), [], "street.jpg")
    return Ingredients(
        [car],
        np.ones(1),
        [street],
        [],
        rendered_plates([style], 12, generator),
        foreign_plates([style], 12, generator),
    )


def test_a_plate_that_is_left_alone_is_where_the_picture_shows_it(ingredients, generator):
    shares = SceneShares(background=0, replaced=0, signs=0, turned=0.3)
    composer = SceneComposer(ingredients, shares, generator)
    seen = 0
    for _ in range(60):
        picture, plates = composer.compose(192, 256)
        for plate in plates:
            middle = plate.quad.mean(axis=0)
            width = np.hypot(*(plate.quad[1] - plate.quad[0]))
            if not plate.is_known or width < 30 or not (8 < middle[0] < 248 and 8 < middle[1] < 184):
                continue
            blue, _, red = picture[int(middle[1]), int(middle[0])].astype(int)
            around = cv2.mean(picture)  # grey pictures and dark ones show no red
            seen += red > blue + 60
            assert red >= blue - 30, f"no plate at {middle}, {around}"
    assert seen > 20


def test_pictures_come_again_with_the_same_seed(ingredients):
    first, second = (
        SceneComposer(ingredients, SceneShares(), np.random.default_rng(5)).compose(128, 192)
        for _ in range(2)
    )
    assert np.array_equal(first[0], second[0])
    assert all(np.array_equal(a.quad, b.quad) for a, b in zip(first[1], second[1], strict=True))


def test_plates_of_both_numbers_of_rows_and_none_of_foreign_ones_are_taught(ingredients, generator):
    shares = SceneShares(background=0.5, replaced=1, foreign=0, pasted=1)
    composer = SceneComposer(ingredients, shares, generator)
    rows = {plate.rows for _ in range(40) for plate in composer.compose(128, 192)[1]}
    assert rows == {1, 2}
    nothing = SceneShares(background=0, replaced=1, foreign=1)
    composer = SceneComposer(ingredients, nothing, generator)
    assert not any(plate.is_known for _ in range(20) for plate in composer.compose(128, 192)[1])


def test_a_plate_is_painted_between_its_corners_and_nowhere_else(generator):
    picture = np.full((200, 300, 3), 100, np.uint8)
    blue = FlatPlate(np.full((40, 128, 3), (255, 0, 0), np.uint8), (0.0, 0.0), 1, 3.2)
    paint(picture, blue, QUAD, generator)
    inside = np.zeros((200, 300), np.uint8)
    cv2.fillConvexPoly(inside, QUAD.astype(np.int32), 1)
    far = cv2.dilate(inside, np.ones((9, 9), np.uint8)) == 0
    assert (picture[far] == 100).all()
    plate = picture[cv2.erode(inside, np.ones((7, 7), np.uint8)) == 1].astype(int)
    assert (plate[:, 0] > plate[:, 2] + 50).all()


@pytest.mark.parametrize("quad", [QUAD - 500, QUAD + 250, np.zeros((4, 2), np.float32)])
def test_a_plate_outside_of_the_picture_or_without_area_harms_nothing(quad, generator):
    picture = np.full((200, 300, 3), 100, np.uint8)
    plate = FlatPlate(np.full((40, 128, 3), 255, np.uint8), (0.0, 0.0), 1, 3.2)
    paint(picture, plate, np.array(quad, np.float32), generator)
    assert picture.shape == (200, 300, 3)


def test_a_two_row_plate_in_the_place_of_another_is_as_wide_and_taller():
    place = np.array([[0, 0], [160, 0], [160, 50], [0, 50]], np.float32)
    two_rows = quad_for(FlatPlate(np.zeros((10, 20, 3), np.uint8), (0, 0), 2, 2.0), place, 1)
    assert np.allclose(two_rows[:, 0], place[:, 0])
    assert np.isclose(two_rows[2, 1] - two_rows[1, 1], 80)
    assert np.isclose(two_rows[:, 1].mean(), 25)


def test_pictures_and_plates_of_a_role_are_read_from_their_tables(tmp_path):
    cv2.imwrite(str(tmp_path / "a_1.png"), np.zeros((40, 60, 3), np.uint8))
    cv2.imwrite(str(tmp_path / "b_1.png"), np.zeros((40, 60, 3), np.uint8))
    (tmp_path / "frames.csv").write_text(
        "file,x1,y1,x2,y2,x3,y3,x4,y4,rows,readable,label_source,role\n"
        "a_1.png,1,2,21,2,21,9,1,9,1,1,exact: CCPD,train\n"
        "a_1.png,31,2,41,2,41,7,31,7,2,0,pseudo: detector,train\n"
        "b_1.png,1,2,21,2,21,9,1,9,1,1,exact: CCPD,exam\n",
        encoding="utf-8",
    )
    (picture,) = load_pictures(tmp_path / "frames.csv", "train")
    exact, loose = picture.plates
    assert [level.shape[:2] for level in picture.levels] == [(40, 60), (20, 30), (10, 15)]
    assert (exact.quad[2].tolist(), exact.rows, exact.weight, exact.is_known) == ([21, 9], 1, 1.0, True)
    assert (loose.rows, loose.is_known) == (2, False)
    assert loose.weight < 1
    (tmp_path / "streets.csv").write_text("file,role\nb_1.png,train\n", encoding="utf-8")
    (street,) = load_pictures(tmp_path / "streets.csv", "train")
    assert street.plates == ()
    (tmp_path / "plates.csv").write_text(
        "file,rows,role\na_1.png,1,train\nb_1.png,1,exam\n", encoding="utf-8"
    )
    (plate,) = real_plates(tmp_path / "plates.csv")
    assert plate.inset == pytest.approx((60 * 0.06 / 1.12, 40 * 0.06 / 1.12))
