"""How the cropper and the reader are wired, who says where plates are, and what is missing."""

import shutil

import pytest
from launch_requests import CONFIG, installation, plan, program, request, scenes

from lprnet_ros.launching.chain import make_plan
from lprnet_ros.launching.plan import LaunchError
from lprnet_ros.launching.tros import debian_package
from lprnet_ros.models.find import bundled_model
from lprnet_ros.models.manifest import manifest_path

BOX = {"regions": "10,20,30,40"}
CROPS = "plate_cropper/crops"


def written(path, text):
    path.write_text(text, encoding="utf-8")
    return str(path)


def cropper(folder, camera="usb", **texts):
    return program(plan(folder, camera, **texts), "plate_cropper")


def reader(folder, camera="usb", **texts):
    return program(plan(folder, camera, **texts), "lpr_node")


# the reader


def test_without_a_camera_the_reader_gets_what_the_user_gives_and_nothing_else(tmp_path):
    alone = reader(tmp_path, "none")
    assert (alone.parameter_file, alone.parameters, alone.remappings) == (CONFIG / "lpr.yaml", {}, ())
    file = written(tmp_path / "mine.yaml", "/**: {ros__parameters: {queue_depth: 9}}")
    given = reader(
        tmp_path,
        "none",
        image_topics="/a,b",
        transport="compressed",
        model="m",
        runtime="onnx",
        params_file=file,
    )
    assert str(given.parameter_file) == file
    assert given.parameters == {
        "transport": "compressed",
        "model": "m",
        "runtime": "onnx",
        "image_topics": ["/a", "b"],
    }


def test_with_a_camera_the_reader_takes_crops_and_empty_frames_and_loses_none(tmp_path):
    assert reader(tmp_path, **BOX).parameters == {
        "image_topics": [CROPS],
        "transport": "raw",
        "empty_frames_topic": "plate_cropper/empty_frames",
        "queue_depth": 64,
        "qos_profile": "reliable",
    }


def test_other_topics_of_crops_stay_and_may_be_best_effort(tmp_path):
    parameters = reader(tmp_path, image_topics="/a", model="lprnet_int8.onnx", **BOX).parameters
    assert parameters["image_topics"] == ["/a", CROPS]
    assert parameters["model"] == "lprnet_int8.onnx"
    assert "qos_profile" not in parameters


def test_the_users_file_wins_over_what_suits_a_camera_but_not_over_the_wiring(tmp_path):
    file = written(
        tmp_path / "mine.yaml",
        "/**: {ros__parameters: {queue_depth: 9, qos_profile: sensor_data, transport: compressed}}",
    )
    given = reader(tmp_path, params_file=file, **BOX)
    assert str(given.parameter_file) == file
    assert given.parameters == {
        "image_topics": [CROPS],
        "transport": "raw",
        "empty_frames_topic": "plate_cropper/empty_frames",
    }


def test_the_page_wants_targets(tmp_path):
    assert "outputs" not in reader(tmp_path, **BOX).parameters
    assert reader(tmp_path, web="true", **BOX).parameters["outputs"] == "auto"


@pytest.mark.parametrize(
    ("above", "namespace", "targets", "frames"),
    [
        ("", "", "/lpr_node/targets", "/frame_player/image"),
        ("", "gate", "/gate/lpr_node/targets", "/gate/frame_player/image"),
        ("/robot", "gate/left", "/robot/gate/left/lpr_node/targets", "/robot/gate/left/frame_player/image"),
        ("/robot", "/gate", "/gate/lpr_node/targets", "/gate/frame_player/image"),
        ("/robot", "", "/robot/lpr_node/targets", "/robot/frame_player/image"),
        ("/", "/", "/lpr_node/targets", "/frame_player/image"),
    ],
)
def test_the_page_gets_absolute_names(tmp_path, above, namespace, targets, frames):
    folder = scenes(tmp_path / "scenes")
    planned = plan(tmp_path, "image", source=str(folder), web="true", namespace=namespace, above=above)
    page = planned.includes[-1].arguments
    assert (page["websocket_smart_topic"], page["websocket_image_topic"]) == (targets, frames)
    mipi = plan(tmp_path, "mipi", web="true", namespace=namespace, above=above, **BOX).includes[-1].arguments
    assert (mipi["websocket_smart_topic"], mipi["websocket_image_topic"]) == (targets, "/image")


# the cropper


def test_the_cropper_subscribes_as_each_camera_publishes(tmp_path):
    mipi = cropper(tmp_path, "mipi", **BOX)
    assert mipi.parameters == {
        "transport": "shared_mem",
        "regions": ["10,20,30,40"],
        "detections": "none",
    }
    assert mipi.remappings == (("image", "/hbmem_img"),)
    usb = cropper(tmp_path, "usb", **BOX)
    assert usb.parameters == mipi.parameters | {"transport": "compressed", "qos_profile": "reliable"}
    assert usb.remappings == (("image", "/image"),)
    folder = scenes(tmp_path / "scenes")
    image = cropper(tmp_path, "image", source=str(folder), **BOX)
    assert image.parameters == usb.parameters | {"queue_depth": 10}
    assert image.remappings == (("image", "frame_player/image"),)
    assert mipi.parameter_file == usb.parameter_file == image.parameter_file == CONFIG / "cropper.yaml"


def test_the_users_cropper_file_wins_over_what_suits_the_camera(tmp_path):
    file = written(
        tmp_path / "mine.yaml",
        "/**: {ros__parameters: {qos_profile: sensor_data, queue_depth: 3, transport: raw, padding: 0.1}}",
    )
    folder = scenes(tmp_path / "scenes")
    given = cropper(tmp_path, "image", source=str(folder), cropper_params_file=file, **BOX)
    assert given.parameters == {
        "transport": "compressed",
        "regions": ["10,20,30,40"],
        "detections": "none",
    }


def test_a_detector_says_where_plates_are(tmp_path):
    given = cropper(tmp_path, detections_topic="/hobot_dnn_detection")
    assert given.parameters["detections"] == "targets"
    assert given.parameters["regions"] == [""]
    assert given.remappings == (("image", "/image"), ("detections", "/hobot_dnn_detection"))
    boxes = cropper(tmp_path, detections_topic="x", detections="detection_2d_array")
    assert boxes.parameters["detections"] == "detection_2d_array"


def test_labels_beside_the_source_are_the_detector(tmp_path):
    folder = scenes(tmp_path / "scenes")
    for source in (folder, folder / "a.png"):
        planned = plan(tmp_path, "image", source=str(source))
        assert program(planned, "plate_cropper").parameters["detections"] == "targets"
        assert program(planned, "plate_cropper").parameters["regions"] == [""]
        assert program(planned, "plate_cropper").remappings[1] == ("detections", "frame_player/detections")
        assert program(planned, "frame_player").parameters["labels"] == str(folder / "labels.csv")
        assert planned.messages == ("ai_msgs",)


@pytest.mark.parametrize(
    ("messages", "asked", "kind"),
    [
        ({"ai_msgs", "vision_msgs"}, "", "targets"),
        ({"vision_msgs"}, "", "detection_2d_array"),
        ({"ai_msgs", "vision_msgs"}, "detection_2d_array", "detection_2d_array"),
        ({"ai_msgs"}, "", "targets"),
    ],
)
def test_labels_come_in_the_messages_that_are_there(tmp_path, messages, asked, kind):
    folder = scenes(tmp_path / "scenes")
    planned = plan(tmp_path, "image", source=str(folder), detections=asked, messages=frozenset(messages))
    assert program(planned, "frame_player").parameters["detections"] == kind
    assert program(planned, "plate_cropper").parameters["detections"] == kind


@pytest.mark.parametrize("texts", [BOX, {"detections_topic": "/boxes"}], ids=["regions", "another detector"])
def test_labels_are_not_played_where_the_user_says_otherwise(tmp_path, texts):
    folder = scenes(tmp_path / "scenes")
    planned = plan(tmp_path, "image", source=str(folder), **texts)
    assert "labels" not in program(planned, "frame_player").parameters
    file = written(tmp_path / "c.yaml", "/**: {ros__parameters: {regions: ['1,2,30,40']}}")
    planned = plan(tmp_path, "image", source=str(folder), cropper_params_file=file)
    assert "labels" not in program(planned, "frame_player").parameters
    assert "regions" not in program(planned, "plate_cropper").parameters


def test_labels_of_other_pictures_are_refused(tmp_path):
    folder = scenes(tmp_path / "scenes", names=("a.png", "b.png"), labelled=("c.png",))
    for source in (folder, folder / "b.png"):
        with pytest.raises(LaunchError, match=rf"labels\.csv labels nothing of {source}: correct"):
            plan(tmp_path, "image", source=str(source))
    (folder / "labels.csv").write_text("file,label\na.png,x\n")
    with pytest.raises(LaunchError, match=r"source: .*labels\.csv: no column quad or det_quad"):
        plan(tmp_path, "image", source=str(folder))


@pytest.mark.parametrize("camera", ["mipi", "usb"])
def test_somebody_must_say_where_plates_are(tmp_path, camera):
    with pytest.raises(LaunchError, match=f"camera:={camera} needs to know where plates are: give regions:="):
        plan(tmp_path, camera)
    for parameters in ("regions: ['1,2,30,40']", "detections: targets"):
        file = written(tmp_path / "c.yaml", f"plate_cropper: {{ros__parameters: {{{parameters}}}}}")
        given = cropper(tmp_path, camera, cropper_params_file=file)
        assert not {"regions", "detections"} & set(given.parameters)
    nothing = written(tmp_path / "c.yaml", "/**: {ros__parameters: {regions: [''], detections: none}}")
    with pytest.raises(LaunchError, match="where plates are"):
        plan(tmp_path, camera, cropper_params_file=nothing)


def test_for_pictures_labels_are_named_as_a_way_too(tmp_path):
    folder = scenes(tmp_path / "scenes", labelled=())
    with pytest.raises(LaunchError, match=r"or put a labels\.csv with quads beside the source"):
        plan(tmp_path, "image", source=str(folder))


@pytest.mark.parametrize("argument", ["params_file", "cropper_params_file"])
def test_an_unreadable_parameter_file_is_named_by_its_argument(tmp_path, argument):
    with pytest.raises(LaunchError, match=f"^{argument} {tmp_path}/x.yaml does not exist; give a YAML like"):
        plan(tmp_path, "usb", **{argument: f"{tmp_path}/x.yaml"}, **BOX)


# what is missing


@pytest.mark.parametrize(
    ("camera", "web", "without", "message"),
    [
        ("mipi", "false", ("mipi_cam",), "camera:=mipi needs the package mipi_cam: sudo apt install "
         "tros-humble-mipi-cam, and source TROS's setup.bash in this terminal"),
        ("usb", "false", ("hobot_shm", "hobot_usb_cam"), "camera:=usb needs the packages hobot_shm, "
         "hobot_usb_cam: sudo apt install tros-humble-hobot-shm tros-humble-hobot-usb-cam, and source"),
        ("mipi", "true", ("hobot_codec",), "camera:=mipi with web:=true needs the package hobot_codec: sudo "
         "apt install tros-humble-hobot-codec,"),
        ("usb", "true", ("websocket",), "camera:=usb with web:=true needs the package websocket: sudo apt "
         "install tros-humble-websocket,"),
    ],
)  # fmt: skip
def test_a_missing_package_of_tros_is_named_with_its_debian_package(tmp_path, camera, web, without, message):
    with pytest.raises(LaunchError) as caught:
        plan(tmp_path, camera, web=web, without=without, **BOX)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("camera", "texts", "missing", "name"),
    [
        ("mipi", BOX, "hbm_img_msgs", "tros-humble-hbm-img-msgs"),
        ("usb", {"detections_topic": "x"}, "ai_msgs", "tros-humble-ai-msgs"),
        ("usb", BOX | {"web": "true"}, "ai_msgs", "tros-humble-ai-msgs"),
        (
            "usb",
            {"detections_topic": "x", "detections": "detection_2d_array"},
            "vision_msgs",
            "ros-humble-vision-msgs, and source ROS's setup.bash",
        ),
    ],
)
def test_missing_messages_are_named_with_their_debian_package(tmp_path, camera, texts, missing, name):
    there = frozenset({"ai_msgs", "vision_msgs", "hbm_img_msgs"}) - {missing}
    plan(tmp_path, camera, **texts)
    with pytest.raises(LaunchError, match=f"needs the package {missing}: sudo apt install {name}"):
        plan(tmp_path, camera, messages=there, **texts)


def test_without_any_messages_labels_ask_for_those_that_a_pc_can_install(tmp_path):
    folder = scenes(tmp_path / "scenes")
    with pytest.raises(LaunchError, match="sudo apt install ros-jazzy-vision-msgs, and source ROS's setup"):
        plan(
            tmp_path,
            "image",
            source=str(folder),
            messages=frozenset(),
            environment={"ROS_DISTRO": "jazzy"},
        )


def test_a_package_without_the_launch_file_is_named(tmp_path):
    there = installation(tmp_path)
    (tmp_path / "share" / "mipi_cam" / "launch" / "mipi_cam.launch.py").unlink()
    with pytest.raises(LaunchError, match=r"mipi_cam has no launch file mipi_cam\.launch\.py: .*--reinstall"):
        make_plan(request("mipi", **BOX), there, CONFIG)


@pytest.mark.parametrize(
    ("environment", "package", "name"),
    [
        ({}, "mipi_cam", "tros-humble-mipi-cam"),
        ({"ROS_DISTRO": "jazzy"}, "mipi_cam", "tros-jazzy-mipi-cam"),
        ({"ROS_DISTRO": "jazzy", "TROS_DISTRO": "humble"}, "ai_msgs", "tros-humble-ai-msgs"),
        ({"TROS_DISTRO": "humble"}, "vision_msgs", "ros-humble-vision-msgs"),
        ({"ROS_DISTRO": "", "TROS_DISTRO": ""}, "websocket", "tros-humble-websocket"),
    ],
)
def test_debian_packages_follow_the_distribution(environment, package, name):
    assert debian_package(package, environment) == name


def test_with_a_camera_a_model_that_cannot_be_read_ends_the_launch_with_its_name(tmp_path):
    regions = "0.1,0.1,0.2,0.2"
    missing = str(tmp_path / "missing.onnx")
    with pytest.raises(LaunchError, match=r"missing\.onnx"):
        plan(tmp_path, "mipi", regions=regions, model=missing)
    broken = tmp_path / bundled_model().name
    broken.write_bytes(b"no model")
    shutil.copy(manifest_path(bundled_model()), tmp_path)
    with pytest.raises(LaunchError, match="not the file its manifest describes"):
        plan(tmp_path, "mipi", regions=regions, model=str(broken))
    plan(tmp_path, "mipi", regions=regions, model="lprnet_int8.onnx")
    plan(tmp_path, "none", model=missing)  # lpr_node stays, and says it
