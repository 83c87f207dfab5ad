"""Every parameter of ``lpr_node``, declared once: name, default, meaning and limits.

The node declares its ROS parameters from this table, the README's table
and ``config/lpr.yaml`` are generated from it (``python -m lprnet_ros.settings``,
``... --yaml``), and a test keeps them true.
"""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lprnet_ros.model import bundled_model
from lprnet_ros.reading import Acceptance
from lprnet_ros.runtimes import RUNTIME_NAMES

ParameterValue = bool | int | float | str | list[str]


@dataclass(frozen=True)
class Parameter:
    """One parameter.

    Attributes:
        name: its ROS name.
        default: its default; the type is the parameter's type.
        description: one sentence for the user.
        minimum: least value of a number, or None.
        maximum: greatest value of a number, or None.
        choices: the allowed strings; empty allows any.
        read_only: fixed once the node has started.
        dynamic: takes effect at once; others are read when the node is configured.
    """

    name: str
    default: ParameterValue
    description: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    read_only: bool = False
    dynamic: bool = False

    def complaint(self, value: object) -> str | None:
        """Return what is wrong with a value, or None."""
        if self.choices and value not in self.choices:
            return f"{self.name} is {value!r}, expected one of {', '.join(self.choices)}"
        if isinstance(self.default, list) and (not isinstance(value, (list, tuple)) or not any(value)):
            return f"{self.name} names no topic"
        return None

    def when(self) -> str:
        """Say when a change takes effect."""
        if self.read_only:
            return "at start"
        return "at once" if self.dynamic else "at configure"


PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "autostart",
        True,
        "Configure and activate at start; false leaves that to a lifecycle manager.",
        read_only=True,
    ),
    Parameter("model", "", "Path of the model file, its manifest beside it; empty is the bundled network."),
    Parameter(
        "runtime",
        "auto",
        "Inference runtime; auto chooses by file type and by what is installed.",
        choices=RUNTIME_NAMES,
    ),
    Parameter("threads", 1, "CPU threads of one inference (ONNX Runtime only).", minimum=1, maximum=64),
    Parameter(
        "image_topics",
        ["image"],
        "Topics of plate crops, one or more cameras; relative names follow the node's namespace.",
    ),
    Parameter(
        "transport",
        "raw",
        "Type of the messages: raw is sensor_msgs/Image, compressed is sensor_msgs/CompressedImage.",
        choices=("raw", "compressed"),
    ),
    Parameter(
        "qos_profile",
        "sensor_data",
        "Quality of service of the image subscriptions: sensor_data is best "
        "effort and fits every publisher, reliable loses nothing but needs a reliable publisher.",
        choices=("sensor_data", "reliable"),
    ),
    Parameter(
        "queue_depth",
        5,
        "Crops that may wait in each subscription; the oldest is dropped.",
        minimum=1,
        maximum=10000,
    ),
    Parameter(
        "max_image_pixels",
        8_847_360,
        "Greatest width x height of an image; larger ones are rejected.",
        minimum=1,
        maximum=268_435_456,
        dynamic=True,
    ),
    Parameter(
        "minimum_confidence",
        0.5,
        "Least confidence of an accepted reading.",
        minimum=0.0,
        maximum=1.0,
        dynamic=True,
    ),
    Parameter("require_syntax", True, "Accept only texts that are plate numbers of GA 36.", dynamic=True),
)


@dataclass(frozen=True)
class Settings:
    """The values of all parameters, checked.

    The attributes are the parameters of ``PARAMETERS``.
    """

    autostart: bool
    model: str
    runtime: str
    threads: int
    image_topics: tuple[str, ...]
    transport: str
    qos_profile: str
    queue_depth: int
    max_image_pixels: int
    minimum_confidence: float
    require_syntax: bool

    @classmethod
    def from_values(cls, values: Mapping[str, object]) -> Settings:
        """Check values and make settings of them.

        Args:
            values: one value a parameter, by name.

        Raises:
            ValueError: a value is not allowed; the message names the parameter.
        """
        for parameter in PARAMETERS:
            complaint = parameter.complaint(values[parameter.name])
            if complaint is not None:
                raise ValueError(complaint)
        checked = dict(values)
        topics = values["image_topics"]
        assert isinstance(topics, (list, tuple))
        checked["image_topics"] = tuple(str(topic) for topic in topics if topic)
        return cls(**checked)  # type: ignore[arg-type]

    @property
    def model_path(self) -> Path:
        """The model file.

        Raises:
            ManifestError: none is named and the bundled one is not installed.
        """
        return Path(self.model).expanduser() if self.model else bundled_model()

    @property
    def acceptance(self) -> Acceptance:
        """The rule for accepting readings."""
        return Acceptance(self.minimum_confidence, self.require_syntax)


def markdown_table() -> str:
    """Return the README's table of parameters."""
    lines = ["| parameter | default | takes effect | meaning |", "|---|---|---|---|"]
    for parameter in PARAMETERS:
        default = json.dumps(parameter.default)
        lines.append(f"| `{parameter.name}` | `{default}` | {parameter.when()} | {_meaning(parameter)} |")
    return "\n".join(lines)


def _meaning(parameter: Parameter) -> str:
    meaning = parameter.description
    if parameter.choices:
        meaning += f" One of {', '.join(f'`{choice}`' for choice in parameter.choices)}."
    if parameter.minimum is not None:
        meaning += f" {parameter.minimum:,} to {parameter.maximum:,}."
    return meaning


def yaml_file() -> str:
    """Return ``config/lpr.yaml``: every parameter with its default, explained."""
    lines = [
        "# Every parameter of lpr_node with its default; made by python -m lprnet_ros.settings --yaml.",
        "# Quote plates and names: YAML takes a bare Y, N or on for a truth value.",
        "/**:",
        "  ros__parameters:",
    ]
    for parameter in PARAMETERS:
        lines += [f"    # {line}" for line in textwrap.wrap(_meaning(parameter).replace("`", ""), 90)]
        lines.append(f"    {parameter.name}: {json.dumps(parameter.default)}")
    return "\n".join(lines)


if __name__ == "__main__":
    print(yaml_file() if "--yaml" in sys.argv else markdown_table())
