"""Uses an installed wheel as its user would: try_wheel.py STREET, with an environment's own Python."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy
import onnxruntime

import lprnet_ros

street = sys.argv[1]
prefix = Path(sys.prefix).resolve()
assert prefix in Path(lprnet_ros.__file__).resolve().parents, lprnet_ros.__file__

done = subprocess.run([str(prefix / "bin" / "lpr_read"), street], capture_output=True, text=True, check=True)
plates = {(text, verdict) for _, text, _, verdict in (line.split("\t") for line in done.stdout.splitlines())}
assert plates >= {("京A7K358", "accepted"), ("沪AD61952", "accepted")}, done.stdout + done.stderr
with lprnet_ros.PlateReader() as reader:
    assert "京A7K358" in [plate.text for plate in reader.read(street)]
for command in sorted((prefix / "bin").glob("lpr_*")):  # some say what they lack
    done = subprocess.run([str(command), "--help"], capture_output=True, text=True, check=False)
    is_told = done.returncode == 0 or "pip install" in done.stderr or "needs rclpy" in done.stderr
    assert is_told, f"{command.name}: {done.stderr}"
print(
    "check_wheel: Python",
    sys.version.split()[0],
    "numpy",
    numpy.__version__,
    "OpenCV",
    cv2.__version__,
    "ONNX Runtime",
    onnxruntime.__version__,
    "read",
    len(plates),
    "plates",
)
