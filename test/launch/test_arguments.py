"""What single arguments of ``lpr.launch.py`` do, and what is said of wrong ones; nodes are stand-ins."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("launch_ros", reason="launch_ros is not installed: a ROS installation has it")

from installed import skip_unless_installed
from stand_ins import BOX, LAUNCH_FILE, PICTURE, Launch, StandIns, ended, wait_until


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[Launch]]:
    launches: list[Launch] = []
    yield launches
    for launch in launches:
        launch.stop()


WRONG = {
    "camera": (["camera:=webcam"], 'Argument "camera" provided value "webcam" is not valid.'),
    "web": (["camera:=usb", BOX, "web:=yes"], 'Argument "web" provided value "yes" is not valid.'),
    "width alone": (
        ["camera:=usb", BOX, "width:=640"],
        "give width and height as two whole numbers of pixels, or neither",
    ),
    "height": (
        ["camera:=usb", BOX, "width:=640", "height:=4e2"],
        "give width and height as two whole numbers of pixels, or neither",
    ),
    "steps of a size": (
        ["camera:=mipi", BOX, "width:=1924", "height:=1080"],
        "camera:=mipi takes steps of 8 and up to 4,147,200 pixels, not 1924 x 1080",
    ),
    "size": (
        ["camera:=mipi", BOX, "width:=3840", "height:=2160"],
        "camera:=mipi takes steps of 8 and up to 4,147,200 pixels, not 3840 x 2160",
    ),
    "rate": (
        ["camera:=image", PICTURE, BOX, "rate:=fast"],
        "rate is 'fast', expected a number of frames a second",
    ),
    "regions": (["camera:=usb", "regions:=1,2,3"], "region 1 ('1,2,3') is neither four corners"),
    "two places": (
        ["camera:=usb", BOX, "detections_topic:=/x"],
        "plates are where regions or detections_topic say: give one of them, not both",
    ),
    "no source": (
        ["camera:=image", BOX],
        "source '' does not exist; give a folder of pictures, a picture or a video",
    ),
    "log level": (["log_level:=verbose"], 'Argument "log_level" provided value "verbose" is not valid.'),
    "model": (["camera:=usb", BOX, "model:=/nowhere/missing.onnx"], "/nowhere/missing.onnx"),
}


@pytest.mark.parametrize(("arguments", "sentence"), WRONG.values(), ids=WRONG)
def test_a_wrong_argument_ends_the_launch_before_anything_starts(
    tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    launch = StandIns(tmp_path).launch(*arguments)
    assert ended(launch).startswith(sentence)
    assert launch.programs == {}


def test_a_cam_type_that_tros_does_not_know_is_refused(tmp_path: Path) -> None:
    launch = StandIns(tmp_path).launch(CAM_TYPE="gmsl")
    assert ended(launch) == "CAM_TYPE is 'gmsl', expected usb, mipi or fb; camera:=none goes without it"


def test_cam_type_is_named_where_it_chose_the_camera(tmp_path: Path) -> None:
    launch = StandIns(tmp_path, without=("hobot_usb_cam",)).launch(CAM_TYPE="usb")
    assert ended(launch).startswith("camera:=usb (from CAM_TYPE=usb) needs the package hobot_usb_cam")


@pytest.mark.parametrize(
    ("missing", "arguments", "named"),
    [
        ("hbm_img_msgs", ["camera:=mipi", BOX], "hbm_img_msgs: sudo apt install tros-humble-hbm-img-msgs"),
        ("ai_msgs", ["camera:=usb", "detections_topic:=x"], "ai_msgs: sudo apt install tros-humble-ai-msgs"),
        (
            "vision_msgs",
            ["camera:=usb", "detections_topic:=x", "detections:=detection_2d_array"],
            "vision_msgs: sudo apt install ros-humble-vision-msgs",
        ),
    ],
)
def test_missing_messages_are_named(tmp_path: Path, missing: str, arguments: list[str], named: str) -> None:
    launch = StandIns(tmp_path, without=(missing,)).launch(
        *arguments, AMENT_PREFIX_PATH=str(tmp_path / "prefix")
    )
    assert f"needs the package {named}, and source" in ended(launch)


def test_node_name_reaches_topics_parameters_and_log_level(tmp_path: Path, started: list[Launch]) -> None:
    launch = StandIns(tmp_path).launch(
        "camera:=usb",
        BOX,
        "web:=true",
        "node_name:=gate_reader",
        "namespace:=north",
        "model:=lprnet_int8.onnx",
    )
    started.append(launch)
    launch.wait_for("lpr_node", "websocket")
    reader = launch.programs["lpr_node"]
    assert reader.remappings == {"__node": "gate_reader", "__ns": "/north"}
    assert reader.arguments[:3] == ["--ros-args", "--log-level", "north.gate_reader:=info"]
    assert reader.parameters["model"] == "lprnet_int8.onnx"
    page = next(one for one in launch.includes if one.file == "websocket")
    assert page.given["websocket_smart_topic"] == "/north/gate_reader/targets"


@pytest.mark.parametrize("camera", [["camera:=usb", BOX], []], ids=["camera", "crops"])
def test_a_record_is_kept_beside_the_reader(tmp_path: Path, started: list[Launch], camera: list[str]) -> None:
    launch = StandIns(tmp_path).launch(
        *camera, "record:=vehicles.db", "node_name:=gate_reader", "namespace:=north", "respawn:=true"
    )
    started.append(launch)
    launch.wait_for("lpr_node", "plate_recorder")
    recorder = launch.programs["plate_recorder"]
    assert recorder.remappings == {
        **{"__node": "plate_recorder", "__ns": "/north"},
        "lpr_node/vehicle_record": "gate_reader/vehicle_record",
    }
    assert recorder.parameters == {"record": "vehicles.db"}
    os.kill(recorder.pid, signal.SIGKILL)
    wait_until(lambda: launch.programs["plate_recorder"].pid != recorder.pid)


def test_the_launch_goes_on_without_its_recorder(tmp_path: Path, started: list[Launch]) -> None:
    launch = StandIns(tmp_path).launch("camera:=usb", BOX, "record:=vehicles.db")
    started.append(launch)
    launch.wait_for("lpr_node", "plate_recorder")
    os.kill(launch.programs["plate_recorder"].pid, signal.SIGKILL)
    wait_until(lambda: not launch.programs["plate_recorder"].is_alive)
    wait_until(lambda: "process has died" in launch.log)
    assert launch.programs["lpr_node"].is_alive


def test_use_sim_time_reaches_all_nodes_of_the_package(tmp_path: Path, started: list[Launch]) -> None:
    launch = StandIns(tmp_path).launch(
        "camera:=image", PICTURE, "detections_topic:=/boxes", "use_sim_time:=true"
    )
    started.append(launch)
    launch.wait_for("lpr_node", "plate_cropper", "frame_player")
    assert {name: one.parameters["use_sim_time"] for name, one in launch.programs.items()} == {
        "lpr_node": True,
        "plate_cropper": True,
        "frame_player": True,
    }


@pytest.mark.parametrize("name", ["lpr_node", "plate_cropper"])
def test_respawn_starts_a_node_again(tmp_path: Path, started: list[Launch], name: str) -> None:
    stand_ins = StandIns(tmp_path)
    launch = stand_ins.launch(
        "camera:=usb",
        "detections_topic:=/boxes",
        "respawn:=true",
        ENDING_PROGRAM=name,
        ENDING_STATUS="1",
        ENDING_AFTER="",
    )
    started.append(launch)
    wait_until(lambda: sum(line.get("program") == name for line in stand_ins.lines()) >= 2)
    assert launch.is_running
    assert launch.errors == []


def test_pictures_with_regions_are_played_by_the_real_nodes(tmp_path: Path, started: list[Launch]) -> None:
    skip_unless_installed()
    file = tmp_path / "mine.yaml"
    file.write_text("/**: {ros__parameters: {find_plates: false}}")
    launch = StandIns(tmp_path, without=("lprnet_ros",)).launch(
        "camera:=image",
        PICTURE,
        "regions:=0,0,1,1",
        "loop:=false",
        f"params_file:={file}",
        ROS_DOMAIN_ID=str(1 + os.getpid() % 100),
    )
    started.append(launch)
    played = "[INFO] [frame_player-1]: process has finished cleanly"
    wait_until(lambda: played in launch.log or not launch.is_running)
    assert launch.is_running, launch.log
    assert launch.stop() == 0
    assert "Traceback" not in launch.log


def test_a_file_for_a_node_outside_the_namespace_is_named_and_the_launchs_own_values_stay(
    tmp_path: Path, started: list[Launch]
) -> None:
    skip_unless_installed()
    file = tmp_path / "mine.yaml"
    file.write_text("/lpr_node: {ros__parameters: {minimum_confidence: 0.1, decoder: carrier_pigeon}}")
    launch = StandIns(tmp_path, without=("lprnet_ros",)).launch(
        "namespace:=north",
        "image_topics:=gate",
        f"params_file:={file}",
        ROS_DOMAIN_ID=str(1 + os.getpid() % 100),
    )
    started.append(launch)
    wait_until(lambda: "reading raw crops on" in launch.log or not launch.is_running)
    assert "reading raw crops on /north/gate" in launch.log
    assert f"{file} holds parameters for /lpr_node and none for /north/lpr_node" in launch.log
    assert "name its section /north/lpr_node or /**" in launch.log


def test_a_file_for_one_node_wins_over_what_suits_the_camera(tmp_path: Path, started: list[Launch]) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("plate_cropper: {ros__parameters: {detections: detection_2d_array, queue_depth: 3}}")
    launch = StandIns(tmp_path).launch("camera:=image", PICTURE, f"cropper_params_file:={file}")
    started.append(launch)
    launch.wait_for("lpr_node", "plate_cropper", "frame_player")
    cropper = launch.programs["plate_cropper"]
    assert cropper.parameters == {
        "transport": "compressed",
        "qos_profile": "reliable",
        "queue_depth": 3,
        "detections": "detection_2d_array",
    }
    assert "detections" not in cropper.remappings


ROBOT = """
from launch import LaunchDescription
from launch.actions import GroupAction, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_ros.actions import SetParameter

def generate_launch_description():
    source = PythonLaunchDescriptionSource({file!r})
    include = IncludeLaunchDescription(source, launch_arguments={arguments!r})
    values = {{"minimum_confidence": 0.5, "queue_depth": 77, "image_topics": ["a"], "decoder": "beam"}}
    return LaunchDescription([GroupAction([*[SetParameter(*each) for each in values.items()], include])])
"""


def test_set_parameter_wins_over_the_default_file_and_what_suits_and_not_over_a_given_file(
    tmp_path: Path, started: list[Launch]
) -> None:
    for name, given in (("default", ""), ("given", "/**: {ros__parameters: {minimum_confidence: 0.9}}")):
        folder = tmp_path / name
        folder.mkdir()
        arguments = [("camera", "image"), ("source", PICTURE.partition(":=")[2])]
        arguments += [("regions", "10,20,30,40")]
        if given:
            (folder / "mine.yaml").write_text(given)
            arguments.append(("params_file", str(folder / "mine.yaml")))
        robot = folder / "robot.launch.py"
        robot.write_text(ROBOT.format(file=str(LAUNCH_FILE), arguments=arguments))
        launch = StandIns(folder).launch(file=robot)
        started.append(launch)
        launch.wait_for("lpr_node")
        reader = launch.programs["lpr_node"].parameters
        assert reader["minimum_confidence"] == (0.9 if given else 0.5)
        assert (reader["queue_depth"], reader["decoder"]) == (77, "beam")
        assert reader["frame_topics"] == ["frame_player/image"], "the wiring stays"


@pytest.mark.parametrize(
    ("missing", "argument", "kind"),
    [
        ((), "", "targets"),
        (("ai_msgs",), "", "detection_2d_array"),
        ((), "detection_2d_array", "detection_2d_array"),
        (("vision_msgs",), "", "targets"),
    ],
)
def test_labels_come_in_the_messages_that_are_installed(
    tmp_path: Path, started: list[Launch], missing: tuple[str, ...], argument: str, kind: str
) -> None:
    picture = tmp_path / "scenes" / "a.png"
    picture.parent.mkdir()
    picture.write_bytes(Path(PICTURE.partition(":=")[2]).read_bytes())
    (picture.parent / "labels.csv").write_text('file,label,quad\na.png,京A,"1,1 9,1 9,5 1,5"\n', "utf-8")
    launch = StandIns(tmp_path, without=missing).launch(
        "camera:=image",
        f"source:={picture}",
        f"detections:={argument}",
        AMENT_PREFIX_PATH=str(tmp_path / "prefix"),
    )
    started.append(launch)
    launch.wait_for("lpr_node", "plate_cropper", "frame_player")
    player, cropper = launch.programs["frame_player"], launch.programs["plate_cropper"]
    assert player.parameters["labels"] == str(picture.parent / "labels.csv")
    assert player.parameters["detections"] == cropper.parameters["detections"] == kind
    assert cropper.parameters["regions"] == [""]
    assert cropper.remappings["detections"] == "frame_player/detections"
