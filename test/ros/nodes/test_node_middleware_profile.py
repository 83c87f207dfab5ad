"""``config/large_frames.xml``: what it holds, and that nodes start with it as TROS sets it."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from ros_harness import Client, ReaderProcess
from tethered import ROOT

PROFILE = ROOT / "config" / "large_frames.xml"
NAMES = {"of": "http://www.eprosima.com/XMLSchemas/fastRTPS_Profiles"}


@pytest.mark.parametrize("kind", ["data_writer", "data_reader"])
def test_messages_of_any_length_fit_where_the_profile_sets_the_qos(kind: str) -> None:
    """Fast DDS 2.6 creates no writer or reader for them with its own default, PREALLOCATED."""
    (profile,) = ElementTree.parse(PROFILE).getroot().findall(f"of:{kind}", NAMES)
    assert profile.get("is_default_profile") == "true"
    assert profile.findtext("of:historyMemoryPolicy", namespaces=NAMES) == "PREALLOCATED_WITH_REALLOC"


@pytest.mark.parametrize("module", ["lpr_node", "plate_cropper"])
def test_a_node_starts_and_reports_with_the_profile_as_tros_sets_it(
    client: Client, tmp_path: Path, module: str
) -> None:
    class Process(ReaderProcess):
        pass

    Process.module = f"lprnet_ros.ros.nodes.{module}"
    parameters = ("regions:=['0,0,1,1']", "find_plates:=false") if module == "plate_cropper" else ()
    node = Process(
        client,
        tmp_path,
        *parameters,
        FASTRTPS_DEFAULT_PROFILES_FILE=str(PROFILE),
        RMW_FASTRTPS_USE_QOS_FROM_XML="1",
    )
    try:
        assert node.next_status(2)["level"] == "ok"
        assert "XMLPARSER" not in node.log
    finally:
        node.close()
