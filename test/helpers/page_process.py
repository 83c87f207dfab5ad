"""``plate_page`` as a process, and messages for it."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

from ros_harness import PATIENCE_SECONDS, Client, ReaderProcess
from std_msgs.msg import String

STAMP = (17, 4)
EVIL = "<img src=x onerror=alert(1)>"


class PageProcess(ReaderProcess):
    """``plate_page`` on a free port, for a reader of its own namespace."""

    module = "lprnet_ros.ros.nodes.plate_page"

    def __init__(self, client: Client, folder: Path, *parameters: str) -> None:
        super().__init__(client, folder, "port:=0", *parameters)
        self.url = self.wait_for_log("the page is at").split()[-1]

    def ask(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body."""
        with urllib.request.urlopen(f"{self.url}{path}", timeout=PATIENCE_SECONDS) as answer:
            return answer.status, dict(answer.headers), answer.read()

    def vehicles(self) -> list[dict]:
        return json.loads(self.ask("api/vehicles")[2])


def reading(topic: str, text: str = "京A12345", **more: object) -> String:
    values = {"stamp": {"sec": STAMP[0], "nanosec": STAMP[1]}, "frame_id": "", "topic": topic, "text": text}
    values |= {"confidence": 0.9, "accepted": False, "rejection": "low_confidence", **more}
    return String(data=json.dumps(values))
