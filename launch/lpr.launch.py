"""Starts ``lpr_node``: ros2 launch lprnet_ros lpr.launch.py image_topics:=/gate/crop."""

from pathlib import Path

from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity

CONFIG = Path(__file__).resolve().parents[1] / "config" / "lpr.yaml"

ARGUMENTS = (
    DeclareLaunchArgument("namespace", default_value="", description="Namespace of the node and its topics."),
    DeclareLaunchArgument(
        "image_topics", default_value="", description="Topics of plate crops, separated by commas."
    ),
    DeclareLaunchArgument("transport", default_value="", description="raw or compressed."),
    DeclareLaunchArgument("model", default_value="", description="Model file; empty is the bundled network."),
    DeclareLaunchArgument("runtime", default_value="", description="auto, onnx, hbm or bpu."),
    DeclareLaunchArgument("params_file", default_value=str(CONFIG), description="YAML with all parameters."),
    DeclareLaunchArgument("log_level", default_value="info", description="debug, info, warn or error."),
)


def start_node(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Start the node; arguments that are given win over the parameter file."""

    def value(name: str) -> str:
        return str(LaunchConfiguration(name).perform(context))

    params_file = Path(value("params_file"))
    if not params_file.is_file():
        raise RuntimeError(f"params_file {params_file} does not exist; give a YAML like {CONFIG}")
    # typed, or launch would take a path such as 1e5 for a number
    overrides = {
        name: ParameterValue(value(name), value_type=str)
        for name in ("transport", "model", "runtime")
        if value(name)
    }
    topics = [topic.strip() for topic in value("image_topics").split(",") if topic.strip()]
    if topics:
        overrides["image_topics"] = ParameterValue(topics, value_type=list[str])
    logger = ".".join(part for part in (*value("namespace").split("/"), "lpr_node") if part)
    return [
        Node(
            package="lprnet_ros",
            executable="lpr_node",
            name="lpr_node",
            namespace=value("namespace"),
            parameters=[str(params_file), overrides],
            arguments=["--ros-args", "--log-level", f"{logger}:={value('log_level')}"],
            output="screen",
            emulate_tty=True,
        )
    ]


def generate_launch_description() -> LaunchDescription:
    """Return the arguments and the node."""
    return LaunchDescription([*ARGUMENTS, OpaqueFunction(function=start_node)])
