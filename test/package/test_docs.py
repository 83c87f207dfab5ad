"""What docs/ tells a user to type exists: commands, verbs, options, files."""

import re
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
DOCUMENTS = [*sorted((REPOSITORY / "docs").glob("*.md")), REPOSITORY / "models" / "README.md"]
WITHOUT_OPTIONS = ("lpr_node", "plate_player")
"""ROS nodes: theirs are parameters."""


def commands():
    """Module and function by command, from setup.py."""
    text = (REPOSITORY / "setup.py").read_text(encoding="utf-8")
    found = re.findall(r'"(\w+) = (lprnet_ros[\w.]+):(\w+)"', text)
    return {name: (module, function) for name, module, function in found}


def command_lines(document):
    """Each command of ours in a document: those in blocks of code, and those in the text."""
    text = document.read_text(encoding="utf-8")
    blocks = re.findall(r"```bash\n(.*?)```", text, re.DOTALL)
    inline = re.findall(r"`((?:lpr_|plate_player)[^`\n]*)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    for line in [*lines, *inline]:
        for part in re.split(r";|&&|\||\bdo\b", line.split(" #")[0]):
            words = part.split(">")[0].split()
            if words and re.match(r"(lpr_|plate_player)", words[0]):
                yield words


@cache
def help_of(command, verb=""):
    """What a command says about itself; its options stand in there."""
    module, function = commands()[command]
    main = getattr(import_module(module), function)
    with pytest.MonkeyPatch.context() as patch:
        said = []
        patch.setattr(
            "argparse.ArgumentParser._print_message", lambda _, message, file=None: said.append(message)
        )
        try:
            status = main([verb, "--help"] if verb else ["--help"])
        except SystemExit as stop:
            status = stop.code
    if status != 0:
        pytest.skip(f"{command} needs the extra 'training' to know its options")
    return "".join(said)


LINES = [words for document in DOCUMENTS for words in command_lines(document)]


def test_the_documents_name_commands():
    assert {words[0] for words in LINES} >= {"lpr_export", "lpr_calibrate", "lpr_model", "lpr_benchmark"}
    verbs = {words[1] for words in LINES if words[0] == "lpr_model" and len(words) > 1}
    assert verbs == {"fetch", "verify", "info", "describe", "compare"}


@pytest.mark.parametrize("words", LINES, ids=" ".join)
def test_every_command_and_option_exists(words):
    command, *rest = words
    assert command in commands()
    if command in WITHOUT_OPTIONS:
        return
    verb = rest[0] if command == "lpr_model" and rest else ""
    for word in rest:
        if word.startswith("-"):
            option = word.split("=")[0]
            assert re.search(rf"(^|[\s,\[]){option}($|[\s,\]])", help_of(command, verb)), (
                f"{words}: no {option}"
            )


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_of_the_repository_that_is_named_exists(document):
    text = document.read_text(encoding="utf-8")
    named = re.findall(r"(?<![\w/.])(?:config|models|demo|docs|lprnet_ros)/[\w./-]+\w", text)
    for path in named:
        assert (REPOSITORY / path).exists(), path
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        if "://" not in link:
            assert (document.parent / link).exists(), link
