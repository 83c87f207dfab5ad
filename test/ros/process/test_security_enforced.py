"""With security enforced, the shipped policy is all that the live node needs, and less is too little.

Needs sros2 and a middleware built with security, as a ROS 2 installation has them; the Fast DDS of
the Python wheels is built without.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from ros_harness import PATIENCE_SECONDS, ROOT, known_plate

HERE = Path(__file__).resolve().parents[2] / "helpers"
POLICY = ROOT / "config" / "security" / "lpr_node.policy.xml"
MAKE_KEYSTORE = """
import pathlib, sys
from sros2 import keystore
from sros2.policy import load_policy
folder, policy = map(pathlib.Path, sys.argv[1:])
load_policy(policy)
keystore.create_keystore(folder)
for enclave in ("/lpr_node", "/client"):
    keystore.create_enclave(folder, enclave)
keystore.create_permission(folder, "/lpr_node", policy)
"""
PROBE = "import rclpy; rclpy.init(args=['--ros-args', '--enclave', '/client']); rclpy.create_node('probe')"
WITHOUT_SECURITY = "doesn't have the security libraries"


def environment(keystore: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": f"{ROOT}{os.pathsep}{HERE}",
        "PYTHONUNBUFFERED": "1",
        "ROS_LOG_DIR": str(keystore.parent),
        "ROS_SECURITY_ENABLE": "true",
        "ROS_SECURITY_STRATEGY": "Enforce",
        "ROS_SECURITY_KEYSTORE": str(keystore),
    }


def python(keystore: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        env=environment(keystore),
        capture_output=True,
        encoding="utf-8",
        timeout=3 * PATIENCE_SECONDS,
        check=False,
    )


@pytest.fixture
def make_keystore(ros_environment: None, tmp_path: Path) -> Callable[[Path], Path]:
    """Make a keystore for a policy; skip where the policy cannot be enforced."""
    pytest.importorskip("sros2", reason="sros2 is not installed: no registry has it, a ROS installation does")

    def make(policy: Path) -> Path:
        keystore = tmp_path / "keystore"
        made = python(keystore, "-c", MAKE_KEYSTORE, keystore, policy)
        assert made.returncode == 0, made.stderr
        probe = python(keystore, "-c", PROBE)
        if WITHOUT_SECURITY in probe.stderr:
            pytest.skip("the installed Fast DDS is built without security, as that of the wheels is")
        assert probe.returncode == 0, probe.stderr
        return keystore

    return make


@contextlib.contextmanager
def node_in(keystore: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Run the node by its default name in its enclave; give the process and its log."""
    log = keystore.parent / "node.log"
    command = [sys.executable, "-m", "lprnet_ros.ros.nodes.lpr_node", "--ros-args", "--enclave", "/lpr_node"]
    with log.open("wb") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=stream, env=environment(keystore))
    try:
        yield process, log
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE_SECONDS)


def test_the_shipped_policy_is_enough_for_everything(make_keystore: Callable[[Path], Path]) -> None:
    keystore = make_keystore(POLICY)
    with node_in(keystore) as (process, log):
        asked = python(keystore, HERE / "enclave_client.py", PATIENCE_SECONDS)
        assert asked.returncode == 0, asked.stderr
        assert process.poll() is None, log.read_text()
        assert json.loads(asked.stdout) == {
            "reading": known_plate()[0],
            "diagnostics": "/lpr_node: readings",
            "state": "active",
            "decoder": "syntax",
        }, log.read_text()


def less(folder: Path, kind: str, name: str) -> Path:
    """Write the shipped policy with another name in place of one in the rule of a kind, such as publish."""
    policy = ET.parse(POLICY)
    rule = policy.find(f".//*[@{kind}]")
    (allowed,) = (element for element in rule if element.text == name)
    allowed.text = "other"
    policy.write(folder / "less.policy.xml")
    return folder / "less.policy.xml"


@pytest.mark.parametrize(("kind", "name"), [("publish", "~/reading"), ("subscribe", "image")])
def test_without_one_topic_of_it_the_node_does_not_read(
    make_keystore: Callable[[Path], Path], tmp_path: Path, kind: str, name: str
) -> None:
    with node_in(make_keystore(less(tmp_path, kind, name))) as (process, log):
        end = time.monotonic() + PATIENCE_SECONDS
        while "cannot" not in log.read_text() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.1)
    assert "lpr_node]: cannot " in log.read_text()
    assert "Traceback" not in log.read_text()
    assert "reading raw crops" not in log.read_text()


@pytest.mark.parametrize(
    ("kind", "name"),
    [("publish", "/diagnostics"), ("reply", "~/get_parameters"), ("request", "~/get_parameters")],
)
def test_without_what_it_needs_at_start_the_node_ends_with_a_sentence(
    make_keystore: Callable[[Path], Path], tmp_path: Path, kind: str, name: str
) -> None:
    with node_in(make_keystore(less(tmp_path, kind, name))) as (process, log):
        assert process.wait(timeout=PATIENCE_SECONDS) == 1
    lines = log.read_text().splitlines()
    assert len([line for line in lines if line.startswith("lpr_node: ")]) == 1, lines
    assert "Traceback" not in log.read_text()
