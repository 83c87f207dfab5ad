"""Fixtures of all tests.

The machine may be busy, so how long an example of a property test takes proves nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import os
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, settings

from lprnet_ros.models.find import bundled_model, find_models_folder
from lprnet_ros.models.manifest import manifest_path
from lprnet_ros.reading.recognizer import PlateRecognizer
from lprnet_ros.sources.labelled import list_images, read_image

settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy machine")

REPOSITORY = Path(__file__).resolve().parents[1]
HELPERS = REPOSITORY / "test" / "helpers"
DOUBLES = HELPERS / "doubles"
BOARD_LIBRARIES = ("hbm_runtime", "bpu_infer_lib")


@pytest.fixture(scope="session")
def shipped_readings():
    """What the bundled model makes of the first eight shipped crops, by file."""
    recognizer = PlateRecognizer.open()
    files = list_images(REPOSITORY / "demo" / "crops")[:8]
    assert len(files) == 8
    readings = {file: recognizer.read(read_image(file)) for file in files}
    recognizer.close()
    return readings


@pytest.fixture
def csv_file(shipped_readings, tmp_path):
    """A CSV of the eight crops, half of them in each set; the last one has a wrong label."""
    lines = ["file,label,set"]
    for index, (file, reading) in enumerate(shipped_readings.items()):
        shutil.copy(file, tmp_path / f"{index}.png")
        label = reading.text if index < 7 else "新Z00000"
        lines.append(f"{index}.png,{label},{'road' if index % 2 == 0 else 'toll'}")
    path = tmp_path / "index.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def wrong_model(tmp_path):
    """A copy of the bundled model whose manifest names the wrong channel order."""
    for path in bundled_model().parent.glob("lprnet.*"):
        shutil.copy(path, tmp_path)
    model = tmp_path / bundled_model().name
    values = yaml.safe_load(manifest_path(model).read_text(encoding="utf-8"))
    values["input"]["channel_order"] = "bgr" if values["input"]["channel_order"] == "rgb" else "rgb"
    manifest_path(model).write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
    return model


@pytest.fixture
def board_model(tmp_path, monkeypatch):
    """A model for the board's libraries, of which the doubles can be imported."""
    for name in BOARD_LIBRARIES:
        sys.modules.pop(name, None)
    monkeypatch.syspath_prepend(str(DOUBLES))
    model = tmp_path / "lpr.bin"
    model.write_bytes(b"compiled for bayes-e")
    values = yaml.safe_load((find_models_folder() / "lpr.bin.yaml").read_text(encoding="utf-8"))
    values["sha256"] = hashlib.sha256(model.read_bytes()).hexdigest()
    manifest_path(model).write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
    yield model
    for name in BOARD_LIBRARIES:
        sys.modules.pop(name, None)
    importlib.invalidate_caches()


@pytest.fixture(scope="session")
def ros_environment() -> Iterator[None]:
    """Keep this session's ROS traffic on this machine and apart from every other session's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROS_DOMAIN_ID", str(1 + os.getpid() % 100))
        patch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
        patch.setenv("ROS_LOCALHOST_ONLY", "1")  # Humble does not know the other one
        patch.setenv("FASTRTPS_DEFAULT_PROFILES_FILE", str(HELPERS / "quick_discovery.xml"))
        yield


@pytest.fixture(scope="session")
def client(ros_environment: None) -> Iterator[object]:
    """The node that talks to the processes under test."""
    from ros_harness import Client  # noqa: PLC0415 - needs rclpy, which may be absent

    client = Client()
    yield client
    client.close()


@pytest.fixture
def start_reader(client: object, tmp_path: Path) -> Iterator[Callable[..., object]]:
    """Start readers that end with the test: ``start_reader("name:=value", ...)``."""
    from ros_harness import running_reader  # noqa: PLC0415

    with contextlib.ExitStack() as stack:
        yield lambda *parameters: stack.enter_context(running_reader(client, tmp_path, *parameters))


@pytest.fixture(scope="session")
def serialisation() -> None:
    """Load what ROS needs to serialise images and texts, which uses deprecated modules."""
    from rclpy.serialization import serialize_message  # noqa: PLC0415 - rclpy may be absent
    from sensor_msgs.msg import CompressedImage, Image  # noqa: PLC0415
    from std_msgs.msg import String  # noqa: PLC0415

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for message in (Image(), CompressedImage(), String()):
            serialize_message(message)
