"""Declares parameters on a node, and reads them back."""

from __future__ import annotations

from collections.abc import Sequence

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter

from lprnet_ros.ros.parameters.lpr_settings import PARAMETERS, Settings
from lprnet_ros.ros.parameters.parameter import Parameter, ParameterValue
from lprnet_ros.ros.parameters.unused import unknown_names

_BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}


def _descriptor(parameter: Parameter) -> ParameterDescriptor:
    descriptor = ParameterDescriptor(
        name=parameter.name,
        description=f"{parameter.description} Takes effect {parameter.when()}.",
        read_only=parameter.read_only,
        additional_constraints=f"one of {', '.join(parameter.choices)}" if parameter.choices else "",
    )
    if parameter.minimum is not None and parameter.maximum is not None:
        if isinstance(parameter.default, float):
            descriptor.floating_point_range = [
                FloatingPointRange(from_value=parameter.minimum, to_value=parameter.maximum)
            ]
        else:
            descriptor.integer_range = [
                IntegerRange(from_value=int(parameter.minimum), to_value=int(parameter.maximum))
            ]
    return descriptor


def declare_parameters(node: Node, parameters: Sequence[Parameter] = PARAMETERS) -> None:
    """Declare every parameter with its description and range; warn of values given for none of them.

    Args:
        node: the node.
        parameters: its parameters; by default those of ``lpr_node``.

    Raises:
        rclpy.exceptions.ParameterException: a given value has the wrong type
            or is out of range; the message names the parameter.
    """
    for parameter in parameters:
        node.declare_parameter(parameter.name, parameter.default, _descriptor(parameter))
    given = getattr(node, "_parameter_overrides", {})  # rclpy has no public name for it
    for sentence in unknown_names(given, [parameter.name for parameter in parameters]):
        node.get_logger().warning(sentence)


def read_values(node: Node, parameters: Sequence[Parameter]) -> dict[str, ParameterValue]:
    """Read the values of a node's parameters, by name."""
    return {parameter.name: node.get_parameter(parameter.name).value for parameter in parameters}


def read_settings(node: Node) -> Settings:
    """Read all parameters of ``lpr_node``.

    Raises:
        ValueError: a value is not allowed; the message names the parameter.
    """
    return Settings.from_values(read_values(node, PARAMETERS))


def check_changes(changes: list[RosParameter], *, configured: bool) -> SetParametersResult:
    """Check a change of parameters before it takes effect.

    Args:
        changes: the requested values.
        configured: whether the node has already read its parameters.

    Returns:
        Success, or a refusal with its reason.
    """
    for change in changes:
        parameter = _BY_NAME.get(change.name)
        if parameter is None:
            continue
        complaint = parameter.complaint(change.value)
        if complaint is not None:
            return SetParametersResult(successful=False, reason=complaint)
        if configured and not parameter.dynamic:
            return SetParametersResult(
                successful=False,
                reason=f"{change.name} is read when the node is configured: "
                "deactivate and clean up the node, set it, and configure again",
            )
    return SetParametersResult(successful=True)
