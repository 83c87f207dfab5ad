"""Serves the page in a thread of its own, to so many connections that no number of clients does harm."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from aiohttp import web

from lprnet_ros.web.live_view import LiveView
from lprnet_ros.web.page_app import PageApp
from lprnet_ros.web.vehicle_list import VehicleSource

_LONGEST_SECONDS = 30.0
"""A connection that has begun no request for this long is cut: silent ones, and those that do not read."""

_SWEEP_SECONDS = 2.0
_END_SECONDS = 2.0
_FULL = b"the page has as many connections as it takes (parameter most_connections): try again later\n"
_REFUSAL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nRetry-After: 5\r\n"
    b"Cache-Control: no-store\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(_FULL), _FULL)
)


class PageServer:
    """The page on a port; it answers once ``start`` has returned.

    Args:
        title: what the page shows.
        view: pictures and health.
        vehicles: the vehicles, looked up by a thread of their own; closed in the end.
        address: of this machine, to listen at; ``0.0.0.0`` lets other machines in.
        port: to listen on; 0 takes any that is free.
        most_connections: connections at a time; further ones get 503.

    Attributes:
        url: where the page is.

    Raises:
        ValueError: the address or the port cannot be had.
    """

    def __init__(
        self,
        title: str,
        view: LiveView,
        vehicles: VehicleSource,
        *,
        address: str,
        port: int,
        most_connections: int,
    ) -> None:
        self._title, self._view, self._vehicles, self._most = title, view, vehicles, most_connections
        self._socket = _listening(address, port)
        bound = self._socket.getsockname()
        self._is_local = ipaddress.ip_address(bound[0]).is_loopback
        shown = f"[{bound[0]}]" if ":" in bound[0] else bound[0]
        self.url = f"http://{shown}:{bound[1]}/"
        self._deadlines: dict[Any, float] = {}  # of each connection
        self._started: Future[None] = Future()
        self._ended = asyncio.Event()
        self._loop: Any = None  # of the thread, as is what follows
        self._handlers: Any = None
        self._unmade = 0
        self._lookups = ThreadPoolExecutor(1, thread_name_prefix="page lookups")
        self._thread = threading.Thread(target=self._run, name="page", daemon=True)

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()
        self._started.result()

    def stop(self) -> None:
        """Let every client go, and end the threads."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ended.set)
            self._thread.join()
            self._lookups.submit(self._vehicles.close)
        self._socket.close()
        self._lookups.shutdown()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if self._started.done():
                raise
            self._started.set_exception(error)  # for start() to raise

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        page = PageApp(self._title, self._view, self._vehicles, self._lookups, is_local=self._is_local)
        runner = web.AppRunner(
            page.application(self._give_time), access_log=None, keepalive_timeout=_LONGEST_SECONDS
        )
        await runner.setup()
        self._handlers = runner.server
        listener = await self._loop.create_server(self._protocol, sock=self._socket)
        self._started.set_result(None)
        sweep = self._loop.create_task(self._sweep())
        await self._ended.wait()
        listener.close()
        sweep.cancel()
        self._view.wake_all()
        await self._handlers.shutdown(_END_SECONDS)
        await runner.cleanup()

    def _protocol(self) -> asyncio.BaseProtocol:
        if len(self._handlers.connections) + self._unmade >= self._most:
            return _Refusal()
        # many are accepted at once, and aiohttp knows of each one turn of the loop later
        self._unmade += 1
        self._loop.call_soon(self._loop.call_soon, self._made)
        protocol: asyncio.BaseProtocol = self._handlers()
        self._deadlines[protocol] = self._loop.time() + _LONGEST_SECONDS
        return protocol

    def _made(self) -> None:
        self._unmade -= 1

    def _give_time(self, request: web.Request) -> None:
        self._deadlines[request.protocol] = self._loop.time() + _LONGEST_SECONDS

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            there, now = set(self._handlers.connections), self._loop.time()
            self._deadlines = {one: end for one, end in self._deadlines.items() if one in there}
            for protocol in there:
                if self._deadlines.get(protocol, now) < now and protocol.transport is not None:
                    protocol.transport.abort()


class _Refusal(asyncio.Protocol):
    """Answers a connection that is one too many, and ends it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the request: a connection closed with a request unread is reset, its answer lost."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        asyncio.get_running_loop().call_later(_SWEEP_SECONDS, transport.abort)

    def data_received(self, data: bytes) -> None:
        """Answer."""
        del data
        self._transport.write(_REFUSAL)
        self._transport.close()


def _listening(address: str, port: int) -> socket.socket:
    if not address:  # the system would take it for every address
        raise ValueError("address is empty: set the parameter address to 127.0.0.1, or to what is meant")
    try:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return socket.create_server((address, port), family=family)
    except OSError as error:
        reason = f"port {port} of {address} cannot be had ({error.strerror or error}): set the parameter port"
        if error.errno == errno.EADDRINUSE:
            reason = f"another program has taken port {port} of {address}: end it, or set the parameter port"
        elif error.errno != errno.EACCES:
            reason = (
                f"address {address!r} is none of this machine's: set the parameter address to one that is"
            )
        raise ValueError(f"{reason} to another one" if reason.endswith("port") else reason) from error
