"""The page's routes over HTTP: what they answer, and what they refuse."""

from __future__ import annotations

import asyncio
import csv
import http.client
import io
import json
import re
from urllib.parse import quote, urlsplit

import pytest
from page_harness import JPEG, serving, vehicle

from lprnet_ros.record.record_writer import RecordWriter
from lprnet_ros.record.vehicle_record import RecordedVehicle, RecordReader
from lprnet_ros.web.live_view import LivePicture, LiveView
from lprnet_ros.web.page_app import is_this_machine
from lprnet_ros.web.vehicle_list import VehicleList

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def vehicles():
    return VehicleList(10_000)


@pytest.fixture
def view():
    return LiveView()


@pytest.fixture
def server(vehicles, view):
    with serving(vehicles, view) as server:
        yield server


def ask(server, path, method="GET", **headers):
    """Return status, headers and body of an answer; the path goes out as it is."""
    address = urlsplit(server.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def test_the_page_loads_nothing_from_elsewhere_and_holds_no_script_of_its_own(server):
    status, headers, body = ask(server, "/")
    text = body.decode()
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    loaded = re.findall(r'(?:src|href)="(.*?)"', text)
    assert all("//" not in path for path in loaded)
    assert {ask(server, f"/{path}")[0] for path in loaded} == {200}
    assert not re.search(r"<script(?! src)|<style|style=| on\w+=", text)
    script = ask(server, "/page.js")[2].decode()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", script)


@pytest.mark.parametrize(
    "path", ["/", "/page.js", "/api/status", "/nowhere", "/api/crops/5", "/vehicles.csv"]
)
def test_every_answer_has_the_headers_that_keep_a_page_safe(server, path):
    headers = ask(server, path)[1]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("path", ["/", "/api/vehicles"])
def test_nothing_can_be_changed(server, method, path):
    status, headers, _ = ask(server, path, method)
    assert status == 405
    assert set(headers["Allow"].split(",")) == {"GET", "HEAD"}


def test_head_answers_without_a_body(server):
    status, headers, body = ask(server, "/page.css", "HEAD")
    assert (status, body) == (200, b"")
    assert int(headers["Content-Length"]) > 0


@pytest.mark.parametrize(
    "path",
    [
        "/../setup.py",
        "/%2e%2e/setup.py",
        "/..%2f..%2fetc/passwd",
        "/assets/page.html",
        "//etc/passwd",
        "/page.py",
    ],
)
def test_no_other_file_is_served(server, path):
    status, _, body = ask(server, path)
    assert status in (400, 404)
    assert b"root:" not in body
    assert b"import" not in body


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "10.0.0.1", "[", ""]
)
def test_a_page_for_this_machine_answers_to_no_other_name(server, host):
    status, _, body = ask(server, "/api/vehicles", Host=host)
    assert (status, body) == (403, b"open this page as http://localhost, under no other name\n")


def test_names_of_this_machine_are_known():
    names = ["localhost", "localhost:8000", "127.0.0.1:1", "127.1.2.3", "[::1]:8000"]
    assert all(is_this_machine(name) for name in names)


def test_vehicles_are_answered_with_their_crops(server, vehicles):
    vehicles.add(vehicle(1), JPEG)
    vehicles.add(vehicle(2, EVIL, camera=EVIL, has_crop=False), None)
    status, headers, body = ask(server, "/api/vehicles")
    assert (status, headers["Content-Type"]) == (200, "application/json; charset=utf-8")
    found = json.loads(body)
    assert [one["text"] for one in found] == [EVIL, "京A12345"]
    assert found[1]["last_seen"] == 1e9 + 3.5
    assert ask(server, "/api/crops/1")[2] == JPEG
    assert ask(server, "/api/crops/2")[0] == 404
    assert json.loads(ask(server, f"/api/vehicles?text={quote('京a')}")[2])[0]["identifier"] == 1
    assert json.loads(ask(server, "/api/vehicles?before=2&limit=5")[2])[0]["identifier"] == 1


@pytest.mark.parametrize("query", ["limit=x", "limit=nan", "limit=inf", "before=1e999", "limit=1e99"])
def test_what_is_no_number_is_refused(server, query):
    assert ask(server, f"/api/vehicles?{query}")[::2] == (400, b"limit, before and after are numbers\n")


def test_ten_thousand_vehicles_are_listed_and_downloaded(server, vehicles):
    for number in range(10_000):
        vehicles.add(vehicle(number), None)
    assert len(json.loads(ask(server, "/api/vehicles")[2])) == 100
    assert len(json.loads(ask(server, "/api/vehicles?limit=999999")[2])) == 10_000
    assert ask(server, "/vehicles.csv")[2].count(b"\r\n") == 10_001


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_spreadsheet_takes_no_cell_for_a_formula(server, vehicles, start):
    vehicles.add(vehicle(1, f'{start}HYPERLINK("http://evil")', camera=f"{start}1"), None)
    status, headers, body = ask(server, "/vehicles.csv")
    assert (status, headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert "attachment" in headers["Content-Disposition"]
    (row,) = csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline=""))
    assert row["text"] == f'\'{start}HYPERLINK("http://evil")'
    assert row["camera"] == f"'{start}1"
    assert (row["confidence"], row["last_seen"]) == ("0.987000", "2001-09-09T01:46:43+00:00")


def test_recorded_vehicles_are_accepted_ones(tmp_path):
    writer = RecordWriter(tmp_path / "v.db", 1000.0, 10.0)
    writer.add(RecordedVehicle(0, "沪A77777", None, None, 0.99, 995.0, 1000.0, "/gate"), None, 1000.0)
    writer.close()
    with serving(RecordReader(tmp_path / "v.db")) as server:
        (shown,) = json.loads(ask(server, "/api/vehicles")[2])
        (row,) = csv.DictReader(io.StringIO(ask(server, "/vehicles.csv")[2].decode("utf-8-sig")))
    assert (shown["verdict"], row["verdict"]) == ("accepted", "accepted")


def test_the_newest_picture_comes_with_its_readings(server, view):
    view.add_camera(EVIL)
    assert ask(server, "/api/live/1")[0] == 404
    reading = {"text": f"京\r\nX-Evil: 1{EVIL}", "corners": []}
    view.show(EVIL, LivePicture(b"\xff\xd8\xff", {"readings": [reading]}))
    status, headers, body = ask(server, "/api/live/0")
    assert (status, headers["Content-Type"], body) == (200, "image/jpeg", b"\xff\xd8\xff")
    assert json.loads(headers["X-Picture"]) == {"number": 1, "readings": [reading]}
    assert "X-Evil" not in headers
    assert json.loads(ask(server, "/api/status")[2])["cameras"] == [EVIL]


def test_where_no_picture_comes_the_answer_is_empty(view, monkeypatch):
    monkeypatch.setattr("lprnet_ros.web.page_app._WAIT_SECONDS", 0.05)
    view.add_camera("/gate")
    with serving(view=view) as server:
        assert ask(server, "/api/live/0")[::2] == (204, b"")


def test_aiohttps_own_client_reads_it_too(server, vehicles):
    import aiohttp  # noqa: PLC0415

    vehicles.add(vehicle(1), JPEG)

    async def read():
        async with aiohttp.ClientSession() as session, session.get(f"{server.url}api/vehicles") as answer:
            return await answer.json()

    assert asyncio.run(read())[0]["text"] == "京A12345"
