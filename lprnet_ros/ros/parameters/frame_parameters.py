"""The parameters of ``lpr_node`` for frames, declared once: name, default, meaning and limits."""

from __future__ import annotations

import dataclasses

from lprnet_ros.cropping.cropper import CropRule
from lprnet_ros.ros.parameters import cropper_parameters
from lprnet_ros.ros.parameters.parameter import Parameter
from lprnet_ros.ros.parameters.search_parameters import SEARCH_PARAMETERS

_CROPPER = {parameter.name: parameter for parameter in cropper_parameters.PARAMETERS}
_OF_CROPPING = {field.name for field in dataclasses.fields(CropRule)}

FRAME_PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "frame_topics",
        [""],
        "Topics with camera frames, one for each camera: plates are found in them, cut out and read. Frames "
        "are searched only while somebody subscribes to what this node publishes of plates.",
        "相机画面的话题，每个相机一个：在画面中找到车牌，裁剪并识别。只有在有人订阅本节点的车牌输出时才搜索画面。",
        may_be_empty=True,
    ),
    dataclasses.replace(_CROPPER["transport"], name="frame_transport", read_only=False),
    dataclasses.replace(_CROPPER["qos_profile"], name="frame_qos_profile", read_only=False),
    Parameter(
        "frame_queue_depth",
        1,
        "Maximum number of frames of one camera that wait for their search, and QoS history depth of its "
        "subscription; the oldest is dropped. 1 keeps readings as new as they can be.",
        "每个相机最多有多少帧画面等待搜索，也是其订阅的 QoS 历史深度；超出时丢弃最旧的。1 使识别结果最新。",
        minimum=1,
        maximum=100,
    ),
    Parameter(
        "frame_id",
        "camera",
        "frame_id of readings if the frame message has none (frame_transport shared_mem).",
        "画面消息不带 frame_id 时（frame_transport shared_mem）识别结果使用的 frame_id。",
    ),
    *(
        dataclasses.replace(parameter, read_only=False)
        for parameter in cropper_parameters.PARAMETERS
        if parameter in SEARCH_PARAMETERS or parameter.name in _OF_CROPPING
    ),
)
