"""docs/nodehub.md: what NodeHub limits, and what it says of this package."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
TEXT = (REPOSITORY / "docs" / "nodehub.md").read_text(encoding="utf-8")


def field(name):
    return re.search(rf"^\| {name}[^|]*\| (.+) \|$", TEXT, re.MULTILINE)[1]


def test_the_introductions_are_no_longer_than_nodehub_allows():
    for language in ("Chinese", "English"):
        assert 30 < len(field(f"introduction, {language}")) <= 100


def test_the_repository_has_a_name_that_nodehub_takes():
    assert re.fullmatch(r"`[A-Za-z0-9_-]+`", field("repository name"))


def test_every_file_and_command_that_it_names_is_there():
    for name in (
        ".ci/check_deb",
        ".ci/run",
        "docs/cover.jpg",
        "docs/cover.py",
        "models/README.md",
    ):
        assert Path(name).stem in TEXT
        assert (REPOSITORY / name).is_file()
    for link in re.findall(r"\]\(([^)]+)\)", TEXT):
        assert (REPOSITORY / "docs" / link).is_file()


def test_the_readmes_show_no_picture_by_an_absolute_path():
    for name in ("README.md", "README_cn.md"):
        pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", (REPOSITORY / name).read_text(encoding="utf-8"))
        assert pictures
        for picture in pictures:
            assert (REPOSITORY / picture).is_file()
