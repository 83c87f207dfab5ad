"""Every parameter of ``lpr_node``, declared once: name, default, meaning and limits.

The node declares its ROS parameters from this table, the README's table
and ``config/lpr.yaml`` are written from it (``python -m lprnet_ros.ros.parameters.lpr_settings``),
and a test keeps them true.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lprnet_ros.consensus.vehicles import ConsensusSettings
from lprnet_ros.flow.crop_queue import POLICIES
from lprnet_ros.models.manifest import find_model
from lprnet_ros.reading.decoding import DECODERS
from lprnet_ros.reading.rules import ReadingRules
from lprnet_ros.ros.parameters import parameter as parameter_table
from lprnet_ros.ros.parameters.parameter import Parameter
from lprnet_ros.runtimes import RUNTIME_NAMES

EXECUTORS = ("auto", "events", "single")
OUTPUTS = ("auto", "none", "targets", "detections", "targets,detections")
WORKER_KINDS = ("auto", "thread", "process")
TABLE_BEGIN = "<!-- parameters begin -->"
TABLE_END = "<!-- parameters end -->"

PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "autostart",
        True,
        "Configure and activate at start; false leaves that to a lifecycle manager.",
        "启动时自行配置并激活；false 则交给生命周期管理器。",
        read_only=True,
    ),
    Parameter(
        "model",
        "",
        "Model file with its manifest beside it, or the name of a bundled one; empty is lprnet.onnx.",
        "模型文件的路径（清单在其旁边），或内置模型的名字；空表示 lprnet.onnx。",
    ),
    Parameter(
        "runtime",
        "auto",
        "Inference runtime; auto chooses by file type and by what is installed.",
        "推理运行时；auto 按文件类型和已安装的库选择。",
        choices=RUNTIME_NAMES,
    ),
    Parameter(
        "threads",
        1,
        "CPU threads of one inference (ONNX Runtime only).",
        "一次推理所用的 CPU 线程数（仅 ONNX Runtime）。",
        minimum=1,
        maximum=64,
    ),
    Parameter(
        "image_topics",
        ["image"],
        "Topics of plate crops, one or more cameras; relative names follow the node's namespace.",
        "车牌裁剪图的话题，一个或多个相机；相对名字位于节点的命名空间内。",
    ),
    Parameter(
        "transport",
        "raw",
        "Type of the messages: raw is sensor_msgs/Image, compressed is sensor_msgs/CompressedImage.",
        "消息类型：raw 为 sensor_msgs/Image，compressed 为 sensor_msgs/CompressedImage。",
        choices=("raw", "compressed"),
    ),
    Parameter(
        "qos_profile",
        "sensor_data",
        "Quality of service of the image subscriptions: sensor_data is best "
        "effort and fits every publisher, reliable loses nothing but needs a reliable publisher.",
        "图像订阅的 QoS：sensor_data 为尽力而为，适配所有发布者；reliable 不丢消息，但需要可靠的发布者。",
        choices=("sensor_data", "reliable"),
    ),
    Parameter(
        "subscription_depth",
        50,
        "Messages of one topic that the middleware keeps until the node takes them, which it does at once.",
        "中间件为每个话题保留的消息数，节点会立即取走它们。",
        minimum=1,
        maximum=10000,
    ),
    Parameter(
        "queue_depth",
        5,
        "Crops of one camera that may wait for a worker.",
        "每个相机可等待工作单元的裁剪图数。",
        minimum=1,
        maximum=10000,
    ),
    Parameter(
        "queue_policy",
        "newest",
        "What a full queue does: newest drops its oldest crop and counts it, all makes the sender wait "
        "(only with qos_profile reliable).",
        "队列满时：newest 丢弃最旧的并计数，all 让发送方等待（仅用于 qos_profile reliable）。",
        choices=POLICIES,
    ),
    Parameter(
        "workers",
        1,
        "Crops that are read side by side; 0 reads each at once in the node's own thread.",
        "并行识别的裁剪图数；0 表示在节点自己的线程中立即识别。",
        minimum=0,
        maximum=64,
    ),
    Parameter(
        "worker_kind",
        "auto",
        "Whether workers are threads or processes; auto takes threads for onnx, and processes for hbm and "
        "bpu, which keep Python's lock.",
        "工作单元是线程还是进程；auto 对 onnx 用线程，对占用 Python 锁的 hbm 和 bpu 用进程。",
        choices=WORKER_KINDS,
    ),
    Parameter(
        "worker_timeout",
        2.0,
        "Seconds that one crop may take; a worker that takes longer is replaced, and its crop read again "
        "once.",
        "一张裁剪图允许的秒数；超时的工作单元会被替换，其裁剪图再识别一次。",
        minimum=0.01,
        maximum=600.0,
    ),
    Parameter(
        "executor",
        "auto",
        "rclpy's executor: auto takes the events executor where it proves at start that it works.",
        "rclpy 的执行器：auto 在启动时证实 events 执行器可用后使用它。",
        choices=EXECUTORS,
        read_only=True,
    ),
    Parameter(
        "max_image_pixels",
        8_847_360,
        "Greatest width x height of an image; larger ones are rejected.",
        "图像宽乘高的上限；更大的被拒绝。",
        minimum=1,
        maximum=268_435_456,
        dynamic=True,
    ),
    Parameter(
        "decoder",
        "syntax",
        "How the network's output becomes text: syntax is the most probable plate number, "
        "beam the most probable text, greedy the best path.",
        "网络输出转成文字的方法：syntax 取最可能的车牌号，beam 取最可能的文字，greedy 取最佳路径。",
        choices=DECODERS,
        dynamic=True,
    ),
    Parameter(
        "second_look",
        True,
        "Read crops of a confidence below 0.95 again with their tilt taken out (three more inferences).",
        "置信度低于 0.95 的裁剪图校正倾斜后再识别一次（多三次推理）。",
        dynamic=True,
    ),
    Parameter(
        "minimum_confidence",
        0.8,
        "Least confidence of an accepted reading.",
        "被接受的识别结果的最低置信度。",
        minimum=0.0,
        maximum=1.0,
        dynamic=True,
    ),
    Parameter(
        "require_syntax",
        True,
        "Accept only texts that are plate numbers by the model's syntax (GA 36 for the bundled one).",
        "只接受符合模型语法的车牌号（内置模型为 GA 36）。",
        dynamic=True,
    ),
    Parameter(
        "consensus",
        True,
        "Gather the readings of each vehicle into one on ~/vehicle_plate.",
        "把同一辆车的多次识别合成一个结果，发布到 ~/vehicle_plate。",
    ),
    Parameter(
        "consensus_minimum_crops",
        2,
        "Crops of a vehicle that must agree on the text.",
        "同一辆车至少有多少张裁剪图的识别结果一致。",
        minimum=1,
        maximum=32,
    ),
    Parameter(
        "consensus_gap",
        1.0,
        "Seconds without a crop after which a vehicle has gone.",
        "多少秒没有裁剪图即认为车辆已离开。",
        minimum=0.01,
        maximum=60.0,
    ),
    Parameter(
        "consensus_longest_wait",
        5.0,
        "Seconds after its first crop at which a vehicle that is still there is published.",
        "车辆一直未离开时，首张裁剪图之后多少秒发布结果。",
        minimum=0.01,
        maximum=600.0,
    ),
    Parameter(
        "outputs",
        "auto",
        "What is published by frame: targets (ai_msgs, for the web page of TROS) and detections "
        "(vision_msgs); auto takes those whose messages are installed.",
        "按帧发布的内容：targets（ai_msgs，用于 TROS 网页）和 detections（vision_msgs）；"
        "auto 取已安装的消息包。",
        choices=OUTPUTS,
    ),
    Parameter(
        "empty_frames_topic",
        "",
        "Topic on which a plate_cropper tells of frames without a crop; empty is none.",
        "plate_cropper 通报无裁剪图画面的话题；空表示没有。",
    ),
    Parameter(
        "expected_rate",
        0.0,
        "Least crops a second over all topics; with less /diagnostics warns. 0 expects none.",
        "所有话题每秒至少应有的裁剪图数；更少时 /diagnostics 告警。0 表示不作要求。",
        minimum=0.0,
        maximum=100000.0,
    ),
    Parameter(
        "maximum_age",
        0.0,
        "Greatest age in seconds of a crop's stamp when it is read; above it /diagnostics warns. 0 allows "
        "any.",
        "识别时裁剪图时间戳的最大延迟（秒）；超过时 /diagnostics 告警。0 表示不限。",
        minimum=0.0,
        maximum=3600.0,
    ),
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
    subscription_depth: int
    queue_depth: int
    queue_policy: str
    workers: int
    worker_kind: str
    worker_timeout: float
    executor: str
    max_image_pixels: int
    decoder: str
    second_look: bool
    minimum_confidence: float
    require_syntax: bool
    consensus: bool
    consensus_minimum_crops: int
    consensus_gap: float
    consensus_longest_wait: float
    outputs: str
    empty_frames_topic: str
    expected_rate: float
    maximum_age: float

    @classmethod
    def from_values(cls, values: Mapping[str, object]) -> Settings:
        """Check values and make settings of them.

        Args:
            values: one value a parameter, by name.

        Raises:
            ValueError: a value is not allowed; the message names the parameter.
        """
        parameter_table.check_values(PARAMETERS, values)
        checked = dict(values)
        topics = values["image_topics"]
        assert isinstance(topics, (list, tuple))
        checked["image_topics"] = tuple(str(topic) for topic in topics if topic)
        if values["queue_policy"] == "all" and values["qos_profile"] != "reliable":
            raise ValueError(
                "queue_policy is 'all', which best effort cannot keep: set qos_profile to 'reliable' too"
            )
        return cls(**checked)  # type: ignore[arg-type]

    @property
    def model_path(self) -> Path:
        """The model file.

        Raises:
            ManifestError: none is named and the bundled one is not installed.
        """
        return find_model(self.model)

    @property
    def rules(self) -> ReadingRules:
        """How crops are read and which readings are accepted."""
        return ReadingRules(self.decoder, self.second_look, self.minimum_confidence, self.require_syntax)

    @property
    def consensus_settings(self) -> ConsensusSettings:
        """When the final reading of a vehicle is published."""
        return ConsensusSettings(
            self.consensus_minimum_crops, self.consensus_gap, self.consensus_longest_wait
        )


def markdown_table(*, chinese: bool = False) -> str:
    """Return the table of parameters of README.md, or that of README_cn.md."""
    return parameter_table.markdown_table(PARAMETERS, chinese=chinese)


def write_tables(root: Path) -> None:
    """Bring both READMEs and ``config/lpr.yaml`` of a source tree up to date."""
    for name, chinese in (("README.md", False), ("README_cn.md", True)):
        parameter_table.write_between(root / name, TABLE_BEGIN, TABLE_END, markdown_table(chinese=chinese))
    (root / "config" / "lpr.yaml").write_text(yaml_file() + "\n", encoding="utf-8")


def yaml_file() -> str:
    """Return ``config/lpr.yaml``: every parameter with its default, explained."""
    return parameter_table.yaml_file(
        PARAMETERS, node="lpr_node", module="lprnet_ros.ros.parameters.lpr_settings"
    )


if __name__ == "__main__":
    write_tables(Path(__file__).parents[3])
