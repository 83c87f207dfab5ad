"""Writes what follows from the declared parameters: the tables in docs/ and the parameter files in config/.

python docs/generate.py
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from pathlib import Path

from lprnet_ros.ros.parameters import cropper_parameters, lpr_settings, recorder_parameters
from lprnet_ros.ros.parameters.page_parameters import PLATE_PAGE
from lprnet_ros.ros.parameters.parameter import Parameter
from lprnet_ros.ros.parameters.player_parameters import FRAME_PLAYER, PLATE_PLAYER

REPOSITORY = Path(__file__).resolve().parents[1]
NODES = {
    "lpr_node": lpr_settings.PARAMETERS,
    "plate_cropper": cropper_parameters.PARAMETERS,
    "plate_recorder": recorder_parameters.PARAMETERS,
    "plate_page": PLATE_PAGE,
    "frame_player": FRAME_PLAYER,
    "plate_player": PLATE_PLAYER,
}
PARAMETER_FILES = {"config/lpr.yaml": "lpr_node", "config/cropper.yaml": "plate_cropper"}

_WHEN_IN_CHINESE = {"at start": "启动时", "on configure": "配置时", "immediately": "立即"}
_ENGLISH = """\
<!-- written by docs/generate.py from lprnet_ros/ros/parameters; edit those -->
# Parameters

[中文](parameters_cn.md)

Set a parameter in a file (`params_file:=my.yaml`, `cropper_params_file:=my.yaml`), on the command line
(`-p name:=value`), or while the node runs (`ros2 param set /lpr_node name value`).
[config/lpr.yaml](../config/lpr.yaml) and [config/cropper.yaml](../config/cropper.yaml) hold every parameter
of their node with its default.

A change takes effect *at start* (fixed while the node runs), *on configure* (deactivate and clean up the
node, set the parameter, then configure and activate it again), or *immediately*.
"""
_CHINESE = """\
<!-- 由 docs/generate.py 根据 lprnet_ros/ros/parameters 生成；请修改那里的声明 -->
# 参数

[English](parameters.md)

参数可以写在文件中（`params_file:=my.yaml`、`cropper_params_file:=my.yaml`），写在命令行上
（`-p 名字:=值`），也可以在节点运行时设置（`ros2 param set /lpr_node 名字 值`）。
[config/lpr.yaml](../config/lpr.yaml) 和
[config/cropper.yaml](../config/cropper.yaml) 列出了各自节点的全部参数及默认值。

修改的生效时间：*启动时*（运行中不能修改）、*配置时*（先停用并清理节点，设置参数，再重新配置和激活）或*立即*。
"""


def parameters_page(*, chinese: bool) -> str:
    """Return ``docs/parameters.md``, or ``docs/parameters_cn.md``."""
    parts = [_CHINESE if chinese else _ENGLISH]
    parts += [f"## {node}\n\n{table(declared, chinese=chinese)}\n" for node, declared in NODES.items()]
    return "\n".join(parts)


def table(parameters: Sequence[Parameter], *, chinese: bool) -> str:
    """Return a Markdown table with a row for each parameter."""
    head = "参数 | 默认值 | 何时生效 | 含义" if chinese else "parameter | default | takes effect | meaning"
    lines = [f"| {head} |", "|---|---|---|---|"]
    for parameter in parameters:
        when = _WHEN_IN_CHINESE[parameter.when()] if chinese else parameter.when()
        meaning = _meaning(parameter, chinese=chinese)
        lines.append(f"| `{parameter.name}` | `{json.dumps(parameter.default)}` | {when} | {meaning} |")
    return "\n".join(lines)


def parameter_file(node: str) -> str:
    """Return a ROS parameter file with every parameter of a node, its meaning and its default."""
    lines = [
        f"# Every parameter of {node} with its default.  Written by docs/generate.py.",
        "# Quote plates and names: YAML reads a bare Y, N or on as a truth value.",
        "/**:",
        "  ros__parameters:",
    ]
    for parameter in NODES[node]:
        meaning = _meaning(parameter, chinese=False).replace("`", "")
        lines += [f"    # {line}" for line in textwrap.wrap(meaning, 90)]
        lines.append(f"    {parameter.name}: {json.dumps(parameter.default)}")
    return "\n".join(lines) + "\n"


def documents() -> dict[str, str]:
    """Return every file that this script writes, by its path in the repository."""
    pages = {
        "docs/parameters.md": parameters_page(chinese=False),
        "docs/parameters_cn.md": parameters_page(chinese=True),
    }
    return pages | {path: parameter_file(node) for path, node in PARAMETER_FILES.items()}


def _meaning(parameter: Parameter, *, chinese: bool) -> str:
    meaning = parameter.chinese if chinese else parameter.description
    if parameter.choices:
        choices = ", ".join(f"`{choice}`" for choice in parameter.choices)
        meaning += f"可选 {choices}。" if chinese else f" One of {choices}."
    if parameter.minimum is not None:
        least, most = f"{parameter.minimum:,}", f"{parameter.maximum:,}"
        meaning += f"{least} 到 {most}。" if chinese else f" {least} to {most}."
    return meaning


if __name__ == "__main__":
    for name, text in documents().items():
        (REPOSITORY / name).write_text(text, encoding="utf-8")
        print(f"wrote {name}")
