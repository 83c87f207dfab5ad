"""Checks a built Debian package file by file: inspect_deb.py DEB ROOT, where ROOT is its content unpacked."""

import ast
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree
from pathlib import Path

from write_debian import DISTRO, apt_name

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = "lprnet_ros"
PREFIX = f"opt/ros/{DISTRO}"
# loads every program of the package and says from which file
LOADER = """
import importlib.metadata, json, sys
programs = importlib.metadata.distribution("lprnet_ros").entry_points
print(json.dumps({one.name: sys.modules[one.load().__module__].__file__ for one in programs}))
"""


def setup_list(name: str) -> list[str]:
    """Return the programs that setup.py names, as 'program = module:function'."""
    tree = ast.parse((REPOSITORY / "setup.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "entry_points":
            return list(ast.literal_eval(node.value)[name])
    raise AssertionError("setup.py has no entry_points")


def expected_files(libraries: str) -> dict[str, Path | None]:
    """Return every file that the package must hold, and the source that it must equal, if it has one."""
    files: dict[str, Path | None] = {}
    for path in (REPOSITORY / PACKAGE).rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            files[f"{libraries}/{path.relative_to(REPOSITORY)}"] = path
    for folder in ("launch", "config", "models"):
        for path in (REPOSITORY / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                files[f"{PREFIX}/share/{PACKAGE}/{path.relative_to(REPOSITORY)}"] = path
    files[f"{PREFIX}/share/{PACKAGE}/package.xml"] = REPOSITORY / "package.xml"
    marker = f"{PREFIX}/share/ament_index/resource_index/packages/{PACKAGE}"
    files[marker] = REPOSITORY / "resource" / PACKAGE
    for line in setup_list("console_scripts"):
        files[f"{PREFIX}/lib/{PACKAGE}/{line.split(' = ')[0]}"] = None
    return files


def field(deb: Path, name: str) -> str:
    """Return a field of the package's control file."""
    done = subprocess.run(["dpkg-deb", "--field", deb, name], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def check_files(root: Path, libraries: str) -> None:
    """Check that exactly the expected files are there, with their content."""
    there = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    metadata = {path for path in there if path.startswith(libraries) and ".egg-info/" in path}
    documents = {path for path in there if path.startswith("usr/share/doc/")}
    expected = expected_files(libraries)
    wrong = (there - metadata - documents) ^ set(expected)
    assert not wrong, f"missing or not expected: {sorted(wrong)}"
    for name, source in expected.items():
        if source is not None:
            assert (root / name).read_bytes() == source.read_bytes(), f"{name} is not {source}"


def check_programs(root: Path, libraries: str) -> None:
    """Check that programs can be executed, ask for no distribution, load, and read a plate."""
    (metadata,) = (root / libraries).glob(f"{PACKAGE}-*.egg-info")
    required = (metadata / "requires.txt").read_text(encoding="utf-8").split("[")[0]
    assert not required.strip(), f"pkg_resources would look for {required.split()}"
    environment = {**os.environ, "PYTHONPATH": str(root / libraries)}
    done = subprocess.run(
        [sys.executable, "-c", LOADER],
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    loaded = json.loads(done.stdout)
    assert set(loaded) == {line.split(" = ")[0] for line in setup_list("console_scripts")}
    for name, file in loaded.items():
        assert Path(file).is_relative_to(root / libraries), f"{name} comes from {file}"
        program = root / PREFIX / "lib" / PACKAGE / name
        assert os.access(program, os.X_OK), f"{name} cannot be executed"
        assert program.read_text(encoding="utf-8").startswith("#!/usr/bin/python3\n"), f"{name}: first line"
    crop = min((REPOSITORY / "demo" / "crops").glob("*.png"))
    done = subprocess.run(
        [sys.executable, root / PREFIX / "lib" / PACKAGE / "lpr_read", crop],
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert done.stdout.split("\t")[1] == crop.stem, f"lpr_read printed {done.stdout!r} for {crop.name}"


def check_dependencies(deb: Path) -> None:
    """Check that apt will be asked for what package.xml says and for nothing that pip calls so."""
    package = xml.etree.ElementTree.parse(REPOSITORY / "package.xml").getroot()
    needed = {apt_name(element.text or "") for element in package.iter("exec_depend")}
    asked = {re.split(r"[ :(]", one.strip())[0] for one in field(deb, "Depends").split(",")}
    assert needed <= asked, f"not asked for: {sorted(needed - asked)}"
    assert asked - needed <= {"python3"}, f"asked for without reason: {sorted(asked - needed - {'python3'})}"
    assert field(deb, "Package") == apt_name(PACKAGE)
    assert field(deb, "Version").split("-")[0] == package.findtext("version")


def main() -> None:
    """Run all checks."""
    deb, root = Path(sys.argv[1]), Path(sys.argv[2]).resolve()
    (site_packages,) = root.glob(f"{PREFIX}/lib/python3.*/site-packages")
    libraries = site_packages.relative_to(root).as_posix()
    check_files(root, libraries)
    check_programs(root, libraries)
    check_dependencies(deb)
    print(f"check_deb: {deb.name}: files, programs and dependencies are right")


if __name__ == "__main__":
    main()
