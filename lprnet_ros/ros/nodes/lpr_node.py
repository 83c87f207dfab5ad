"""``lpr_node``: plate crops in, readings out."""

from __future__ import annotations

import dataclasses
import sys
import traceback
from collections.abc import Callable

from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.msg import SetParametersResult
from rclpy._rclpy_pybind11 import RCLError
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.subscription import Subscription
from std_msgs.msg import Header

from lprnet_ros.flow.job import WorkerLostError
from lprnet_ros.flow.pool import PoolStatus
from lprnet_ros.models.manifest import ManifestError
from lprnet_ros.reading.ctc import LogitsError
from lprnet_ros.reading.plate_reading import Acceptance, PlateReading
from lprnet_ros.reading.recognizer import SelfTestError
from lprnet_ros.reading.rules import judge
from lprnet_ros.ros.parameters.declare import check_changes, declare_parameters, read_settings
from lprnet_ros.ros.parameters.lpr_settings import Settings
from lprnet_ros.ros.process.run_node import run_node
from lprnet_ros.ros.reports.board_watch import BoardWatch
from lprnet_ros.ros.reports.crop_report import CropReport
from lprnet_ros.ros.reports.diagnostics import DiagnosticsPublisher, NodeState
from lprnet_ros.ros.topics.crop_subscriptions import CropSubscriptions
from lprnet_ros.ros.topics.frame_outputs import FrameOutputs, kinds_of
from lprnet_ros.ros.topics.reading_flow import OpenedModel, ReadingFlow, open_flow
from lprnet_ros.ros.topics.reading_publisher import ReadingPublisher
from lprnet_ros.ros.topics.results import Results
from lprnet_ros.ros.topics.vehicle_publisher import VehiclePublisher
from lprnet_ros.runtimes import InferenceError, RuntimeUnavailableError
from lprnet_ros.text.escaping import one_line

_EXPECTED_ERRORS = (
    ManifestError,
    SelfTestError,
    RuntimeUnavailableError,
    InferenceError,
    LogitsError,
    WorkerLostError,
    RCLError,  # what the middleware refuses, as under SROS2
    ValueError,
    OSError,
)
_SECONDS_TO_FINISH = 1.0
"""Given to the crops that are being read when the node is deactivated or cleaned up."""
_SECONDS_TO_END = 0.4
"""The same when the process ends, which has 2 s for everything."""
_SECONDS_TO_CLOSE = 0.3
"""Given to the workers after that; a process that is still there is killed."""
_EMPTY_FRAMES_DEPTH = 100
_LISTENERS_SECONDS = 0.1
"""A new subscriber gets its first reading so much later at most."""


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
        self._model: OpenedModel | None = None
        self._flow: ReadingFlow | None = None
        self._results: Results | None = None
        self._subscriptions_to_crops: CropSubscriptions | None = None
        self._empty_frames: Subscription | None = None
        self._report = CropReport(self)
        self._diagnostics = DiagnosticsPublisher(self)
        self._board = BoardWatch()
        self.add_on_set_parameters_callback(self._on_set_parameters)
        # steady: diagnostics go on while simulated time stands still or jumps
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(1.0, self._every_second, clock=self._steady)
        self.create_timer(_LISTENERS_SECONDS, self._look_for_listeners, clock=self._steady)

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

    def stop_waiting(self) -> None:
        """Let no callback wait for workers any more: the process is about to end.  For its signal handler."""
        if self._flow is not None:
            self._flow.stop_waiting()

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
        if self._results is not None:
            self._results.flush()
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
            self.get_logger().error(f"cannot {transition}: {one_line(str(error))}. To try again: {retry}")
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
        model = OpenedModel.of(settings)
        self._report.start_again()
        outputs = ReadingPublisher(self)
        vehicles = None
        if settings.consensus:
            vehicles = VehiclePublisher(self, settings.consensus_settings, self._judge)
        frames = None
        if kinds := kinds_of(settings.outputs):
            frames = FrameOutputs(self, kinds, model_name=model.manifest.name)
        self._results = Results(outputs, vehicles, frames, self._report)
        self._model, self._settings = model, settings
        self._flow = open_flow(model, settings, self._results.deliver, self.get_logger().error)
        workers = f", {settings.workers} workers ({model.kind})" if settings.workers else ""
        self.get_logger().info(
            f"model {model.manifest.name} ({model.manifest.path}) on runtime {model.runtime}{workers}"
        )

    def _subscribe(self) -> None:
        settings, flow, results = self._settings, self._flow, self._results
        if settings is None or flow is None or results is None:
            raise ManifestError("the node is not configured")
        self._subscriptions_to_crops = CropSubscriptions(
            self, settings, flow.submit, results.drop, self._report
        )
        # may have been changed since the node was configured
        self._subscriptions_to_crops.max_pixels = self.get_parameter("max_image_pixels").value
        if settings.empty_frames_topic:
            self._empty_frames = self.create_subscription(
                Header, settings.empty_frames_topic, results.on_empty_frame, _EMPTY_FRAMES_DEPTH
            )
        topics = ", ".join(self._subscriptions_to_crops.topics)
        self.get_logger().info(f"reading {settings.transport} crops on {topics}")

    def _unsubscribe(self, seconds: float = _SECONDS_TO_FINISH) -> None:
        if self._subscriptions_to_crops is not None:
            self._subscriptions_to_crops.destroy()
            self._subscriptions_to_crops = None
        if self._empty_frames is not None:
            self.destroy_subscription(self._empty_frames)
            self._empty_frames = None
        if self._flow is not None:
            for job in self._flow.discard(seconds):
                if self._results is not None:
                    self._results.drop(job)

    def _release(self, seconds: float = _SECONDS_TO_FINISH) -> None:
        self._unsubscribe(seconds)
        if self._flow is not None:  # first: from then on nothing comes to the results
            self._flow.close(_SECONDS_TO_CLOSE)
            self._flow = None
        if self._results is not None:
            self._results.destroy()
            self._results = None
        self._model = None

    def destroy_node(self) -> None:
        """Release everything, workers included."""
        self._release(_SECONDS_TO_END)
        self._board.close()
        super().destroy_node()

    def _judge(self, reading: PlateReading) -> PlateReading:
        assert self._flow is not None
        assert self._model is not None
        return judge(reading, self._flow.rules.acceptance, self._model.manifest)

    def _every_second(self) -> None:
        counts, settings = self._report.statistics.snapshot(), self._settings
        state = NodeState(
            state=self._state_machine.current_state[1],
            pool=self._flow.status() if self._flow is not None else PoolStatus(),
            waiting=self._flow.waiting() if self._flow is not None else 0,
        )
        if settings is not None and self._model is not None:
            manifest = self._model.manifest
            state = dataclasses.replace(
                state,
                facts=(
                    ("model", manifest.name),
                    ("sha256", manifest.sha256),
                    ("runtime", self._model.runtime),
                    ("worker kind", self._model.kind),
                ),
                expected_rate=settings.expected_rate,
                maximum_age=settings.maximum_age,
                age=self.get_clock().now().nanoseconds * 1e-9 - counts.last_stamp,
            )
        self._diagnostics.publish(counts, state, self._board.pairs())
        if self._subscriptions_to_crops is not None:
            self._subscriptions_to_crops.check()

    def _look_for_listeners(self) -> None:
        if self._results is not None:
            self._results.look_for_listeners()
            self._results.advance()

    def _on_set_parameters(self, changes: list[Parameter]) -> SetParametersResult:
        result = check_changes(changes, configured=self._flow is not None)
        if result.successful and self._flow is not None and self._model is not None:
            values = {change.name: change.value for change in changes}
            now = self._flow.rules
            rules = dataclasses.replace(
                now,
                decoder=values.get("decoder", now.decoder),
                second_look=values.get("second_look", now.second_look),
                acceptance=Acceptance(
                    values.get("minimum_confidence", now.acceptance.minimum_confidence),
                    values.get("require_syntax", now.acceptance.require_syntax),
                ),
            )
            try:
                rules.check(self._model.manifest)
            except ManifestError as error:
                return SetParametersResult(successful=False, reason=str(error))
            if rules != now:
                self._flow.rules = rules
            if self._subscriptions_to_crops is not None and "max_image_pixels" in values:
                self._subscriptions_to_crops.max_pixels = values["max_image_pixels"]
        return result


def main(arguments: list[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM.

    Args:
        arguments: the command line; None is this process's.

    Returns:
        The exit status: 0, or 1 where an argument or a parameter is wrong.
    """
    return run_node(
        "lpr_node",
        arguments,
        LprNode,
        start=LprNode.autostart,
        on_signal=LprNode.stop_waiting,
        executor=lambda node: read_settings(node).executor,
    )


if __name__ == "__main__":
    sys.exit(main())
