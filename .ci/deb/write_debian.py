"""Writes the debian/ folder of a source tree from its package.xml: write_debian.py SOURCE."""

import shutil
import sys
import xml.etree.ElementTree
from pathlib import Path

DISTRO = "humble"


def apt_name(key: str) -> str:
    """Return the package that a rosdep key of this package stands for, as test_package_xml.py has it."""
    return key if key.startswith("python3-") else f"ros-{DISTRO}-{key.replace('_', '-')}"


def main() -> None:
    """Write control, changelog, rules and the level of debhelper."""
    source = Path(sys.argv[1])
    package = xml.etree.ElementTree.parse(source / "package.xml").getroot()
    name = apt_name(package.findtext("name", ""))
    maintainer = package.find("maintainer")
    assert maintainer is not None
    person = f"{maintainer.text} <{maintainer.get('email')}>"
    needed = [apt_name(element.text or "") for element in package.iter("exec_depend")]
    debian = source / "debian"
    debian.mkdir()
    (debian / "control").write_text(
        f"Source: {name}\n"
        "Section: misc\n"
        "Priority: optional\n"
        f"Maintainer: {person}\n"
        "Build-Depends: debhelper-compat (= 13), dh-python, python3-all, python3-setuptools\n"
        "\n"
        f"Package: {name}\n"
        "Architecture: all\n"
        f"Depends: ${{python3:Depends}}, ${{misc:Depends}}, {', '.join(needed)}\n"
        f"Description: {package.findtext('description')}\n",
        encoding="utf-8",
    )
    (debian / "changelog").write_text(
        f"{name} ({package.findtext('version')}-0) {DISTRO}; urgency=low\n"
        "\n"
        "  * See CHANGELOG.rst.\n"
        "\n"
        f" -- {person}  Thu, 01 Jan 1970 00:00:00 +0000\n",
        encoding="utf-8",
    )
    shutil.copy(Path(__file__).parent / "rules", debian / "rules")


if __name__ == "__main__":
    main()
