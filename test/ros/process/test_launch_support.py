"""What the launch files check, and the parameter files that they write; launch itself is not needed."""

import importlib.metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("ament_index_python", reason="ament_index_python is not installed: ROS has it")

from lprnet_ros.ros.process.launch_support import (
    LaunchError,
    checked_source,
    end_launch,
    is_installed,
    parameter_file,
    read_parameter_file,
    require_packages,
    require_page,
)


def read(path):
    return read_parameter_file("params_file", str(path), "/x/lpr.yaml")


def written(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """The packages first_msgs and other_msgs, and no other."""
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path))
    folder = tmp_path / "share" / "ament_index" / "resource_index" / "packages"
    folder.mkdir(parents=True)
    for package in ("first_msgs", "other_msgs"):
        (folder / package).touch()


@pytest.mark.parametrize("name", ["plate_cropper", "/gate/plate_cropper", "/**", "/**/plate_cropper"])
def test_a_section_counts_whatever_its_node(tmp_path, name):
    text = f"{name}:\n  ros__parameters:\n    regions: ['1,2,3,4']\n    padding: 0.1\n"
    assert read(written(tmp_path, text)) == {"regions": ["1,2,3,4"], "padding": 0.1}


def test_namespaces_may_be_nested(tmp_path):
    text = "gate:\n  plate_cropper:\n    ros__parameters: {padding: 0.1}\n"
    assert read(written(tmp_path, text)) == {"padding": 0.1}


@pytest.mark.parametrize("text", ["", "{}", "# nothing yet\n"])
def test_an_empty_file_sets_nothing(tmp_path, text):
    assert read(written(tmp_path, text)) == {}


@pytest.mark.parametrize("text", ["- a\n", "text", "plate_cropper: {padding: 0.1}", "3"])
def test_a_yaml_that_is_no_parameter_file_is_refused(tmp_path, text):
    with pytest.raises(LaunchError, match=r"mine\.yaml cannot be used: it has no section ros__parameters"):
        read(written(tmp_path, text))


def test_a_file_that_cannot_be_read_is_named_in_one_line(tmp_path):
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    broken = written(tmp_path, "a: [1\nb: }\n")
    for path in (tmp_path / "missing.yaml", tmp_path, tmp_path / "binary.yaml", broken):
        with pytest.raises(LaunchError, match=r"cannot be used: .*; give a YAML file like /x/lpr") as caught:
            read(path)
        assert "\n" not in str(caught.value)
        assert str(caught.value).startswith(f"params_file {path} ")


TEXTS = st.text(st.characters(exclude_categories=["C"]))
VALUES = st.one_of(TEXTS, st.booleans(), st.integers(0, 2**31), st.lists(TEXTS, min_size=1))


@given(st.dictionaries(st.text("abc_", min_size=3), VALUES))
def test_what_is_written_is_read_again(parameters):
    path = Path(parameter_file("/gate/lpr_node", parameters))
    try:
        assert read(path) == parameters
    finally:
        path.unlink()


@pytest.mark.parametrize("text", ["y", "on", "1e5", "123", "", "null", "~", "京A"])
def test_every_text_is_quoted_for_a_parser_that_takes_y_for_true(tmp_path, text):
    path = Path(parameter_file("/lpr_node", {"model": text, "topics": [text, text]}))
    content = path.read_text(encoding="utf-8")
    path.unlink()
    assert content == (
        f'{{"/lpr_node": {{"ros__parameters": {{"model": "{text}", "topics": ["{text}", "{text}"]}}}}}}'
    )
    assert yaml.safe_load(content)["/lpr_node"]["ros__parameters"]["model"] == text


def test_installed_packages_are_found(installed):
    assert is_installed("first_msgs")
    assert not is_installed("third_msgs")
    require_packages("camera:=usb", ["first_msgs", "other_msgs"], {})


def test_without_a_sourced_installation_nothing_is_installed(monkeypatch):
    monkeypatch.delenv("AMENT_PREFIX_PATH", raising=False)
    assert not is_installed("first_msgs")


@pytest.mark.parametrize(
    ("environment", "missing", "command"),
    [
        ({}, ["mipi_cam"], "tros-humble-mipi-cam"),
        ({"ROS_DISTRO": "jazzy"}, ["mipi_cam"], "tros-jazzy-mipi-cam"),
        ({"ROS_DISTRO": "jazzy", "TROS_DISTRO": "humble"}, ["ai_msgs"], "tros-humble-ai-msgs"),
        ({"TROS_DISTRO": "humble"}, ["vision_msgs"], "ros-jazzy-vision-msgs"),
        ({"ROS_DISTRO": "humble"}, ["vision_msgs"], "ros-humble-vision-msgs"),
        ({"ROS_DISTRO": "", "TROS_DISTRO": ""}, ["websocket"], "tros-humble-websocket"),
        ({}, ["hobot_shm", "vision_msgs"], "tros-humble-hobot-shm ros-jazzy-vision-msgs"),
    ],
)
def test_a_missing_package_is_named_with_the_command_that_installs_it(
    installed, monkeypatch, environment, missing, command
):
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "7.1.5")  # rclpy of Jazzy
    with pytest.raises(LaunchError) as caught:
        require_packages("camera:=usb", ["first_msgs", *missing, missing[0]], environment)
    plural = "packages" if len(missing) > 1 else "package"
    assert str(caught.value) == (
        f"camera:=usb needs the {plural} {', '.join(missing)}: sudo apt install {command}, "
        "and source its setup.bash in this terminal"
    )


def test_a_source_is_there_and_gets_its_whole_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scenes").mkdir()
    assert checked_source("scenes") == str(tmp_path / "scenes")
    for text in ("", "nowhere"):
        with pytest.raises(LaunchError, match=f"source '{text}' does not exist; give a folder of pictures"):
            checked_source(text)


@pytest.mark.parametrize(
    ("status", "is_shutdown", "may_finish", "ends"),
    [
        (1, False, False, True),
        (0, False, False, True),
        (0, False, True, False),
        (1, False, True, True),
        (-2, True, False, False),
    ],
)
def test_a_launch_ends_with_a_node_that_ends_on_its_own(status, is_shutdown, may_finish, ends):
    on_exit = end_launch("lpr_node", "look", may_finish)
    event, context = SimpleNamespace(returncode=status), SimpleNamespace(is_shutdown=is_shutdown)
    if ends:
        message = f"lpr_node ended with status {status}, and the launch with it: look"
        with pytest.raises(LaunchError, match=message):
            on_exit(event, context)
    else:
        on_exit(event, context)


def test_a_page_without_its_library_is_one_sentence(monkeypatch):
    require_page("web:=own")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(
        LaunchError, match=r"^web:=own needs aiohttp: pip install 'lprnet_ros\[web\]', or sudo apt"
    ):
        require_page("web:=own")
