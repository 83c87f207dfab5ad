"""What 1080p at 30 Hz costs the cropper, with a camera in another process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from cropper_harness import CropperProcess
from ros_harness import ROOT, Client

HERE = Path(__file__).resolve().parents[2] / "helpers"
REGIONS = "regions:=['0.1,0.2,0.15,0.08', '1200,600 1400,610 1395,680 1198,665']"
SECONDS = 6.0
RATE = 30.0
MOST_OF_A_CORE = 0.25


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("pictures", [1, 2], ids=["still", "all_changes"])
@pytest.mark.parametrize("kind", ["raw", "shared_mem"])
def test_two_regions_of_1080p_nv12_at_30_hz_cost_under_a_quarter_of_a_core(
    client: Client, tmp_path: Path, kind: str, pictures: int
) -> None:
    if kind == "shared_mem":
        pytest.importorskip("hbm_img_msgs", reason="hbm_img_msgs (TROS) is not installed")
    profile = {"FASTRTPS_DEFAULT_PROFILES_FILE": str(ROOT / "config" / "large_frames.xml")}
    cropper = CropperProcess(client, tmp_path, REGIONS, f"transport:={kind}", **profile)
    camera = None
    try:
        outputs = cropper.outputs()
        camera = subprocess.Popen(
            [
                sys.executable,
                str(HERE / "frame_source.py"),
                f"{cropper.namespace}/image",
                kind,
                str(RATE),
                str(pictures),
            ],
            env={**os.environ, **profile},
        )
        client.wait_for(lambda: len(outputs.crops) >= 2, "the first crops", cropper)
        started, before = time.monotonic(), cpu_seconds(cropper.process.pid)
        frames = int(cropper.next_status()["frames"])
        outputs.clear()
        client.spin_until(lambda: False, SECONDS)
        share = (cpu_seconds(cropper.process.pid) - before) / (time.monotonic() - started)
        seen = int(cropper.next_status()["frames"]) - frames
        print(
            f"{kind}, {pictures} pictures: {share:.1%} of a core, {seen} frames, {len(outputs.crops)} crops"
        )
        assert seen >= 0.8 * RATE * SECONDS, "too few frames arrived to prove anything"
        expected = 2 * seen if pictures == 2 else 2 * SECONDS / 0.5
        assert len(outputs.crops) >= 0.7 * expected
        assert pictures == 2 or len(outputs.crops) <= 2 * expected
        assert share < MOST_OF_A_CORE
    finally:
        if camera is not None:
            camera.terminate()
            camera.wait()
        cropper.close()
