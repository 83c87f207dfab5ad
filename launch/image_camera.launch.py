"""Pictures or a video instead of a camera: JPEG on frame_player/image, on any machine with ROS 2.

JPEG, because the web page shows it, and Fast DDS by default loses frames of more than 512 kB.
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from lprnet_ros.ros.process.launch_support import end_launch

ARGUMENTS = {
    "source": ("", str, "Folder of pictures, picture or video."),
    "rate": ("0", float, "Frames a second; 0 is the video's own rate, or 10."),
    "loop": ("true", bool, "Start again at the end."),
    "labels": ("", str, "CSV whose quads are played as detections; empty is none."),
    "detections": ("targets", str, "Type of the detections: targets or detection_2d_array."),
    "use_sim_time": ("false", bool, "Take the time from /clock."),
}


def generate_launch_description() -> LaunchDescription:
    """Return the arguments, and the player."""
    parameters = {
        name: ParameterValue(LaunchConfiguration(name), value_type=kind)
        for name, (_, kind, _) in ARGUMENTS.items()
    }
    player = Node(
        package="lprnet_ros",
        executable="frame_player",
        name="frame_player",
        namespace=LaunchConfiguration("namespace"),
        parameters=[{"encoding": "jpeg", **parameters}],
        remappings=[("image", "frame_player/image"), ("detections", "frame_player/detections")],
        arguments=["--ros-args", "--log-level", LaunchConfiguration("log_level")],
        output="screen",
        emulate_tty=True,
        on_exit=end_launch("frame_player", may_finish=True),
    )
    return LaunchDescription(
        [
            DeclareLaunchArgument("namespace", default_value="", description="Namespace of frame_player."),
            DeclareLaunchArgument("log_level", default_value="info", description="debug, info, warn, error."),
            *[
                DeclareLaunchArgument(name, default_value=default, description=meaning)
                for name, (default, _, meaning) in ARGUMENTS.items()
            ],
            player,
        ]
    )
