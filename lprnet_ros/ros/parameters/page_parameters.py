"""Every parameter of ``plate_page``, declared once."""

from __future__ import annotations

from lprnet_ros.ros.parameters.parameter import Parameter

PLATE_PAGE: tuple[Parameter, ...] = (
    Parameter(
        "reader",
        "lpr_node",
        "Name of the lpr_node whose readings are shown; without a slash in this node's namespace.",
        "要显示其识别结果的 lpr_node 的名称；不带斜杠时位于本节点的命名空间内。",
        read_only=True,
    ),
    Parameter(
        "frame_topics",
        [""],
        "Topics of the pictures that are shown, frames or crops; empty shows those that readings name.",
        "要显示的图像话题（画面或裁剪图）；留空则显示识别结果中给出的话题。",
        may_be_empty=True,
        read_only=True,
    ),
    Parameter(
        "address",
        "127.0.0.1",
        "Address of this machine at which the page is served; 0.0.0.0 lets every machine that can reach this "
        "one see it, without a password.",
        "提供网页的本机地址；0.0.0.0 允许所有能访问本机的机器查看，且无需密码。",
        read_only=True,
    ),
    Parameter(
        "port",
        8000,
        "Port of the page; 0 takes a free one, which the log names.",
        "网页端口；0 表示使用任意空闲端口（见日志）。",
        minimum=0,
        maximum=65535,
        read_only=True,
    ),
    Parameter(
        "rate",
        10.0,
        "Maximum number of pictures a second that are shown of a camera.",
        "每个相机每秒最多显示的图片数。",
        minimum=0.5,
        maximum=30.0,
        read_only=True,
    ),
    Parameter(
        "record",
        "",
        "File of a plate_recorder, whose vehicles are shown; empty shows those since this node was started.",
        "plate_recorder 的记录文件，显示其中的车辆；留空则显示本节点启动以来的车辆。",
        read_only=True,
    ),
    Parameter(
        "most_vehicles",
        1000,
        "Vehicles that are kept in memory; not used with record.",
        "内存中保留的车辆数；设置 record 时不使用。",
        minimum=1,
        maximum=100_000,
        read_only=True,
    ),
    Parameter(
        "most_connections",
        64,
        "Connections at a time; a page that is looked at has two or three.",
        "同时的最大连接数；打开的每个网页占用两到三个。",
        minimum=1,
        maximum=512,
        read_only=True,
    ),
)
