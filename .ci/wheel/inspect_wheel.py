"""Checks which files a wheel and an sdist hold: inspect_wheel.py WHEEL SDIST, in the checkout."""

import subprocess
import sys
import tarfile
import zipfile

wheel, sdist = sys.argv[1:]
folders = ("lprnet_ros", "launch", "config", "models", "resource", "package.xml")
command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *folders]
sources = set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines())

places = {"resource/": "share/ament_index/resource_index/packages/", "": "share/lprnet_ros/"}
names = [name.partition(".data/data/")[2] or name for name in zipfile.ZipFile(wheel).namelist()]
held = {name for name in names if ".dist-info/" not in name}
wanted = set()
for name in sources:
    before, after = next((pair for pair in places.items() if name.startswith(pair[0])), ("", ""))
    wanted.add(name if name.startswith("lprnet_ros/") else after + name.removeprefix(before))
assert held == wanted, f"the wheel's files: {sorted(held ^ wanted)}"

about = {"LICENSE", "README.md", "README_cn.md", "CHANGELOG.rst", "demo/street.jpg"}
about |= {"MANIFEST.in", "PKG-INFO", "pyproject.toml", "setup.cfg", "setup.py"}
with tarfile.open(sdist) as archive:
    members = [member.name.partition("/")[2] for member in archive if member.isfile()]
held = {name for name in members if not name.startswith("lprnet_ros.egg-info/")}
assert held == sources | about, f"the sdist's files: {sorted(held ^ (sources | about))}"
print(f"check_wheel: {len(wanted)} files in the wheel, {len(held)} in the sdist: those that belong there")
