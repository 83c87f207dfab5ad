"""Every parameter of ``plate_player`` and ``frame_player``, declared once."""

from __future__ import annotations

from lprnet_ros.ros.parameters.parameter import Parameter

PLATE_PLAYER: tuple[Parameter, ...] = (
    Parameter("images", "", "Folder with the crops to publish.", "存放裁剪图的文件夹。", read_only=True),
    Parameter("rate", 10.0, "Crops per second, more than 0.", "每秒发布的裁剪图数，大于 0。", read_only=True),
    Parameter("loop", False, "Start again after the last crop.", "播完后从头开始。", read_only=True),
    Parameter(
        "transport",
        "raw",
        "Message type of the crops: raw is sensor_msgs/Image, compressed is sensor_msgs/CompressedImage.",
        "裁剪图的消息类型：raw 为 sensor_msgs/Image，compressed 为 sensor_msgs/CompressedImage。",
        choices=("raw", "compressed"),
        read_only=True,
    ),
)

FRAME_PLAYER: tuple[Parameter, ...] = (
    Parameter(
        "source",
        "",
        "Folder of pictures, one picture, or a video.",
        "图片文件夹、单张图片或视频。",
        read_only=True,
    ),
    Parameter(
        "rate",
        0.0,
        "Frames per second; 0 is the video's own rate, or 10 for pictures.",
        "每秒帧数；0 为视频自身的帧率，图片则为 10。",
        minimum=0.0,
        maximum=1000.0,
        read_only=True,
    ),
    Parameter("loop", False, "Start again after the last frame.", "播完后从头开始。", read_only=True),
    Parameter(
        "encoding",
        "bgr8",
        "Encoding of the frames: bgr8 and nv12 are published as sensor_msgs/Image, jpeg as CompressedImage.",
        "画面的编码：bgr8 和 nv12 以 sensor_msgs/Image 发布，jpeg 以 CompressedImage 发布。",
        choices=("bgr8", "nv12", "jpeg"),
        read_only=True,
    ),
    Parameter(
        "frame_id",
        "",
        "frame_id of all frames; empty uses each picture's path relative to the source.",
        "所有画面的 frame_id；留空则使用图片相对于 source 的路径。",
        read_only=True,
    ),
    Parameter(
        "labels",
        "",
        "CSV with the columns file, label and quad: the quads of each picture are published as detections.",
        "含 file、label、quad 列的 CSV：把每张图片的四边形作为检测结果发布。",
        read_only=True,
    ),
    Parameter(
        "detections",
        "targets",
        "Message type of the detections: targets is ai_msgs/PerceptionTargets, detection_2d_array is "
        "vision_msgs/Detection2DArray, which holds boxes only.",
        "检测结果的消息类型：targets 为 ai_msgs/PerceptionTargets，detection_2d_array 为 "
        "vision_msgs/Detection2DArray（只有方框）。",
        choices=("targets", "detection_2d_array"),
        read_only=True,
    ),
)
