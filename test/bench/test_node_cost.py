"""The main process's share is measured: less than all of the node's CPU time, with either reader."""

from __future__ import annotations

import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from bench.node_cost import main_process_us
from bench.ros_rig import ROOT, RosRig, crop_to_send
from lprnet_ros.models.find import bundled_model
from lprnet_ros.models.load import load_manifest

pytestmark = pytest.mark.live


@pytest.mark.parametrize("kind", ["thread", "process"])
def test_a_crop_costs_the_main_process_something_and_less_than_a_second(kind: str) -> None:
    rig = RosRig(crop_to_send(load_manifest(bundled_model())), shared=True)
    cost = main_process_us(rig, ROOT, [f"worker_kind:={kind}"], rate=50.0, seconds=1.0)
    assert 1.0 < cost < 1e6
