import cv2
import numpy as np
import pytest

from lprnet_ros.sources.labelled import LabelledDataError
from lprnet_ros.sources.scenes import LabelledPlate, Scene, SceneSource, read_plates


def write_picture(path, grey):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", np.full((8, 12, 3), grey, np.uint8))[1].tobytes())


def greys(source):
    return [
        (scene.name, int(scene.picture[0, 0, 0])) if isinstance(scene, Scene) else str(scene)
        for scene in source.scenes()
    ]


@pytest.fixture
def folder(tmp_path):
    write_picture(tmp_path / "scenes" / "b.png", 20)
    write_picture(tmp_path / "scenes" / "a.png", 10)
    write_picture(tmp_path / "scenes" / "night" / "京.png", 30)
    (tmp_path / "scenes" / "labels.csv").write_text("file,label\n")
    return tmp_path / "scenes"


def test_the_pictures_of_a_folder_come_in_order_as_often_as_asked(folder):
    source = SceneSource(folder)
    assert source.rate is None
    for _ in range(2):
        assert greys(source) == [("a.png", 10), ("b.png", 20), ("night/京.png", 30)]


def test_one_picture_is_a_source_too(folder):
    assert greys(SceneSource(folder / "b.png")) == [("b.png", 20)]


def test_a_broken_picture_gives_its_error_and_the_rest_follows(folder):
    (folder / "aa.png").write_bytes(b"no picture")
    first, error, *rest = greys(SceneSource(folder))
    assert first == ("a.png", 10)
    assert "aa.png" in error
    assert len(rest) == 2


@pytest.fixture
def video(tmp_path):
    path = tmp_path / "street.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 12.5, (64, 48))
    if not writer.isOpened():
        pytest.skip("this OpenCV writes no video to play")
    for grey in (0, 100, 200):
        writer.write(np.full((48, 64, 3), grey, np.uint8))
    writer.release()
    return path


def test_a_video_is_played_at_its_own_rate_as_often_as_asked(video):
    source = SceneSource(video)
    assert source.rate == pytest.approx(12.5)
    for _ in range(2):
        frames = greys(source)
        assert [name for name, _ in frames] == ["street.avi"] * 3
        assert np.abs(np.array([grey for _, grey in frames]) - (0, 100, 200)).max() <= 3


def test_what_cannot_be_played_is_named(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("no video")
    for name, told in (
        ("missing", "no such folder or file"),
        ("empty", "no pictures"),
        ("notes.txt", "neither a picture nor a video"),
    ):
        with pytest.raises(LabelledDataError, match=told) as caught:
            SceneSource(tmp_path / name)
        assert name in str(caught.value)


@pytest.mark.parametrize("column", ["quad", "det_quad"])
def test_labels_name_the_plates_of_each_picture(tmp_path, column):
    path = tmp_path / "labels.csv"
    path.write_text(
        f'file,label,{column}\na.jpg,京A12345,"50,30 10,30 10,10 50,10"\na.jpg,沪B1,"1,1 9,1.5 9,4 1,3.5"\n'
        'night/b.jpg,川C2,"1,1 9,1 9,4 1,4"\n',
        encoding="utf-8",
    )
    plates = read_plates(path)
    first, second = tmp_path / "a.jpg", tmp_path / "night" / "b.jpg"
    assert list(plates) == [first, second]
    assert plates[first][0] == LabelledPlate(
        "京A12345", ((10.0, 10.0), (50.0, 10.0), (50.0, 30.0), (10.0, 30.0))
    )
    assert [plate.text for plate in plates[first]] == ["京A12345", "沪B1"]


def test_labels_and_scenes_meet_by_their_file_wherever_the_labels_lie(folder, tmp_path):
    path = tmp_path / "elsewhere" / "labels.csv"
    path.parent.mkdir()
    path.write_text(f'file,label,quad\n{folder}/b.png,京A1,"1,1 9,1 9,4 1,4"\n', encoding="utf-8")
    (scene,) = SceneSource(folder / "b.png").scenes()
    assert list(read_plates(path)) == [scene.path]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("file,label\na.jpg,京A12345\n", "no column quad or det_quad"),
        ('file,label,quad\na.jpg,京A12345,"1,1 2,2 3,3"\n', "expected 4 corners"),
        ('file,label,quad\na.jpg,京A12345,"1,1 2,x 3,3 4,4"\n', "expected 4 corners"),
        ('file,label,quad\na.jpg,京A12345,"1,1 2,2 3,3 4,4"\n', "expected 4 corners"),
        ("file,label,quad\na.jpg,京A12345,\n", "expected 4 corners"),
    ],
)
def test_labels_that_cannot_be_read_are_named(tmp_path, text, told):
    path = tmp_path / "labels.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LabelledDataError, match=told) as caught:
        read_plates(path)
    assert "labels.csv" in str(caught.value)
