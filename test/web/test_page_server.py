"""The page's server: its port, many clients, slow and silent ones, and its end."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import pytest
from page_harness import serving, vehicle

from lprnet_ros.web import page_server
from lprnet_ros.web.live_view import LivePicture, LiveView
from lprnet_ros.web.page_server import PageServer
from lprnet_ros.web.vehicle_list import VehicleList

PATIENCE_SECONDS = 120.0


def address_of(server: PageServer) -> tuple[str, int]:
    return urlsplit(server.url).hostname, urlsplit(server.url).port


def status_of(server: PageServer) -> dict:
    with urllib.request.urlopen(f"{server.url}api/status", timeout=PATIENCE_SECONDS) as answer:
        return json.load(answer)


def wait_until(condition, what: str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def is_served(server: PageServer) -> bool:
    try:
        return bool(status_of(server)["title"])
    except OSError:
        return False


@pytest.mark.parametrize(
    ("address", "port", "sentence"),
    [
        (
            "127.0.0.1",
            None,
            r"^another program has taken port \d+ of 127\.0\.0\.1: end it, or set the parameter",
        ),
        ("203.0.113.7", 0, r"^address '203\.0\.113\.7' is none of this machine's: set the parameter address"),
        ("", 0, "^address is empty: set the parameter address to 127"),
        ("no such name", 0, r"^address 'no such name' is none of this machine's"),
    ],
)
def test_an_address_that_cannot_be_had_is_one_sentence(address, port, sentence):
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ValueError, match=sentence):
        PageServer(
            "",
            LiveView(),
            VehicleList(1),
            address=address,
            port=taken.getsockname()[1] if port is None else port,
            most_connections=1,
        )


def test_vehicles_that_cannot_be_looked_up_are_one_sentence():
    class Broken(VehicleList):
        def search(self, *arguments):
            raise RuntimeError("record /x: there is no such file")

    with serving(Broken(1)) as server, pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{server.url}api/vehicles", timeout=PATIENCE_SECONDS)
    with caught.value as answer:
        assert (answer.status, answer.read()) == (503, b"record /x: there is no such file\n")


def test_a_hundred_clients_at_once_are_answered_or_told_to_come_again():
    view = LiveView()
    view.add_camera("/gate")
    with serving(view=view, most_connections=40) as server:
        answers: list[tuple[int, bytes]] = []
        begin = threading.Barrier(100)

        def look() -> None:
            connection = http.client.HTTPConnection(*address_of(server), timeout=PATIENCE_SECONDS)
            begin.wait()
            connection.request("GET", "/api/live/0?after=0")  # which waits for a picture
            answer = connection.getresponse()
            answers.append((answer.status, answer.read()))
            connection.close()

        threads = [threading.Thread(target=look, daemon=True) for _ in range(100)]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(answers) == 60, "60 refusals")
        assert {status for status, _ in answers} == {503}
        assert all(b"as many connections as it takes" in body for _, body in answers)
        view.show("/gate", LivePicture(b"\xff\xd8\xff", {}))
        for thread in threads:
            thread.join(PATIENCE_SECONDS)
        assert sorted(status for status, _ in answers) == [200] * 40 + [503] * 60
        wait_until(lambda: is_served(server), "an answer after the rush")


def test_who_does_not_read_or_says_nothing_is_cut_and_others_are_served_meanwhile(monkeypatch):
    monkeypatch.setattr(page_server, "_LONGEST_SECONDS", 1.0)
    monkeypatch.setattr(page_server, "_SWEEP_SECONDS", 0.1)
    view = LiveView()
    view.add_camera("/gate")
    view.show("/gate", LivePicture(b"\xff\xd8\xff" + bytes(20_000_000), {}))
    with serving(view=view, most_connections=3) as server:
        slow, silent = (socket.create_connection(address_of(server)) for _ in range(2))
        with slow, silent:
            slow.sendall(b"GET /api/live/0 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            silent.sendall(b"GET /api")
            assert status_of(server)["cameras"] == ["/gate"]
            wait_until(lambda: not server._handlers.connections, "every connection is cut")
            silent.settimeout(PATIENCE_SECONDS)
            with contextlib.suppress(ConnectionResetError):
                assert silent.recv(1) == b""
        assert status_of(server)["cameras"] == ["/gate"]


def test_rubbish_harms_nobody():
    with serving() as server:
        for rubbish in (b"\0" * 1000, b"GET " + b"a" * 100_000, b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01"):
            with socket.create_connection(address_of(server)) as client:
                client.sendall(rubbish)
        assert status_of(server)["title"] == "/lpr_node"


def test_it_ends_at_once_though_somebody_waits():
    view = LiveView()
    view.add_camera("/gate")
    threads = threading.active_count()
    with serving(view=view) as server:
        waiting = http.client.HTTPConnection(*address_of(server), timeout=PATIENCE_SECONDS)
        waiting.request("GET", "/api/live/0?after=0")
        wait_until(lambda: view.is_watched("/gate"), "a viewer")
    assert waiting.getresponse().status == 204
    waiting.close()
    wait_until(lambda: threading.active_count() <= threads, "the end of the threads")
    socket.create_server(address_of(server)).close()


def test_vehicles_are_looked_up_in_a_thread_of_their_own():
    opened: list[str] = []

    class Here(VehicleList):
        def search(self, *arguments):
            opened.append(threading.current_thread().name)
            return super().search(*arguments)

    with serving(Here(5)) as server:
        urllib.request.urlopen(f"{server.url}api/vehicles", timeout=PATIENCE_SECONDS).close()
    assert opened[0].startswith("page lookups")


def test_a_vehicle_added_meanwhile_is_there():
    kept = VehicleList(5)
    with serving(kept) as server:
        kept.add(vehicle(7), None)
        with urllib.request.urlopen(f"{server.url}api/vehicles", timeout=PATIENCE_SECONDS) as answer:
            assert json.load(answer)[0]["identifier"] == 7
