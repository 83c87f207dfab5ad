"""``lpr_node``: plate crops in, readings out."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable
from functools import partial

import cv2
from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.msg import SetParametersResult
from rclpy._rclpy_pybind11 import RCLError
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage, Image

from lprnet_ros.ctc import LogitsError
from lprnet_ros.model import ManifestError
from lprnet_ros.nodes.diagnostics import DiagnosticsPublisher
from lprnet_ros.nodes.image_conversion import BgrImage, ImageRejectedError, compressed_to_bgr, image_to_bgr
from lprnet_ros.nodes.outputs import ReadingPublisher
from lprnet_ros.nodes.parameters import check_changes, declare_parameters, read_settings
from lprnet_ros.nodes.process import run_node
from lprnet_ros.nodes.qos import QUIET_EVENTS, TopicWatch, image_qos
from lprnet_ros.nodes.statistics import LogLimiter, Statistics
from lprnet_ros.nodes.vehicles import VehiclePublisher
from lprnet_ros.reading import Acceptance
from lprnet_ros.recognizer import PlateRecognizer, SelfTestError
from lprnet_ros.runtimes import InferenceError, RuntimeUnavailableError
from lprnet_ros.settings import Settings

_EXPECTED_ERRORS = (
    ManifestError,
    SelfTestError,
    RuntimeUnavailableError,
    InferenceError,
    LogitsError,
    ValueError,
    OSError,
)


class LprNode(LifecycleNode):
    """Reads the crops of one or more cameras with one model.

    Configuring opens the model and lets it answer its self-test; activating
    subscribes.  A transition that fails is logged with its cause, and can be
    tried again.
    """

    def __init__(self) -> None:
        super().__init__("lpr_node")
        declare_parameters(self)
        # rclpy would let the error of a transition that is impossible now end the process
        self._change_state = self._service_change_state.callback
        self._service_change_state.callback = self._on_change_state
        self._settings: Settings | None = None
        self._recognizer: PlateRecognizer | None = None
        self._outputs: ReadingPublisher | None = None
        self._vehicles: VehiclePublisher | None = None
        self._image_subscriptions: list[Subscription] = []
        self._watch: TopicWatch | None = None
        self._max_pixels = 1
        self._statistics = Statistics()
        self._log_limiter = LogLimiter()
        self._diagnostics = DiagnosticsPublisher(self)
        self.add_on_set_parameters_callback(self._on_set_parameters)
        self.create_timer(1.0, self._every_second)

    def _on_change_state(
        self, request: ChangeState.Request, response: ChangeState.Response
    ) -> ChangeState.Response:
        """Refuse a transition that the current state does not know, such as configure while active."""
        try:
            return self._change_state(request, response)
        except RCLError as error:
            self.get_logger().warning(f"transition refused: {error}")
            response.success = False
            return response

    def autostart(self) -> None:
        """Configure and activate, where the parameter ``autostart`` says so."""
        if not read_settings(self).autostart:
            return
        if self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Read the parameters, open the model, create the publishers."""
        return self._attempt("configure", self._configure)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Subscribe to the image topics."""
        result = self._attempt("activate", self._subscribe)
        return super().on_activate(state) if result == TransitionCallbackReturn.SUCCESS else result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop reading; the model stays loaded."""
        self._unsubscribe()
        if self._vehicles is not None:
            self._vehicles.flush()
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release the model and the publishers."""
        self._release()
        return TransitionCallbackReturn.SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release everything for good."""
        self._release()
        return TransitionCallbackReturn.SUCCESS

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Go back to unconfigured after a failure nobody foresaw."""
        self._release()
        return TransitionCallbackReturn.SUCCESS

    def _attempt(self, transition: str, action: Callable[[], None]) -> TransitionCallbackReturn:
        """Run a transition; rclpy itself would swallow its exceptions without a word."""
        retry = f"ros2 lifecycle set {self.get_fully_qualified_name()} {transition}"
        try:
            action()
        except _EXPECTED_ERRORS as error:
            self.get_logger().error(f"cannot {transition}: {error}. To try again: {retry}")
            if transition == "configure":
                self._release()
            else:
                self._unsubscribe()
            return TransitionCallbackReturn.FAILURE
        except Exception:  # noqa: BLE001 - the boundary to rclpy: nothing may pass it unlogged
            self.get_logger().error(f"cannot {transition}, which is a bug:\n{traceback.format_exc()}")
            return TransitionCallbackReturn.ERROR
        return TransitionCallbackReturn.SUCCESS

    def _configure(self) -> None:
        settings = read_settings(self)
        self._recognizer = PlateRecognizer.open(
            settings.model_path,
            settings.runtime,
            threads=settings.threads,
            acceptance=settings.acceptance,
            decoder=settings.decoder,
            second_look=settings.second_look,
        )
        self._settings = settings
        self._max_pixels = settings.max_image_pixels
        self._outputs = ReadingPublisher(self)
        if settings.consensus:
            self._vehicles = VehiclePublisher(self, settings.consensus_settings, self._recognizer.judge)
        self._statistics = Statistics()
        manifest = self._recognizer.manifest
        self.get_logger().info(
            f"model {manifest.name} ({manifest.path}) on runtime {self._recognizer.runtime.name}"
        )

    def _subscribe(self) -> None:
        settings = self._settings
        if settings is None:
            raise ManifestError("the node is not configured")
        is_compressed = settings.transport == "compressed"
        message_type = CompressedImage if is_compressed else Image
        handle = self._on_compressed if is_compressed else self._on_image
        self._watch = TopicWatch(self, f"sensor_msgs/msg/{message_type.__name__}")
        for topic in settings.image_topics:
            try:
                resolved = self.resolve_topic_name(topic)
            except RCLError as error:
                raise ValueError(f"image_topics: {topic!r} is no topic name ({error})") from error
            self._image_subscriptions.append(
                self.create_subscription(
                    message_type,
                    topic,
                    partial(handle, resolved),
                    image_qos(settings.qos_profile, settings.queue_depth),
                    event_callbacks=QUIET_EVENTS,
                )
            )
        topics = ", ".join(subscription.topic_name for subscription in self._image_subscriptions)
        self.get_logger().info(f"reading {settings.transport} crops on {topics}")

    def _unsubscribe(self) -> None:
        for subscription in self._image_subscriptions:
            self.destroy_subscription(subscription)
        self._image_subscriptions = []

    def _release(self) -> None:
        self._unsubscribe()
        if self._outputs is not None:
            self._outputs.destroy()
            self._outputs = None
        if self._vehicles is not None:
            self._vehicles.destroy()
            self._vehicles = None
        if self._recognizer is not None:
            self._recognizer.close()
            self._recognizer = None

    def _on_image(self, topic: str, message: Image) -> None:
        self._read(topic, message, image_to_bgr)

    def _on_compressed(self, topic: str, message: CompressedImage) -> None:
        self._read(topic, message, compressed_to_bgr)

    def _read(self, topic: str, message: Image | CompressedImage, convert: Callable[..., BgrImage]) -> None:
        """Convert, read, publish; whatever arrives, the node lives on."""
        arrived = time.perf_counter()
        statistics = self._statistics
        statistics.received += 1
        if self._recognizer is None or self._outputs is None:
            return
        try:
            image = convert(message, max_pixels=self._max_pixels)
            reading = self._recognizer.read(image)
        except ImageRejectedError as error:
            statistics.bad_images[error.reason.value] += 1
            if self._log_limiter.allows(error.reason.value):
                self.get_logger().warning(f"image on {topic} rejected ({error.reason.value}): {error}")
            return
        except (InferenceError, LogitsError, ValueError, cv2.error) as error:
            statistics.failures += 1
            if self._log_limiter.allows("failure"):
                self.get_logger().error(f"crop on {topic} could not be read: {error}")
            return
        statistics.read += 1
        if reading.rejection is None:
            statistics.accepted += 1
        else:
            statistics.rejected[reading.rejection.value] += 1
        self._outputs.publish(reading, message.header, topic)
        if self._vehicles is not None:
            self._vehicles.add(reading, message.header, topic)
        statistics.latencies_ms.append((time.perf_counter() - arrived) * 1e3)

    def _every_second(self) -> None:
        label = self._state_machine.current_state[1]
        self._diagnostics.publish(self._statistics, self._recognizer, label)
        if self._watch is not None:
            for subscription in self._image_subscriptions:
                self._watch.check(subscription)

    def _on_set_parameters(self, changes: list[Parameter]) -> SetParametersResult:
        result = check_changes(changes, configured=self._recognizer is not None)
        if result.successful and self._recognizer is not None:
            values = {change.name: change.value for change in changes}
            now = self._recognizer.acceptance
            rule = Acceptance(
                values.get("minimum_confidence", now.minimum_confidence),
                values.get("require_syntax", now.require_syntax),
            )
            try:
                self._recognizer.set_rules(rule, values.get("decoder", self._recognizer.decoder))
            except ManifestError as error:
                return SetParametersResult(successful=False, reason=str(error))
            self._recognizer.second_look = values.get("second_look", self._recognizer.second_look)
            self._max_pixels = values.get("max_image_pixels", self._max_pixels)
        return result


def main(arguments: list[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM.

    Args:
        arguments: the command line; None is this process's.

    Returns:
        The exit status: 0, or 1 where an argument or a parameter is wrong.
    """
    return run_node("lpr_node", arguments, LprNode, start=LprNode.autostart)


if __name__ == "__main__":
    sys.exit(main())
