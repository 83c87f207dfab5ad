"""Hands the plan of a launch (``lprnet_ros.launching``) to ROS: launch actions, and who ends with whom."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import partial
from pathlib import Path

import launch.logging
from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from launch.actions import (
    DeclareLaunchArgument,
    IncludeLaunchDescription,
    OpaqueFunction,
    PopEnvironment,
    PopLaunchConfigurations,
    PushEnvironment,
    PushLaunchConfigurations,
    RegisterEventHandler,
    ResetLaunchConfigurations,
)
from launch.event_handlers import OnProcessExit
from launch.events.process import ProcessExited
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from lprnet_ros.launching.arguments import Argument, launch_arguments
from lprnet_ros.launching.chain import make_plan
from lprnet_ros.launching.parameter_file import write_parameter_file
from lprnet_ros.launching.plan import Include, LaunchError, Program, absolute
from lprnet_ros.launching.request import Request, read_request
from lprnet_ros.launching.tros import Installation

PACKAGE = "lprnet_ros"

Entities = list[LaunchDescriptionEntity]


def describe_launch(config: Path) -> LaunchDescription:
    """Return what ``lpr.launch.py`` describes.

    Args:
        config: folder of ``lpr.yaml`` and ``cropper.yaml``.
    """
    arguments = launch_arguments(config)
    declared = [
        DeclareLaunchArgument(one.name, default_value=one.default, description=one.description)
        for one in arguments
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=_start, args=[arguments, config])])


def _start(context: LaunchContext, arguments: tuple[Argument, ...], config: Path) -> Entities:
    """Start everything, or raise ``LaunchError``: launch logs its message alone, and ends with status 1."""
    values = {one.name: str(LaunchConfiguration(one.name).perform(context)) for one in arguments}
    request = read_request(values, context.environment, arguments)
    if request.unused:
        launch.logging.get_logger("lpr.launch").warning(
            f"not used with {request.named}: {', '.join(request.unused)}"
        )
    installation = Installation(_share_folder, _has_messages, context.environment)
    above = str(context.launch_configurations.get("ros_namespace", ""))
    plan = make_plan(request, installation, config, namespace=above)
    entities: Entities = []
    for step in plan.steps:
        if isinstance(step, Include):
            entities += _included(step, installation.launch_file(step), request)
        else:
            entities.append(_node(step, request, above))
    if request.camera == "none":
        return entities
    # what shared memory sets is for this chain, not for all else that a robot's launch file starts
    return [PushEnvironment(), *entities, PopEnvironment()]


def _included(include: Include, path: Path, request: Request) -> Entities:
    """Include a launch file that sees its arguments alone, and of which nothing stays behind.

    ``GroupAction(scoped=True)`` keeps launch configurations and environment apart together, in
    launch 1.0 (Humble) as in 3.4 (Jazzy); so one whose environment is needed is scoped by hand.  The
    namespace of a robot's launch file is reset too: TROS's topics have absolute names.
    """
    source = PythonLaunchDescriptionSource(str(path))
    entities: Entities = [
        PushLaunchConfigurations(),
        ResetLaunchConfigurations(),
        IncludeLaunchDescription(source, launch_arguments=include.arguments.items()),
        PopLaunchConfigurations(),
    ]
    if not include.sets_environment:
        entities = [PushEnvironment(), *entities, PopEnvironment()]
    if include.must_live:
        handler = OnProcessExit(
            target_action=partial(_is_of_package, include.package),
            on_exit=_ending(f"{request.named}: {include.package}", include.must_live),
        )
        entities.insert(0, RegisterEventHandler(handler))
    return entities


def _node(program: Program, request: Request, above: str) -> Node:
    logger = ".".join(part for part in (*request.namespace.split("/"), program.name) if part)
    full_name = absolute(absolute(above, request.namespace), program.name)
    files = [] if program.parameter_file is None else [program.parameter_file]
    files.append(write_parameter_file(full_name, program.parameters))
    return Node(
        package=PACKAGE,
        executable=program.name,
        name=program.name,
        namespace=request.namespace,
        parameters=[str(path) for path in files],
        remappings=list(program.remappings),
        arguments=["--ros-args", "--log-level", f"{logger}:={request.log_level}"],
        output="screen",
        emulate_tty=True,
        on_exit=_ending(program.name, "its lines above say why", may_finish=program.may_finish)
        if program.must_live
        else None,
    )


def _ending(
    name: str, advice: str, *, may_finish: bool = False
) -> Callable[[ProcessExited, LaunchContext], None]:
    """Return what ends the launch, with a status other than 0, when a process ends on its own."""

    def on_exit(event: ProcessExited, context: LaunchContext) -> None:
        if context.is_shutdown or (may_finish and event.returncode == 0):
            return
        raise LaunchError(f"{name} ended with status {event.returncode}, and the launch with it: {advice}")

    return on_exit


def _is_of_package(package: str, action: object) -> bool:
    return isinstance(action, Node) and action.node_package == package


def _share_folder(package: str) -> Path | None:
    try:
        return Path(get_package_share_directory(package))
    except PackageNotFoundError:
        return None


def _has_messages(package: str) -> bool:
    return importlib.util.find_spec(package) is not None
