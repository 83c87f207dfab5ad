"""Every parameter of ``plate_recorder``, declared once."""

from __future__ import annotations

from lprnet_ros.ros.parameters.parameter import Parameter

PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "record",
        "",
        "File to record vehicles in, an SQLite database; made where there is none, in a folder that exists.",
        "记录车辆的文件（SQLite 数据库）；不存在时创建，其文件夹须已存在。",
        read_only=True,
    ),
    Parameter(
        "keep_days",
        30.0,
        "A vehicle is deleted this many days after it was recorded.",
        "车辆记录多少天后删除。",
        minimum=0.001,
        maximum=36500.0,
        read_only=True,
    ),
    Parameter(
        "keep_megabytes",
        1024,
        "Maximum size of the file in MiB: beyond it the oldest vehicles are deleted. A vehicle takes about "
        "0.2 kB, and with its crop about 5 kB.",
        "文件的大小上限（MiB）：超出时删除最旧的车辆。每辆车约 0.2 kB，连同裁剪图约 5 kB。",
        minimum=1,
        maximum=1_048_576,
        read_only=True,
    ),
    Parameter(
        "crops",
        True,
        "Record the best crop of each vehicle too.",
        "同时记录每辆车最好的裁剪图。",
        read_only=True,
    ),
)
