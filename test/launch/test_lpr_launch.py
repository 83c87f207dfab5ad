"""``launch/lpr.launch.py`` with the real launch: three nodes at once, in three namespaces."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import unittest
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest
import yaml

pytest.importorskip(
    "launch_testing", reason="launch_testing is not installed: no registry has it, a ROS installation does"
)
pytest.importorskip("launch_ros", reason="launch_ros is not installed: a ROS installation has it")

import launch_testing
import launch_testing.actions
import launch_testing.asserts
import launch_testing.markers
import rclpy
from installed import NOT_INSTALLED, is_installed
from launch import LaunchDescription
from launch.actions import GroupAction, IncludeLaunchDescription
from launch.events.process import ProcessStarted
from launch.launch_description_sources import PythonLaunchDescriptionSource
from osrf_pycommon.process_utils import get_loop
from rcl_interfaces.srv import GetParameters
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import parameter_value_to_python
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import Image
from std_msgs.msg import String

from lprnet_ros.models.find import bundled_model
from lprnet_ros.models.manifest import manifest_path

LAUNCH_FILE = Path(__file__).resolve().parents[2] / "launch" / "lpr.launch.py"
PATIENCE_SECONDS = 300.0
MISSING_MODEL = "/nowhere/missing.onnx"
MODEL_FOLDER = Path(tempfile.gettempdir()) / f"lprnet_ros launch test {os.getpid()}"


def lpr_launch(**arguments: str) -> GroupAction:
    """Include the launch file in a scope of its own, as a robot's launch file would."""
    source = PythonLaunchDescriptionSource(str(LAUNCH_FILE))
    return GroupAction([IncludeLaunchDescription(source, launch_arguments=arguments.items())])


def copied_model() -> Path:
    """Copy the bundled model with all that belongs to it to a path with blanks."""
    model = bundled_model()
    MODEL_FOLDER.mkdir(exist_ok=True)
    for source in model.parent.glob(f"{model.stem}.*"):
        shutil.copy(source, MODEL_FOLDER)
    return MODEL_FOLDER / model.name


def describe_test() -> LaunchDescription:
    os.environ["ROS_DOMAIN_ID"] = str(1 + os.getpid() % 100)
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    os.environ["ROS_LOCALHOST_ONLY"] = "1"  # Humble does not know the other one
    return LaunchDescription(
        [
            lpr_launch(namespace="gate", image_topics="/front/crop, side", model=str(copied_model())),
            lpr_launch(namespace="broken", model=MISSING_MODEL),
            lpr_launch(namespace="deep/quiet", log_level="error", transport="compressed", image_topics="y"),
            launch_testing.actions.ReadyToTest(),
        ]
    )


if is_installed():  # launch_testing starts it as soon as it sees it
    generate_test_description = pytest.mark.launch_test(launch_testing.markers.keep_alive(describe_test))


@unittest.skipUnless(is_installed(), NOT_INSTALLED)
class TestLaunchedNodes(unittest.TestCase):
    """What the launched nodes do."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.context = rclpy.Context()
        rclpy.init(context=cls.context, signal_handler_options=SignalHandlerOptions.NO)
        cls.node = rclpy.create_node("launch_tester", context=cls.context)
        cls.executor = SingleThreadedExecutor(context=cls.context)
        cls.executor.add_node(cls.node)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.executor.shutdown()
        cls.node.destroy_node()
        rclpy.shutdown(context=cls.context)
        # launch_testing makes a loop in this thread and never closes it: an error where warnings are errors
        get_loop().close()

    def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            self.assertLess(time.monotonic(), end, f"waited in vain for: {what}")
            self.executor.spin_once(timeout_sec=0.05)

    def parameter(self, node: str, name: str) -> object:
        service = self.node.create_client(GetParameters, f"{node}/get_parameters")
        try:
            self.wait_for(service.service_is_ready, f"the parameters of {node}")
            answers = []

            def is_answered() -> bool:
                """Ask again where the answer was lost: the node may not know this client yet."""
                future = service.call_async(GetParameters.Request(names=[name]))
                end = time.monotonic() + 3.0
                while not future.done() and time.monotonic() < end:
                    self.executor.spin_once(timeout_sec=0.05)
                if future.done():
                    answers.extend(future.result().values)
                return bool(answers)

            self.wait_for(is_answered, f"an answer of {node}")
            return parameter_value_to_python(answers[0])
        finally:
            self.node.destroy_client(service)

    def test_the_node_reads_with_the_topics_and_the_model_of_its_arguments(self, proc_output) -> None:
        proc_output.assertWaitFor("reading raw crops on /front/crop, /gate/side", timeout=PATIENCE_SECONDS)
        proc_output.assertWaitFor(str(MODEL_FOLDER / bundled_model().name), timeout=PATIENCE_SECONDS)
        test = yaml.safe_load(manifest_path(bundled_model()).read_text(encoding="utf-8"))["self_test"]
        picture = cv2.imread(str(bundled_model().parent / test["image"]))
        message = Image(height=picture.shape[0], width=picture.shape[1], encoding="bgr8")
        message.step = 3 * message.width
        message.data.frombytes(picture.tobytes())
        readings: list[str] = []
        subscription = self.node.create_subscription(
            String, "/gate/lpr_node/reading", lambda reading: readings.append(reading.data), 10
        )
        publisher = self.node.create_publisher(Image, "/front/crop", 10)

        def is_read() -> bool:
            publisher.publish(message)
            self.executor.spin_once(timeout_sec=0.2)
            return bool(readings)

        try:
            self.wait_for(is_read, "a reading")
        finally:
            self.node.destroy_publisher(publisher)
            self.node.destroy_subscription(subscription)
        self.assertIn(test["text"], readings[0])
        self.assertIn('"topic": "/front/crop"', readings[0])

    def test_arguments_left_out_keep_the_values_of_the_parameter_file(self) -> None:
        defaults = yaml.safe_load((LAUNCH_FILE.parents[1] / "config" / "lpr.yaml").read_text("utf-8"))
        for name, value in defaults["/**"]["ros__parameters"].items():
            if name not in ("image_topics", "model"):
                self.assertEqual(self.parameter("/gate/lpr_node", name), value, name)

    def test_a_missing_model_is_reported_and_the_process_stays(self, proc_output, proc_info) -> None:
        proc_output.assertWaitFor("cannot configure", timeout=PATIENCE_SECONDS)
        proc_output.assertWaitFor(MISSING_MODEL, timeout=PATIENCE_SECONDS)
        proc_output.assertWaitFor("ros2 lifecycle set /broken/lpr_node configure", timeout=PATIENCE_SECONDS)
        self.assertEqual(self.parameter("/broken/lpr_node", "model"), MISSING_MODEL)
        self.assertEqual([type(event) for event in proc_info], [ProcessStarted] * 3, "one has ended")

    def test_log_level_and_transport_reach_a_node_in_a_namespace(self, proc_output) -> None:
        self.wait_for(
            lambda: self.node.count_subscribers("/deep/quiet/y") == 1, "the node that logs errors only"
        )
        self.assertEqual(self.parameter("/deep/quiet/lpr_node", "transport"), "compressed")
        text = "".join(output.text.decode() for output in proc_output)
        self.assertIn("[gate.lpr_node]: reading", text)
        self.assertNotIn("[deep.quiet.lpr_node]: reading", text)


@launch_testing.post_shutdown_test()
@unittest.skipUnless(is_installed(), NOT_INSTALLED)
class TestAfterShutdown(unittest.TestCase):
    """How the nodes end."""

    def test_every_node_ends_with_status_0(self, proc_info) -> None:
        launch_testing.asserts.assertExitCodes(proc_info)
        shutil.rmtree(MODEL_FOLDER)
