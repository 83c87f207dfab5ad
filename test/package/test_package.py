"""setup.py and setup.cfg, as pip, colcon and bloom read them; package.xml has its own tests."""

import ast
import runpy
import sys
import xml.etree.ElementTree
from glob import glob
from pathlib import Path
from types import ModuleType

import lprnet_ros

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE_XML = xml.etree.ElementTree.parse(REPOSITORY / "package.xml").getroot()


def setup_arguments():
    tree = ast.parse((REPOSITORY / "setup.py").read_text(encoding="utf-8"))
    call = next(
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "setup"
    )
    return {keyword.arg: keyword.value for keyword in call.keywords}


def requirements(monkeypatch, *, by_pip):
    """What the package asks for at run time, when pip or when colcon and bloom run setup.py."""
    given = {}
    setuptools = ModuleType("setuptools")
    setuptools.find_packages = lambda **arguments: []
    setuptools.setup = given.update
    monkeypatch.setitem(sys.modules, "setuptools", setuptools)
    monkeypatch.delitem(sys.modules, "setuptools.build_meta", raising=False)
    if by_pip:
        monkeypatch.setitem(sys.modules, "setuptools.build_meta", ModuleType("setuptools.build_meta"))
    monkeypatch.chdir(REPOSITORY)
    runpy.run_path("setup.py")
    return given["install_requires"]


def test_pip_brings_every_library_that_the_core_imports(monkeypatch):
    names = {line.split(">")[0] for line in requirements(monkeypatch, by_pip=True)}
    assert names == {"numpy", "opencv-python-headless", "PyYAML", "onnxruntime"}


def test_colcon_and_bloom_install_programs_that_ask_for_no_distribution(monkeypatch):
    """Or they end in DistributionNotFound where a library imports pkg_resources: apt's OpenCV has no name."""
    assert requirements(monkeypatch, by_pip=False) == []


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


def test_every_configuration_is_installed_in_the_folder_of_its_name(monkeypatch):
    tree = ast.Expression(setup_arguments()["data_files"])
    monkeypatch.chdir(REPOSITORY)
    data_files = eval(compile(tree, "setup.py", "eval"), {"glob": glob, "PACKAGE": "lprnet_ros"})
    installed = {f"{folder}/{Path(file).name}": file for folder, files in data_files for file in files}
    shipped = [path for path in (REPOSITORY / "config").rglob("*") if path.is_file()]
    assert "lprnet_x5.yaml" in {path.name for path in shipped}
    for path in shipped:
        name = path.relative_to(REPOSITORY).as_posix()
        assert installed[f"share/lprnet_ros/{name}"] == name


def test_every_command_leads_to_a_function():
    commands = ast.literal_eval(setup_arguments()["entry_points"])["console_scripts"]
    assert {command.split(" = ")[0] for command in commands} >= {
        "frame_player",
        "lpr_node",
        "lpr_read",
        "lpr_evaluate",
        "lpr_benchmark",
        "lpr_board",
        "lpr_train",
        "lpr_export",
        "plate_cropper",
        "lpr_calibrate",
        "lpr_model",
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
