"""Every parameter of ``plate_cropper``, declared once: name, default, meaning and limits."""

from __future__ import annotations

from lprnet_ros.cropping.cropper import CropRule
from lprnet_ros.frames.place import MOST_CROPS
from lprnet_ros.ros.parameters.parameter import Parameter
from lprnet_ros.ros.parameters.search_parameters import SEARCH_PARAMETERS

TRANSPORTS = ("raw", "compressed", "shared_mem")
DETECTIONS = ("none", "targets", "detection_2d_array")
_RULE = CropRule()

PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "transport",
        "raw",
        "Message type of the frames: raw is sensor_msgs/Image, compressed is sensor_msgs/CompressedImage, "
        "shared_mem is hbm_img_msgs/HbmMsg1080P.",
        "画面的消息类型：raw 为 sensor_msgs/Image，compressed 为 sensor_msgs/CompressedImage，shared_mem 为 "
        "hbm_img_msgs/HbmMsg1080P。",
        choices=TRANSPORTS,
        read_only=True,
    ),
    Parameter(
        "qos_profile",
        "auto",
        "QoS profile of the frame subscription: reliable loses no frame but needs a reliable publisher; "
        "sensor_data (best effort) works with every publisher; auto is reliable where every publisher is, "
        "else sensor_data.",
        "画面订阅的 QoS：reliable 不丢画面，但要求发布者也是 reliable；sensor_data（尽力而为）可与任何发布者"
        "配合；auto 在所有发布者都是 reliable 时使用 reliable，否则使用 sensor_data。",
        choices=("auto", "sensor_data", "reliable"),
        read_only=True,
    ),
    Parameter(
        "queue_depth",
        2,
        "QoS history depth of the frame subscription; the oldest frame is dropped. Less where large frames "
        "would take more than 256 MiB.",
        "画面订阅的 QoS 历史深度；超出时丢弃最旧的画面。大画面合计超过 256 MiB 时会减少。",
        minimum=1,
        maximum=100,
        read_only=True,
    ),
    Parameter(
        "max_image_pixels",
        8_847_360,
        "Maximum width x height of a frame; larger frames are rejected.",
        "画面宽乘高的上限；更大的画面会被拒绝。",
        minimum=1,
        maximum=268_435_456,
        read_only=True,
    ),
    Parameter(
        "frame_id",
        "camera",
        "frame_id of the crops if the frame message has none (transport shared_mem).",
        "画面消息不带 frame_id 时（transport shared_mem）使用的 frame_id。",
        read_only=True,
    ),
    *SEARCH_PARAMETERS,
    Parameter(
        "detections",
        "none",
        "Message type of a plate detector on the topic detections, whose plates are cut out instead of those "
        "that this node finds: targets is ai_msgs/PerceptionTargets, detection_2d_array is "
        "vision_msgs/Detection2DArray.",
        "话题 detections 上车牌检测器的消息类型；设置后裁剪检测器给出的车牌，本节点不再自己查找：targets 为 "
        "ai_msgs/PerceptionTargets，detection_2d_array 为 vision_msgs/Detection2DArray。",
        choices=DETECTIONS,
        read_only=True,
    ),
    Parameter(
        "detections_qos_profile",
        "reliable",
        "QoS profile of the detections: reliable, as detectors usually publish, loses no message; "
        "sensor_data (best effort) is for detectors that publish best effort.",
        "检测结果订阅的 QoS：reliable 与一般检测器的发布方式一致，不丢消息；sensor_data（尽力而为）用于以尽"
        "力而为方式发布的检测器。",
        choices=("reliable", "sensor_data"),
        read_only=True,
    ),
    Parameter(
        "classes",
        [""],
        "Class names of the detector that mean a plate; empty means all.",
        "检测器中表示车牌的类别名；留空表示全部。",
        may_be_empty=True,
        read_only=True,
    ),
    Parameter(
        "minimum_score",
        0.0,
        "Minimum score of a detection.",
        "检测结果的最低得分。",
        minimum=0.0,
        maximum=1.0,
        read_only=True,
    ),
    Parameter(
        "cache_frames",
        10,
        "Maximum number of frames that wait for their detections, and of detections that wait for their "
        "frame.",
        "等待检测结果的画面数上限，也是等待画面的检测结果数上限。",
        minimum=1,
        maximum=100,
        read_only=True,
    ),
    Parameter(
        "cache_seconds",
        1.0,
        "How long a frame and its detections wait for each other, in seconds.",
        "画面与其检测结果互相等待的时间（秒）。",
        minimum=0.01,
        maximum=60.0,
        read_only=True,
    ),
    Parameter(
        "padding",
        _RULE.padding,
        "Margin on each side of a plate, as a fraction of its width and height.",
        "车牌四周留出的余量，按其宽和高的比例。",
        minimum=0.0,
        maximum=1.0,
        read_only=True,
    ),
    Parameter(
        "minimum_width",
        _RULE.minimum_width,
        "Minimum width of a plate in pixels of the frame.",
        "车牌在画面中的最小宽度（像素）。",
        minimum=1,
        maximum=10_000,
        read_only=True,
    ),
    Parameter(
        "minimum_height",
        _RULE.minimum_height,
        "Minimum height of a plate in pixels of the frame.",
        "车牌在画面中的最小高度（像素）。",
        minimum=1,
        maximum=10_000,
        read_only=True,
    ),
    Parameter(
        "minimum_visible",
        _RULE.minimum_visible,
        "Minimum fraction of a plate's box that lies inside the frame.",
        "车牌方框至少有多大比例位于画面内。",
        minimum=0.0,
        maximum=1.0,
        read_only=True,
    ),
    Parameter(
        "maximum_crops",
        _RULE.maximum_crops,
        "Maximum number of crops per frame; those with the highest scores are kept.",
        "每帧画面的裁剪图数上限；保留得分最高的。",
        minimum=1,
        maximum=MOST_CROPS,
        read_only=True,
    ),
    Parameter(
        "change_threshold",
        _RULE.change_threshold,
        "Change in grey levels in some part of a plate above which the plate is sent again; 0 sends every "
        "crop.",
        "车牌局部的灰度变化超过此值时重新发送；0 表示每张都发送。",
        minimum=0.0,
        maximum=255.0,
        read_only=True,
    ),
    Parameter(
        "refresh_period",
        _RULE.refresh_period,
        "An unchanged plate is sent again after this many seconds; keep it below consensus_gap of lpr_node.",
        "未变化的车牌多少秒后重新发送；应小于 lpr_node 的 consensus_gap。",
        minimum=0.0,
        maximum=3600.0,
        read_only=True,
    ),
    Parameter(
        "clean_frame_id",
        False,
        "Publish crops with the camera's own frame_id, without their place: lpr_node then cannot put "
        "readings back on the frame.",
        "裁剪图使用相机自己的 frame_id，不带位置；lpr_node 这时无法把识别结果放回画面。",
        read_only=True,
    ),
)
