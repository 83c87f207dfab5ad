"""``lpr_node``: plate crops in, readings out."""

from __future__ import annotations

import dataclasses
import sys
import traceback
from collections.abc import Callable

import cv2
from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.msg import SetParametersResult
from rclpy._rclpy_pybind11 import RCLError
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter

from lprnet_ros.flow.job import WorkerLostError
from lprnet_ros.flow.opening import ChosenModel, choose_model
from lprnet_ros.flow.pool import PoolStatus
from lprnet_ros.models.find import BUNDLED_BOARD_MODEL, BUNDLED_MODEL
from lprnet_ros.models.manifest import ManifestError
from lprnet_ros.reading.ctc import LogitsError
from lprnet_ros.reading.recognizer import SelfTestError
from lprnet_ros.ros.parameters.declare import check_changes, declare_parameters, read_settings, read_values
from lprnet_ros.ros.parameters.lpr_settings import PARAMETERS, Settings
from lprnet_ros.ros.parameters.search_parameters import NoFinderError
from lprnet_ros.ros.process.guarded import guarded
from lprnet_ros.ros.process.large_messages import keep_memory_of_large_messages
from lprnet_ros.ros.process.run_node import run_node
from lprnet_ros.ros.reports.board_watch import BoardWatch
from lprnet_ros.ros.reports.crop_report import CropReport
from lprnet_ros.ros.reports.diagnostics import DiagnosticsPublisher, NodeState
from lprnet_ros.ros.topics.crop_path import CropPath
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
        self._settings: Settings | None = None
        self._model: ChosenModel | None = None
        self._path: CropPath | None = None
        self._report = CropReport(self)
        self._service_change_state.callback = guarded(
            self._on_change_state, self._report.bug, "a transition", ChangeState.Response(success=False)
        )
        self._diagnostics = DiagnosticsPublisher(self)
        self._board = BoardWatch()
        bug, refusal = self._report.bug, SetParametersResult(successful=False, reason="a bug, see the log")
        self.add_on_set_parameters_callback(
            guarded(self._on_set_parameters, bug, "a change of parameters", refusal)
        )
        # steady: diagnostics go on while simulated time stands still or jumps
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(1.0, guarded(self._every_second, bug, "a diagnostics message"), clock=self._steady)
        self.create_timer(
            _LISTENERS_SECONDS, guarded(self._look_for_listeners, bug, "a timer's turn"), clock=self._steady
        )

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
        if self._path is not None:
            self._path.stop_waiting()

    def autostart(self) -> None:
        """Configure and activate, where the parameter ``autostart`` says so."""
        if (
            self.get_parameter("autostart").value
            and self.trigger_configure() == TransitionCallbackReturn.SUCCESS
        ):
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
        result = self._attempt("deactivate", self._stop_reading)
        return super().on_deactivate(state) if result == TransitionCallbackReturn.SUCCESS else result

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release the model and the publishers."""
        result = self._attempt("cleanup", self._release)
        if result == TransitionCallbackReturn.SUCCESS:
            self.get_logger().info("cleaned up: the model and the publishers are released")
        return result

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release everything for good."""
        return self._attempt("shutdown", self._release)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Go back to unconfigured after a failure nobody foresaw."""
        return self._attempt("cleanup", self._release)

    def _attempt(self, transition: str, action: Callable[[], None]) -> TransitionCallbackReturn:
        """Run a transition; rclpy itself would swallow its exceptions without a word."""
        retry = f"ros2 lifecycle set {self.get_fully_qualified_name()} {transition}"
        try:
            action()
        except _EXPECTED_ERRORS as error:
            self.get_logger().error(f"cannot {transition}: {one_line(str(error))}. To try again: {retry}")
            if transition == "activate" and self._path is not None:
                self._path.unsubscribe(_SECONDS_TO_FINISH)
            return TransitionCallbackReturn.FAILURE
        except Exception:  # noqa: BLE001 - the boundary to rclpy: nothing may pass it unlogged
            self.get_logger().error(f"cannot {transition}, which is a bug:\n{traceback.format_exc()}")
            return TransitionCallbackReturn.ERROR
        return TransitionCallbackReturn.SUCCESS

    def _configure(self) -> None:
        settings = read_settings(self)
        model = choose_model(
            settings.model_path,
            settings.rules,
            runtime=settings.runtime,
            worker_kind=settings.kind_of_workers,
            workers=settings.workers,
        )
        self._report.start_again()
        try:
            self._path = CropPath(self, settings, model, self._report)
        except NoFinderError:
            raise
        except _EXPECTED_ERRORS as error:
            if settings.model or model.manifest.path.name != BUNDLED_BOARD_MODEL:
                raise
            way = f"to go on with the CPU: runtime:=onnx model:={BUNDLED_MODEL}"
            raise ManifestError(f"{error}; {way}") from error
        self._model, self._settings = model, settings
        workers = f", {settings.workers} workers ({model.kind})" if settings.workers else ""
        self.get_logger().info(
            f"model {model.manifest.name} ({model.manifest.path}) on runtime {model.runtime}{workers}"
        )

    def _subscribe(self) -> None:
        if self._path is None or self._settings is None:
            raise ManifestError("the node is not configured")
        # may have been changed since the node was configured
        self._path.max_pixels = self.get_parameter("max_image_pixels").value
        self.get_logger().info(f"reading {' and '.join(self._path.subscribe())}")

    def _stop_reading(self) -> None:
        if self._path is not None:
            self._path.unsubscribe(_SECONDS_TO_FINISH)
            self._path.flush()
        self.get_logger().info("deactivated: nothing is read any more, and the model stays loaded")

    def _release(self, seconds: float = _SECONDS_TO_FINISH) -> None:
        if self._path is not None:
            self._path.unsubscribe(seconds)
            self._path.close(_SECONDS_TO_CLOSE)
        self._path = self._model = None

    def destroy_node(self) -> None:
        """Release everything, workers included."""
        self._release(_SECONDS_TO_END)
        self._board.close()
        super().destroy_node()

    def _every_second(self) -> None:
        counts, path, settings, model = (
            self._report.statistics.snapshot(),
            self._path,
            self._settings,
            self._model,
        )
        pool, waiting = path.status() if path is not None else (PoolStatus(), 0)
        search, searched = path.search_status() if path is not None else (PoolStatus(), [])
        state = NodeState(
            state=self._state_machine.current_state[1],
            pool=pool,
            waiting=waiting,
            search=search,
            searched=tuple(searched),
        )
        if settings is not None and model is not None:
            state = dataclasses.replace(
                state,
                facts=(
                    ("model", model.manifest.name),
                    ("sha256", model.manifest.sha256),
                    ("runtime", model.runtime),
                    ("worker kind", model.kind),
                ),
                expected_rate=settings.expected_rate,
                maximum_age=settings.maximum_age,
            )
        self._report.tell_losses(counts)
        self._diagnostics.publish(counts, state, self._board.pairs())
        if path is not None:
            path.look_after_subscriptions()

    def _look_for_listeners(self) -> None:
        if self._path is not None:
            self._path.look_for_listeners()

    def _on_set_parameters(self, changes: list[Parameter]) -> SetParametersResult:
        path, model = self._path, self._model
        result = check_changes(changes, read_values(self, PARAMETERS), configured=path is not None)
        if result.successful and path is not None and model is not None:
            values = {change.name: change.value for change in changes}
            names = {field.name for field in dataclasses.fields(path.rules)}
            rules = dataclasses.replace(path.rules, **{n: v for n, v in values.items() if n in names})
            try:
                rules.check(model.manifest)
            except ManifestError as error:
                return SetParametersResult(successful=False, reason=str(error))
            if rules != path.rules:
                path.rules = rules
            path.max_pixels = values.get("max_image_pixels", path.max_pixels)
            if "log_readings" in values:
                path.log_readings(values["log_readings"])
        return result


def main(arguments: list[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM.

    Args:
        arguments: the command line; None is this process's.

    Returns:
        The exit status: 0, or 1 where an argument or a parameter is wrong.
    """
    keep_memory_of_large_messages()
    cv2.setNumThreads(1)  # waking others for work of a millisecond costs more than it saves
    return run_node(
        "lpr_node",
        arguments,
        LprNode,
        description="Reads licence plates on image topics and publishes them with their confidence.",
        parameters=PARAMETERS,
        example="--ros-args -p \"frame_topics:=['/image_raw']\" -p log_readings:=true",
        start=LprNode.autostart,
        on_signal=LprNode.stop_waiting,
        executor=lambda node: read_settings(node).executor,
    )


if __name__ == "__main__":
    sys.exit(main())
