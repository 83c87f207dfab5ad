"""A model lies in its folder with all that its manifest names, or not at all."""

import hashlib
import shutil
import threading

import pytest
import yaml
from file_server import CONTENT, file_server

import lprnet_ros.models.find
import lprnet_ros.models.install
from lprnet_ros.models.derive import write_manifest_like
from lprnet_ros.models.download_error import DownloadError
from lprnet_ros.models.find import bundled_model, find_model
from lprnet_ros.models.install import install, usual_folder
from lprnet_ros.models.load import load_manifest
from lprnet_ros.models.manifest import ManifestError, manifest_path


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The user's folder of models, not made yet."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "lprnet_ros" / "models"


@pytest.fixture
def described(tmp_path):
    """Where a manifest says that a model with a self-test lies; the file is not there."""
    shutil.copytree(
        bundled_model().parent, tmp_path / "known", ignore=shutil.ignore_patterns("*.onnx", "*.md")
    )
    values = yaml.safe_load((tmp_path / "known" / "lprnet.onnx.yaml").read_text(encoding="utf-8"))
    values |= {"name": "mine", "sha256": hashlib.sha256(CONTENT).hexdigest(), "url": "https://example.org/m"}
    path = tmp_path / "known" / "mine.bin"
    manifest_path(path).write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
    return path


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "downloads" / "whatever.bin"
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    return path


def files(folder):
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


ALL = {"mine.bin", "mine.bin.yaml", "lprnet.self_test.png", "lprnet.self_test.npy"}


def test_an_installed_model_is_found_with_all_that_its_manifest_names(described, source, folder, monkeypatch):
    monkeypatch.chdir(source.parent)
    assert install(described, str(source), folder) == (folder / "mine.bin", True)
    assert files(folder) == ALL
    assert find_model("mine.bin") == folder / "mine.bin"
    manifest = load_manifest(find_model("mine.bin"))
    manifest.verify_file()
    assert (
        manifest.self_test.image.read_bytes()
        == bundled_model().with_name("lprnet.self_test.png").read_bytes()
    )


def test_what_is_there_already_is_not_fetched_again_but_its_companions_are_mended(described, source, folder):
    install(described, str(source), folder)
    (folder / "lprnet.self_test.npy").unlink()
    manifest_path(folder / "mine.bin").write_text("broken")
    source.unlink()
    assert install(described, str(source), folder) == (folder / "mine.bin", False)
    assert files(folder) == ALL
    load_manifest(folder / "mine.bin").verify_file()


def test_a_model_may_be_fetched_to_where_its_manifest_lies(described, source):
    before = files(described.parent)
    assert install(described, str(source), described.parent) == (described, True)
    assert files(described.parent) == before | {"mine.bin"}


@pytest.mark.parametrize("content", [CONTENT[:-1], b"", CONTENT + b"!"])
def test_a_broken_file_installs_nothing(described, source, folder, content):
    source.write_bytes(content)
    with pytest.raises(DownloadError, match="is not the file that was asked for"):
        install(described, str(source), folder)
    assert files(folder) == set()


def test_a_broken_file_in_the_folder_is_replaced(described, source, folder):
    install(described, str(source), folder)
    (folder / "mine.bin").write_bytes(b"half")
    assert install(described, str(source), folder) == (folder / "mine.bin", True)
    assert (folder / "mine.bin").read_bytes() == CONTENT


def test_another_whole_model_of_that_name_stays_unless_it_may_go(described, source, folder):
    folder.mkdir(parents=True)
    (folder / "mine.bin").write_bytes(b"another model")
    values = yaml.safe_load(manifest_path(described).read_text(encoding="utf-8"))
    values |= {
        "sha256": hashlib.sha256(b"another model").hexdigest(),
        "self_test": {"blue_pixel": [-1, -1, 1]},
    }
    manifest_path(folder / "mine.bin").write_text(
        yaml.safe_dump(values, allow_unicode=True), encoding="utf-8"
    )
    with pytest.raises(ManifestError, match=r"mine\.bin is another model .*--replace"):
        install(described, str(source), folder)
    assert (folder / "mine.bin").read_bytes() == b"another model"
    assert install(described, str(source), folder, replace=True) == (folder / "mine.bin", True)
    load_manifest(folder / "mine.bin").verify_file()
    assert files(folder) == ALL


def test_another_models_self_test_stays_unless_it_may_go(described, source, folder):
    folder.mkdir(parents=True)
    (folder / "lprnet.self_test.png").write_bytes(b"another picture")
    with pytest.raises(ManifestError, match=r"lprnet\.self_test\.png belongs to another model"):
        install(described, str(source), folder)
    assert files(folder) == {"lprnet.self_test.png"}
    install(described, str(source), folder, replace=True)
    assert files(folder) == ALL


def test_a_missing_companion_is_named_before_anything_is_fetched(described, source, folder):
    described.with_name("lprnet.self_test.npy").unlink()
    with pytest.raises(ManifestError, match=r"lprnet\.self_test\.npy: this file of the model's self-test"):
        install(described, str(source), folder)
    assert files(folder) == set()


def test_a_syntax_of_its_own_comes_along(described, source, folder):
    values = yaml.safe_load(manifest_path(described).read_text(encoding="utf-8"))
    values["output"]["syntax"] = "abroad.yaml"
    del values["output"]["alphabet"], values["output"]["blank"]
    described.with_name("abroad.yaml").write_text(
        "{name: abroad, alphabet: ABC012_, blank: _, sets: {L: ABC, D: '012'}, kinds: {car: [LLDD]}}"
    )
    manifest_path(described).write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
    install(described, str(source), folder)
    assert load_manifest(folder / "mine.bin").syntax.name == "abroad"


def test_two_at_once_leave_one_whole_model(described, folder):
    results = []
    with file_server() as (address, _):

        def fetch():
            results.append(install(described, f"{address}/both", folder))

        threads = [threading.Thread(target=fetch) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert results == [(folder / "mine.bin", True)] * 2
    assert files(folder) == ALL
    load_manifest(folder / "mine.bin").verify_file()


def test_a_folder_that_cannot_be_made_is_named(described, source, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DownloadError, match=r"file/models: cannot be made \(Not a directory\)"):
        install(described, str(source), tmp_path / "file" / "models")


@pytest.mark.parametrize(("made", "writable", "is_boards"), [
    ("board", True, True), ("board/lprnet", True, True), ("board", False, False), ("", True, False),
])  # fmt: skip
def test_on_a_board_models_go_to_its_folder_if_it_can_be_written(
    tmp_path, monkeypatch, folder, made, writable, is_boards
):
    for module in (lprnet_ros.models.find, lprnet_ros.models.install):
        monkeypatch.setattr(module, "BOARD_MODELS", tmp_path / "board")
    if made:
        (tmp_path / made).mkdir(parents=True)
    asked = []
    monkeypatch.setattr(
        lprnet_ros.models.install.os, "access", lambda path, mode: asked.append(path) or writable
    )
    assert usual_folder() == (tmp_path / "board" / "lprnet" if is_boards else folder)
    assert asked == [tmp_path / (made or "board")]


# a manifest like another


def test_a_model_made_of_another_gets_its_manifest_without_the_address(described, source):
    path = write_manifest_like(described, source, changes={"self_test": {"minimum_cosine": 0.9}})
    assert path == manifest_path(source)
    manifest, original = load_manifest(source), load_manifest(described)
    manifest.verify_file()
    assert manifest.name == "whatever"
    assert (manifest.url, original.url) == ("", "https://example.org/m")
    assert manifest.self_test.minimum_cosine == 0.9
    assert manifest.self_test.text == original.self_test.text
    assert manifest.self_test.logits.read_bytes() == original.self_test.logits.read_bytes()
    assert (manifest.input, manifest.calibration) == (original.input, original.calibration)
    write_manifest_like(described, source, name="named")
    assert load_manifest(source).name == "named"


def test_no_manifest_is_written_for_a_model_that_is_not_there(described, source):
    source.unlink()
    with pytest.raises(ManifestError, match=r"whatever\.bin\.yaml: cannot be written"):
        write_manifest_like(described, source)
    assert files(source.parent) == set()
