"""``lpr.launch.py`` with the real launch: what each camera includes and starts, with which arguments."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

pytest.importorskip("launch_ros", reason="launch_ros is not installed: a ROS installation has it")

from stand_ins import (
    CODEC_DEFAULTS,
    LAUNCH_FILE,
    MIPI_DEFAULTS,
    ROOT,
    SHARED_MEMORY_VARIABLES,
    USB_DEFAULTS,
    WEBSOCKET_DEFAULTS,
    Launch,
    StandIns,
)

BOX = "regions:=10,20,30,40"
CROPPER_DEFAULTS = yaml.safe_load((ROOT / "config" / "cropper.yaml").read_text("utf-8"))["/**"][
    "ros__parameters"
]
READER_DEFAULTS = yaml.safe_load((ROOT / "config" / "lpr.yaml").read_text("utf-8"))["/**"]["ros__parameters"]
MIPI = MIPI_DEFAULTS | {
    "mipi_image_width": "1920",
    "mipi_image_height": "1080",
    "mipi_frame_ts_type": "realtime",
}
USB = USB_DEFAULTS | {"usb_image_width": "1280", "usb_image_height": "720"}
CODEC = CODEC_DEFAULTS | {"codec_pub_topic": "/image"}
PAGE = WEBSOCKET_DEFAULTS | {"websocket_image_topic": "/image", "websocket_smart_topic": "/lpr_node/targets"}
WIRED = {
    "image_topics": ["plate_cropper/crops"],
    "empty_frames_topic": "plate_cropper/empty_frames",
    "qos_profile": "reliable",
    "queue_depth": 64,
}
"""With plate_cropper before it."""

# a robot's launch file: what it set for others before must not reach the camera, nor the camera's leak after
ROBOT = """
from launch import LaunchDescription
from launch.actions import (GroupAction, IncludeLaunchDescription, OpaqueFunction, SetLaunchConfiguration)
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_ros.actions import Node, PushRosNamespace

def generate_launch_description():
    others = {{"log_level": "debug", "codec_channel": "3", "mipi_io_method": "ros", "mipi_config_path": "old",
              "websocket_output_fps": "9", "frame_id": "arm"}}
    lpr = IncludeLaunchDescription(PythonLaunchDescriptionSource({launch_file!r}),
        launch_arguments={arguments!r}.items())
    return LaunchDescription([
        *[SetLaunchConfiguration(name, text) for name, text in others.items()],
        GroupAction([PushRosNamespace("robot"), lpr]) if {is_grouped!r} else lpr,
        Node(package="lprnet_ros", executable="other_node"),
    ])
"""


@pytest.fixture
def stand_ins(tmp_path: Path) -> StandIns:
    return StandIns(tmp_path)


@pytest.fixture
def running() -> Iterator[list[Launch]]:
    """Launches that are ended with the test."""
    launches: list[Launch] = []
    yield launches
    for launch in launches:
        launch.stop()


CAMERAS = {
    "mipi": (["camera:=mipi"], [("mipi_cam", MIPI)], "shared_mem", "/hbmem_img"),
    "mipi at a gate": (["camera:=mipi", BOX], [("mipi_cam", MIPI)], "shared_mem", "/hbmem_img"),
    "mipi on the page": (
        ["camera:=mipi", BOX, "web:=true"],
        [("mipi_cam", MIPI), ("hobot_codec_encode", CODEC), ("websocket", PAGE)],
        "shared_mem",
        "/hbmem_img",
    ),
    "usb": (["camera:=usb"], [("hobot_usb_cam", USB)], "compressed", "/image"),
    "usb on the page": (
        ["camera:=usb", BOX, "web:=true"],
        [("hobot_usb_cam", USB), ("websocket", PAGE)],
        "compressed",
        "/image",
    ),
}
PROGRAM_OF = {"hobot_codec_encode": "hobot_codec_republish"}


@pytest.mark.parametrize(("arguments", "expected", "transport", "topic"), CAMERAS.values(), ids=CAMERAS)
def test_a_camera_includes_its_launch_files_in_order_each_with_its_arguments_alone(
    stand_ins: StandIns,
    arguments: list[str],
    expected: list[tuple[str, dict[str, str]]],
    transport: str,
    topic: str,
) -> None:
    programs = [PROGRAM_OF.get(file, file) for file, _ in expected]
    launch = stand_ins.launch(*arguments).wait_for("lpr_node", *programs)
    assert launch.stop() == 0
    assert launch.errors == []

    included = launch.includes
    assert included[0].file == "hobot_shm"
    assert [(one.file, one.given) for one in included if one.file != "hobot_shm"] == expected
    # mipi_cam, hobot_usb_cam and hobot_codec include shared memory themselves
    inner = [one.file for one in included[1:]]
    assert inner == [
        name for file, _ in expected for name in ([file] if file == "websocket" else [file, "hobot_shm"])
    ]

    assert set(launch.programs) == {"lpr_node", *programs}
    for name, program in launch.programs.items():
        variables = {variable: program.environment.get(variable) for variable in SHARED_MEMORY_VARIABLES}
        assert variables == {
            "RMW_IMPLEMENTATION": "rmw_fastrtps_cpp",
            "FASTRTPS_DEFAULT_PROFILES_FILE": stand_ins.profile,
            "RMW_FASTRTPS_USE_QOS_FROM_XML": "1",
            "ROS_DISABLE_LOANED_MESSAGES": "0",
        }, name
        assert not program.is_alive
    reader = launch.programs["lpr_node"]
    assert reader.parameters == READER_DEFAULTS | {
        "frame_topics": [topic],
        "frame_transport": transport,
        "frame_qos_profile": "reliable" if transport == "compressed" else "sensor_data",
        "regions": ["10,20,30,40"] if BOX in arguments else [""],
        "image_topics": [""],
    } | ({"outputs": "auto"} if "web:=true" in arguments else {})
    assert reader.remappings == {"__node": "lpr_node", "__ns": "/"}


def test_pictures_without_labels_need_nothing_but_their_folder(
    stand_ins: StandIns, running: list[Launch]
) -> None:
    (stand_ins.folder / "pictures").mkdir()
    source = stand_ins.folder / "pictures"
    (source / "a.png").write_bytes((ROOT / "demo" / "crops" / "京AC6895.png").read_bytes())
    launch = stand_ins.launch("camera:=image", f"source:={source}", "image_topics:=/other", "namespace:=gate")
    running.append(launch)
    launch.wait_for("lpr_node", "frame_player")
    assert set(launch.programs) == {"lpr_node", "frame_player"}
    assert launch.programs["frame_player"].parameters["labels"] == ""
    assert launch.programs["lpr_node"].parameters == READER_DEFAULTS | {
        "frame_topics": ["frame_player/image"],
        "frame_transport": "compressed",
        "frame_qos_profile": "reliable",
        "frame_queue_depth": 10,
        "image_topics": ["/other"],
        "consensus_minimum_crops": 1,
    }


def test_the_croppers_own_file_brings_plate_cropper_between(
    stand_ins: StandIns, running: list[Launch]
) -> None:
    file = stand_ins.folder / "cropper.yaml"
    file.write_text("/**: {ros__parameters: {padding: 0.1}}")
    launch = stand_ins.launch("camera:=mipi", BOX, f"cropper_params_file:={file}")
    running.append(launch)
    launch.wait_for("lpr_node", "plate_cropper", "mipi_cam")
    assert launch.programs["plate_cropper"].parameters == {
        "padding": 0.1,
        "transport": "shared_mem",
        "qos_profile": "sensor_data",
        "regions": ["10,20,30,40"],
        "detections": "none",
    }
    assert launch.programs["plate_cropper"].remappings["image"] == "/hbmem_img"
    assert launch.programs["lpr_node"].parameters == READER_DEFAULTS | WIRED


def test_pictures_are_played_without_tros(tmp_path: Path, running: list[Launch]) -> None:
    stand_ins = StandIns(
        tmp_path, without=("hobot_shm", "mipi_cam", "hobot_usb_cam", "hobot_codec", "websocket")
    )
    (tmp_path / "京 scenes").mkdir()
    picture = tmp_path / "京 scenes" / "a.png"
    picture.write_bytes((ROOT / "demo" / "crops" / "京AC6895.png").read_bytes())
    (tmp_path / "京 scenes" / "labels.csv").write_text(
        'file,label,quad\na.png,京A,"1,1 9,1 9,5 1,5"\n', "utf-8"
    )
    launch = stand_ins.launch(
        "camera:=image", f"source:={picture.parent}", "rate:=2", "loop:=false", "namespace:=gate"
    )
    running.append(launch)
    launch.wait_for("lpr_node", "plate_cropper", "frame_player")
    assert launch.includes == []
    assert set(launch.programs) == {"lpr_node", "plate_cropper", "frame_player"}
    player, cropper = launch.programs["frame_player"], launch.programs["plate_cropper"]
    assert player.parameters == {
        "source": str(picture.parent),
        "rate": 2.0,
        "loop": False,
        "encoding": "jpeg",
        "labels": str(picture.parent / "labels.csv"),
        "use_sim_time": False,
        "detections": "targets",
    }
    assert player.remappings == {
        "__node": "frame_player",
        "__ns": "/gate",
        "image": "frame_player/image",
        "detections": "frame_player/detections",
    }
    assert cropper.parameters == CROPPER_DEFAULTS | {
        "transport": "compressed",
        "qos_profile": "reliable",
        "queue_depth": 10,
        "detections": "targets",
    }
    assert cropper.remappings == player.remappings | {"__node": "plate_cropper"}
    assert launch.programs["lpr_node"].parameters == READER_DEFAULTS | WIRED
    assert launch.programs["lpr_node"].remappings == {"__node": "lpr_node", "__ns": "/gate"}


@pytest.mark.parametrize("environment", [{}, {"CAM_TYPE": ""}], ids=["unset", "empty"])
def test_without_a_camera_the_reader_starts_alone_with_its_file(
    stand_ins: StandIns, running: list[Launch], environment: dict[str, str]
) -> None:
    launch = stand_ins.launch("image_topics:=/a, b", "model:=123", "log_level:=warn", **environment)
    running.append(launch)
    launch.wait_for("lpr_node")
    assert launch.includes == []
    assert set(launch.programs) == {"lpr_node"}
    reader = launch.programs["lpr_node"]
    assert reader.parameters == READER_DEFAULTS | {"image_topics": ["/a", "b"], "model": "123"}
    assert reader.arguments[:3] == ["--ros-args", "--log-level", "lpr_node:=warn"]
    assert reader.remappings == {"__node": "lpr_node", "__ns": "/"}
    assert not set(SHARED_MEMORY_VARIABLES) & set(reader.environment)


def test_cam_type_chooses_the_camera(stand_ins: StandIns, running: list[Launch]) -> None:
    launch = stand_ins.launch(CAM_TYPE="usb").wait_for("hobot_usb_cam", "lpr_node")
    running.append(launch)
    assert [one.file for one in launch.includes] == ["hobot_shm", "hobot_usb_cam", "hobot_shm"]


def test_arguments_win_over_the_users_files_and_those_over_what_suits_a_camera(
    stand_ins: StandIns, running: list[Launch]
) -> None:
    reader_file, cropper_file = stand_ins.folder / "reader.yaml", stand_ins.folder / "cropper.yaml"
    reader_file.write_text("/**: {ros__parameters: {queue_depth: 9, model: mine, runtime: hbm}}")
    cropper_file.write_text(
        "/**: {ros__parameters: {padding: 0.1, regions: ['1,2,3,4'], qos_profile: sensor_data}}"
    )
    launch = stand_ins.launch(
        "camera:=usb",
        "detections_topic:=/boxes",
        "detections:=detection_2d_array",
        "runtime:=onnx",
        "device:=/dev/null",
        "width:=640",
        "height:=480",
        f"params_file:={reader_file}",
        f"cropper_params_file:={cropper_file}",
    )
    running.append(launch)
    launch.wait_for("lpr_node", "plate_cropper", "hobot_usb_cam")
    assert launch.programs["lpr_node"].parameters == {
        "model": "mine",
        "runtime": "onnx",
        "transport": "raw",
        **WIRED,
        "queue_depth": 9,
    }
    cropper = launch.programs["plate_cropper"]
    assert cropper.parameters == {
        "padding": 0.1,
        "qos_profile": "sensor_data",
        "transport": "compressed",
        "regions": [""],
        "detections": "detection_2d_array",
    }
    assert cropper.remappings["detections"] == "/boxes"
    assert launch.includes[1].given == USB | {
        "usb_video_device": "/dev/null",
        "usb_image_width": "640",
        "usb_image_height": "480",
    }


@pytest.mark.parametrize("is_grouped", [True, False], ids=["in a namespace", "plain"])
def test_inside_a_robots_launch_nothing_leaks_in_or_out(
    stand_ins: StandIns, running: list[Launch], is_grouped: bool
) -> None:
    robot = stand_ins.folder / "robot.launch.py"
    arguments = {"camera": "mipi", "regions": "1,2,30,40", "web": "true"}
    robot.write_text(
        ROBOT.format(launch_file=str(LAUNCH_FILE), arguments=arguments, is_grouped=is_grouped), "utf-8"
    )
    launch = stand_ins.launch(file=robot)
    running.append(launch)
    launch.wait_for("lpr_node", "mipi_cam", "hobot_codec_republish", "websocket", "other_node")
    targets = "/robot/lpr_node/targets" if is_grouped else "/lpr_node/targets"
    assert [(one.file, one.given) for one in launch.includes if one.file != "hobot_shm"] == [
        ("mipi_cam", MIPI),
        ("hobot_codec_encode", CODEC),
        ("websocket", PAGE | {"websocket_smart_topic": targets}),
    ]
    namespace = "/robot" if is_grouped else "/"
    programs = launch.programs
    assert programs["lpr_node"].remappings["__ns"] == namespace
    for name in ("mipi_cam", "hobot_codec_republish", "websocket"):
        assert programs[name].remappings.get("__ns", "/") == "/", name
    assert not set(SHARED_MEMORY_VARIABLES) & set(programs["other_node"].environment)
    assert "RMW_FASTRTPS_USE_QOS_FROM_XML" in programs["lpr_node"].environment


def test_what_the_user_exported_for_shared_memory_stays(stand_ins: StandIns, running: list[Launch]) -> None:
    launch = stand_ins.launch("camera:=mipi", BOX, FASTRTPS_DEFAULT_PROFILES_FILE="/my.xml")
    running.append(launch)
    launch.wait_for("lpr_node", "mipi_cam")
    for program in launch.programs.values():
        assert program.environment["FASTRTPS_DEFAULT_PROFILES_FILE"] == "/my.xml"
        assert program.environment["RMW_FASTRTPS_USE_QOS_FROM_XML"] == "1"


def test_arguments_of_another_camera_are_named(stand_ins: StandIns, running: list[Launch]) -> None:
    launch = stand_ins.launch("device:=/dev/video0", "source:=x").wait_for("lpr_node")
    running.append(launch)
    assert "[WARNING] [lpr.launch]: not used with camera:=none: device, source" in launch.log
