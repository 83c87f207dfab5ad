"""The layouts for Foxglove and rqt show topics that lpr_node publishes, in the format that those read.

Neither program is needed, and neither is opened: Foxglove's format is that of the layouts in its last open
source release (configById, layout), rqt's that of qt_gui's PerspectiveManager.import_perspective_from_file.
"""

import ast
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
CONFIG = REPOSITORY / "config"
POLICY = ET.parse(CONFIG / "security" / "lpr_node.policy.xml")
PUBLISHED = {
    topic.text.replace("~", "/lpr_node")
    for topics in POLICY.iter("topics")
    if "publish" in topics.attrib
    for topic in topics
}


def placed(layout):
    """The panels that a Foxglove layout shows."""
    if isinstance(layout, str):
        return [layout]
    assert set(layout) == {"direction", "splitPercentage", "first", "second"}
    assert layout["direction"] in ("row", "column")
    assert 0 < layout["splitPercentage"] < 100
    return placed(layout["first"]) + placed(layout["second"])


def topics(value):
    """Every text in a document that is a topic, without the field that follows it."""
    if isinstance(value, dict):
        return [topic for each in value.values() for topic in topics(each)]
    if isinstance(value, list):
        return [topic for each in value for topic in topics(each)]
    return [re.sub(r"[./]data$", "", value)] if isinstance(value, str) and value.startswith("/") else []


def test_foxglove_shows_each_panel_once_and_only_what_is_published():
    layout = json.loads((CONFIG / "foxglove_layout.json").read_text(encoding="utf-8"))
    assert sorted(layout) == ["configById", "globalVariables", "layout", "playbackConfig", "userNodes"]
    panels = placed(layout["layout"])
    assert sorted(panels) == sorted(layout["configById"])
    kinds = {panel.partition("!")[0] for panel in panels}
    assert kinds == {"Image", "StateTransitions", "Plot", "RawMessages", "DiagnosticSummary"}
    shown = topics(layout["configById"])
    assert len(shown) == len(panels)
    assert set(shown) <= PUBLISHED


def test_rqt_starts_each_plugin_and_shows_only_what_is_published():
    document = json.loads((CONFIG / "lprnet.perspective").read_text(encoding="utf-8"))
    manager = document["groups"]["pluginmanager"]
    shown = []

    def convert(group):  # as PerspectiveManager._convert_values does
        assert set(group) == {"keys", "groups"}
        for value in group["keys"].values():
            assert value["type"] == "repr"
            shown.append(ast.literal_eval(value["repr"]))
        for each in group["groups"].values():
            convert(each)

    convert(document)
    running = ast.literal_eval(manager["keys"]["running-plugins"]["repr"])
    names = {
        f"plugin__{plugin.replace('/', '__')}__{number}" for plugin in running for number in running[plugin]
    }
    assert set(manager["groups"]) <= names
    assert set(topics([one for one in shown if one != running])) == {
        "/lpr_node/image_annotated",
        "/lpr_node/confidence",
    }
    assert set(topics(shown)) <= PUBLISHED
