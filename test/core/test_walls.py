"""The three walls of the package: ROS, torch and inference libraries each stay in their folder."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "lprnet_ros"
INFERENCE_LIBRARIES = {"onnxruntime", "hbm_runtime", "bpu_infer_lib", "hobot_dnn"}
TRAINING_LIBRARIES = {"torch", "torchvision", "onnx", "PIL", "tqdm"}
ROS_LIBRARIES = {
    "rclpy",
    "cv_bridge",
    "launch",
    "launch_ros",
    "ament_index_python",
    "rosidl_runtime_py",
    "tf2_ros",
}


def is_ros(module):
    return module in ROS_LIBRARIES or module.endswith(("_msgs", "_interfaces"))


def imports(path):
    """Every module that a file imports, wherever in it, as (name, whether at the top level)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively, which this test does not follow"
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            names = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
        else:
            continue
        for name in names:
            yield name, node.col_offset == 0


def imported_outside(folder, is_forbidden):
    return [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.relative_to(PACKAGE).parts[0] != folder
        for name, _ in imports(path)
        if is_forbidden(name)
    ]


@pytest.mark.parametrize(
    ("folder", "is_forbidden"),
    [
        ("nodes", lambda name: is_ros(name.split(".")[0])),
        ("nodes", lambda name: name.startswith("lprnet_ros.nodes")),
        ("training", lambda name: name.split(".")[0] in TRAINING_LIBRARIES),
        ("training", lambda name: name.startswith("lprnet_ros.training")),
        ("runtimes", lambda name: name.split(".")[0] in INFERENCE_LIBRARIES),
    ],
    ids=["ROS", "nodes", "torch", "training", "inference libraries"],
)
def test_what_a_wall_holds_is_imported_inside_it_alone(folder, is_forbidden):
    assert imported_outside(folder, is_forbidden) == []
    inside = [name for path in (PACKAGE / folder).glob("*.py") for name, _ in imports(path)]
    assert any(is_forbidden(name) for name in inside), "the rule matches nothing: it guards nothing"


def test_an_inference_library_is_imported_only_when_its_runtime_is_opened():
    at_once = [
        f"{path.name} imports {name}"
        for path in (PACKAGE / "runtimes").glob("*.py")
        for name, is_at_top in imports(path)
        if is_at_top and name.split(".")[0] in INFERENCE_LIBRARIES
    ]
    assert at_once == []


def test_the_core_and_the_tools_load_without_ros_torch_or_an_inference_library():
    core = [path.stem for path in PACKAGE.glob("*.py") if path.stem != "__init__"]
    tools = [f"tools.{path.stem}" for path in (PACKAGE / "tools").glob("*.py") if path.stem != "__init__"]
    cropping = [f"cropping.{path.stem}" for path in (PACKAGE / "cropping").glob("*.py")]
    modules = ["runtimes", *core, *tools, *(name for name in cropping if not name.endswith("__init__"))]
    assert "recognizer" in modules
    assert "tools.read" in modules
    assert "cropping.cropper" in modules
    program = (
        "import sys\n"
        + "".join(f"import lprnet_ros.{module}\n" for module in modules)
        + "print(*sorted({name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "cv2" in loaded
    assert {name for name in loaded if is_ros(name)} == set()
    assert loaded & (INFERENCE_LIBRARIES | TRAINING_LIBRARIES) == set()
