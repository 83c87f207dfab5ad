"""package.xml, as rosdep and bloom read it: one unknown key breaks the Debian build.

KNOWN_KEYS are keys that rosdep resolves to packages of apt on Ubuntu 22.04 with ROS 2 Humble, and the
packages.  Each was looked up with rosdep 0.27.0 in the public ros/rosdistro at commit
8468e88ccd523427f9131e39d2af0938f1c298b2 (2026-08-22); the same keys resolve for Jazzy on Ubuntu 24.04.
They stand in:

- humble/distribution.yaml, released packages, below the repositories ament_index, common_interfaces,
  launch, launch_ros, rcl_interfaces, rclpy, vision_msgs and vision_opencv;
- rosdep/python.yaml, entry "ubuntu", the names with python3-.

No key of that commit's base.yaml is among them.  What has no key there, or one that pip serves
(python3-onnxruntime-pip; bloom refuses such), stays out of package.xml: see ABSENT.

The rules of format 3 are those of ros-infrastructure/rep, xsd/package_format3.xsd at 11ca24a (2025-10-24),
and of REP 149.
"""

import ast
import itertools
import re
import xml.etree.ElementTree
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
TREE = xml.etree.ElementTree.parse(REPOSITORY / "package.xml").getroot()

KNOWN_KEYS = {
    "ament_index_python": "ros-humble-ament-index-python",
    "cv_bridge": "ros-humble-cv-bridge",
    "diagnostic_msgs": "ros-humble-diagnostic-msgs",
    "launch": "ros-humble-launch",
    "launch_ros": "ros-humble-launch-ros",
    "launch_testing": "ros-humble-launch-testing",
    "launch_testing_ros": "ros-humble-launch-testing-ros",
    "lifecycle_msgs": "ros-humble-lifecycle-msgs",
    "rcl_interfaces": "ros-humble-rcl-interfaces",
    "rclpy": "ros-humble-rclpy",
    "ros2launch": "ros-humble-ros2launch",
    "sensor_msgs": "ros-humble-sensor-msgs",
    "std_msgs": "ros-humble-std-msgs",
    "vision_msgs": "ros-humble-vision-msgs",
    "python3-hypothesis": "python3-hypothesis",
    "python3-numpy": "python3-numpy",
    "python3-opencv": "python3-opencv",
    "python3-pytest": "python3-pytest",
    "python3-yaml": "python3-yaml",
}
# rosdep has no rule for these in ROS's lists: the board's runtimes, the packages of TROS, ONNX Runtime
ABSENT = {
    "ai_msgs",
    "bpu_infer_lib",
    "hbm_img_msgs",
    "hbm_runtime",
    "hobot_codec",
    "hobot_shm",
    "hobot_usb_cam",
    "mipi_cam",
    "onnxruntime",
    "python3-onnxruntime",
    "websocket",
}
ORDER = ("name", "version", "description", "maintainer", "license", "url", "author", "dependency", "export")
DEPENDENCIES = {
    "build_depend",
    "build_export_depend",
    "buildtool_depend",
    "buildtool_export_depend",
    "depend",
    "doc_depend",
    "exec_depend",
    "test_depend",
}
VERSION = r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
EMAIL = r"[-\w%+]+(\.[-\w%+]+)*@[-a-zA-Z0-9%]+(\.[-a-zA-Z0-9%]+)*\.[a-zA-Z]{2,}"


def dependencies():
    return [element.text for element in TREE if element.tag in DEPENDENCIES]


def keys(*kinds):
    return {element.text for element in TREE if element.tag in kinds}


def modules_imported_by(*folders):
    modules = set()
    for folder in folders:
        for path in (REPOSITORY / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    modules |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom):
                    modules.add(node.module.split(".")[0])
    return modules


# keys


def test_every_dependency_is_a_key_that_rosdep_resolves_to_an_apt_package_for_humble():
    assert dependencies()
    assert set(dependencies()) - set(KNOWN_KEYS) == set()


@pytest.mark.parametrize("key", sorted(KNOWN_KEYS))
def test_a_key_has_the_package_name_that_bloom_gives_it(key):
    is_system = key.startswith("python3-")
    assert KNOWN_KEYS[key] == (key if is_system else f"ros-humble-{key.replace('_', '-')}")


def test_what_rosdep_does_not_know_stays_out_of_the_file():
    assert ABSENT & set(KNOWN_KEYS) == set()
    text = (REPOSITORY / "package.xml").read_text(encoding="utf-8")
    assert [name for name in sorted(ABSENT) if f">{name}<" in text] == []


def test_no_dependency_is_named_twice():
    assert len(dependencies()) == len(set(dependencies()))


def test_every_known_package_that_is_imported_is_declared():
    used = modules_imported_by("lprnet_ros/ros", "launch")
    assert {"rclpy", "launch"} <= used
    assert (used & set(KNOWN_KEYS)) - keys("depend", "exec_depend") == set()


def test_the_libraries_of_the_core_and_the_command_ros2_launch_come_with_the_package():
    needed = {"python3-numpy", "python3-opencv", "python3-yaml", "ros2launch"}
    assert needed <= keys("exec_depend")


# rules of format 3


def test_the_elements_are_those_of_format_3_in_its_order():
    assert TREE.tag == "package"
    assert TREE.attrib == {"format": "3"}
    kinds = ["dependency" if element.tag in DEPENDENCIES else element.tag for element in TREE]
    assert set(kinds) <= set(ORDER)
    assert kinds == sorted(kinds, key=ORDER.index)
    for single in ("name", "version", "description", "export"):
        assert kinds.count(single) == 1
    for at_least_one in ("maintainer", "license"):
        assert kinds.count(at_least_one) >= 1


def test_the_values_have_the_forms_of_format_3():
    assert re.fullmatch(r"[a-z](_?[a-z0-9]+)*", TREE.findtext("name"))
    assert re.fullmatch(VERSION, TREE.findtext("version"))
    for maintainer in TREE.iter("maintainer"):
        assert maintainer.text.strip()
        assert set(maintainer.attrib) == {"email"}
        assert re.fullmatch(EMAIL, maintainer.get("email"), re.ASCII)
    for element in TREE:
        if element.tag in DEPENDENCIES:
            assert element.attrib == {}
            assert element.text == element.text.strip()
            assert list(element) == []


def test_it_is_a_python_package_under_apache_2_whose_licence_file_is_here():
    assert TREE.findtext("name") == "lprnet_ros"
    (licence,) = TREE.iter("license")
    assert licence.text == "Apache-2.0"
    assert "Apache License" in (REPOSITORY / licence.get("file")).read_text(encoding="utf-8")
    assert [element.tag for element in TREE.find("export")] == ["build_type"]
    assert TREE.findtext("export/build_type") == "ament_python"


def test_the_changelog_has_this_version_first_in_the_form_that_bloom_reads():
    lines = (REPOSITORY / "CHANGELOG.rst").read_text(encoding="utf-8").splitlines()
    headings = [(line, under) for line, under in itertools.pairwise(lines) if set(under) == {"-"} and line]
    assert headings
    for heading, under in headings:
        assert re.fullmatch(VERSION + r" \(\d{4}-\d{2}-\d{2}\)", heading)
        assert len(under) == len(heading)
    assert headings[0][0].split()[0] == TREE.findtext("version")
