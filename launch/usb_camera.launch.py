"""A USB camera on an RDK: JPEG on /image, as the camera sends it."""

from pathlib import Path

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, OpaqueFunction

from lprnet_ros.ros.process.launch_support import LaunchError, include


def generate_launch_description() -> LaunchDescription:
    """Return the arguments, and what they start."""
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "device", default_value="", description="Like /dev/video0; empty searches."
            ),
            DeclareLaunchArgument("width", default_value="1280", description="Of the frames, in pixels."),
            DeclareLaunchArgument("height", default_value="720", description="Of the frames, in pixels."),
            OpaqueFunction(function=start),
        ]
    )


def start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Include hobot_usb_cam."""
    values = context.launch_configurations
    device = values["device"]
    if device and not Path(device).is_char_device():
        raise LaunchError(
            f"device {device} is absent or no video device: plug the camera in and look with ls /dev/video*, "
            f"or leave device out to search"
        )
    # usb_camera_calibration_file_path keeps its default: a file of hobot_usb_cam's version
    camera = {
        "usb_video_device": device or "/dev/video8",  # where it is absent, hobot_usb_cam searches the others
        "usb_image_width": values["width"],
        "usb_image_height": values["height"],
        "usb_pixel_format": "mjpeg",
    }
    advice = "check that the camera is plugged in (ls /dev/video*), and what device:= names"
    return [include("hobot_usb_cam", "hobot_usb_cam", camera, advice)]
