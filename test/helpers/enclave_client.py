"""Talks to ``/lpr_node`` out of an enclave of its own: ``python enclave_client.py SECONDS``.

Publishes the crop of the self-test on ``/image`` until its reading has come back, asks for the node's
state and for a parameter, and prints one JSON object; what did not come within the time is null.
"""

from __future__ import annotations

import json
import sys
import time

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.srv import GetState
from rcl_interfaces.srv import GetParameters
from ros_harness import known_plate, raw_image
from sensor_msgs.msg import Image
from std_msgs.msg import String


def main() -> None:
    end = time.monotonic() + float(sys.argv[1])
    rclpy.init(args=["--ros-args", "--enclave", "/client"])
    node = rclpy.create_node("client")
    answers: dict[str, object] = dict.fromkeys(["reading", "diagnostics", "state", "decoder"])

    def keep(name: str, answer: object) -> None:
        answers[name] = answer

    node.create_subscription(
        String, "/lpr_node/reading", lambda message: keep("reading", json.loads(message.data)["text"]), 10
    )
    node.create_subscription(
        DiagnosticArray, "/diagnostics", lambda message: keep("diagnostics", message.status[0].name), 10
    )
    images = node.create_publisher(Image, "/image", 10)
    state = node.create_client(GetState, "/lpr_node/get_state")
    parameters = node.create_client(GetParameters, "/lpr_node/get_parameters")
    while time.monotonic() < end and None in answers.values():
        images.publish(raw_image(known_plate()[1], "secure"))
        asked = {}
        if answers["state"] is None and state.service_is_ready():
            asked["state"] = state.call_async(GetState.Request())
        if answers["decoder"] is None and parameters.service_is_ready():
            asked["decoder"] = parameters.call_async(GetParameters.Request(names=["decoder"]))
        pause = time.monotonic() + 0.5
        while time.monotonic() < pause:
            rclpy.spin_once(node, timeout_sec=0.1)
        if "state" in asked and asked["state"].done():
            keep("state", asked["state"].result().current_state.label)
        if "decoder" in asked and asked["decoder"].done():
            keep("decoder", asked["decoder"].result().values[0].string_value)
    print(json.dumps(answers))
    node.destroy_node()
    rclpy.shutdown()


if __name__ == "__main__":
    main()
