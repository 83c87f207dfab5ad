"""Every example of README.md and docs/ is executed, or stands here with the reason why not."""

import csv
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
from bags import START, raw, write_bag

from lprnet_ros.record.record_writer import RecordWriter
from lprnet_ros.record.vehicle_record import RecordedVehicle

REPOSITORY = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    REPOSITORY / "README.md",
    REPOSITORY / "models" / "README.md",
    *(REPOSITORY / "docs").glob("*.md"),
]

NOT_RUN = {
    r"^make |^pip install|^sudo apt|argcomplete": "an installation, or all that CI does",
    r"^ros2 |^rqt |^colcon |^source |^export |^ROS_SECURITY": "a ROS installation's tools and settings",
    r"^(lpr_node|plate_\w+|frame_player)\b": "runs until it is stopped; test/ros starts it",
    r"^hb_mapper|hrt_model_exec|--hrt |^cd build/board|infer_output|quantized_model": "the vendor's tools",
    r"^(sudo )?lpr_board|lpr\.bin|--model lprnet_x5\.bin|mine\.bin|bin --like": "the board, or a file of its",
    r"simulator|\.venv-board|^lpr_compile": "the vendor's compiler and simulator: .ci/check_board",
    r"^lpr_(train|average|confidence)|checkpoint|\.pth|runs/": "trains for minutes or hours: test/training",
    r"^lpr_quantize|^lpr_export|build/board": "needs onnx, which make setup does not install: test/toolchain",
    r"shared/|frames\.csv|python -m bench|test/fuzz|bench/|--soak|--ros |--sequences 200": "takes minutes, "
    "or data that are not part of the repository: test/bench, test/fuzz",
    r"^python docs/\w+\.py": "writes into the checkout: test_generate.py, test_notebook.py",
    r"horizon_tc_ui": "the vendor's",
    r"IncludeLaunchDescription|import rclpy": "a part of a program that runs until it is stopped",
}
HAS_BAGS = importlib.util.find_spec("rosbags") is not None
if shutil.which("sqlite3") is None:
    NOT_RUN["^sqlite3 "] = "SQLite's own program is not installed"
if not HAS_BAGS:
    NOT_RUN["gate_bag|labels.csv"] = "rosbags is not installed (extra 'bags')"
pytestmark = pytest.mark.live  # takes long


def examples(document):
    """Each command of a document's bash blocks, and each of its Python programs."""
    text = document.read_text(encoding="utf-8")
    for language, block in re.findall(r"^```(bash|python)\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        if language == "python":
            yield language, block
            continue
        for line in block.replace("\\\n", " ").splitlines():
            command = re.sub(r"(^|\s+)#.*", "", line).strip().removeprefix(".venv/bin/")
            if command:
                yield language, command


def reason(example):
    """Why an example is not executed; None where it is."""
    return next((why for pattern, why in NOT_RUN.items() if re.search(pattern, example)), None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A copy of what the examples read, and the files of a user that they name."""
    folder = tmp_path_factory.mktemp("examples")
    for name in ("demo", "config", "models"):
        shutil.copytree(REPOSITORY / name, folder / name)
    shutil.copy(folder / "demo" / "street.jpg", folder / "photo.jpg")
    crops = sorted((folder / "demo" / "crops").glob("*.png"))[:4]
    (folder / "folder").mkdir()
    for crop in crops:
        shutil.copy(crop, folder / "folder")
    street = cv2.imread(str(folder / "photo.jpg"))
    video = cv2.VideoWriter(str(folder / "gate.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 10.0, (1280, 720))
    for _ in range(4):
        video.write(street)
    video.release()
    with (folder / "index.csv").open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(("file", "label", "set"))
        rows.writerows((path, path.stem, "demo") for path in (folder / "demo" / "crops").glob("*.png"))
    writer = RecordWriter(folder / "vehicles.db", keep_days=30, keep_megabytes=1)
    vehicle = RecordedVehicle(0, "京A12345", "blue", "blue", 0.97, 1e9, 1e9 + 2, "/camera")
    writer.add(vehicle, crops[0].read_bytes(), now=1e9 + 2)
    writer.close()
    if HAS_BAGS:
        at = [START + number * 10**8 for number in range(len(crops))]
        write_bag(
            folder / "gate_bag",
            [("/gate/crop", t, raw(cv2.imread(str(p)), t, p.stem)) for t, p in zip(at, crops, strict=True)],
        )
    return folder


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_every_example_of_a_document_works(document, folder):
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    failed = []
    for language, example in examples(document):
        if reason(example):
            continue
        program = [shutil.which("bash"), "-c"] if language == "bash" else [sys.executable, "-c"]
        done = subprocess.run(
            [*program, example], capture_output=True, text=True, check=False, cwd=folder, env=environment
        )
        if done.returncode != 0 or not (done.stdout or " > " in example):
            failed.append(f"{example}: status {done.returncode}: {done.stderr}")
    assert not failed, "\n".join(failed)


def test_each_reason_is_that_of_an_example_and_most_documents_have_one_that_is_run():
    found = [example for document in DOCUMENTS for _, example in examples(document)]
    for pattern in NOT_RUN:
        assert any(re.search(pattern, example) for example in found), f"no example needs {pattern}"
    run = [example for example in found if reason(example) is None]
    assert len(run) >= 12
    assert sum("PlateReader" in example for example in run) >= 2


def test_the_picture_of_the_readme_is_what_its_caption_says(folder):
    caption = "`lpr_read demo/street.jpg --annotate out`"
    assert caption in (REPOSITORY / "README.md").read_text(encoding="utf-8")
    command = [sys.executable, "-m", "lprnet_ros.cli.read", *caption.strip("`").split()[1:]]
    subprocess.run(command, capture_output=True, check=True, cwd=folder)
    drawn, committed = (
        cv2.imread(str(path)) for path in (folder / "out/street.jpg", REPOSITORY / "docs/street.jpg")
    )
    difference = cv2.absdiff(drawn, committed)
    assert difference.mean() < 1
    assert (difference > 60).mean() < 0.005  # the text of a reading that is not accepted may differ
