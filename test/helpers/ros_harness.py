"""What the node tests share: the real node as a process, and a ROS node that talks to it."""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import os
import re
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
import rclpy
import yaml
from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.srv import GetParameters, SetParameters
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter, parameter_value_to_python
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Float32, String
from tethered import ROOT, environment_of, tethered

from lprnet_ros.models.find import bundled_model
from lprnet_ros.models.manifest import manifest_path

PATIENCE_SECONDS = 180.0
"""When a test gives up waiting: long enough for any loaded machine, so that only a hang takes it."""
DEPTH = 10_000
"""More messages than any test sends while the other side is not listening, so that none is lost for it."""

RELIABLE = QoSProfile(depth=DEPTH, reliability=ReliabilityPolicy.RELIABLE)

CONFIGURE = Transition.TRANSITION_CONFIGURE
CLEANUP = Transition.TRANSITION_CLEANUP
ACTIVATE = Transition.TRANSITION_ACTIVATE
DEACTIVATE = Transition.TRANSITION_DEACTIVATE

_OUTCOMES = r"cannot configure|reading \w+ crops"
_numbers = itertools.count()


def crops() -> list[tuple[str, np.ndarray]]:
    """The shipped crops: plate and picture, in the order of their names."""
    paths = sorted((ROOT / "demo" / "crops").glob("*.png"))
    return [(path.stem, cv2.imread(str(path))) for path in paths]


def known_plate() -> tuple[str, np.ndarray]:
    """The crop of the bundled model's self-test, which the model is known to read."""
    model = bundled_model()
    test = yaml.safe_load(manifest_path(model).read_text(encoding="utf-8"))["self_test"]
    return test["text"], cv2.imread(str(model.parent / test["image"]))


def another_plate() -> tuple[str, np.ndarray]:
    """A shipped crop that shows another plate."""
    return next(one for one in crops() if one[0] != known_plate()[0])


def raw_image(image: np.ndarray, frame_id: str = "", stamp: tuple[int, int] = (0, 0)) -> Image:
    """Make a bgr8 message."""
    height, width = image.shape[:2]
    message = Image(height=height, width=width, encoding="bgr8", step=3 * width)
    message.data.frombytes(image.tobytes())
    _fill_header(message, frame_id, stamp)
    return message


def compressed_image(
    image: np.ndarray, frame_id: str = "", stamp: tuple[int, int] = (0, 0), *, suffix: str = ".png"
) -> CompressedImage:
    """Make a jpeg or png message."""
    message = CompressedImage(format=suffix[1:])
    message.data.frombytes(cv2.imencode(suffix, image)[1].tobytes())
    _fill_header(message, frame_id, stamp)
    return message


def _fill_header(message: Image | CompressedImage, frame_id: str, stamp: tuple[int, int]) -> None:
    message.header.frame_id = frame_id
    message.header.stamp.sec, message.header.stamp.nanosec = stamp


def python_process(
    module: str, *arguments: str, cwd: Path | None = None, **environment: str
) -> tuple[int, str, str]:
    """Run a module of the package to its end; return its exit status, stdout and stderr."""
    done = subprocess.run(
        tethered(sys.executable, "-m", module, *arguments),
        capture_output=True,
        encoding="utf-8",
        timeout=2 * PATIENCE_SECONDS,
        cwd=cwd,
        env=environment_of(**environment),
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def end_process(process: subprocess.Popen) -> None:
    """End a process, by force where a signal does not; there is no doubt that it is gone afterwards."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Client:
    """A ROS node in the test's process, spun only while a test waits."""

    def __init__(self) -> None:
        self.context = rclpy.Context()
        rclpy.init(context=self.context, signal_handler_options=SignalHandlerOptions.NO)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what ROS imports here uses deprecated modules
            self.node = rclpy.create_node("tester", context=self.context)
        self._executor = SingleThreadedExecutor(context=self.context)
        self._executor.add_node(self.node)

    def close(self) -> None:
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.try_shutdown(context=self.context)

    def spin_until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Spin until a condition holds; return whether it did in time."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                return False
            self._executor.spin_once(timeout_sec=0.05)
        return True

    def retry_until(
        self, attempt: Callable[[], object], condition: Callable[[], bool], what: str, *, pause: float = 0.1
    ) -> None:
        """Do something again and again, after pauses that grow, until a condition holds.

        For what is lost where a process does not know of its peers yet: the first attempts follow each other
        soon, and the later ones leave a loaded machine the time to answer.
        """
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            attempt()
            if self.spin_until(condition, pause):
                return
            pause *= 1.5
        pytest.fail(f"{what}: tried for {PATIENCE_SECONDS:.0f} s in vain")

    def wait_for(self, condition: Callable[[], bool], what: str, reader: ReaderProcess | None = None) -> None:
        """Spin until a condition holds; fail the test if it never does, at once if the reader is dead."""

        def is_over() -> bool:
            return condition() or (reader is not None and reader.process.poll() is not None)

        is_in_time = self.spin_until(is_over, PATIENCE_SECONDS)
        if not condition():
            why = "the process ended" if is_in_time else f"waited {PATIENCE_SECONDS:.0f} s in vain"
            log = "" if reader is None else f"; log of {reader.name}:\n{reader.log}"
            pytest.fail(f"{what}: {why}{log}")


class ReaderProcess:
    """``lpr_node`` as a process of its own; a class of another ``module`` runs another node.

    Args:
        client: the node that talks to it.
        folder: where its log goes.
        parameters: ``name:=value``, as on the command line.
    """

    module = "lprnet_ros.ros.nodes.lpr_node"

    def __init__(self, client: Client, folder: Path, *parameters: str, **environment: str) -> None:
        number = f"{os.getpid()}_{next(_numbers)}"  # another session may have the same domain
        self.client = client
        self.namespace = f"/test_{os.getpid()}_{number}"
        self.name = f"reader_{number}"
        self.full_name = f"{self.namespace}/{self.name}"
        self._log = folder / f"{self.name}.log"
        command = [sys.executable, "-m", self.module, "--ros-args"]
        command += ["-r", f"__ns:={self.namespace}", "-r", f"__node:={self.name}"]
        for parameter in parameters:
            command += ["-p", parameter]
        with self._log.open("wb") as stream:
            self.process = subprocess.Popen(
                tethered(*command),
                stdout=stream,
                stderr=subprocess.STDOUT,
                env=environment_of(**{"ROS_LOG_DIR": str(folder), **environment}),
            )
        self.statuses: list[dict[str, str]] = []
        self._entities: list[tuple[Callable[[object], object], object]] = []
        self._services: dict[str, object] = {}
        self._subscribe(DiagnosticArray, "/diagnostics", self._on_diagnostics)

    # the log

    @property
    def log(self) -> str:
        """Everything it has printed so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def lines(self, part: str) -> list[str]:
        """The lines of the log that hold a text."""
        return [line for line in self.log.splitlines() if part in line]

    def wait_for_log(self, part: str) -> str:
        """Wait for a line and return it."""
        self.client.wait_for(lambda: bool(self.lines(part)), f"{part!r} in the log", self)
        return self.lines(part)[0]

    # diagnostics

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name.startswith(f"{self.name}:") or status.name.startswith(f"{self.full_name}:"):
                values = {pair.key: pair.value for pair in status.values}
                level = {b"\x00": "ok", b"\x01": "warn", b"\x02": "error"}[status.level]
                self.statuses.append({"level": level, "message": status.message, **values})

    def next_status(self, count: int = 1) -> dict[str, str]:
        """Wait for diagnostics that are sent from now on."""
        wanted = len(self.statuses) + count
        self.client.wait_for(lambda: len(self.statuses) >= wanted, "diagnostics", self)
        return self.statuses[-1]

    def wait_for_status(self, condition: Callable[[dict[str, str]], bool], what: str) -> dict[str, str]:
        """Wait for diagnostics with a property."""
        start = len(self.statuses)
        self.client.wait_for(
            lambda: any(condition(status) for status in self.statuses[start:]), f"diagnostics: {what}", self
        )
        return next(status for status in self.statuses[start:] if condition(status))

    # services

    def call(self, service_type: type, name: str, request: object, *, may_repeat: bool = True) -> object:
        """Call one of its services and return the response.

        A node may know a client's question before it knows where to send the
        answer, which is then lost; so what may be asked twice is asked again.
        """
        if name not in self._services:
            service = self.client.node.create_client(service_type, f"{self.full_name}/{name}")
            self._entities.append((self.client.node.destroy_client, service))
            self._services[name] = service
        service = self._services[name]
        self.client.wait_for(service.service_is_ready, f"service {name}", self)
        asked: list[Future] = []

        def ask() -> None:
            if may_repeat or not asked:
                asked.append(service.call_async(request))

        def is_over() -> bool:
            return any(future.done() for future in asked) or self.process.poll() is not None

        self.client.retry_until(ask, is_over, f"an answer to {name}", pause=1.0)
        for future in asked:
            if future.done():
                return future.result()
        pytest.fail(f"{self.name} ended when asked for {name}; its log:\n{self.log}")

    def state(self) -> str:
        return self.call(GetState, "get_state", GetState.Request()).current_state.label

    def change_state(self, transition: int) -> bool:
        """Ask for a transition; return whether it succeeded."""
        if "change_state" not in self._services:  # a first question that may be repeated
            nonsense = ChangeState.Request(transition=Transition(label="no such transition"))
            assert not self.call(ChangeState, "change_state", nonsense).success
        request = ChangeState.Request(transition=Transition(id=transition))
        return self.call(ChangeState, "change_state", request, may_repeat=False).success

    def set_parameters(self, **values: object) -> list[tuple[bool, str]]:
        """Set parameters; return success and reason of each."""
        request = SetParameters.Request(
            parameters=[Parameter(name, value=value).to_parameter_msg() for name, value in values.items()]
        )
        response = self.call(SetParameters, "set_parameters", request)
        return [(result.successful, result.reason) for result in response.results]

    def parameter(self, name: str) -> object:
        response = self.call(GetParameters, "get_parameters", GetParameters.Request(names=[name]))
        return parameter_value_to_python(response.values[0])

    # topics

    def _subscribe(self, message_type: type, topic: str, callback: Callable[..., None]) -> None:
        subscription = self.client.node.create_subscription(message_type, topic, callback, RELIABLE)
        self._entities.append((self.client.node.destroy_subscription, subscription))

    def publisher(
        self,
        message_type: type = Image,
        topic: str = "image",
        *,
        reliability: ReliabilityPolicy = ReliabilityPolicy.RELIABLE,
    ) -> Publisher:
        """Make a publisher on one of its topics; it goes when the process goes."""
        publisher = self.client.node.create_publisher(
            message_type, f"{self.namespace}/{topic}", QoSProfile(depth=DEPTH, reliability=reliability)
        )
        self._entities.append((self.client.node.destroy_publisher, publisher))
        return publisher

    def outputs(self) -> Outputs:
        """Subscribe to everything that it says about plates."""
        outputs = Outputs(self)
        self._subscribe(String, f"{self.full_name}/plate", outputs.on_plate)
        self._subscribe(Float32, f"{self.full_name}/confidence", outputs.on_confidence)
        self._subscribe(String, f"{self.full_name}/reading", outputs.on_reading)
        return outputs

    # the end

    def signal(self, number: int) -> None:
        """Send a signal and wait for the end."""
        self.process.send_signal(number)
        self.process.wait(timeout=PATIENCE_SECONDS)

    def close(self) -> None:
        end_process(self.process)
        for destroy, entity in self._entities:
            destroy(entity)


class Outputs:
    """What a reader has published, in the order of arrival."""

    def __init__(self, reader: ReaderProcess) -> None:
        self._reader = reader
        self.plates: list[str] = []
        self.confidences: list[float] = []
        self.readings: list[dict] = []

    def on_plate(self, message: String) -> None:
        self.plates.append(message.data)

    def on_confidence(self, message: Float32) -> None:
        self.confidences.append(message.data)

    def on_reading(self, message: String) -> None:
        self.readings.append(json.loads(message.data))

    def clear(self) -> None:
        self.plates.clear()
        self.confidences.clear()
        self.readings.clear()

    def of(self, frame_id: str) -> list[dict]:
        """The readings of one source image."""
        return [reading for reading in self.readings if reading["frame_id"] == frame_id]

    def settle(self) -> None:
        """Wait until plate and confidence of every accepted reading have arrived too."""
        accepted = [reading["text"] for reading in self.readings if reading["accepted"]]
        self._reader.client.wait_for(
            lambda: len(self.plates) >= len(accepted) and len(self.confidences) >= len(accepted),
            "plate and confidence of every accepted reading",
            self._reader,
        )

    def wait_for_reading(self, frame_id: str) -> dict:
        self._reader.client.wait_for(
            lambda: bool(self.of(frame_id)), f"reading of {frame_id!r}", self._reader
        )
        return self.of(frame_id)[0]


class Conversation:
    """A reader with publishers on its image topics, both sides matched.

    Nothing sent before both sides know each other arrives, and no API tells
    when the other side knows; so a crop is sent until its reading, plate and
    confidence all came back.
    """

    _attempts = itertools.count()

    def __init__(self, reader: ReaderProcess, message_type: type = Image, *topics: str) -> None:
        self.reader = reader
        self.outputs = reader.outputs()
        self.publishers = [reader.publisher(message_type, topic) for topic in topics or ("image",)]
        self._make = raw_image if message_type is Image else compressed_image
        for output in ("plate", "confidence", "reading"):
            topic = f"{reader.full_name}/{output}"
            reader.client.wait_for(partial(self._is_published, topic), topic, reader)
        for publisher in self.publishers:
            self.match(publisher)

    def _is_published(self, topic: str) -> bool:
        reader = self.reader
        if reader.client.node.count_publishers(topic) > 0:
            return True
        *_, outcome = ["", *(line for line in reader.log.splitlines() if re.search(_OUTCOMES, line))]
        assert "cannot configure" not in outcome, reader.log
        return False

    @property
    def image(self) -> Publisher:
        """The publisher on the first topic."""
        return self.publishers[0]

    def match(self, publisher: Publisher) -> None:
        """Exchange crops and readings until nothing gets lost any more."""
        reader, outputs = self.reader, self.outputs
        reader.client.wait_for(lambda: publisher.get_subscription_count() > 0, publisher.topic_name, reader)
        frame_id = ""

        def send(number: int) -> None:
            nonlocal frame_id
            outputs.clear()
            frame_id = f"match {next(self._attempts)}"
            publisher.publish(self._match_message(number, frame_id))

        def is_answered() -> bool:
            return bool(outputs.of(frame_id) and outputs.plates and outputs.confidences)

        reader.client.retry_until(lambda: send(0), is_answered, f"an answer to a crop; {reader.log}")
        # On each topic, answers to earlier attempts come before those to a last crop,
        # which bears another plate and another confidence.
        send(1)

        def is_last_answered() -> bool:
            if not is_answered():
                return False
            reading = outputs.of(frame_id)[0]
            return outputs.plates[-1] == reading["text"] and math.isclose(
                outputs.confidences[-1], reading["confidence"], abs_tol=1e-5
            )

        reader.client.wait_for(is_last_answered, "an answer to the last crop", reader)
        outputs.clear()

    def _match_message(self, number: int, frame_id: str) -> Image | CompressedImage:
        """Make a crop with one of two plates."""
        return self._make(known_plate()[1] if number == 0 else another_plate()[1], frame_id)

    def read_known(self, frame_id: str) -> dict:
        """Send the crop that is always read, and return its reading."""
        self.image.publish(self._make(known_plate()[1], frame_id))
        return self.outputs.wait_for_reading(frame_id)


@contextlib.contextmanager
def running_reader(client: Client, folder: Path, *parameters: str) -> Iterator[ReaderProcess]:
    """Start a reader and end it afterwards."""
    reader = ReaderProcess(client, folder, *parameters)
    try:
        yield reader
    finally:
        reader.close()
