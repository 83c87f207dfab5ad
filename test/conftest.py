"""Fixtures of all tests, and what a test run says of itself.

The machine may be busy, so how long an example of a property test takes proves nothing.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import hashlib
import importlib
import os
import shutil
import signal
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, settings
from skips import announced

from lprnet_ros.models.find import bundled_model, find_models_folder
from lprnet_ros.models.manifest import manifest_path
from lprnet_ros.reading.recognizer import PlateRecognizer
from lprnet_ros.sources.labelled import list_images, read_image

settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", settings.get_profile("busy machine"), max_examples=20)
settings.load_profile("busy machine")

REPOSITORY = Path(__file__).resolve().parents[1]
HELPERS = REPOSITORY / "test" / "helpers"
DOUBLES = HELPERS / "doubles"
BOARD_LIBRARIES = ("hbm_runtime", "bpu_infer_lib")

LIVE_FIXTURES = {"client", "ros_environment", "start_reader"}
LIVE_PATHS = (
    "/test/bench/",
    "/test/demo/",
    "/test/flow/test_process_",
    "/test/fuzz/",
    "/test/launch/",
    "/test/ros/nodes/",
)
_PR_SET_PDEATHSIG = 1


def pytest_configure(config: pytest.Config) -> None:
    """Keep this run's ROS traffic on this machine, and let no process of the run outlive it.

    A shell starts what runs in the background with Ctrl-C ignored, which processes under test would inherit.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    if os.environ.get("ROS_DISTRO") == "humble":  # later ones warn of it
        os.environ["ROS_LOCALHOST_ONLY"] = "1"
    os.environ["ROS_PYTHON_CHECK_FIELDS"] = "1"
    if hasattr(config, "workerinput") and sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def pytest_report_header() -> list[str]:
    """Say what will be skipped, and why."""
    lines = announced()
    return ["will skip tests of", *(f"  {line}" for line in lines)] if lines else ["will skip nothing"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs ROS or takes long as live, and begin with it: it mostly waits."""
    for item in items:
        is_live = any(path in item.path.as_posix() for path in LIVE_PATHS)
        if is_live or LIVE_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.live)
    items.sort(key=lambda item: item.get_closest_marker("live") is None)


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
    """Keep this session's ROS traffic apart from every other session's, those at its side included."""
    with contextlib.ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("ROS_DOMAIN_ID", str(stack.enter_context(_own_domain())))
        patch.setenv("FASTRTPS_DEFAULT_PROFILES_FILE", str(HELPERS / "quick_discovery.xml"))
        yield


@contextlib.contextmanager
def _own_domain() -> Iterator[int]:
    """Take a ROS domain that no other session on this machine has; the lock goes with this process."""
    for domain in range(1, 101):
        with Path(tempfile.gettempdir(), f"lprnet_ros_domain_{domain}.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield domain
            return
    pytest.fail("100 test sessions have taken all ROS domains of this machine")


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
