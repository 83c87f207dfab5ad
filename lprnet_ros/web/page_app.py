"""The page's routes: read-only, nothing from elsewhere, and all text as text."""

from __future__ import annotations

import asyncio
import csv
import dataclasses
import io
import ipaddress
import json
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from datetime import datetime, timezone
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from lprnet_ros.record.vehicle_record import RecordedVehicle
from lprnet_ros.web.live_view import LiveView
from lprnet_ros.web.vehicle_list import VehicleSource

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
MOST_ROWS = 10_000
"""Vehicles in one CSV, and at most in one answer."""

_WAIT_SECONDS = 5.0
_ASSETS = {"": "page.html", "page.css": "page.css", "page.js": "page.js", "icon.svg": "icon.svg"}
_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_COLUMNS = ("text", "confidence", "verdict", "kind", "colour", "first_seen", "last_seen", "camera")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class PageApp:
    """Answers requests.

    Args:
        title: what the page shows, such as the name of a node.
        view: pictures and health.
        vehicles: the vehicles.
        lookups: the thread in which the vehicles are looked up, which may block.
        is_local: whether only this machine can reach the page; other names for it are then refused.
    """

    def __init__(
        self, title: str, view: LiveView, vehicles: VehicleSource, lookups: Executor, *, is_local: bool
    ) -> None:
        self._title, self._view, self._vehicles, self._lookups = title, view, vehicles, lookups
        self._is_local = is_local
        folder = files("lprnet_ros.web") / "assets"
        self._assets = {path: (folder / name).read_bytes() for path, name in _ASSETS.items()}

    def application(self, begun: Callable[[web.Request], None] = lambda _: None) -> web.Application:
        """Return the routes; ``begun`` is told of every request."""

        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            begun(request)
            return await self._guarded(request, handler)

        app = web.Application(middlewares=[guard])
        app.router.add_get("/{name:(page\\.css|page\\.js|icon\\.svg)?}", self._asset)
        app.router.add_get("/api/status", self._status)
        app.router.add_get("/api/vehicles", self._search)
        app.router.add_get("/api/crops/{identifier:[0-9]{1,18}}", self._crop)
        app.router.add_get("/api/live/{camera:[0-9]{1,3}}", self._live)
        app.router.add_get("/vehicles.csv", self._csv)
        return app

    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            if request.method not in ("GET", "HEAD"):
                raise web.HTTPMethodNotAllowed(request.method, ["GET", "HEAD"])
            host = request.headers.get("Host", "")
            if self._is_local and not is_this_machine(host):
                raise web.HTTPForbidden(text="open this page as http://localhost, under no other name")
            response = await handler(request)
        except web.HTTPException as error:
            response = web.Response(status=error.status, text=f"{error.text}\n")
            if "Allow" in error.headers:
                response.headers["Allow"] = error.headers["Allow"]
        response.headers.update(HEADERS)
        return response

    async def _asset(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        kind = _TYPES[_ASSETS[name].rpartition(".")[2]]
        return web.Response(body=self._assets[name], content_type=kind, charset="utf-8")

    async def _status(self, request: web.Request) -> web.StreamResponse:
        del request
        view = self._view
        return _json({"title": self._title, "cameras": view.cameras, "health": view.health()})

    async def _search(self, request: web.Request) -> web.StreamResponse:
        query = request.query
        limit = min(MOST_ROWS, max(1, int(_number(query.get("limit", "100")))))
        before = int(_number(query["before"])) if query.get("before") else None
        found = await self._look_up(self._vehicles.search, query.get("text", "")[:100], limit, before)
        return _json([_values(vehicle) for vehicle in found])

    async def _crop(self, request: web.Request) -> web.StreamResponse:
        crop = await self._look_up(self._vehicles.crop, int(request.match_info["identifier"]))
        if crop is None:
            raise web.HTTPNotFound(text="no crop is kept of this vehicle")
        return web.Response(body=crop, content_type="image/jpeg")

    async def _live(self, request: web.Request) -> web.StreamResponse:
        cameras, index = self._view.cameras, int(request.match_info["camera"])
        if index >= len(cameras):
            raise web.HTTPNotFound(text="there is no such camera")
        after = int(_number(request.query.get("after", "0")))
        found = await self._view.next(cameras[index], after, _WAIT_SECONDS)
        if found is None:
            return web.Response(status=204)
        number, picture = found
        facts = json.dumps({"number": number, **picture.facts})  # a header takes ASCII, which this is
        return web.Response(
            body=picture.data, content_type=picture.content_type, headers={"X-Picture": facts}
        )

    async def _csv(self, request: web.Request) -> web.StreamResponse:
        text = request.query.get("text", "")[:100]
        found = await self._look_up(self._vehicles.search, text, MOST_ROWS, None)
        body = await self._look_up(csv_of, found)
        response = web.Response(body=body, content_type="text/csv", charset="utf-8")
        response.headers["Content-Disposition"] = 'attachment; filename="vehicles.csv"'
        return response

    async def _look_up(self, call: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._lookups, call, *arguments)
        except RuntimeError as error:
            raise web.HTTPServiceUnavailable(text=str(error)) from error


def csv_of(vehicles: list[RecordedVehicle]) -> bytes:
    """Write vehicles as CSV in UTF-8, for spreadsheets too: with its mark, and without formulas."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(_COLUMNS)
    for vehicle in vehicles:
        values = _values(vehicle)
        values["confidence"] = f"{vehicle.confidence:.6f}"
        for time in ("first_seen", "last_seen"):
            values[time] = datetime.fromtimestamp(values[time], timezone.utc).isoformat(timespec="seconds")
        writer.writerow([_cell(values[column]) for column in _COLUMNS])
    return stream.getvalue().encode("utf-8-sig", "replace")


def is_this_machine(host: str) -> bool:
    """Tell whether a Host header names this machine itself; any other name may be a rebound one."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _values(vehicle: RecordedVehicle) -> dict[str, Any]:
    # a record keeps accepted vehicles alone
    return {"verdict": "accepted", "has_crop": True, **dataclasses.asdict(vehicle)}


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _json(value: Any) -> web.Response:
    return web.json_response(value, dumps=lambda one: json.dumps(one, ensure_ascii=False))


def _number(text: str) -> float:
    try:
        number = float(text)
        if abs(number) < 1e15:  # neither infinite nor NaN
            return number
    except ValueError:
        pass
    raise web.HTTPBadRequest(text="limit, before and after are numbers")
