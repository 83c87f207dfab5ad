"""Starts lpr_node; with camera:= a camera before it, with web:=true a page after it.

lpr_node takes the camera's frames itself.  plate_cropper comes between them where a detector or labels say
where plates are, or where cropper_params_file is given.

ros2 launch lprnet_ros lpr.launch.py image_topics:=/gate/crop
ros2 launch lprnet_ros lpr.launch.py camera:=usb web:=true
"""

from pathlib import Path
from typing import Any

import launch.logging
from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, GroupAction, IncludeLaunchDescription, OpaqueFunction
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare
from launch_ros.utilities import make_namespace_absolute, prefix_namespace

from lprnet_ros.cropping.regions import parse_regions
from lprnet_ros.models.find import find_model
from lprnet_ros.models.load import load_manifest
from lprnet_ros.ros.process import launch_support as support
from lprnet_ros.ros.process.launch_support import LaunchError
from lprnet_ros.sources.scenes import VIDEO_SUFFIXES

Values = dict[str, Any]
CONFIG = Path(__file__).resolve().parents[1] / "config"
ARGUMENTS = {  # default and meaning
    "namespace": ("", "Namespace of the nodes and their topics."),
    "node_name": ("lpr_node", "Name of lpr_node, and so of its topics: <node_name>/reading and others."),
    "image_topics": ("", "Topics of plate crops, separated by commas; they are read beside a camera."),
    "transport": ("", "Type of these crops, raw or compressed; empty leaves it to params_file."),
    "model": ("", "Model file, or the name of a bundled one; empty leaves it to params_file."),
    "runtime": ("", "Inference runtime: auto, onnx, hbm or bpu; empty leaves it to params_file."),
    "params_file": (str(CONFIG / "lpr.yaml"), "YAML file with the parameters of lpr_node."),
    "record": ("", "File in which plate_recorder keeps the vehicles and their crops; empty keeps nothing."),
    "log_level": ("info", "Lowest level that the nodes log: debug, info, warn or error."),
    "use_sim_time": ("false", "Take the time from /clock, as with ros2 bag play --clock."),
    "respawn": ("false", "Start lpr_node and plate_cropper again 2 s after they have ended."),
    "web": ("false", "Web page: true is TROS's where it is installed, else ours; own is always ours."),
    "web_address": ("127.0.0.1", "Our page: address to serve it at; 0.0.0.0 lets other machines in."),
    "web_port": ("8000", "Our page: its port."),
    "camera": ("", "Where frames come from; empty takes the variable CAM_TYPE (fb is image), else none."),
}
CAMERA_ARGUMENTS = {  # of no use without a camera
    "device": ("", "usb: video device, such as /dev/video0. mipi: sensor, such as imx219. Empty searches."),
    "width": ("", "usb, mipi: width of the frames in pixels; give height too."),
    "height": ("", "usb, mipi: height of the frames in pixels; give width too."),
    "regions": ("", "Parts of the frames to search: x,y,width,height; several with semicolons between."),
    "detections_topic": ("", "Topic of a detector whose plates plate_cropper cuts out; nothing is searched."),
    "detections": ("", "Messages of the detector: ai_msgs' targets, or vision_msgs' detection_2d_array."),
    "source": ("", "image: folder of pictures, picture or video; a labels.csv beside it is used."),
    "rate": ("0", "image: frames a second; 0 is the video's own rate, or 10."),
    "loop": ("true", "image: start again at the end."),
    "cropper_params_file": (str(CONFIG / "cropper.yaml"), "Parameters of plate_cropper, which is then used."),
}
ARGUMENTS |= CAMERA_ARGUMENTS
CHOICES = {name: ["true", "false", "True", "False"] for name in ("use_sim_time", "respawn", "loop")}
CHOICES["web"] = ["true", "false", "own", "True", "False"]
CHOICES["camera"] = ["", "none", "mipi", "usb", "image"]
CHOICES["detections"] = ["", "targets", "detection_2d_array"]
CHOICES["log_level"] = ["debug", "info", "warn", "error", "fatal"]
PACKAGES = {"mipi": ["hobot_shm", "mipi_cam", "hbm_img_msgs"], "usb": ["hobot_shm", "hobot_usb_cam"]}
MESSAGES = {"targets": ["ai_msgs"], "detection_2d_array": ["vision_msgs"]}
FRAMES = {"mipi": "/hbmem_img", "usb": "/image", "image": "frame_player/image"}
TRANSPORT = {"mipi": "shared_mem", "usb": "compressed", "image": "compressed"}
RELIABLE, BEST_EFFORT = {"qos_profile": "reliable"}, {"qos_profile": "sensor_data"}
QOS: Values = {"mipi": BEST_EFFORT, "usb": RELIABLE, "image": RELIABLE | {"queue_depth": 10}}


def generate_launch_description() -> LaunchDescription:
    """Return the arguments, and what they start."""
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=meaning, choices=CHOICES.get(name))
        for name, (default, meaning) in ARGUMENTS.items()
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=start), OpaqueFunction(function=record)])


def start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Start the nodes; where something is missing or wrong, raise ``LaunchError`` before anything starts."""
    values: Values = {name: context.launch_configurations[name] for name in ARGUMENTS}
    values |= {name: values[name].lower() for name in CHOICES}
    values["camera"], named = chosen_camera(values["camera"], context.environment.get("CAM_TYPE", ""))
    camera: str = values["camera"]
    values["set_parameter"] = support.parameters_above(context.launch_configurations)
    above = context.launch_configurations.get("ros_namespace")  # of the launch file that includes this one
    values["namespace"] = make_namespace_absolute(prefix_namespace(above, values["namespace"]))
    topics = [topic.strip() for topic in values["image_topics"].split(",") if topic.strip()]
    given: Values = {name: values[name] for name in ("transport", "model", "runtime") if values[name]}
    if camera == "none":
        unused = [name for name in CAMERA_ARGUMENTS if values[name] != ARGUMENTS[name][0]]
        if unused:
            launch.logging.get_logger("lpr.launch").warning(f"not used with {named}: {', '.join(unused)}")
        given |= {"image_topics": topics} if topics else {}
        return [node(values, "lpr_node", {}, given), *own_page(values, topics)]

    if values["model"]:
        load_manifest(find_model(values["model"])).verify_file()  # raises one sentence, as parse_regions does
    size = values["width"] + values["height"]
    if size and not (values["width"].isdecimal() and values["height"].isdecimal()):
        raise LaunchError("give width and height as two whole numbers of pixels, or neither")
    if not values["rate"].replace(".", "", 1).isdecimal():
        raise LaunchError(f"rate is {values['rate']!r}, expected a number of frames a second")
    if camera == "image":
        values["source"] = support.checked_source(values["source"])
    where, detections, labels = places_of_plates(values)
    packages = PACKAGES.get(camera, []) + MESSAGES.get(where.get("detections", ""), [])
    has_tros_page = values["web"] == "true" and support.is_installed("websocket")
    if has_tros_page:
        named += " with web:=true"
        packages += (["hobot_codec"] if camera == "mipi" else []) + ["websocket", "ai_msgs"]
        given["outputs"] = "auto"  # this page needs targets, whatever the parameter file says
    support.require_packages(named, packages, context.environment)
    own = [] if has_tros_page else own_page(values, [FRAMES[camera], *topics])

    for_camera = {name: values[name] for name in ARGUMENTS if values[name]}
    for_camera |= {
        "jpeg": str(has_tros_page),
        "labels": labels,
        "detections": where["detections"] if labels else "targets",
    }
    page = {
        "websocket_image_topic": full_name(values, "/image" if camera == "mipi" else FRAMES[camera]),
        "websocket_image_type": "mjpeg",
        "websocket_smart_topic": full_name(values, f"{values['node_name']}/targets"),
    }
    # shared memory sets environment variables for all that the group starts after it
    shared_memory = IncludeLaunchDescription([FindPackageShare("hobot_shm"), "/launch/hobot_shm.launch.py"])
    return [
        GroupAction(
            [
                *([] if camera == "image" else [shared_memory]),
                support.include("lprnet_ros", f"{camera}_camera", for_camera),
                *readers(values, where, detections, topics, given),
                *([support.include("websocket", "websocket", page)] if has_tros_page else own),
            ]
        )
    ]


def own_page(values: Values, topics: list[str]) -> list[Node]:
    """Return plate_page, which shows these topics, where it is wanted; ``LaunchError`` if it cannot start."""
    if values["web"] == "false":
        return []
    support.require_page(f"web:={values['web']}")
    if not values["web_port"].isdecimal():
        raise LaunchError(f"web_port is {values['web_port']!r}, expected a number")
    parameters = {
        "reader": full_name(values, values["node_name"]),
        "frame_topics": [full_name(values, topic) for topic in topics] or [""],
        "address": values["web_address"],
        "port": int(values["web_port"]),
        "record": values["record"],
    }
    full = full_name(values, "plate_page")
    return [
        Node(
            package="lprnet_ros",
            executable="plate_page",
            name="plate_page",
            namespace=values["namespace"],
            parameters=[support.parameter_file(full, parameters)],
            arguments=["--ros-args", "--log-level", f"{full[1:].replace('/', '.')}:={values['log_level']}"],
            output="screen",
            emulate_tty=True,
        )
    ]


def record(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Start plate_recorder where a record is wanted; the launch goes on when it ends."""
    values: Values = dict(context.launch_configurations)
    if not values["record"]:
        return []
    above = values.get("ros_namespace")
    values["namespace"] = make_namespace_absolute(prefix_namespace(above, values["namespace"]))
    full = full_name(values, "plate_recorder")
    wired = support.parameter_file(full, {"record": values["record"]})
    return [
        Node(
            package="lprnet_ros",
            executable="plate_recorder",
            name="plate_recorder",
            namespace=values["namespace"],
            parameters=[*support.parameters_above(context.launch_configurations), wired],
            remappings=[("lpr_node/vehicle_record", f"{values['node_name']}/vehicle_record")],
            arguments=["--ros-args", "--log-level", f"{full[1:].replace('/', '.')}:={values['log_level']}"],
            output="screen",
            emulate_tty=True,
            respawn=values["respawn"].lower() == "true",
            respawn_delay=2.0,
        )
    ]


def readers(values: Values, where: Values, detections: str, topics: list[str], given: Values) -> list[Node]:
    """Return lpr_node, which takes the frames, or plate_cropper and lpr_node, which takes its crops."""
    frames, transport = FRAMES[values["camera"]], TRANSPORT[values["camera"]]
    qos: Values = QOS.get(values["camera"], {})
    argument = "cropper_params_file"
    suits: Values
    if not detections and values[argument] == ARGUMENTS[argument][0]:
        given |= {
            "frame_topics": [frames],
            "frame_transport": transport,
            "image_topics": topics or [""],
            **where,
        }
        suits = {f"frame_{name}": value for name, value in qos.items()}
        if values["camera"] == "image" and Path(values["source"]).suffix.lower() not in VIDEO_SUFFIXES:
            suits["consensus_minimum_crops"] = 1  # each photograph shows vehicles of its own
        return [node(values, "lpr_node", suits, given)]
    remappings = [("image", frames)] + ([("detections", detections)] if detections else [])
    cropper = {"transport": transport, **({"detections": "none"} if values["regions"] else {}), **where}
    given |= {"image_topics": [*topics, "plate_cropper/crops"], "transport": "raw"}
    given["empty_frames_topic"] = "plate_cropper/empty_frames"
    # all crops of a frame come at once, and plate_cropper is reliable; other publishers may not be
    suits = {"queue_depth": 64} | ({} if topics else RELIABLE)
    return [
        node(values, "plate_cropper", qos, cropper, remappings),
        node(values, "lpr_node", suits, given),
    ]


def chosen_camera(text: str, variable: str) -> tuple[str, str]:
    """Return the camera, and how it was chosen; ``variable`` is the value of CAM_TYPE."""
    if text or not variable:
        return text or "none", f"camera:={text or 'none'}"
    if variable not in ("usb", "mipi", "fb"):
        raise LaunchError(f"CAM_TYPE is {variable!r}, expected usb, mipi or fb; camera:=none goes without it")
    camera = "image" if variable == "fb" else variable
    return camera, f"camera:={camera} (from CAM_TYPE={variable})"


def places_of_plates(values: Values) -> tuple[Values, str, str]:
    """Return the parameters that say where plates are, the topic of detections, and labels to be played."""
    topic, kind, argument = values["detections_topic"], values["detections"], "cropper_params_file"
    told = support.read_parameter_file(argument, values[argument], ARGUMENTS[argument][0])
    if values["regions"]:
        if topic:
            raise LaunchError("plates are where regions or detections_topic say: give one of them, not both")
        regions = [region.strip() for region in values["regions"].split(";")]
        parse_regions(regions)
        return {"regions": regions}, "", ""
    if topic:
        return {"regions": [""], "detections": kind or "targets"}, topic, ""
    has_detector = told.get("detections", "none") != "none"
    if values["camera"] == "image" and not any(told.get("regions", [])):
        source = Path(values["source"])
        labels = (source if source.is_dir() else source.parent) / "labels.csv"
        if labels.is_file():  # targets know corners; vision_msgs is what a PC can install
            kind = kind or (told["detections"] if has_detector else "")
            kind = kind or ("targets" if support.is_installed("ai_msgs") else "detection_2d_array")
            return {"regions": [""], "detections": kind}, "frame_player/detections", str(labels)
    return {}, "", ""


def node(values: Values, program: str, suits: Values, wired: Values, remappings: Any = ()) -> Node:
    """Return a node; later win: default file, what suits the camera, SetParameter, given file, wiring."""
    name, argument = program, "cropper_params_file"
    if program == "lpr_node":
        name, argument = values["node_name"], "params_file"
    full, file, default = full_name(values, name), values[argument], ARGUMENTS[argument][0]
    support.read_parameter_file(argument, file, default)
    files = [support.parameter_file("/**", suits), *values["set_parameter"]]
    files.insert(0 if file == default else len(files), file)
    if values["use_sim_time"] == "true":
        wired = wired | {"use_sim_time": True}
    respawn = values["respawn"] == "true"
    return Node(
        package="lprnet_ros",
        executable=program,
        name=name,
        namespace=values["namespace"],
        parameters=[*files, support.parameter_file(full, wired)],
        remappings=remappings,
        arguments=["--ros-args", "--log-level", f"{full[1:].replace('/', '.')}:={values['log_level']}"],
        output="screen",
        emulate_tty=True,
        respawn=respawn,
        respawn_delay=2.0,
        on_exit=None if respawn or values["camera"] == "none" else support.end_launch(program),
    )


def full_name(values: Values, name: str) -> str:
    """Return the full name of a node or topic."""
    return name if name.startswith("/") else f"{values['namespace'].rstrip('/')}/{name}"
