"""Every parameter of ``lpr_node``, declared once: name, default, meaning and limits.

The node declares its ROS parameters from this table; ``docs/generate.py`` writes
``config/lpr.yaml`` and the documentation from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lprnet_ros.consensus.vehicles import ConsensusSettings
from lprnet_ros.flow.crop_queue import POLICIES
from lprnet_ros.models.find import find_model
from lprnet_ros.reading.decoding import DECODERS
from lprnet_ros.reading.rules import ReadingRules
from lprnet_ros.ros.parameters.frame_parameters import FRAME_PARAMETERS
from lprnet_ros.ros.parameters.frame_settings import FrameSettings
from lprnet_ros.ros.parameters.parameter import Parameter, check_values
from lprnet_ros.runtimes import RUNTIME_NAMES, default_model

EXECUTORS = ("auto", "events", "single")
OUTPUTS = ("auto", "none", "targets", "detections", "targets,detections")
_CROP_TOPICS = ("image",)
WORKER_KINDS = ("auto", "thread", "process")

PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "autostart",
        True,
        "Configure and activate the node at start; false leaves that to a lifecycle manager.",
        "启动时自动配置并激活；设为 false 时由生命周期管理器负责。",
        read_only=True,
    ),
    Parameter(
        "model",
        "",
        "Path of a model file with its manifest beside it, or the name of a bundled or installed model; "
        "empty means lprnet_x5.bin where a runtime for it is installed (a board) or named, else lprnet.onnx.",
        "模型文件的路径（清单文件须在其旁边），或内置、已安装模型的名字；"
        "留空时：若已安装或指定了可用的 .bin 运行时（开发板），使用 lprnet_x5.bin，否则使用 lprnet.onnx。",
    ),
    Parameter(
        "runtime",
        "auto",
        "Inference runtime; auto chooses by the file's suffix and by what is installed.",
        "推理运行时；auto 按文件后缀和已安装的库选择。",
        choices=RUNTIME_NAMES,
    ),
    Parameter(
        "threads",
        1,
        "CPU threads of one inference (ONNX Runtime only).",
        "单次推理使用的 CPU 线程数（仅对 ONNX Runtime 有效）。",
        minimum=1,
        maximum=64,
    ),
    Parameter(
        "image_topics",
        [""],
        "Topics with plate crops, one for each camera; relative names are resolved in the node's namespace. "
        "Empty means image, or none where frame_topics names topics.",
        "车牌裁剪图的话题，每个相机一个；相对名字在节点的命名空间内解析。留空表示 image；若设置了 "
        "frame_topics，则不读裁剪图。",
        may_be_empty=True,
    ),
    Parameter(
        "transport",
        "raw",
        "Message type of the crops: raw is sensor_msgs/Image, compressed is sensor_msgs/CompressedImage.",
        "裁剪图的消息类型：raw 为 sensor_msgs/Image，compressed 为 sensor_msgs/CompressedImage。",
        choices=("raw", "compressed"),
    ),
    Parameter(
        "qos_profile",
        "sensor_data",
        "QoS profile of the image subscriptions: sensor_data (best effort) works with every publisher; "
        "reliable loses no message but needs a reliable publisher.",
        "图像订阅的 QoS：sensor_data（尽力而为）可与任何发布者配合；reliable 不丢消息，但要求发布者也是 "
        "reliable。",
        choices=("sensor_data", "reliable"),
    ),
    Parameter(
        "subscription_depth",
        50,
        "QoS history depth of each image subscription: the longest burst of messages that is kept until the "
        "node takes them, less where large images would take more than 256 MiB.",
        "每个图像订阅的 QoS 历史深度：节点取走消息之前最多保留这么多条；大图像超过 256 MiB 时会减少。",
        minimum=1,
        maximum=10000,
    ),
    Parameter(
        "queue_depth",
        5,
        "Maximum number of crops of one camera that wait for a worker.",
        "每个相机最多有多少张裁剪图等待工作单元。",
        minimum=1,
        maximum=10000,
    ),
    Parameter(
        "queue_policy",
        "newest",
        "What happens when a queue is full: newest drops the oldest crop and counts it; all drops nothing "
        "and makes the publisher wait (only with qos_profile reliable).",
        "队列已满时的处理：newest 丢弃最旧的裁剪图并计数；all 不丢弃，让发布者等待（仅用于 qos_profile "
        "reliable）。",
        choices=POLICIES,
    ),
    Parameter(
        "workers",
        1,
        "Number of crops read in parallel; 0 reads each crop in the thread that takes it in: where "
        "the BPU fails, hbm_runtime then ends the node.",
        "并行识别的裁剪图数；0 表示收到后直接在执行器线程中识别：BPU 出错时 hbm_runtime 会使节点退出。",
        minimum=0,
        maximum=64,
    ),
    Parameter(
        "worker_kind",
        "auto",
        "Run workers as threads or as processes; auto uses processes for hbm and bpu, which hold the GIL "
        "during inference, and threads for onnx, or where plates are found in this process anyway "
        "(frame_topics).",
        "工作单元使用线程还是进程；auto 对推理时占用 GIL 的 hbm 和 bpu 使用进程；对 onnx，或本进程已在画面中"
        "查找车牌时（frame_topics），使用线程。",
        choices=WORKER_KINDS,
    ),
    Parameter(
        "worker_timeout",
        2.0,
        "Time limit for one crop in seconds. A worker process that exceeds it is replaced, and its crop is "
        "read once more; a worker thread cannot be ended: /diagnostics then reports an error.",
        "识别一张裁剪图的时限（秒）。超时的工作进程会被替换，其裁剪图再识别一次；工作线程无法强行结束，"
        "这时 /diagnostics 报告错误。",
        minimum=0.01,
        maximum=600.0,
    ),
    Parameter(
        "executor",
        "auto",
        "rclpy executor: auto uses the events executor if a check at start shows that it works, else the "
        "single-threaded one.",
        "rclpy 的执行器：auto 在启动时检查 events 执行器，可用则使用，否则使用单线程执行器。",
        choices=EXECUTORS,
        read_only=True,
    ),
    Parameter(
        "max_image_pixels",
        8_847_360,
        "Maximum width x height of an image; larger images are rejected.",
        "图像宽乘高的上限；更大的图像会被拒绝。",
        minimum=1,
        maximum=268_435_456,
        dynamic=True,
    ),
    Parameter(
        "decoder",
        "syntax",
        "How the logits become text: syntax finds the most probable valid plate number, beam the most "
        "probable text, greedy the best path.",
        "如何把网络输出解码为文字：syntax 取概率最大的合法车牌号，beam 取概率最大的文字，greedy 取最佳路径。",
        choices=DECODERS,
        dynamic=True,
    ),
    Parameter(
        "second_look",
        True,
        "Read a crop again, deskewed, if its confidence is below 0.95 (three more inferences).",
        "置信度低于 0.95 时，校正倾斜后再识别一次（多三次推理）。",
        dynamic=True,
    ),
    Parameter(
        "minimum_confidence",
        0.8,
        "Minimum confidence at which a reading is accepted.",
        "识别结果被接受所需的最低置信度。",
        minimum=0.0,
        maximum=1.0,
        dynamic=True,
    ),
    Parameter(
        "require_syntax",
        True,
        "Accept only valid plate numbers according to the model's syntax (GA 36 for the bundled model).",
        "只接受符合模型语法的车牌号（内置模型使用 GA 36）。",
        dynamic=True,
    ),
    Parameter(
        "consensus",
        True,
        "Combine the readings of each vehicle into one, published on ~/vehicle_plate.",
        "把同一辆车的多次识别合并为一个结果，发布到 ~/vehicle_plate。",
    ),
    Parameter(
        "log_readings",
        False,
        "Log one line for each vehicle; needs consensus.",
        "每辆车在日志中写一行；需要 consensus。",
        dynamic=True,
    ),
    Parameter(
        "consensus_minimum_crops",
        2,
        "Minimum number of crops of a vehicle that must agree on the text.",
        "同一辆车至少需要多少张裁剪图的识别结果一致。",
        minimum=1,
        maximum=32,
    ),
    Parameter(
        "consensus_gap",
        1.0,
        "A vehicle counts as gone after this many seconds without a crop.",
        "连续多少秒没有裁剪图，即认为车辆已离开。",
        minimum=0.01,
        maximum=60.0,
    ),
    Parameter(
        "consensus_longest_wait",
        5.0,
        "A vehicle that stays in view is published this many seconds after its first crop.",
        "车辆一直在画面中时，首张裁剪图之后多少秒发布结果。",
        minimum=0.01,
        maximum=600.0,
    ),
    Parameter(
        "outputs",
        "auto",
        "Messages published for each frame: targets (ai_msgs, for the web page of TROS), detections "
        "(vision_msgs); auto publishes those whose message packages are installed.",
        "按帧发布的消息：targets（ai_msgs，用于 TROS 网页）、detections（vision_msgs）；auto 发布已安装消息"
        "包的那些。",
        choices=OUTPUTS,
    ),
    Parameter(
        "empty_frames_topic",
        "",
        "Topic on which a plate_cropper announces frames without crops; empty means none.",
        "plate_cropper 通报没有裁剪图的画面的话题；留空则不使用。",
    ),
    Parameter(
        "expected_rate",
        0.0,
        "Minimum expected crops per second over all topics; /diagnostics warns below it. 0 disables the "
        "check.",
        "所有话题合计每秒至少应有的裁剪图数；低于此值时 /diagnostics 告警。0 表示不检查。",
        minimum=0.0,
        maximum=100000.0,
    ),
    Parameter(
        "maximum_age",
        0.0,
        "Maximum age in seconds of a crop's stamp when it is read; /diagnostics warns above it. 0 disables "
        "the check.",
        "识别时裁剪图时间戳的最大延迟（秒）；超过时 /diagnostics 告警。0 表示不检查。",
        minimum=0.0,
        maximum=3600.0,
    ),
    *FRAME_PARAMETERS,
)
_OF_FRAMES = frozenset(parameter.name for parameter in FRAME_PARAMETERS)


IN_CONFLICT = frozenset({"queue_policy", "qos_profile", "log_readings", "consensus"})
"""Parameters that ``conflict_of`` looks at."""


def conflict_of(values: Mapping[str, object]) -> str | None:
    """Return which values contradict each other, and what to do, or None."""
    if values["queue_policy"] == "all" and values["qos_profile"] != "reliable":
        return "queue_policy 'all' needs reliable delivery: set qos_profile to 'reliable' first"
    if values["log_readings"] and not values["consensus"]:
        return "log_readings logs vehicles, and consensus is false: set one of them otherwise"
    return None


@dataclass(frozen=True)
class Settings:
    """The values of all parameters, checked.

    Attributes:
        frames: what frames are read, and how; from ``FRAME_PARAMETERS``.

    The other attributes are the other parameters of ``PARAMETERS``.
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
    log_readings: bool
    consensus_minimum_crops: int
    consensus_gap: float
    consensus_longest_wait: float
    outputs: str
    empty_frames_topic: str
    expected_rate: float
    maximum_age: float
    frames: FrameSettings

    @classmethod
    def from_values(cls, values: Mapping[str, object]) -> Settings:
        """Check the values and build the settings.

        Args:
            values: one value for each parameter, by name.

        Raises:
            ValueError: a value is not allowed; the message names the parameter.
        """
        check_values(PARAMETERS, values)
        checked = {name: value for name, value in values.items() if name not in _OF_FRAMES}
        topics = values["image_topics"]
        assert isinstance(topics, (list, tuple))
        checked["image_topics"] = tuple(str(topic) for topic in topics if topic)
        conflict = conflict_of(values)
        if conflict is not None:
            raise ValueError(conflict)
        return cls(**checked, frames=FrameSettings.from_values(values))  # type: ignore[arg-type]

    @property
    def crop_topics(self) -> tuple[str, ...]:
        """The topics of crops."""
        return self.image_topics or (() if self.frames.topics else _CROP_TOPICS)

    @property
    def kind_of_workers(self) -> str:
        """Thread, process, or ``auto`` for what suits the runtime.

        Where the finder runs here, the BPU holds this process's GIL and may end it already; another
        process for 0.1 ms of reading would cost more than it saves.
        """
        finds_here = bool(self.frames.topics) and self.frames.search.find_plates
        return "thread" if self.worker_kind == "auto" and finds_here else self.worker_kind

    @property
    def least_queue_depth(self) -> int:
        """Crops of one camera that may wait: all crops of a frame come at once."""
        return max(self.queue_depth, self.frames.rule.maximum_crops if self.frames.topics else 1)

    @property
    def model_path(self) -> Path:
        """The model file.

        Raises:
            ManifestError: no model is named and the bundled one is not installed.
        """
        return find_model(self.model) if self.model else default_model(self.runtime)

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
