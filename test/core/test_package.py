"""The package's manifest, as rosdep, bloom and pip will read it."""

import ast
import xml.etree.ElementTree
from pathlib import Path

import lprnet_ros

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE_XML = xml.etree.ElementTree.parse(REPOSITORY / "package.xml").getroot()

# keys that rosdep resolves on Ubuntu 22.04 and 24.04: packages of ROS 2 Humble and Jazzy,
# and those of rosdistro's rosdep/python.yaml; one unknown key breaks the Debian build
ROS_KEYS = {
    "ament_copyright",
    "ament_flake8",
    "ament_index_python",
    "ament_pep257",
    "cv_bridge",
    "diagnostic_msgs",
    "launch",
    "launch_ros",
    "launch_testing",
    "launch_testing_ros",
    "lifecycle_msgs",
    "rcl_interfaces",
    "rclpy",
    "ros2launch",
    "sensor_msgs",
    "std_msgs",
    "vision_msgs",
}
PYTHON_KEYS = {"python3-numpy", "python3-opencv", "python3-pytest", "python3-yaml"}


def keys(*kinds):
    return [element.text for element in PACKAGE_XML if element.tag in kinds]


def all_dependencies():
    return [element.text for element in PACKAGE_XML if element.tag.endswith("depend")]


def setup_arguments():
    tree = ast.parse((REPOSITORY / "setup.py").read_text(encoding="utf-8"))
    call = next(
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "setup"
    )
    return {keyword.arg: keyword.value for keyword in call.keywords}


def imported_by(folder):
    modules = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                modules.add(node.module.split(".")[0])
    return modules


def test_every_dependency_is_a_key_that_rosdep_knows():
    assert all_dependencies()
    assert set(all_dependencies()) - ROS_KEYS - PYTHON_KEYS == set()


def test_no_dependency_is_named_twice():
    assert len(all_dependencies()) == len(set(all_dependencies()))


def test_every_ros_package_that_is_imported_is_declared():
    used = imported_by(REPOSITORY / "lprnet_ros" / "nodes") | imported_by(REPOSITORY / "launch")
    assert {"rclpy", "launch"} <= used
    assert (used & ROS_KEYS) - set(keys("depend", "exec_depend")) == set()


def test_it_is_a_python_package_of_format_3_under_apache_2():
    assert PACKAGE_XML.get("format") == "3"
    assert PACKAGE_XML.findtext("name") == "lprnet_ros"
    assert PACKAGE_XML.findtext("license") == "Apache-2.0"
    assert PACKAGE_XML.findtext("export/build_type") == "ament_python"
    assert "Apache License" in (REPOSITORY / "LICENSE").read_text(encoding="utf-8")


def test_the_version_is_the_same_wherever_it_stands():
    version = ast.literal_eval(setup_arguments()["version"])
    assert version == lprnet_ros.__version__ == PACKAGE_XML.findtext("version")


def test_every_file_of_the_package_that_is_no_python_is_installed_with_it():
    package = REPOSITORY / "lprnet_ros"
    patterns = next(
        [ast.literal_eval(pattern) for pattern in value.elts]
        for value in setup_arguments()["package_data"].values
    )
    installed = {path for pattern in patterns for path in package.glob(pattern)}
    files = {path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert {path for path in files if path.suffix != ".py"} == installed
    assert {path.name for path in installed} >= {"py.typed", "ga36.yaml"}


def test_every_command_leads_to_a_function():
    commands = ast.literal_eval(setup_arguments()["entry_points"])["console_scripts"]
    assert {command.split(" = ")[0] for command in commands} >= {
        "lpr_node",
        "lpr_read",
        "lpr_evaluate",
        "lpr_benchmark",
        "lpr_board",
        "lpr_train",
        "lpr_export",
        "plate_player",
    }
    for command in commands:
        module, function = command.split(" = ")[1].split(":")
        source = (REPOSITORY / (module.replace(".", "/") + ".py")).read_text(encoding="utf-8")
        names = {node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
        assert function in names, command


def test_executables_go_where_ros2_run_looks_for_them():
    text = (REPOSITORY / "setup.cfg").read_text(encoding="utf-8")
    assert "script_dir=$base/lib/lprnet_ros" in text.replace(" ", "")
    assert "install_scripts=$base/lib/lprnet_ros" in text.replace(" ", "")
