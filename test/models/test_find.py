"""Which file a model's name means: here, bundled, the user's or the board's."""

from pathlib import Path

import pytest

import lprnet_ros.models.find
from lprnet_ros.models.find import (
    BUNDLED_MODEL,
    bundled_model,
    find_model,
    find_models_folder,
    installed_models_folders,
)
from lprnet_ros.models.load import load_manifest
from lprnet_ros.models.manifest import ManifestError, manifest_path


@pytest.fixture
def places(tmp_path, monkeypatch):
    """An empty working folder, user's folder and board's folder, in the order in which they are searched."""
    here, user, board = (tmp_path / name for name in ("here", "data/lprnet_ros/models", "board/lprnet"))
    for folder in (here, user, board):
        folder.mkdir(parents=True)
    monkeypatch.chdir(here)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(lprnet_ros.models.find, "BOARD_MODELS", tmp_path / "board")
    return here, user, board


def put(folder, name, *, manifest=True, file=True):
    if file:
        (folder / name).write_bytes(b"model")
    if manifest:
        manifest_path(folder / name).write_text("name: x")
    return folder / name


def put_described(folder):
    folder.mkdir(parents=True)
    put(folder, BUNDLED_MODEL)


def test_no_name_is_the_bundled_network(places):
    assert find_model("") == bundled_model()
    assert find_model("lprnet_int8.onnx") == bundled_model().with_name("lprnet_int8.onnx")


def test_a_path_is_taken_as_it_is(places):
    put(places[1], "lpr.bin")
    assert find_model("./lpr.bin") == Path("lpr.bin")
    assert find_model("sub/x.onnx") == Path("sub/x.onnx")
    assert find_model("~/x.onnx") == Path.home() / "x.onnx"


def test_a_name_that_is_nowhere_stays_a_path_or_waits_for_the_bundled_manifests_file(places):
    assert find_model("unheard_of.onnx") == Path("unheard_of.onnx")
    assert find_model("lpr.bin") == bundled_model().with_name("lpr.bin")


def test_an_installed_model_is_found_the_users_before_the_boards(places):
    here, user, board = places
    assert installed_models_folders() == [user, board]
    put(board, "lpr.bin")
    assert find_model("lpr.bin") == board / "lpr.bin"
    put(user, "lpr.bin")
    assert find_model("lpr.bin") == user / "lpr.bin"
    put(here, "lpr.bin", manifest=False)
    assert find_model("lpr.bin") == Path("lpr.bin")


def test_a_file_in_the_source_tree_comes_before_the_installed_ones(places, tmp_path, monkeypatch):
    models = tmp_path / "source" / "models"
    models.mkdir(parents=True)
    monkeypatch.setattr(
        lprnet_ros.models.find, "__file__", str(tmp_path / "source/lprnet_ros/models/find.py")
    )
    put(models, "lprnet.onnx")
    put(models, "lpr.bin", file=False)
    put(places[1], "lpr.bin")
    assert find_model("lpr.bin") == places[1] / "lpr.bin"
    put(models, "lpr.bin")
    assert find_model("lpr.bin") == models / "lpr.bin"


@pytest.mark.parametrize("half", [{"manifest": False}, {"file": False}], ids=["no manifest", "no file"])
def test_half_an_installed_model_is_none(places, half):
    put(places[1], "lpr.bin", **half)
    put(places[1], "mine.bin", **half)
    assert find_model("lpr.bin") == bundled_model().with_name("lpr.bin")
    assert find_model("mine.bin") == Path("mine.bin")


@pytest.mark.parametrize("value", ["", "relative/data", None])
def test_without_an_absolute_data_home_it_is_the_usual_one(monkeypatch, value):
    monkeypatch.setenv("HOME", "/home/anyone")
    if value is None:
        monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    else:
        monkeypatch.setenv("XDG_DATA_HOME", value)
    assert installed_models_folders() == [
        Path("/home/anyone/.local/share/lprnet_ros/models"),
        Path("/opt/hobot/model/x5/lprnet"),
    ]


@pytest.mark.parametrize(
    ("package", "models"),
    [
        ("repository/lprnet_ros", "repository/models"),
        ("venv/lib/python3.11/site-packages/lprnet_ros", "venv/share/lprnet_ros/models"),
        ("usr/local/lib/python3.10/dist-packages/lprnet_ros", "usr/local/share/lprnet_ros/models"),
        (
            "install/lprnet_ros/local/lib/python3.10/dist-packages/lprnet_ros",
            "install/lprnet_ros/share/lprnet_ros/models",
        ),
        ("opt/ros/humble/lib/python3.10/site-packages/lprnet_ros", "opt/ros/humble/share/lprnet_ros/models"),
    ],
)
def test_the_bundled_model_is_found_in_every_layout(tmp_path, monkeypatch, package, models):
    monkeypatch.setattr(lprnet_ros.models.find, "__file__", str(tmp_path / package / "models" / "find.py"))
    put_described(tmp_path / models)
    assert find_models_folder() == tmp_path / models
    assert bundled_model() == tmp_path / models / "lprnet.onnx"


def test_a_source_tree_is_preferred_to_an_installed_copy(tmp_path, monkeypatch):
    monkeypatch.setattr(
        lprnet_ros.models.find, "__file__", str(tmp_path / "source/lprnet_ros/models/find.py")
    )
    put_described(tmp_path / "share/lprnet_ros/models")
    put_described(tmp_path / "source/models")
    assert find_models_folder() == tmp_path / "source/models"


def test_a_package_without_its_models_says_where_it_looked(tmp_path, monkeypatch):
    monkeypatch.setattr(lprnet_ros.models.find, "__file__", str(tmp_path / "a/lprnet_ros/models/find.py"))
    with pytest.raises(ManifestError, match="bundled models are not installed") as caught:
        bundled_model()
    assert str(tmp_path / "a/models") in str(caught.value)


def test_the_published_model_has_an_address_and_others_need_none():
    assert load_manifest(bundled_model().with_name("lpr.bin")).url.startswith(
        "https://archive.d-robotics.cc/"
    )
    assert load_manifest(bundled_model()).url == ""


@pytest.mark.parametrize("url", ["5", "ftp://x/y", "x.bin", "[]", "null"])
def test_an_address_that_is_none_is_named(tmp_path, url):
    text = manifest_path(bundled_model()).read_text(encoding="utf-8")
    manifest_path(tmp_path / "x.onnx").write_text(f"{text}url: {url}\n", encoding="utf-8")
    with pytest.raises(ManifestError, match=r"x\.onnx\.yaml: url (is|holds) .*, expected (an address|text)"):
        load_manifest(tmp_path / "x.onnx")
