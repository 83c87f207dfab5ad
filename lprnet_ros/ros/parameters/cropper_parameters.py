"""Every parameter of ``plate_cropper``, declared once: name, default, meaning and limits."""

from __future__ import annotations

from lprnet_ros.cropping.cropper import CropRule
from lprnet_ros.frames.place import MOST_CROPS
from lprnet_ros.ros.parameters.parameter import Parameter

TRANSPORTS = ("raw", "compressed", "shared_mem")
DETECTIONS = ("none", "targets", "detection_2d_array")
_RULE = CropRule()

PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "transport",
        "raw",
        "Type of the frames: raw is sensor_msgs/Image, compressed is sensor_msgs/CompressedImage, "
        "shared_mem is hbm_img_msgs/HbmMsg1080P.",
        "画面的消息类型：raw 为 sensor_msgs/Image，compressed 为 sensor_msgs/CompressedImage，"
        "shared_mem 为 hbm_img_msgs/HbmMsg1080P。",
        choices=TRANSPORTS,
        read_only=True,
    ),
    Parameter(
        "qos_profile",
        "sensor_data",
        "Quality of service of the frames: sensor_data is best effort and fits every publisher; "
        "reliable loses nothing but needs a reliable publisher.",
        "画面订阅的 QoS：sensor_data 为尽力而为，适配所有发布者；reliable 不丢消息，但需要可靠的发布者。",
        choices=("sensor_data", "reliable"),
        read_only=True,
    ),
    Parameter(
        "queue_depth",
        2,
        "Frames that may wait in the subscription; the oldest is dropped.",
        "订阅中可等待的画面数；超出时丢弃最旧的。",
        minimum=1,
        maximum=100,
        read_only=True,
    ),
    Parameter(
        "max_image_pixels",
        8_847_360,
        "Greatest width x height of a frame; larger ones are rejected.",
        "画面宽乘高的上限；更大的被拒绝。",
        minimum=1,
        maximum=268_435_456,
        read_only=True,
    ),
    Parameter(
        "frame_id",
        "camera",
        "The frame_id of frames whose messages have none: shared_mem.",
        "消息中没有 frame_id 的画面（shared_mem）所用的 frame_id。",
        read_only=True,
    ),
    Parameter(
        "regions",
        [""],
        "Where plates are in a fixed camera's frames: the four corners, clockwise from the plate's top "
        'left, "x,y x,y x,y x,y", or a box "x,y,width,height"; shares of the frame where no number is '
        "above 1, else pixels.",
        "固定相机画面中车牌的位置：从车牌左上角起顺时针的四个角 x,y x,y x,y x,y，或方框 x,y,宽,高；"
        "所有数都不大于 1 时为画面的比例，否则为像素。",
        may_be_empty=True,
        read_only=True,
    ),
    Parameter(
        "detections",
        "none",
        "Type of a detector's messages on the topic detections, for plates anywhere in the frame: targets "
        "is ai_msgs/PerceptionTargets, detection_2d_array is vision_msgs/Detection2DArray.",
        "话题 detections 上检测结果的消息类型，用于画面中任意位置的车牌：targets 为 "
        "ai_msgs/PerceptionTargets，detection_2d_array 为 vision_msgs/Detection2DArray。",
        choices=DETECTIONS,
        read_only=True,
    ),
    Parameter(
        "detections_qos_profile",
        "reliable",
        "Quality of service of the detections: reliable, as detectors publish, loses no frame's answer; "
        "sensor_data is best effort, for detectors that publish so.",
        "检测结果订阅的 QoS：reliable 与一般检测器一致，不丢失任何一帧的结果；sensor_data 为尽力而为，"
        "用于以此方式发布的检测器。",
        choices=("reliable", "sensor_data"),
        read_only=True,
    ),
    Parameter(
        "classes",
        [""],
        "The detector's classes that are plates; none named means all.",
        "检测器中表示车牌的类别；不写则为全部。",
        may_be_empty=True,
        read_only=True,
    ),
    Parameter(
        "minimum_score",
        0.0,
        "Least score of a detection.",
        "检测结果的最低分数。",
        minimum=0.0,
        maximum=1.0,
        read_only=True,
    ),
    Parameter(
        "cache_frames",
        10,
        "Frames that wait for their detections, and detections that wait for their frame.",
        "等待检测结果的画面数，也是等待画面的检测结果数。",
        minimum=1,
        maximum=100,
        read_only=True,
    ),
    Parameter(
        "cache_seconds",
        1.0,
        "Seconds that a frame and its detections wait for each other.",
        "画面与其检测结果互相等待的秒数。",
        minimum=0.01,
        maximum=60.0,
        read_only=True,
    ),
    Parameter(
        "padding",
        _RULE.padding,
        "Room on each side of a plate, as a share of its width and height.",
        "车牌四周留出的余量，为其宽和高的比例。",
        minimum=0.0,
        maximum=1.0,
        read_only=True,
    ),
    Parameter(
        "minimum_width",
        _RULE.minimum_width,
        "Least width of a plate in pixels of the frame.",
        "车牌在画面中的最小宽度（像素）。",
        minimum=1,
        maximum=10_000,
        read_only=True,
    ),
    Parameter(
        "minimum_height",
        _RULE.minimum_height,
        "Least height of a plate in pixels of the frame.",
        "车牌在画面中的最小高度（像素）。",
        minimum=1,
        maximum=10_000,
        read_only=True,
    ),
    Parameter(
        "minimum_visible",
        _RULE.minimum_visible,
        "Least share of a plate's box that lies in the frame.",
        "车牌方框位于画面内的最小比例。",
        minimum=0.0,
        maximum=1.0,
        read_only=True,
    ),
    Parameter(
        "maximum_crops",
        _RULE.maximum_crops,
        "Crops of one frame; those of the highest score are kept.",
        "每帧画面最多的裁剪图数；保留分数最高的。",
        minimum=1,
        maximum=MOST_CROPS,
        read_only=True,
    ),
    Parameter(
        "change_threshold",
        _RULE.change_threshold,
        "Grey levels by which a part of a plate's picture must change until it is read again; 0 reads all.",
        "车牌画面局部变化多少灰度级才重新识别；0 表示全部识别。",
        minimum=0.0,
        maximum=255.0,
        read_only=True,
    ),
    Parameter(
        "refresh_period",
        _RULE.refresh_period,
        "Seconds after which an unchanged plate is read again; keep it below consensus_gap of lpr_node.",
        "未变化的车牌多少秒后重新识别；应小于 lpr_node 的 consensus_gap。",
        minimum=0.0,
        maximum=3600.0,
        read_only=True,
    ),
)
