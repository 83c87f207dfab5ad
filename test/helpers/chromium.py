"""A headless Chromium with one page, driven through its DevTools protocol."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import shutil
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
from skips import BROWSERS
from tethered import tethered

PROGRAM = next(filter(None, map(shutil.which, BROWSERS)), None)
PATIENCE_SECONDS = 120.0


class Browser:
    """One page.  Attributes: ``complaints``, what the browser's console says of errors."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self.complaints: list[str] = []

    async def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result."""
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        while True:
            message = json.loads((await self._socket.receive(PATIENCE_SECONDS)).data)
            if message.get("method") == "Log.entryAdded":
                self.complaints.append(str(message["params"]["entry"]))
            if message.get("method") == "Runtime.exceptionThrown":
                self.complaints.append(str(message["params"]["exceptionDetails"]))
            if message.get("id") == number:
                assert "error" not in message, message
                return message["result"]

    async def evaluate(self, expression: str) -> Any:
        """Return the value of an expression of JavaScript."""
        parameters = {"expression": expression, "returnByValue": True, "awaitPromise": True}
        result = await self.command("Runtime.evaluate", **parameters)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    async def wait_for(self, expression: str) -> Any:
        """Wait until an expression is true, and return its value."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            if value := await self.evaluate(expression):
                return value
            await asyncio.sleep(0.1)
        text = await self.evaluate("document.body.innerText")
        raise AssertionError(f"never true: {expression}; the page: {text}; {self.complaints}")

    async def look(self, width: int, height: int, *, dark: bool) -> None:
        """Give the page a size in pixels and a colour scheme."""
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        await self.command("Emulation.setEmulatedMedia", features=features)
        await self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    async def screenshot(self, path: Path) -> None:
        """Write the whole page as PNG."""
        result = await self.command("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(result["data"]))


@contextlib.asynccontextmanager
async def browsing(url: str, folder: Path) -> AsyncIterator[Browser]:
    """Open a page in a browser of its own, with its profile in a folder."""
    assert PROGRAM is not None
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage"]
    options += ["--remote-debugging-port=0", f"--user-data-dir={folder}", "--disable-background-networking"]
    process = subprocess.Popen(
        tethered(PROGRAM, *options, "about:blank"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        port_file, end = folder / "DevToolsActivePort", time.monotonic() + PATIENCE_SECONDS
        while not (port_file.is_file() and port_file.read_text().count("\n") >= 1):
            assert process.poll() is None and time.monotonic() < end, "Chromium does not start"
            await asyncio.sleep(0.1)
        port = port_file.read_text().split()[0]
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json") as response:
                page = next(one for one in await response.json() if one["type"] == "page")
            async with session.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                browser = Browser(socket)
                for domain in ("Page", "Runtime", "Log"):
                    await browser.command(f"{domain}.enable")
                await browser.command("Page.navigate", url=url)
                yield browser
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)
