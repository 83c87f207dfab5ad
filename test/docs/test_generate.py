"""docs/generate.py: what it writes is up to date, complete, and readable by ROS."""

import importlib.util
from pathlib import Path

import pytest
import yaml

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "generate.py"
SPEC = importlib.util.spec_from_file_location("generate", SCRIPT)
generate = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(generate)

PAGES = [(chinese, node) for chinese in (False, True) for node in generate.NODES]


@pytest.mark.parametrize("path", generate.documents())
def test_a_generated_file_is_up_to_date(path):
    shipped = (generate.REPOSITORY / path).read_text(encoding="utf-8")
    assert shipped == generate.documents()[path], "run docs/generate.py"


@pytest.mark.parametrize(("path", "node"), generate.PARAMETER_FILES.items())
def test_a_parameter_file_holds_every_parameter_with_its_default_and_type(path, node):
    values = yaml.safe_load(generate.documents()[path])["/**"]["ros__parameters"]
    defaults = {parameter.name: parameter.default for parameter in generate.NODES[node]}
    assert values == defaults
    assert [type(value) for value in values.values()] == [type(value) for value in defaults.values()]


@pytest.mark.parametrize(("chinese", "node"), PAGES)
def test_the_table_has_a_row_for_every_parameter_in_order(chinese, node):
    rows = generate.table(generate.NODES[node], chinese=chinese).splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == [parameter.name for parameter in generate.NODES[node]]
    for row, parameter in zip(rows, generate.NODES[node], strict=True):
        assert row.count(" | ") == 3
        assert all(f"`{choice}`" in row for choice in parameter.choices)
        assert parameter.maximum is None or f"{parameter.maximum:,}" in row


@pytest.mark.parametrize("chinese", [False, True])
def test_the_page_names_every_node(chinese):
    page = generate.parameters_page(chinese=chinese)
    assert [line[3:] for line in page.splitlines() if line.startswith("## ")] == list(generate.NODES)
