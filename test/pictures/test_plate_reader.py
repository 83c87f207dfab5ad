"""The Python API: photographs are searched, crops read as they are; each reading says where it is from."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from stand_in_finder import StandInFinder, photograph, write_video

from lprnet_ros import PlateReader
from lprnet_ros.models.manifest import ManifestError
from lprnet_ros.reading.plate_reading import Verdict
from lprnet_ros.reading.recognizer import PlateRecognizer
from lprnet_ros.sources.labelled import LabelledDataError, read_image

CROPS = Path(__file__).resolve().parents[2] / "demo" / "crops"
BLUE = "京AC6895"
OTHER = "云XA3370"


def crop_of(text):
    return read_image(CROPS / f"{text}.png")


@pytest.fixture(scope="module")
def recognizer():
    opened = PlateRecognizer.open()
    yield opened
    opened.close()


@pytest.fixture
def finder():
    return StandInFinder()


@pytest.fixture
def reader(recognizer, finder):
    return PlateReader(recognizer, finder=finder)


@pytest.fixture
def photo():
    return photograph((crop_of(BLUE), (50, 300)), (crop_of(OTHER), (350, 200)))


def test_the_plates_of_a_photograph_are_read_where_they_are(reader, photo):
    plates = reader.read(photo)
    assert {plate.text for plate in plates} == {BLUE, OTHER}
    assert all(plate.accepted and plate.colour == "blue" and plate.rows == 1 for plate in plates)
    places = {plate.text: plate.quad for plate in plates}
    np.testing.assert_allclose(places[BLUE], [(50, 300), (238, 300), (238, 348), (50, 348)], atol=3)
    np.testing.assert_allclose(places[OTHER], [(350, 200), (538, 200), (538, 248), (350, 248)], atol=3)


def test_a_plate_that_lies_askew_is_read_upright(reader, photo):
    turned = cv2.warpAffine(
        photo, cv2.getRotationMatrix2D((320, 240), 20, 1.0), (640, 480), borderMode=cv2.BORDER_REPLICATE
    )
    assert {plate.text for plate in reader.read(turned)} == {BLUE, OTHER}


def test_a_crop_is_read_as_it_is_and_nothing_is_searched(reader, finder):
    (plate,) = reader.read(CROPS / f"{BLUE}.png")
    assert (plate.text, plate.quad, plate.seen.file) == (BLUE, None, str(CROPS / f"{BLUE}.png"))
    assert finder.searched == 0


def test_a_crop_in_which_nothing_is_read_gives_one_empty_reading(reader):
    (plate,) = reader.read(np.full((36, 136, 3), 128, np.uint8))
    assert (plate.text, plate.verdict) == ("", Verdict.EMPTY)


def test_a_photograph_without_plates_gives_nothing(reader):
    assert reader.read(np.full((480, 640, 3), 128, np.uint8)) == []


def test_a_small_photograph_is_known_by_the_plate_in_it_and_a_large_crop_by_filling_its_picture(
    reader, finder
):
    small = photograph((crop_of(BLUE), (100, 120)), width=380, height=260, scale=1.5)
    (plate,) = reader.read(small)
    assert plate.text == BLUE
    assert plate.quad is not None
    large = cv2.resize(crop_of(BLUE), (640, 164), interpolation=cv2.INTER_CUBIC)
    (plate,) = reader.read(large)
    assert (plate.text, plate.quad) == (BLUE, None)
    assert finder.searched == 2


def test_a_crop_that_is_cut_too_wide_is_searched_once_nothing_was_read_in_it(reader, finder):
    wide = photograph((crop_of(BLUE), (70, 36)), width=240, height=100, scale=1.0)
    (plate,) = reader.read(wide)
    assert (plate.text, plate.accepted, finder.searched) == (BLUE, True, 1)
    np.testing.assert_allclose(plate.quad, [(70, 36), (164, 36), (164, 60), (70, 60)], atol=2)
    (crop,) = reader.read(photograph(width=240, height=100))
    assert (crop.text, crop.quad) == ("", None)


def test_the_mode_can_be_forced_for_all_or_for_one(recognizer, photo):
    (whole,) = PlateReader(recognizer, finder=StandInFinder(), mode="crop").read(photo)
    assert whole.quad is None
    crop = cv2.copyMakeBorder(crop_of(BLUE), 9, 9, 9, 9, cv2.BORDER_CONSTANT, value=(120, 120, 120))
    (plate,) = PlateReader(recognizer, finder=StandInFinder(), mode="crop").read(crop, mode="photo")
    assert (plate.text, plate.quad is not None) == (BLUE, True)


def test_a_list_gives_all_plates_in_order_with_the_number_of_their_picture(reader, photo):
    plates = reader.read([crop_of(BLUE), photo, CROPS / f"{OTHER}.png"])
    assert [plate.seen.frame for plate in plates] == [0, 1, 1, 0]
    assert [plate.seen.file for plate in plates] == ["", "", "", str(CROPS / f"{OTHER}.png")]


def test_frames_of_a_camera_are_read_as_the_plates_are_asked_for(reader, photo):
    taken = []

    def camera():
        while True:
            taken.append(len(taken))
            yield photo

    plates = reader.read(camera())
    assert next(plates).seen.frame == 0
    assert len(taken) == 1
    assert [next(plates).seen.frame for _ in range(3)] == [0, 1, 1]


def test_a_broken_picture_stops_a_list_and_has_its_problem_among_pictures(reader, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    files = [CROPS / f"{BLUE}.png", tmp_path / "broken.png", CROPS / f"{OTHER}.png"]
    with pytest.raises(LabelledDataError, match=r"broken\.png: not an image"):
        reader.read(files)
    found = list(reader.pictures(files))
    assert [[plate.text for plate in one.plates] for one in found] == [[BLUE], [], [OTHER]]
    assert "not an image" in found[1].problem
    assert found[1].picture is None


def moving(texts, frames=8, start=0):
    """A car with each plate, one after the other, with a second between them at 10 frames a second."""
    for index, text in enumerate(texts):
        for step in range(frames):
            yield photograph((crop_of(text), (60 + 20 * step, 200 + 8 * index)))
        yield from [photograph()] * 15


def test_each_vehicle_of_a_video_is_told_once_with_its_times(reader, tmp_path):
    path = write_video(tmp_path / "gate.avi", moving([BLUE, OTHER]))
    first, second = reader.vehicles(path)
    assert (first.reading.text, second.reading.text) == (BLUE, OTHER)
    assert first.reading.accepted
    assert first.reading.colour == "blue"
    assert (first.first, first.last) == pytest.approx((0.0, 0.7), abs=0.05)
    assert second.first == pytest.approx(2.3, abs=0.05)
    assert first.crops == 8
    assert first.reading.seen.file == str(path)
    assert first.reading.quad is not None


def test_a_video_gives_the_plates_of_its_frames_with_their_times(reader, tmp_path):
    path = write_video(tmp_path / "gate.avi", moving([BLUE], frames=3))
    plates = reader.read(path)
    assert [(plate.text, plate.seen.frame) for plate in plates] == [(BLUE, 0), (BLUE, 1), (BLUE, 2)]
    assert plates[2].seen.seconds == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize("frames", [5, 30])
def test_a_still_picture_makes_no_reading_surer_and_no_vehicle_of_two(frames):
    street = read_image(Path(__file__).resolve().parents[2] / "demo" / "street.jpg")
    with PlateReader() as reader:
        plates = {plate.text: plate.verdict for plate in reader.read(street)}
        vehicles = list(reader.vehicles([street] * frames, rate=10))
    assert {one.reading.text: one.reading.verdict for one in vehicles} == plates
    assert len(vehicles) == len(plates) == 3
    assert max(one.crops for one in vehicles) == frames


def test_vehicles_among_frames_need_a_rate(reader):
    (vehicle,) = reader.vehicles(moving([BLUE]), rate=10.0)
    assert vehicle.last == pytest.approx(0.7)
    with pytest.raises(ValueError, match="no times; pass a video or a bag, or frames with rate="):
        list(reader.vehicles(moving([BLUE])))


def test_a_plate_that_stands_in_one_frame_alone_is_no_vehicle(reader):
    assert list(reader.vehicles(moving([BLUE], frames=1), rate=10.0)) == []


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"mode": "photos"}, ValueError, "mode is 'photos', expected one of auto, crop, photo"),
        ({"minimum_confidence": 2}, ValueError, "minimum_confidence is 2, expected 0 to 1"),
        ({"model": "nothing.onnx"}, ManifestError, "nothing.onnx"),
        ({"runtime": "gpu"}, ValueError, "there is no runtime 'gpu'"),
        ({"model": 5}, ValueError, "model is 5, expected a file, or the name of a model"),
        ({"finder": 5}, ValueError, "finder is 5, expected a file, or the name of a model"),
        ({"minimum_confidence": "0.8"}, ValueError, "minimum_confidence is '0.8', expected 0 to 1"),
        ({"minimum_confidence": None}, ValueError, "minimum_confidence is None, expected 0 to 1"),
        ({"threads": -1}, ValueError, "threads is -1, expected a whole number, at least 0"),
        ({"paddings": 0.1}, ValueError, "paddings is 0.1, expected one or more shares from 0 to 1"),
        ({"paddings": ()}, ValueError, r"paddings is \(\), expected one or more shares"),
        (
            {"kinds": ["red"]},
            ValueError,
            r"kinds is \['red'\], expected one or more of blue, yellow, new",
        ),
        ({"kinds": []}, ValueError, r"kinds is \[\], expected one or more of blue"),
        ({"kinds": 5}, ValueError, "kinds is 5, expected one or more of blue"),
    ],
)
def test_a_wrong_argument_gets_a_sentence(arguments, error, message):
    with pytest.raises(error, match=message):
        PlateReader(**arguments)


def test_a_finder_that_is_not_there_is_named_when_it_is_needed(recognizer, photo, tmp_path):
    reader = PlateReader(recognizer, finder=tmp_path / "nowhere.onnx")
    assert reader.read(CROPS / f"{BLUE}.png")
    with pytest.raises(ManifestError, match=r"nowhere\.onnx"):
        reader.read(photo)


def test_the_minimum_confidence_decides():
    unsure = cv2.blur(crop_of(BLUE), (1, 5))
    with PlateReader(minimum_confidence=0.0) as lenient, PlateReader(minimum_confidence=1.0) as strict:
        assert lenient.read(unsure)[0].accepted
        assert not strict.read(unsure)[0].accepted


def test_closing_a_reader_closes_its_finder(finder):
    with PlateReader(finder=finder) as reader:
        assert reader.read(CROPS / f"{BLUE}.png")
    assert finder.is_closed


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (None, "no plates can be read from NoneType; expected a path, a picture"),
        (5, "no plates can be read from int"),
        (b"photo.jpg", "no plates can be read from bytes"),
        ({"file": "photo.jpg"}, "no plates can be read from dict"),
        ([[1, 2]], "no plates can be read from list"),
        ("", "the path is empty"),
        ([""], "the path is empty"),
        ("https://example.org/a.jpg", "^https://example.org/a.jpg: is an address; only files are read"),
        ("nowhere.jpg", "nowhere.jpg: no such file"),
        (np.zeros((60, 200, 3)), "got float64, 60 x 200 x 3"),
        (np.zeros((60, 200, 2), np.uint8), "got uint8, 60 x 200 x 2"),
        (np.zeros((0, 200, 3), np.uint8), "got uint8, 0 x 200 x 3"),
        (np.uint8(3), "no plates can be read from numpy.uint8"),
        (np.zeros((1, 40_000, 3), np.uint8), "sides of at most 32,766 pixels; got uint8, 1 x 40000 x 3"),
    ],
)
def test_what_is_no_picture_is_refused_with_a_sentence(reader, source, message):
    with pytest.raises((TypeError, ValueError), match=message):
        reader.read(source)


@pytest.mark.parametrize("rate", [0, -5, "25", float("nan")])
def test_a_rate_that_is_none_is_refused(reader, rate):
    with pytest.raises(ValueError, match=r"rate is .*, expected frames a second, more than 0"):
        reader.vehicles([], rate=rate)


def test_only_plates_of_the_kinds_that_were_asked_for_are_accepted(recognizer, tmp_path):
    green = "宁DBJ3203"
    with PlateReader(kinds="new_energy_small") as reader:
        plates = reader.read([CROPS / f"{BLUE}.png", CROPS / f"{green}.png"])
        assert [plate.text for plate in plates] == [BLUE, green]
        assert [plate.verdict for plate in plates] == [Verdict.OTHER_KIND, Verdict.ACCEPTED]
        (vehicle,) = reader.vehicles([crop_of(BLUE)] * 5, rate=10)
        assert (vehicle.reading.text, vehicle.reading.verdict) == (BLUE, Verdict.OTHER_KIND)
    grey = cv2.cvtColor(crop_of(BLUE), cv2.COLOR_BGR2GRAY)
    both, one = (PlateReader(recognizer, kinds=kinds).read(grey)[0] for kinds in (None, ["blue"]))
    assert both.accepted  # a grey camera leaves it open whether the plate is blue or yellow
    assert (one.kind, one.verdict) == (None, Verdict.OTHER_KIND)


def test_the_representation_says_what_reads_and_how(recognizer):
    assert repr(PlateReader(recognizer)) == "<PlateReader lprnet.onnx, mode auto, kinds all>"
    reader = PlateReader(recognizer, mode="crop", kinds=("blue", "yellow"))
    assert repr(reader) == "<PlateReader lprnet.onnx, mode crop, kinds blue, yellow>"
