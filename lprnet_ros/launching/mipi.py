"""A MIPI camera of an RDK: ``mipi_cam``, frames in shared memory.

Names and values of the launch files are those of hobot_mipi_cam b323b38 and hobot_codec b95ffab.
Two arguments of ``mipi_cam.launch.py`` are left to it, ``mipi_config_path`` and
``mipi_camera_calibration_file_path``: their defaults are files of the installed version, and changed.
"""

from __future__ import annotations

from lprnet_ros.launching.plan import Camera, Include, LaunchError
from lprnet_ros.launching.request import Request
from lprnet_ros.launching.tros import FRAMES_TOPIC, JPEG_TOPIC, LOG_LEVEL, SHARED_MEMORY

_SIZE = (1920, 1080)
_MOST_BYTES = 6_220_800
"""MAX_SIZE of hbm_img_msgs/HbmMsg1080P; nv12 takes one and a half bytes a pixel."""

_STEP = 8
"""The hardware codec wants width and height in these steps (hobot_codec, README_cn.md)."""


def mipi_camera(request: Request) -> Camera:
    """Plan the camera.

    Whether a sensor is connected cannot be seen beforehand: ``mipi_cam`` searches for it, and ends
    where there is none.

    Args:
        request: what the user asks for.

    Raises:
        LaunchError: the size does not fit.
    """
    width, height = request.size or _SIZE
    if width % _STEP or height % _STEP:
        raise LaunchError(
            f"{request.named} takes a width and height in steps of {_STEP}, not {width} x {height}"
        )
    if width * height * 3 // 2 > _MOST_BYTES:
        raise LaunchError(
            f"frames of {width} x {height} do not fit into shared memory; {request.named} takes up to "
            f"{_MOST_BYTES * 2 // 3:,} pixels, such as 1920 x 1080 or 2560 x 1440"
        )
    camera = Include(
        "mipi_cam",
        "mipi_cam.launch.py",
        {
            "mipi_video_device": request.device or "default",
            "mipi_image_width": str(width),
            "mipi_image_height": str(height),
            "mipi_image_framerate": "30.0",
            "mipi_out_format": "nv12",
            "mipi_io_method": "shared_mem",
            # ROS time, where the default is the sensor's own clock
            "mipi_frame_ts_type": "realtime",
        },
        must_live="check the sensor's cable while the board has no power, and what device:= names",
    )
    return Camera(
        steps=(SHARED_MEMORY, camera),
        topic=FRAMES_TOPIC,
        transport="shared_mem",
        page_steps=(_encoder(),),
        page_topic=JPEG_TOPIC,
        messages=("hbm_img_msgs",),
    )


def _encoder() -> Include:
    """Make JPEG of the frames; it keeps their stamps."""
    return Include(
        "hobot_codec",
        "hobot_codec_encode.launch.py",
        {
            "codec_channel": "1",
            "codec_in_mode": "shared_mem",
            "codec_in_format": "nv12",
            "codec_sub_topic": FRAMES_TOPIC,
            "codec_out_mode": "ros",
            "codec_out_format": "jpeg",
            "codec_pub_topic": JPEG_TOPIC,
            "codec_enc_qp": "10.0",
            "codec_jpg_quality": "60.0",
            "codec_input_framerate": "30",
            "codec_output_framerate": "-1",
            "codec_dump_output": "False",
            "log_level": LOG_LEVEL,
        },
    )
