"""TROS's packages and this one's nodes as stand-ins: launch files and programs that record what they get.

The launch files declare the arguments, and include and start what the real ones do (facts of hobot_shm
e99ed64, hobot_mipi_cam b323b38, hobot_usb_cam ff3cdd0, hobot_codec b95ffab, hobot_websocket b0b3ae1).
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
LAUNCH_FILE = ROOT / "launch" / "lpr.launch.py"
PATIENCE_SECONDS = 300.0
BOX = "regions:=10,20,30,40"
PICTURE = f"source:={ROOT / 'demo' / 'crops' / '京AC6895.png'}"

SHARED_MEMORY_VARIABLES = (
    "RMW_IMPLEMENTATION",
    "FASTRTPS_DEFAULT_PROFILES_FILE",
    "RMW_FASTRTPS_USE_QOS_FROM_XML",
    "ROS_DISABLE_LOANED_MESSAGES",
)
MIPI_DEFAULTS = {
    "mipi_config_path": "config of this version",
    "mipi_camera_calibration_file_path": "default",
    "mipi_out_format": "nv12",
    "mipi_image_width": "960",
    "mipi_image_height": "544",
    "mipi_image_framerate": "30.0",
    "mipi_io_method": "shared_mem",
    "mipi_video_device": "default",
    "mipi_frame_ts_type": "sensor",
}
USB_DEFAULTS = {
    "usb_camera_calibration_file_path": "calibration of this version",
    "usb_frame_id": "default_usb_cam",
    "usb_framerate": "30",
    "usb_image_height": "480",
    "usb_image_width": "960",
    "usb_io_method": "mmap",
    "usb_pixel_format": "mjpeg",
    "usb_video_device": "/dev/video8",
    "usb_zero_copy": "False",
}
CODEC_DEFAULTS = {
    "codec_channel": "1",
    "codec_in_mode": "shared_mem",
    "codec_in_format": "nv12",
    "codec_out_mode": "ros",
    "codec_out_format": "jpeg",
    "codec_sub_topic": "/hbmem_img",
    "codec_pub_topic": "/image_jpeg",
    "codec_enc_qp": "10.0",
    "codec_jpg_quality": "60.0",
    "codec_input_framerate": "30",
    "codec_output_framerate": "-1",
    "codec_dump_output": "False",
    "log_level": "warn",
}
WEBSOCKET_DEFAULTS = {
    "websocket_image_topic": "/image_jpeg",
    "websocket_image_type": "mjpeg",
    "websocket_only_show_image": "False",
    "websocket_output_fps": "0",
    "websocket_smart_topic": "/hobot_mono2d_body_detection",
    "log_level": "warn",
}

_SHARED_MEMORY_FILE = """
import json, os
from launch import LaunchDescription
from launch.actions import OpaqueFunction

def record(context):
    line = dict(file="hobot_shm", given=dict(context.launch_configurations), environment=dict(os.environ))
    with open({record!r}, "ab", buffering=0) as stream:
        stream.write(json.dumps(line).encode() + b"\\n")

def generate_launch_description():
    if os.environ.get("RMW_FASTRTPS_USE_QOS_FROM_XML") != "1":
        os.environ.setdefault("RMW_IMPLEMENTATION", "rmw_fastrtps_cpp")
        os.environ.setdefault("FASTRTPS_DEFAULT_PROFILES_FILE", {profile!r})
        os.environ.setdefault("RMW_FASTRTPS_USE_QOS_FROM_XML", "1")
        os.environ.setdefault("ROS_DISABLE_LOANED_MESSAGES", "0")
    return LaunchDescription([OpaqueFunction(function=record)])
"""
_NODE_FILE = """
import json, os
from ament_index_python import get_package_share_directory
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

def record(context):
    line = dict(file={name!r}, given=dict(context.launch_configurations), environment=dict(os.environ))
    with open({record!r}, "ab", buffering=0) as stream:
        stream.write(json.dumps(line).encode() + b"\\n")

def shared_memory():
    path = os.path.join(get_package_share_directory("hobot_shm"), "launch/hobot_shm.launch.py")
    return IncludeLaunchDescription(PythonLaunchDescriptionSource(path))

def generate_launch_description():
    return LaunchDescription([
        *[DeclareLaunchArgument(name, default_value=text) for name, text in {defaults!r}.items()],
        OpaqueFunction(function=record),
        *([shared_memory()] if {uses_shared_memory!r} else []),
        Node(
            package={package!r},
            executable={executable!r},
            parameters=[{{name: LaunchConfiguration(name) for name in {defaults!r}}}],
            output="screen",
        ),
    ])
"""
_PROGRAM = """#!{python} -SE
import json, os, signal, sys, time
name = os.path.basename(sys.argv[0])
signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
line = dict(program=name, arguments=sys.argv[1:], environment=dict(os.environ), pid=os.getpid())
with open({record!r}, "ab", buffering=0) as stream:
    stream.write(json.dumps(line).encode() + b"\\n")
if os.environ.get("ENDING_PROGRAM") == name:
    others = os.environ.get("ENDING_AFTER", "").split()
    while not all(f'"program": "{{other}}"' in open({record!r}, encoding="utf-8").read() for other in others):
        time.sleep(0.05)
    sys.exit(int(os.environ["ENDING_STATUS"]))
while True:
    time.sleep(60.0)
"""
_RUN = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource

service = LaunchService(noninteractive=True)
source = PythonLaunchDescriptionSource(sys.argv[1])
arguments = [argument.split(":=", 1) for argument in sys.argv[2:]]
include = IncludeLaunchDescription(source, launch_arguments=arguments)
service.include_launch_description(LaunchDescription([include]))
sys.exit(service.run())
"""


@dataclass(frozen=True)
class Included:
    """One launch file that was included.

    Attributes:
        file: its name without its suffixes.
        given: all launch configurations that it can see.
        environment: of the launch when it was included.
    """

    file: str
    given: dict[str, str]
    environment: dict[str, str]


@dataclass(frozen=True)
class Started:
    """One program that was started.

    Attributes:
        arguments: its command line.
        environment: what it was given.
        pid: of its process.
        parameters: what its parameter files say, the later ones winning.
    """

    arguments: list[str]
    environment: dict[str, str]
    pid: int
    parameters: dict[str, object]

    @property
    def remappings(self) -> dict[str, str]:
        """Of topics, and ``__node`` and ``__ns``."""
        pairs = itertools.pairwise(self.arguments)
        return dict(value.split(":=", 1) for option, value in pairs if option == "-r")

    @property
    def is_alive(self) -> bool:
        """Whether its process is still there."""
        return Path(f"/proc/{self.pid}").exists()


class StandIns:
    """An ament prefix with stand-ins for everything, and the launches that ran with it.

    Args:
        folder: where it is made.
        without: packages that are missing.
        has_messages: whether there are stand-ins for TROS's packages of messages.
    """

    def __init__(self, folder: Path, *, without: tuple[str, ...] = (), has_messages: bool = True) -> None:
        self.folder = folder
        self.prefix = folder / "prefix"
        self.profile = f"{self.prefix}/lib/hobot_shm/config/shm_fastdds.xml"
        self._record = folder / "record.jsonl"
        packages = {
            "mipi_cam": ("mipi_cam", "mipi_cam", MIPI_DEFAULTS, True),
            "hobot_usb_cam": ("hobot_usb_cam", "hobot_usb_cam", USB_DEFAULTS, True),
            "hobot_codec": ("hobot_codec_encode", "hobot_codec_republish", CODEC_DEFAULTS, True),
            "websocket": ("websocket", "websocket", WEBSOCKET_DEFAULTS, False),
        }
        messages = ("ai_msgs", "hbm_img_msgs", "vision_msgs") if has_messages else ()
        for package in {"hobot_shm", "lprnet_ros", *packages, *messages}.difference(without):
            marker = self.prefix / "share" / "ament_index" / "resource_index" / "packages" / package
            marker.parent.mkdir(parents=True, exist_ok=True)
            marker.touch()
        if "lprnet_ros" not in without:
            (self.prefix / "share" / "lprnet_ros").mkdir(parents=True)
            (self.prefix / "share" / "lprnet_ros" / "launch").symlink_to(ROOT / "launch")
        if "hobot_shm" not in without:
            text = _SHARED_MEMORY_FILE.format(record=str(self._record), profile=self.profile)
            self._launch_file("hobot_shm", "hobot_shm", text)
        for package, (name, executable, defaults, uses_shared_memory) in packages.items():
            if package not in without:
                text = _NODE_FILE.format(
                    record=str(self._record),
                    name=name,
                    defaults=defaults,
                    uses_shared_memory=uses_shared_memory,
                    package=package,
                    executable=executable,
                )
                self._launch_file(package, name, text)
                self._program(package, executable)
        ours = ("lpr_node", "plate_cropper", "plate_recorder", "plate_page", "frame_player", "other_node")
        for executable in ours:
            self._program("lprnet_ros", executable)

    def _launch_file(self, package: str, name: str, text: str) -> None:
        path = self.prefix / "share" / package / "launch" / f"{name}.launch.py"
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")

    def _program(self, package: str, name: str) -> None:
        path = self.prefix / "lib" / package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_PROGRAM.format(python=sys.executable, record=str(self._record)), encoding="utf-8")
        path.chmod(0o755)

    def replace_program(self, package: str, name: str, path: Path) -> None:
        """Let a script stand in for a program."""
        program = self.prefix / "lib" / package / name
        program.write_text(f"#!{sys.executable}\n{path.read_text(encoding='utf-8')}", encoding="utf-8")

    def launch(self, *arguments: str, file: Path = LAUNCH_FILE, **environment: str) -> Launch:
        """Start a launch file; of the shared memory's variables only those given are set."""
        clean = {name: text for name, text in os.environ.items() if name not in SHARED_MEMORY_VARIABLES}
        clean.pop("CAM_TYPE", None)
        clean |= {
            "AMENT_PREFIX_PATH": f"{self.prefix}:{clean.get('AMENT_PREFIX_PATH', sys.prefix)}",
            "PYTHONPATH": f"{ROOT}:{clean.get('PYTHONPATH', '')}",
            "ROS_LOG_DIR": str(self.folder),
            "ROS_LOCALHOST_ONLY": "1",  # Humble does not know the other one
            "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
            "ROS_DISTRO": "humble",
            "TROS_DISTRO": "humble",
        }
        return Launch(self, [sys.executable, "-c", _RUN, str(file), *arguments], clean | environment)

    def lines(self) -> list[dict]:
        """Everything that was recorded so far."""
        if not self._record.exists():
            return []
        return [
            json.loads(line) for line in self._record.read_bytes().splitlines(True) if line.endswith(b"\n")
        ]


class Launch:
    """One launch: its process, and what the stand-ins recorded of it."""

    def __init__(self, stand_ins: StandIns, command: list[str], environment: dict[str, str]) -> None:
        self._stand_ins = stand_ins
        self._log = stand_ins.folder / "launch.log"
        with self._log.open("wb") as stream:
            self._process = subprocess.Popen(
                command, stdout=stream, stderr=subprocess.STDOUT, env=environment, start_new_session=True
            )

    @property
    def log(self) -> str:
        """All that it printed."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    @property
    def errors(self) -> list[str]:
        """Its own lines of level error."""
        return [line for line in self.log.splitlines() if line.startswith("[ERROR] [launch]")]

    @property
    def includes(self) -> list[Included]:
        """The launch files that it included, in their order."""
        lines = [line for line in self._stand_ins.lines() if "file" in line]
        return [Included(line["file"], line["given"], line["environment"]) for line in lines]

    @property
    def programs(self) -> dict[str, Started]:
        """The programs that it started, by name."""
        return {
            line["program"]: Started(
                line["arguments"], line["environment"], line["pid"], _parameters(line["arguments"])
            )
            for line in self._stand_ins.lines()
            if "program" in line
        }

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def wait_for(self, *programs: str) -> Launch:
        """Wait until programs have started."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not set(programs) <= set(self.programs):
            assert self.is_running, f"the launch ended:\n{self.log}"
            assert time.monotonic() < end, f"waited in vain for {programs}:\n{self.log}"
            time.sleep(0.05)
        return self

    def wait(self) -> int:
        """Wait for its end; return its status."""
        return self._process.wait(timeout=PATIENCE_SECONDS)

    def stop(self) -> int:
        """End it as Ctrl-C does; return its status."""
        if self.is_running:
            self._process.send_signal(signal.SIGINT)
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            raise


def _parameters(arguments: list[str]) -> dict[str, object]:
    found: dict[str, object] = {}
    for option, path in itertools.pairwise(arguments):
        if option == "--params-file":
            for section in yaml.safe_load(Path(path).read_text(encoding="utf-8")).values():
                found |= section["ros__parameters"]
    return found


def ended(launch: Launch) -> str:
    """Wait for a launch that fails; return the one sentence that it says, without launch's own words."""
    try:
        assert launch.wait() == 1, launch.log
    finally:
        launch.stop()
    assert "Traceback" not in launch.log
    assert len(launch.errors) == 1, launch.log
    return launch.errors[0].partition("(see debug for traceback): ")[2]


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds; only a machine that stands still makes it fail."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
