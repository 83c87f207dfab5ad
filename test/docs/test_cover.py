"""NodeHub's cover: its form, that its readings are the network's, and that the committed one is it."""

from pathlib import Path

import cover
import cv2
import numpy as np
import pytest

from lprnet_ros.reading.plate_reading import PlateReading
from lprnet_ros.reading.recognizer import PlateRecognizer
from lprnet_ros.sources.labelled import list_images, read_image

REPOSITORY = Path(__file__).resolve().parents[2]
CROPS = REPOSITORY / "demo" / "crops"
GREEN, RED = (120, 222, 110), (80, 80, 240)


def reading(text):
    return PlateReading(text, 0.9, (0.9,) * len(text))


def has_colour(picture, colour):
    return bool((picture == colour).all(axis=2).any())


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    output = tmp_path_factory.mktemp("cover") / "cover.jpg"
    assert cover.main(["--images", str(CROPS), "--output", str(output)]) == 0
    return output


def test_it_is_what_nodehub_asks_for(made):
    height, width = read_image(made).shape[:2]
    assert width * 3 == height * 4
    assert width >= 1280
    assert made.stat().st_size < 6_000_000


def test_the_committed_cover_is_the_one_that_the_command_makes(made):
    committed = read_image(REPOSITORY / "docs" / "cover.jpg").astype(int)
    difference = np.abs(committed - read_image(made))
    assert difference.mean() < 1
    assert (difference > 60).mean() < 0.0005  # a digit of a confidence may differ


def test_every_province_it_shows_has_one_shipped_crop():
    shipped = [path.stem[0] for path in list_images(CROPS)]
    assert [shipped.count(province) for province in cover.SHOWN] == [1] * len(cover.SHOWN)
    assert len(set(cover.SHOWN)) == len(cover.SHOWN)


def test_a_right_reading_is_green_and_a_wrong_one_red():
    image = np.full((24, 94, 3), 90, np.uint8)
    picture = cover.draw_cover([(image, reading("京A12345"), "京A12345")] * 3)
    below = picture[300:]  # the Chinese title is green too
    assert has_colour(below, GREEN)
    assert not has_colour(below, RED)
    below = cover.draw_cover([(image, reading(text), "京A12345") for text in ("京A12346", "", "A")])[300:]
    assert has_colour(below, RED)
    assert not has_colour(below, GREEN)


def test_what_is_shown_is_what_the_network_says(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(PlateRecognizer, "read", lambda self, image: reading("京A00000"))
    output = tmp_path / "cover.png"
    assert cover.main(["--images", str(CROPS), "--output", str(output)]) == 1
    assert "0 of 12 plates read right" in capsys.readouterr().out
    assert has_colour(cv2.imread(str(output))[300:], RED)


@pytest.mark.parametrize(
    ("images", "output", "sentence"),
    [
        ("nowhere", "cover.jpg", "no crop of 京"),
        (str(CROPS), "cover.gif", "ends in .jpg or .png"),
        (str(CROPS), "no/such/folder/cover.jpg", "cannot be written (No such file or directory)"),
    ],
)
def test_what_the_user_got_wrong_is_one_sentence(images, output, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cover.main(["--images", images, "--output", output]) == 1
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1
