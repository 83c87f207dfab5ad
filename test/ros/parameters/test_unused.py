"""Values that nobody takes are named, with the nearest right name."""

from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given

from lprnet_ros.ros.parameters.lpr_settings import PARAMETERS
from lprnet_ros.ros.parameters.unused import unknown_names, unmatched_files

NAMES = [parameter.name for parameter in PARAMETERS]
CASE = Path(__file__).resolve().parents[4] / "shared" / "cases" / "params_ignored"


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("minimum_confidance", "minimum_confidence"),
        ("Workers", "workers"),
        ("consensus.gap", "consensus_gap"),
        ("image_topic", "image_topics"),
    ],
)
def test_a_misspelt_name_is_told_with_the_right_one(given, meant):
    (sentence,) = unknown_names([given], NAMES)
    assert f"'{given}' is unknown" in sentence
    assert f"did you mean {meant}?" in sentence


def test_what_resembles_nothing_is_told_without_a_guess():
    (sentence,) = unknown_names(["zzz"], NAMES)
    assert "did you mean" not in sentence


@given(st.sets(st.sampled_from([*NAMES, "use_sim_time", "qos_overrides./clock.subscription.depth"])))
def test_known_names_and_those_of_ros_are_no_news(given):
    assert unknown_names(given, NAMES) == []


@given(st.text())
def test_a_sentence_is_one_printable_line_whatever_the_name(name):
    for sentence in unknown_names([name], NAMES):
        assert sentence.isprintable()


@pytest.mark.parametrize(
    ("sections", "namespace", "is_told"),
    [
        ("/**", "/gate", False),
        ("lpr_node", "/", False),
        ("/lpr_node", "/", False),
        ("/lpr_node", "/gate", True),
        ("/gate/lpr_node", "/gate", False),
        ("/*/lpr_node", "/gate", False),
        ("/**/lpr_node", "/a/b", False),
        ("/*", "/gate", True),
        ("lpr", "/", True),
        ("plate_cropper", "/", True),
    ],
)
def test_a_file_without_a_section_for_the_node_is_told(tmp_path, sections, namespace, is_told):
    file = tmp_path / "p.yaml"
    file.write_text(f"{sections}:\n  ros__parameters:\n    workers: 2\n", encoding="utf-8")
    told = unmatched_files(["--ros-args", "--params-file", str(file)], "lpr_node", namespace)
    assert bool(told) == is_told
    if told:
        assert f"name its section {namespace.rstrip('/')}/lpr_node or /**" in told[0]


def test_namespaces_may_be_nested_in_the_file(tmp_path):
    file = tmp_path / "p.yaml"
    file.write_text("gate:\n  lpr_node:\n    ros__parameters: {workers: 2}\n", encoding="utf-8")
    assert unmatched_files(["--params-file", str(file)], "lpr_node", "/gate") == []
    assert len(unmatched_files(["--params-file", str(file)], "lpr_node", "/lane")) == 1


@pytest.mark.parametrize("content", ["", "[1, 2]", "{{", "a: 1", "\udcff"])
def test_a_file_that_is_no_parameter_file_is_left_to_rcl(tmp_path, content):
    file = tmp_path / "p.yaml"
    file.write_bytes(content.encode("utf-8", "surrogateescape"))
    assert unmatched_files(["--params-file", str(file), "--params-file"], "lpr_node", "/") == []
    assert unmatched_files(["--params-file", str(tmp_path / "absent")], "lpr_node", "/") == []


@pytest.mark.skipif(not CASE.is_dir(), reason="../shared/cases is not here")
def test_the_case_of_a_section_for_another_node():
    (sentence,) = unmatched_files(["--params-file", str(CASE / "node.yaml")], "lpr_node", "/")
    assert "node.yaml holds parameters for /lpr and none for /lpr_node" in sentence
