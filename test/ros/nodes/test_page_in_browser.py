"""The page in a real browser: the plate that was played through the real node stands on it."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed: ROS has it")

from chromium import PROGRAM, Browser, browsing
from page_process import EVIL, PageProcess, reading
from ros_harness import Client, compressed_image, running_reader
from std_msgs.msg import String
from tethered import ROOT

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium on PATH: apt install chromium")

PLATES = {"京A7K358", "沪AD61952"}
SIZES = [(1280, 800), (360, 740)]
SHOWN = "[...document.querySelectorAll('#rows .plate')].map((one) => one.textContent)"


@pytest.fixture
def chain(client: Client, tmp_path: Path) -> Iterator[PageProcess]:
    """The real reader of frames and the page; frames and another program's messages go through the client."""
    with running_reader(
        client,
        tmp_path,
        "frame_topics:=[street]",
        "frame_transport:=compressed",
        "consensus_minimum_crops:=1",
    ) as reader:
        page = PageProcess(
            client, tmp_path, f"reader:={reader.full_name}", f"frame_topics:=[{reader.namespace}/street]"
        )
        page.reader = reader
        try:
            yield page
        finally:
            page.close()


def test_the_plates_of_the_street_stand_on_the_page(
    client: Client, chain: PageProcess, tmp_path: Path
) -> None:
    picture = cv2.imread(str(ROOT / "demo" / "street.jpg"))
    frames = chain.reader.publisher(type(compressed_image(picture)), "street")
    vehicles = client.node.create_publisher(String, f"{chain.reader.full_name}/vehicle_record", 10)
    jpeg = base64.b64encode(cv2.imencode(".jpg", picture[:40, :120])[1].tobytes()).decode()
    times = {"first": 5.0, "last": 6.0, "kind": EVIL, "colour": EVIL, "jpeg": jpeg}
    evil = reading(EVIL, EVIL, vehicle=times, rejection=EVIL)

    async def play(number: int) -> None:
        frames.publish(compressed_image(picture, "street", (100 + number, 0), suffix=".jpg"))
        client.spin_until(lambda: False, 0.4)
        await asyncio.sleep(0)

    async def played_until(browser: Browser, expression: str) -> None:
        for number in range(400):
            await play(number)
            if await browser.evaluate(expression):
                return
        raise AssertionError(
            f"{expression}; {await browser.evaluate('document.body.innerText')}; {chain.log}"
        )

    async def look() -> None:
        async with browsing(chain.url, tmp_path / "profile") as browser:
            await played_until(browser, "document.querySelectorAll('#overlay polygon.accepted').length >= 2")
            drawn = await browser.evaluate("document.getElementById('overlay').textContent")
            assert any(plate in drawn for plate in PLATES)
            # frames stop, so that the vehicles are gone and published
            await browser.wait_for(f"{SHOWN}.length >= 2")
            assert set(await browser.evaluate(SHOWN)) & PLATES
            await browser.wait_for(
                "[...document.querySelectorAll('#rows img')].every((one) => one.naturalWidth > 20)"
            )
            await browser.wait_for("/WARN|OK/.test(document.getElementById('health').textContent)")
            vehicles.publish(evil)
            await browser.wait_for(f"{SHOWN}.includes({json.dumps(EVIL)})")
            assert (
                await browser.evaluate("document.querySelectorAll('#rows [onerror], #rows script').length")
                == 0
            )
            assert "rejected" in await browser.evaluate("document.querySelector('#rows tr').innerHTML")
            for width, height in SIZES:
                for dark in (False, True):
                    await browser.look(width, height, dark=dark)
                    assert await browser.evaluate("document.documentElement.scrollWidth") <= width
                    await browser.screenshot(tmp_path / f"{width}_{'dark' if dark else 'light'}.png")
                    ground = await browser.evaluate("getComputedStyle(document.body).backgroundColor")
                    assert (int(ground.split("(")[1].split(",")[0]) < 128) == dark
            await browser.evaluate(
                "(() => { const search = document.getElementById('search'); search.value = '7k35';"
                " search.dispatchEvent(new Event('input')); })()"
            )
            await browser.wait_for(f"{SHOWN}.length && {SHOWN}.every((text) => text === '京A7K358')")
            assert await browser.evaluate("document.getElementById('csv').getAttribute('href')") == (
                "vehicles.csv?text=7k35"
            )
            assert browser.complaints == []

    asyncio.run(look())
    sys.stdout.write(f"screenshots in {tmp_path}\n")
    client.node.destroy_publisher(vehicles)
