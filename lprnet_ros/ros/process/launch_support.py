"""What the launch files need beside launch's own actions, which are imported only where they are used."""

from __future__ import annotations

import importlib.util
import json
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from ament_index_python.packages import PackageNotFoundError, get_package_prefix

from lprnet_ros.ros.messages.optional_messages import distributions
from lprnet_ros.ros.parameters.unused import sections
from lprnet_ros.text.console import WEB_HINT
from lprnet_ros.text.escaping import one_line


class LaunchError(RuntimeError):
    """Ends the launch with status 1; launch logs the message, which says what is wrong and what to do."""


def include(package: str, name: str, arguments: Mapping[str, str], advice: str = "") -> Any:
    """Return the include of ``name.launch.py``: it sees these arguments alone, and leaves nothing behind.

    With ``advice``, which is logged then, the launch ends when a node of the package ends.
    """
    from launch import actions, event_handlers  # noqa: PLC0415
    from launch_ros.substitutions import FindPackageShare  # noqa: PLC0415

    path = [FindPackageShare(package), f"/launch/{name}.launch.py"]
    included = [actions.ResetLaunchConfigurations(arguments), actions.IncludeLaunchDescription(path)]
    if advice:
        ending = event_handlers.OnProcessExit(
            target_action=lambda action: getattr(action, "node_package", "") == package,
            on_exit=end_launch(package, advice),
        )
        included.insert(0, actions.RegisterEventHandler(ending))
    return actions.GroupAction(included)


def end_launch(name: str, advice: str = "its lines above say why", may_finish: bool = False) -> Any:
    """Return an ``on_exit`` that ends the launch when a process ends; with status 0 it may finish."""

    def on_exit(event: Any, context: Any) -> None:
        status = event.returncode
        if not (context.is_shutdown or (may_finish and status == 0)):
            raise LaunchError(f"{name} ended with status {status}, and the launch with it: {advice}")

    return on_exit


def is_installed(package: str) -> bool:
    """Tell whether a ROS package is in a sourced installation."""
    try:
        return bool(get_package_prefix(package))
    except (PackageNotFoundError, OSError):
        return False


def require_packages(wanted_by: str, packages: Iterable[str], environment: Mapping[str, str]) -> None:
    """Raise ``LaunchError`` with the apt command where ROS packages that arguments need are not installed."""
    missing = [package for package in dict.fromkeys(packages) if not is_installed(package)]
    if missing:
        ros, tros = distributions(environment)
        names = [f"{f'ros-{ros}' if name == 'vision_msgs' else f'tros-{tros}'}-{name}" for name in missing]
        raise LaunchError(
            f"{wanted_by} needs the package{'s' * (len(missing) > 1)} {', '.join(missing)}: sudo apt install "
            f"{' '.join(names).replace('_', '-')}, and source its setup.bash in this terminal"
        )


def require_page(wanted_by: str) -> None:
    """Raise ``LaunchError`` where plate_page has not the library that it needs."""
    if importlib.util.find_spec("aiohttp") is None:
        raise LaunchError(
            f"{wanted_by} needs aiohttp: {WEB_HINT} (with a camera TROS's page does too: sudo apt install "
            f"tros-humble-websocket)"
        )


def read_parameter_file(argument: str, path: str, example: str) -> dict[str, Any]:
    """Return the parameters that a file sets, for whichever node; ``LaunchError`` where it cannot be used."""
    try:
        document = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        found = [values for _, values in sections(document)]
        fault = "it has no section ros__parameters" if document and not found else ""
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        fault = one_line(str(error), 300)
    if fault:
        raise LaunchError(f"{argument} {path} cannot be used: {fault}; give a YAML file like {example}")
    return {name: value for values in found for name, value in values.items()}


def parameter_file(node: str, parameters: Mapping[str, Any]) -> str:
    """Write a temporary parameter file for a node, by its full name or ``/**``, and return its path.

    Launch writes texts such as y and 1e5 without quotes, which ROS takes for a truth value and a number.
    """
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".yaml", delete=False) as stream:
        json.dump({node: {"ros__parameters": parameters}}, stream, ensure_ascii=False)  # JSON is YAML
    return stream.name


def parameters_above(configurations: Mapping[str, Any]) -> list[str]:
    """Return parameter files with what SetParameter and SetParametersFromFile set around an include."""
    above = configurations.get("global_params", [])
    return [parameter_file("/**", dict([one])) if isinstance(one, tuple) else one for one in above]


def checked_source(text: str) -> str:
    """Return the whole path of pictures or a video; ``LaunchError`` where there is none."""
    source = Path(text).expanduser().absolute()
    if not text or not source.exists():
        raise LaunchError(f"source {text!r} does not exist; give a folder of pictures, a picture or a video")
    return str(source)
