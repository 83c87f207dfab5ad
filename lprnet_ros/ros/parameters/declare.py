"""Declares parameters on a node, and reads them back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.exceptions import ParameterUninitializedException
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter

from lprnet_ros.cropping.regions import RegionError, parse_regions
from lprnet_ros.ros.parameters.lpr_settings import IN_CONFLICT, PARAMETERS, Settings, conflict_of
from lprnet_ros.ros.parameters.parameter import Parameter, ParameterValue
from lprnet_ros.ros.parameters.unused import unknown_names
from lprnet_ros.ros.parameters.wrong_type import wrong_type

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
        ValueError: a given value has the wrong type; the message says what to write.
        rclpy.exceptions.ParameterException: one is out of range; the message names the parameter.
    """
    given = getattr(node, "_parameter_overrides", {})  # rclpy has no public name for it
    for parameter in parameters:
        override = given.get(parameter.name)
        sentence = wrong_type(parameter, override.value) if override is not None else None
        if sentence is not None:
            raise ValueError(sentence)
        node.declare_parameter(parameter.name, parameter.default, _descriptor(parameter))
    for sentence in unknown_names(given, [parameter.name for parameter in parameters]):
        node.get_logger().warning(sentence)


def read_values(node: Node, parameters: Sequence[Parameter]) -> dict[str, ParameterValue]:
    """Read the values of a node's parameters, by name."""
    return {parameter.name: _value(node, parameter) for parameter in parameters}


def _value(node: Node, parameter: Parameter) -> ParameterValue:
    try:
        value: ParameterValue = node.get_parameter(parameter.name).value
    except ParameterUninitializedException:
        if not isinstance(parameter.default, list):
            raise
        return [""]  # YAML's [] has no type
    return value


def read_settings(node: Node) -> Settings:
    """Read all parameters of ``lpr_node``.

    Raises:
        ValueError: a value is not allowed; the message names the parameter.
    """
    return Settings.from_values(read_values(node, PARAMETERS))


def check_changes(
    changes: list[RosParameter], current: Mapping[str, object], *, configured: bool
) -> SetParametersResult:
    """Check a change of parameters before it takes effect.

    Args:
        changes: the requested values.
        current: the present values of all parameters.
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
        if change.name == "regions":
            try:
                parse_regions(change.value)
            except RegionError as error:
                return SetParametersResult(successful=False, reason=str(error))
        if configured and not parameter.dynamic:
            return SetParametersResult(
                successful=False,
                reason=f"{change.name} is read when the node is configured: "
                "deactivate and clean up the node, set it, and configure again",
            )
    wanted = {change.name: change.value for change in changes}
    conflict = conflict_of({**current, **wanted}) if wanted.keys() & IN_CONFLICT else None
    return SetParametersResult(successful=conflict is None, reason=conflict or "")
