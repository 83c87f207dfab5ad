"""The folder of annotated copies: every picture once, none over its own source."""

from pathlib import PurePath

import cv2
import numpy as np
import pytest

from lprnet_ros.pictures.annotated_files import AnnotatedFiles
from lprnet_ros.pictures.read_picture import ReadPicture
from lprnet_ros.reading.plate_reading import PlateReading, Seen, Verdict

PICTURE = np.full((120, 160, 3), 200, np.uint8)
PLATE = PlateReading(
    "京A12345", 0.99, verdict=Verdict.ACCEPTED, seen=Seen(((40, 60), (100, 60), (100, 80), (40, 80)))
)


def read(file="", plates=(PLATE,)):
    return ReadPicture(PICTURE, file, plates=tuple(plates))


def test_names_and_folders_are_kept_and_a_second_of_one_name_is_numbered(tmp_path):
    files = AnnotatedFiles(tmp_path / "out")
    for name in ("a.jpg", "deep/a.jpg", "a.jpg", "b.gif", "京.png"):
        files.write(read(), PurePath(name))
    written = sorted(
        path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*")
    )
    assert written == ["a.jpg", "a_2.jpg", "b.png", "deep/a.jpg", "京.png"]
    drawn = cv2.imdecode(np.fromfile(tmp_path / "out" / "京.png", np.uint8), cv2.IMREAD_COLOR)
    assert drawn.shape == PICTURE.shape
    assert (drawn != PICTURE).any()


def test_a_picture_is_never_written_over_itself(tmp_path):
    source = tmp_path / "a.png"
    cv2.imwrite(str(source), PICTURE)
    before = source.read_bytes()
    with pytest.raises(OSError, match="would be overwritten; annotate into another folder"):
        AnnotatedFiles(tmp_path).write(read(str(source)), PurePath("a.png"))
    assert source.read_bytes() == before


def test_a_copy_of_an_earlier_run_is_replaced(tmp_path):
    for plates in ((), (PLATE,)):
        AnnotatedFiles(tmp_path).write(read("/elsewhere/a.png", plates), PurePath("a.png"))
    assert (cv2.imread(str(tmp_path / "a.png")) != PICTURE).any()


def test_a_picture_that_could_not_be_read_is_not_written(tmp_path):
    AnnotatedFiles(tmp_path).write(ReadPicture(None, "a.png", problem="broken"), PurePath("a.png"))
    assert list(tmp_path.iterdir()) == []


def test_a_video_is_written_frame_by_frame(tmp_path):
    files = AnnotatedFiles(tmp_path)
    files.start_video(PurePath("gate.avi"), "", 10.0, (160, 120))
    for _ in range(5):
        files.add_frame(read())
    files.end_video()
    video = cv2.VideoCapture(str(tmp_path / "gate.mp4"))
    frames = []
    while (taken := video.read())[0]:
        frames.append(taken[1])
    assert len(frames) == 5
    assert abs(frames[0].astype(int) - PICTURE).max() > 100
