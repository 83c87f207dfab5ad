"""docs/launch.md has the arguments of the launch file, word for word."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
ARGUMENT = re.compile(r"""^    "(\w+)": \((?:"(.*?)"|str\(CONFIG / "(.*?)"\)), "(.*)"\),$""", re.M)
ROW = re.compile(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*) \|$", re.M)


def test_the_table_of_arguments_is_that_of_the_launch_file():
    source = (REPOSITORY / "launch" / "lpr.launch.py").read_text(encoding="utf-8")
    written = {
        name: (f"`{default or file}`" if default or file else "", meaning)
        for name, default, file, meaning in ARGUMENT.findall(source)
    }
    told = {
        name: (default.strip(), meaning)
        for name, default, meaning in ROW.findall(
            (REPOSITORY / "docs" / "launch.md").read_text(encoding="utf-8")
        )
    }
    assert len(written) == 25
    assert told == written
