"""``python bench/cropper_cost.py``: CPU time of the cropper for two regions of 1080p NV12 at 30 Hz.

A camera in another process sends raw images or, where hbm_img_msgs (TROS) is installed, hbmem's shared
memory; a still picture, whose regions are sent twice a second, or one that changes with each frame.
The goal: under a quarter of a core.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "test" / "helpers"))

from cropper_harness import CropperProcess
from ros_harness import ROOT, Client

REGIONS = "regions:=['0.1,0.2,0.15,0.08', '1200,600 1400,610 1395,680 1198,665']"
SECONDS, RATE = 10.0, 30.0
PROFILE = {"FASTRTPS_DEFAULT_PROFILES_FILE": str(ROOT / "config" / "large_frames.xml")}


def measure(client: Client, kind: str, pictures: int) -> str:
    """Run cropper and camera, and say what they did.

    Args:
        client: listens.
        kind: ``raw`` or ``shared_mem``.
        pictures: how many different ones the camera sends in turn.
    """
    with tempfile.TemporaryDirectory() as folder:
        cropper = CropperProcess(
            client, Path(folder), REGIONS, "find_plates:=false", f"transport:={kind}", **PROFILE
        )
        source = [sys.executable, str(ROOT / "bench" / "frame_source.py")]
        command = [*source, f"{cropper.namespace}/image", kind, str(RATE), str(pictures)]
        try:
            outputs = cropper.outputs()
            camera = subprocess.Popen(command, env={**os.environ, **PROFILE})
            try:
                client.wait_for(lambda: len(outputs.crops) >= 2, "the first crops", cropper)
                process = psutil.Process(cropper.process.pid)
                process.cpu_percent()
                before = int(cropper.next_status()["frames"])
                outputs.clear()
                client.spin_until(lambda: False, SECONDS)
                percent = process.cpu_percent()
                frames = int(cropper.next_status()["frames"]) - before
            finally:
                camera.terminate()
                camera.wait()
        finally:
            cropper.close()
    return f"{percent:.1f} % of a core, {frames} frames, {len(outputs.crops)} crops"


def main() -> None:
    """Measure and print."""
    os.environ |= {"ROS_DOMAIN_ID": str(1 + os.getpid() % 100), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
    if os.environ.get("ROS_DISTRO") == "humble":  # newer releases warn about this name
        os.environ["ROS_LOCALHOST_ONLY"] = "1"
    client = Client()
    for kind in ("raw", "shared_mem") if find_spec("hbm_img_msgs") else ("raw",):
        for pictures, name in ((1, "still"), (2, "changing")):
            print(f"{kind}, {name}: {measure(client, kind, pictures)}", flush=True)
    client.close()


if __name__ == "__main__":
    main()
