"""The rooms of the package and the walls between them: which room may import which, and which library.

Read from the source, so that imports inside functions count, and names given to import_module too.
docs/design.md says what each room is for.
"""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "lprnet_ros"

ALLOWED = {
    "text": "",
    "plates": "",
    "board": "",
    "models": "plates",
    "runtimes": "models",
    "images": "plates",
    "sources": "images plates",
    "reading": "plates models runtimes images",
    "consensus": "plates reading",
    "frames": "plates reading images",
    "finding": "plates models runtimes images",
    "cropping": "frames images finding",
    "record": "",
    "web": "record",
    "flow": "models runtimes reading images frames cropping",
    "pictures": "plates models runtimes images sources reading consensus cropping finding",
    "evaluation": "plates models runtimes images sources reading consensus frames cropping finding board",
    "toolchain": "plates models runtimes images sources reading finding",
    "training": "plates models runtimes images sources reading finding evaluation toolchain",
    "ros": "plates models runtimes images sources reading consensus frames cropping finding pictures flow "
    "record web board",
    "cli": "plates models runtimes images sources reading consensus finding pictures evaluation toolchain "
    "training board",
}
"""What each room may import; every room may import ``text`` and itself, and nobody the commands."""

LIBRARIES = {
    "ros": {"rclpy", "launch", "launch_ros", "ament_index_python", "rosidl_runtime_py", "tf2_ros"},
    "images": {"cv_bridge"},
    "sources": {"rosbags", "lz4", "backports"},
    "web": {"aiohttp"},
    "training": {"torch", "torchvision", "PIL", "tqdm", "matplotlib"},
    "runtimes": {"onnxruntime", "hbm_runtime", "bpu_infer_lib", "hobot_dnn", "hbdk", "horizon_tc_ui"},
    "toolchain": {"onnx", "onnxruntime", "horizon_tc_ui"},
}
"""Libraries that only the rooms named here may import."""


def library(module):
    top = module.split(".")[0]
    return "rclpy" if top.endswith(("_msgs", "_interfaces")) else top


def imports(source):
    """Every module that a source imports, wherever in it, as (name, whether at the top level)."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import, which this test does not follow"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            names = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
        else:
            continue
        for name in names:
            yield name, node.col_offset == 0


def breaches(room, source):
    """What a file in a room imports though a wall stands in between."""
    for name, _ in imports(source):
        parts = name.split(".")
        if name == f"{PACKAGE.name}.__version__":
            continue
        if parts[0] == PACKAGE.name:
            other = parts[1] if len(parts) > 1 else ""
            if other not in {room, "text", *ALLOWED[room].split()}:
                yield name
        elif any(library(name) in held for held in LIBRARIES.values()) and library(name) not in LIBRARIES.get(
            room, ()
        ):
            yield name


def files():
    return sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE)


def room_of(path):
    return path.relative_to(PACKAGE).parts[0]


def test_every_room_has_its_walls_and_every_wall_a_room():
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == set(ALLOWED)
    assert [path.name for path in PACKAGE.glob("*.py")] == ["__init__.py"]


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_imports_only_what_its_room_may(path):
    assert list(breaches(room_of(path), path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("reading", "from lprnet_ros.flow.job import Job"),
        ("images", "def f():\n    from lprnet_ros.ros.nodes import lpr_node"),
        ("flow", "import lprnet_ros.ros.topics.qos"),
        ("ros", "from lprnet_ros.cli import read"),
        ("cli", "from lprnet_ros import ros"),
        ("plates", "import importlib\nimportlib.import_module('lprnet_ros.models.manifest')"),
        ("reading", "if True:\n    import rclpy.node"),
        ("frames", "from sensor_msgs.msg import Image"),
        ("toolchain", "import torch"),
        ("evaluation", "def f():\n    import onnxruntime"),
        ("text", "from lprnet_ros import PlateReader"),
    ],
)
def test_a_forbidden_import_is_seen(room, source):
    assert list(breaches(room, source)) != []


def test_the_rooms_form_no_circle():
    above = {room: set(allowed.split()) for room, allowed in ALLOWED.items()}
    while above:
        ground = {room for room, needs in above.items() if not needs & set(above)}
        assert ground, f"a circle among {sorted(above)}"
        above = {room: needs for room, needs in above.items() if room not in ground}


def test_no_file_name_stands_twice():
    names = [path.stem for path in files() if path.stem != "__init__"]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []


def test_every_room_says_in_one_sentence_what_it_is_for():
    for path in PACKAGE.rglob("__init__.py"):
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path


def test_an_inference_library_is_imported_only_when_it_is_used():
    held = set.union(
        *(LIBRARIES[room] for room in ("images", "sources", "runtimes", "toolchain", "training"))
    )
    at_once = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in files()
        if room_of(path) not in ("training", "toolchain")
        for name, is_at_top in imports(path.read_text(encoding="utf-8"))
        if is_at_top and library(name) in held
    ]
    assert at_once == []


def test_all_but_ros_and_training_loads_without_their_libraries():
    modules = [
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        for path in files()
        if room_of(path) not in ("ros", "training")
        and path.stem != "__init__"
        and not any(
            is_at_top and library(name) in ("onnx", "aiohttp")
            for name, is_at_top in imports(path.read_text("utf-8"))
        )
    ]
    assert "lprnet_ros.reading.recognizer" in modules
    program = (
        "import sys\n"
        + "".join(f"import {module}\n" for module in modules)
        + "print(*sorted({name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {library(name) for name in done.stdout.split()}
    assert "cv2" in loaded
    assert loaded & set.union(*LIBRARIES.values()) == set()
