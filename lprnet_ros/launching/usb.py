"""A USB camera on an RDK: ``hobot_usb_cam``, JPEG as the camera sends it.

Names and values of the launch file are those of hobot_usb_cam ff3cdd0.  One of its arguments is
left to it, ``usb_camera_calibration_file_path``: its default is a file of the installed version.
No codec is needed: plate_cropper decodes the JPEG, and the page shows it.
"""

from __future__ import annotations

import stat
from pathlib import Path

from lprnet_ros.launching.plan import Camera, Include, LaunchError
from lprnet_ros.launching.request import Request
from lprnet_ros.launching.tros import JPEG_TOPIC, SHARED_MEMORY

_SIZE = (1280, 720)
_DEVICE = "/dev/video8"
"""The default of hobot_usb_cam, which searches all of /dev/video* where this one is absent."""


def usb_camera(request: Request) -> Camera:
    """Plan the camera.

    Args:
        request: what the user asks for.

    Raises:
        LaunchError: the device is absent.
    """
    if request.device:
        _check_device(request.device)
    width, height = request.size or _SIZE
    camera = Include(
        "hobot_usb_cam",
        "hobot_usb_cam.launch.py",
        {
            "usb_video_device": request.device or _DEVICE,
            "usb_image_width": str(width),
            "usb_image_height": str(height),
            "usb_framerate": "30",
            "usb_pixel_format": "mjpeg",
            "usb_io_method": "mmap",
            "usb_zero_copy": "False",
            "usb_frame_id": "default_usb_cam",
        },
        must_live="check that the camera is plugged in (ls /dev/video*), and what device:= names",
    )
    return Camera(
        steps=(SHARED_MEMORY, camera),
        topic=JPEG_TOPIC,
        transport="compressed",
        reader={"qos_profile": "reliable"},
        page_topic=JPEG_TOPIC,
    )


def _check_device(device: str) -> None:
    path = Path(device)
    advice = "plug the camera in and look with ls /dev/video*, or leave device out to search"
    try:
        is_device = stat.S_ISCHR(path.stat().st_mode)
    except OSError as error:
        raise LaunchError(f"device {device} is not there ({error.strerror}): {advice}") from error
    if not is_device:
        raise LaunchError(f"device {device} is no video device: {advice}")
