"""The SROS2 policy in ``config/security`` lists what the live node opens: all of it, and nothing else."""

from __future__ import annotations

import ast
import dataclasses
import importlib.util
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

import rclpy
from opened_names import ABSOLUTE, AT_START, WITH_PACKAGE, Opened, opened_by
from rclpy.node import NodeNameNonExistentError
from rclpy.signals import SignalHandlerOptions
from ros_harness import DEACTIVATE, PATIENCE_SECONDS, ROOT, Client, ReaderProcess, python_process

from lprnet_ros.ros.parameters.lpr_settings import PARAMETERS
from lprnet_ros.ros.process.executors import Spinner

POLICY = ROOT / "config" / "security" / "lpr_node.policy.xml"
TRANSPORTS = next(parameter.choices for parameter in PARAMETERS if parameter.name == "transport")
ENCLAVE_FILES = (
    "cert.pem",
    "governance.p7s",
    "identity_ca.cert.pem",
    "key.pem",
    "permissions.p7s",
    "permissions_ca.cert.pem",
)


def allowed_by(policy: str) -> Opened:
    """What a policy of one node allows."""
    profile = ET.fromstring(policy.encode()).find("enclaves/enclave/profiles/profile")
    allowed: dict[str, set[str]] = {field.name: set() for field in dataclasses.fields(Opened)}
    for rule in profile:
        for kind, qualifier in rule.attrib.items():
            assert qualifier == "ALLOW"
            allowed[kind] |= {element.text for element in rule}
    return Opened(**{kind: frozenset(names) for kind, names in allowed.items()})


def without(opened: Opened, other: Opened) -> Opened:
    ours, theirs = dataclasses.asdict(opened), dataclasses.asdict(other)
    return Opened(**{kind: names - theirs[kind] for kind, names in ours.items()})


def expected_here() -> Opened:
    """What the shipped policy allows, without what is gone after the start or needs an absent package."""
    shipped = allowed_by(POLICY.read_text(encoding="utf-8"))
    assert shipped | AT_START == shipped
    expected = without(shipped, AT_START)
    for package, opened in WITH_PACKAGE.items():
        if importlib.util.find_spec(package) is None:
            expected = without(expected, opened)
    return expected


def assert_opens(reader: ReaderProcess, expected: Opened) -> None:
    """Compare with what another node is told about the reader, once it is told all."""

    def opened() -> Opened:
        try:
            return opened_by(reader.client.node, reader.name, reader.namespace)
        except NodeNameNonExistentError:  # not discovered yet
            return Opened()

    reader.client.spin_until(lambda: opened() == expected, PATIENCE_SECONDS)
    reader.client.spin_until(lambda: opened() != expected, 1.0)  # nothing more comes
    assert dataclasses.asdict(opened()) == dataclasses.asdict(expected), reader.log


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_policy_allows_what_the_node_opens_and_nothing_else(
    start_reader: Callable[..., ReaderProcess], transport: str
) -> None:
    reader = start_reader(f"transport:={transport}")
    reader.wait_for_log(f"reading {transport} crops")
    assert_opens(reader, expected_here())


def test_simulated_time_needs_the_clock_besides(start_reader: Callable[..., ReaderProcess]) -> None:
    reader = start_reader("use_sim_time:=true")
    reader.wait_for_log("reading raw crops")
    assert_opens(reader, expected_here() | Opened(subscribe=frozenset({"/clock"})))


def test_what_is_opened_at_start_only_is_what_the_executor_asks_for(client: Client) -> None:
    context = rclpy.Context()
    rclpy.init(context=context, signal_handler_options=SignalHandlerOptions.NO)
    node = rclpy.create_node("starting", namespace="/gate", context=context)
    asked = []
    create_client = node.create_client
    node.create_client = lambda kind, name: asked.append(name) or create_client(kind, name)
    try:
        spinner = Spinner(node, "auto")
        spinner.shutdown()
    finally:
        node.destroy_node()
        rclpy.shutdown(context=context)
    full_names = {f"/gate/starting/{name.removeprefix('~/')}" for name in AT_START.request}
    assert set(asked) <= full_names
    assert asked or spinner.name != "events"


def test_an_inactive_node_subscribes_to_nothing(start_reader: Callable[..., ReaderProcess]) -> None:
    reader = start_reader()
    reader.wait_for_log("reading raw crops")
    assert reader.change_state(DEACTIVATE)
    assert_opens(reader, without(expected_here(), Opened(subscribe=frozenset({"image"}))))


def test_what_other_names_and_topics_change_is_what_the_document_says(
    start_reader: Callable[..., ReaderProcess],
) -> None:
    reader = start_reader("image_topics:=[/front/crop, side]", "consensus:=false")
    reader.wait_for_log("reading raw crops")
    vehicles = frozenset({"~/vehicle_plate", "~/vehicle_record"})
    expected = without(expected_here(), Opened(subscribe=frozenset({"image"}), publish=vehicles))
    assert_opens(reader, expected | Opened(subscribe=frozenset({"/front/crop", "side"})))


def test_names_that_are_absolute_in_the_policy_are_so_in_every_namespace() -> None:
    allowed = dataclasses.asdict(allowed_by(POLICY.read_text(encoding="utf-8")))
    absolute = {name for names in allowed.values() for name in names if name.startswith("/")}
    assert absolute
    assert absolute <= ABSOLUTE


@pytest.mark.parametrize("files", [(), ENCLAVE_FILES], ids=["no enclave", "an enclave of empty files"])
def test_security_that_cannot_be_had_ends_the_node_with_a_sentence(
    ros_environment: None, tmp_path: Path, files: tuple[str, ...]
) -> None:
    enclave = tmp_path / "enclaves" / "gate"
    for file in files:
        enclave.mkdir(parents=True, exist_ok=True)
        (enclave / file).touch()
    status, _, errors = python_process(
        "lprnet_ros.ros.nodes.lpr_node",
        *("--ros-args", "--enclave", "/gate"),
        ROS_SECURITY_ENABLE="true",
        ROS_SECURITY_STRATEGY="Enforce",
        ROS_SECURITY_KEYSTORE=str(tmp_path),
    )
    assert status == 1, errors
    assert "Traceback" not in errors
    assert len([line for line in errors.splitlines() if line.startswith("lpr_node: ")]) == 1


def test_the_policy_is_installed() -> None:
    data_files = ast.unparse(ast.parse((ROOT / "setup.py").read_text(encoding="utf-8")))
    patterns = re.findall(r"glob\('([^']+)'\)", data_files)
    assert any(POLICY in ROOT.glob(pattern) for pattern in patterns)
