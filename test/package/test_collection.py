"""The tests can be collected on a ROS installation too, where launch_testing is a plugin of pytest.

It imports every test file by its bare name, and a folder whole: of two files of one name the second
is an error, and a file that skips itself at its top takes all tests of its folder with it.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

TEST = Path(__file__).resolve().parents[1]
FILES = sorted(TEST.rglob("test_*.py"))

BESIDE_LAUNCH_TESTING = {"rclpy", "launch_testing", "launch_ros", "ament_index_python"}
"""What is there wherever launch_testing is: a file may skip itself at its top for lack of these."""


def skips_at_the_top(source: str) -> Iterator[str]:
    """What a test file asks for before its first test: names of modules, or another call that skips."""
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            continue
        for node in ast.walk(statement):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.importorskip":
                yield ast.literal_eval(node.args[0])
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.skip":
                yield ast.unparse(node)


def test_no_two_test_files_have_one_name() -> None:
    names = [path.name for path in FILES]
    assert len(names) > 100
    assert sorted({name for name in names if names.count(name) > 1}) == []


def test_no_test_file_skips_its_whole_folder() -> None:
    asked = {(path.name, name) for path in FILES for name in skips_at_the_top(path.read_text("utf-8"))}
    assert ("test_arguments.py", "launch_ros") in asked
    assert [one for one in sorted(asked) if one[1] not in BESIDE_LAUNCH_TESTING] == []


def test_a_skip_within_a_test_is_none_at_the_top() -> None:
    source = """
torch = pytest.importorskip("torch")
if True:
    pytest.skip("no", allow_module_level=True)
def test():
    pytest.importorskip("onnx")
"""
    assert list(skips_at_the_top(source)) == ["torch", "pytest.skip('no', allow_module_level=True)"]
