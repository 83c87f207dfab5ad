from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from launch_requests import CONFIG

from lprnet_ros.launching.parameter_file import read_parameter_file, write_parameter_file
from lprnet_ros.launching.plan import LaunchError


def read(path, node="plate_cropper"):
    return read_parameter_file(path, argument="params_file", example=Path("/x/lpr.yaml"), node=node)


def written(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_files_set_their_nodes_parameters():
    assert read(CONFIG / "cropper.yaml")["transport"] == "raw"
    assert read(CONFIG / "lpr.yaml", "lpr_node")["queue_depth"] == 5


@pytest.mark.parametrize(
    "name", ["plate_cropper", "/plate_cropper", "/gate/plate_cropper", "/**", "/**/plate_cropper", "/gate/*"]
)
def test_a_section_counts_whatever_the_namespace(tmp_path, name):
    path = written(tmp_path, f"{name}:\n  ros__parameters:\n    regions: ['1,2,3,4']\n    padding: 0.1\n")
    assert read(path) == {"regions": ["1,2,3,4"], "padding": 0.1}
    assert read(path, "lpr_node") == (read(path) if "*" in name.rpartition("/")[2] else {})


def test_namespaces_may_be_nested_and_other_sections_are_left_out(tmp_path):
    path = written(
        tmp_path,
        "gate:\n  plate_cropper:\n    ros__parameters: {padding: 0.1}\n"
        "other:\n  ros__parameters: {padding: 0.9, transport: raw}\n",
    )
    assert read(path) == {"padding": 0.1}


@pytest.mark.parametrize("text", ["", "{}", "# nothing yet\n"])
def test_an_empty_file_sets_nothing(tmp_path, text):
    assert read(written(tmp_path, text)) == {}


@pytest.mark.parametrize("text", ["- a\n", "text", "plate_cropper: {padding: 0.1}", "3"])
def test_a_yaml_that_is_no_parameter_file_is_refused(tmp_path, text):
    with pytest.raises(
        LaunchError, match=r"mine\.yaml holds no section ros__parameters; give a YAML like /x"
    ):
        read(written(tmp_path, text))


def test_a_file_that_cannot_be_read_is_named_in_one_line(tmp_path):
    with pytest.raises(LaunchError, match=r"params_file .*missing\.yaml does not exist; give a YAML like"):
        read(tmp_path / "missing.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path, tmp_path / "binary.yaml", written(tmp_path, "a: [1\nb: }\n")):
        with pytest.raises(
            LaunchError, match=r"cannot be read \(.*\); give a YAML like /x/lpr\.yaml"
        ) as caught:
            read(path)
        assert "\n" not in str(caught.value)
        assert str(path) in str(caught.value)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.one_of(
    TEXTS, st.booleans(), st.floats(0, 1e6), st.integers(0, 2**31), st.lists(TEXTS, min_size=1)
)


@given(st.dictionaries(st.text("abc_", min_size=3), VALUES))
def test_what_is_written_is_read_again(parameters):
    path = write_parameter_file("/gate/lpr_node", parameters)
    text = path.read_text(encoding="utf-8")
    path.unlink()
    assert yaml.safe_load(text) == {"/gate/lpr_node": {"ros__parameters": parameters}}


@pytest.mark.parametrize("text", ["y", "on", "1e5", "123", "", "null", "~", "京A"])
def test_every_text_is_quoted_for_a_parser_that_takes_y_for_true(text):
    path = write_parameter_file("/lpr_node", {"model": text, "topics": [text, text]})
    lines = path.read_text(encoding="utf-8").splitlines()
    path.unlink()
    assert lines[2:] == [f'    model: "{text}"', f'    topics: ["{text}", "{text}"]']
