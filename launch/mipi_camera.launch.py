"""A MIPI camera of an RDK: frames in shared memory on /hbmem_img; with jpeg:=true as JPEG on /image too."""

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, OpaqueFunction

from lprnet_ros.ros.process.launch_support import LaunchError, include


def generate_launch_description() -> LaunchDescription:
    """Return the arguments, and what they start."""
    return LaunchDescription(
        [
            DeclareLaunchArgument("device", default_value="default", description="Sensor; default searches."),
            DeclareLaunchArgument("width", default_value="1920", description="Of the frames, in pixels."),
            DeclareLaunchArgument("height", default_value="1080", description="Of the frames, in pixels."),
            DeclareLaunchArgument("jpeg", default_value="false", description="Whether to publish /image."),
            OpaqueFunction(function=start),
        ]
    )


def start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Include mipi_cam, which alone can tell whether a sensor is connected, and the encoder."""
    values = context.launch_configurations
    width, height = int(values["width"]), int(values["height"])
    if width % 8 or height % 8 or width * height * 3 // 2 > 6_220_800:  # codec; room in HbmMsg1080P for nv12
        raise LaunchError(f"camera:=mipi takes steps of 8 and up to 4,147,200 pixels, not {width} x {height}")
    # mipi_config_path and mipi_camera_calibration_file_path keep their defaults: files of mipi_cam's version
    camera = {
        "mipi_video_device": values["device"],
        "mipi_image_width": str(width),
        "mipi_image_height": str(height),
        "mipi_out_format": "nv12",
        "mipi_io_method": "shared_mem",
        "mipi_frame_ts_type": "realtime",  # ROS time; the default is the sensor's own clock
    }
    encoder = {"codec_sub_topic": "/hbmem_img", "codec_pub_topic": "/image"}  # nv12 to JPEG by default
    advice = "check the sensor's cable while the board has no power, and what device:= names"
    has_jpeg = values["jpeg"].lower() == "true"
    codec = [include("hobot_codec", "hobot_codec_encode", encoder)] if has_jpeg else []
    return [include("mipi_cam", "mipi_cam", camera, advice), *codec]
