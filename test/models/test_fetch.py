"""A download is whole and the right one, or it leaves nothing."""

import errno
import hashlib
import os
import subprocess
import sys
import threading
import time

import pytest
from file_server import CONTENT, file_server

import lprnet_ros.models.fetch
from lprnet_ros.models.download_error import DownloadError
from lprnet_ros.models.fetch import download

SUM = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(scope="module")
def server():
    with file_server() as (address, server):
        server.address = address
        yield server


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def get(server, tmp_path):
    """Download a page of the server, or any source, to ``lpr.bin``."""

    def run(page, sha256=SUM, **options):
        source = page if ":" in page or "/" in page else f"{server.address}/{page}"
        return download(source, tmp_path / "lpr.bin", sha256, **options)

    return run


def files(folder):
    return [path.name for path in folder.iterdir()]


@pytest.mark.parametrize("page", ["whole", "moved", "chunked", "until-closed", "longer"])
def test_a_file_arrives_whole_and_readable_for_all(page, get, tmp_path):
    assert get(page) == len(CONTENT)
    assert files(tmp_path) == ["lpr.bin"]
    assert (tmp_path / "lpr.bin").read_bytes() == CONTENT
    assert oct((tmp_path / "lpr.bin").stat().st_mode)[-3:] == "644"


def test_the_server_is_told_who_asks(get, server):
    get("whole")
    assert server.agents[-1] == "lprnet_ros"


@pytest.mark.parametrize("form", ["{}", "file://{}", "file://localhost{}"])
def test_a_file_is_named_by_path_or_address(form, get, tmp_path):
    source = tmp_path / "a file%20.bin"
    source.write_bytes(CONTENT)
    path = str(source) if form == "{}" else str(source).replace("%", "%25").replace(" ", "%20")
    assert get(form.format(path)) == len(CONTENT)
    assert (tmp_path / "lpr.bin").read_bytes() == CONTENT


FAILURES = {
    "truncated": r"ended after 70000 of 102400 bytes; try again",
    "cut-chunks": r"cannot be had",
    "cut-until-closed": r"is not the file that was asked for: sha256 \w{64}, expected .* \(70000 bytes\)",
    "other": r"is not the file that was asked for",
    "empty": r"is not the file that was asked for: .* \(0 bytes\)",
    "missing": r"/missing: the server answers 404 Not Found",
    "broken": r"the server answers 503 Service Unavailable",
    "round": r"the server answers 301 .*infinite loop",
    "to-a-file": r"the server answers 302 .*not allowed",
    "to-ftp": r"cannot be had \(unknown url type: ftp\)",
    "huge": r"has 1099511627776 bytes, expected at most 67108864",
    "no-http": r"cannot be had \(220 ready",
}


@pytest.mark.parametrize("page", FAILURES)
@pytest.mark.parametrize("before", [None, b"the old one"], ids=["new", "over an old one"])
def test_a_failure_is_one_sentence_and_leaves_what_was_there(page, before, get, tmp_path):
    if before is not None:
        (tmp_path / "lpr.bin").write_bytes(before)
    with pytest.raises(DownloadError, match=FAILURES[page]):
        get(page)
    assert files(tmp_path) == ([] if before is None else ["lpr.bin"])
    if before is not None:
        assert (tmp_path / "lpr.bin").read_bytes() == before


def test_no_more_is_read_than_allowed(get, tmp_path):
    with pytest.raises(DownloadError, match="has more than 300000 bytes"):
        get("endless", maximum_bytes=300000)
    with pytest.raises(DownloadError, match="has 102400 bytes, expected at most 102399"):
        get("whole", maximum_bytes=102399)
    assert files(tmp_path) == []
    assert get("whole", maximum_bytes=102400) == 102400


@pytest.mark.parametrize(
    ("page", "message"), [("dripping", "too slow; only .* bytes"), ("silent", "timed out")]
)
def test_a_slow_server_is_given_up(page, message, get, tmp_path):
    started = time.monotonic()
    with pytest.raises(DownloadError, match=message):
        get(page, timeout=0.3)
    assert 0.2 < time.monotonic() - started < 10
    assert files(tmp_path) == []


def test_a_server_that_is_not_there_is_named(get, tmp_path):
    with pytest.raises(DownloadError, match=r"http://127\.0\.0\.1:1/lpr\.bin: cannot be had \(.*refused"):
        get("http://127.0.0.1:1/lpr.bin")
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("ftp://127.0.0.1/lpr.bin", "expected an address with https, http or file, or a path"),
        ("data:,abc", "expected an address"),
        ("file://elsewhere/lpr.bin", "expected an address"),
        ("/gone/lpr.bin", "/gone/lpr.bin: no such file"),
        ("file:///gone", "no such file"),
        ("/tmp", "/tmp: no such file"),
        ("http://", "cannot be had"),
        ("http://[", "http://\\["),
        ("http://127.0.0.1:port/x", "cannot be had"),
        ("http://a b/x", "cannot be had"),
    ],
)
def test_a_source_that_is_none_is_named(source, message, get, tmp_path):
    with pytest.raises(DownloadError, match=message):
        get(source)
    assert files(tmp_path) == []


def test_two_at_once_do_not_mix(server, tmp_path):
    results = []
    target = tmp_path / "lpr.bin"

    def fetch():
        results.append(download(f"{server.address}/both", target, SUM))

    threads = [threading.Thread(target=fetch) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [len(CONTENT)] * 2
    assert files(tmp_path) == ["lpr.bin"]
    assert target.read_bytes() == CONTENT


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path):
    (tmp_path / "source").write_bytes(CONTENT)
    program = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from lprnet_ros.models.fetch import DownloadError, download\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (70000, 70000))\n"  # the system refuses what is beyond
        "try:\n"
        "    download(sys.argv[1], Path(sys.argv[2]), sys.argv[3])\n"
        "except DownloadError as error:\n"
        "    print(error)\n"
    )
    folder = tmp_path / "models"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "source"), str(folder / "lpr.bin"), SUM],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{folder / 'lpr.bin'}: cannot be written (File too large)\n"
    assert files(folder) == []


@pytest.mark.parametrize("function", ["fsync", "fchmod"])
def test_a_disk_that_fills_at_the_last_moment_leaves_nothing(function, get, tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(lprnet_ros.models.fetch.os, function, fail)
    with pytest.raises(DownloadError, match=r"lpr\.bin: cannot be written \(No space left on device\)"):
        get("whole")
    assert files(tmp_path) == []


def test_a_folder_that_cannot_be_written_is_named(server, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DownloadError, match=r"file: cannot be written \(Not a directory\)"):
        download(f"{server.address}/whole", tmp_path / "file" / "lpr.bin", SUM)


def test_an_interruption_leaves_nothing(get, tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(lprnet_ros.models.fetch.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        get("whole")
    assert files(tmp_path) == []
