"""What the READMEs and docs/ name exists: commands, options, files, links, rooms; the READMEs are short."""

import ast
import re
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
READMES = [REPOSITORY / "README.md", REPOSITORY / "README_cn.md"]
DOCUMENTS = [*READMES, *sorted((REPOSITORY / "docs").glob("*.md")), REPOSITORY / "models" / "README.md"]
WITHOUT_OPTIONS = (
    "lpr_node",
    "plate_cropper",
    "plate_player",
    "plate_recorder",
    "plate_page",
    "frame_player",
)
"""ROS nodes: theirs are parameters."""

COMMAND = r"(?:\.venv/bin/|ros2 run lprnet_ros |sudo )?((?:lpr_|plate_|frame_)\w+)"
MOST_LINES, MOST_BYTES = 150, 9_000


def prose(document):
    """The text of a document without its blocks of code."""
    return re.sub(r"^```.*?^```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def blocks(document, language):
    return re.findall(
        rf"^```{language}\n(.*?)^```", document.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )


@cache
def commands():
    """Module and function by command, from setup.py."""
    text = (REPOSITORY / "setup.py").read_text(encoding="utf-8")
    return {
        name: (module, function)
        for name, module, function in re.findall(r'"(\w+) = (lprnet_ros[\w.]+):(\w+)"', text)
    }


def command_lines(document):
    """Each command of ours in a document, split into words, in blocks of code and in the text."""
    inline = [text for text in re.findall(r"`([^`\n]+)`", prose(document)) if " " in text]
    lines = [line for block in blocks(document, "bash") for line in block.replace("\\\n", " ").splitlines()]
    for line in [*lines, *inline]:
        for part in re.split(r";|&&|\||\bdo\b", line.split(" #")[0]):
            found = re.match(rf"\s*{COMMAND}(?: |$)(.*)", part.split(">")[0])
            if found and (found[1] in commands() or line in lines):
                yield found[1], *found[2].split()


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


LINES = sorted({words for document in DOCUMENTS for words in command_lines(document)})


def test_the_documents_show_every_command_and_every_verb():
    shown = {words[0] for words in LINES}
    assert shown == set(commands())
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
        if word.startswith("-") and word != "-":  # which is standard input or output
            option = word.split("=")[0]
            assert re.search(rf"(^|[\s,\[]){option}($|[\s,\]])", help_of(command, verb)), (
                f"{words}: no {option}"
            )


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_of_the_repository_that_is_named_exists(document):
    text = document.read_text(encoding="utf-8")
    named = re.findall(
        r"(?<![\w/.])(?:config|models|demo|docs|bench|test|launch|lprnet_ros)/[\w./-]+\w", text
    )
    missing = [path for path in named if not (REPOSITORY / path).exists()]
    assert missing == []


def anchors(document):
    """The anchors that GitHub gives a document's headings."""
    headings = re.findall(r"^#+ (.+)$", prose(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document):
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(document)):
        if link.startswith("https://"):
            continue
        file, _, anchor = link.partition("#")
        target = document.parent / file if file else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_a_readme_can_be_read_in_one_go(readme):
    text = readme.read_text(encoding="utf-8")
    assert text.count("\n") <= MOST_LINES
    assert len(text.encode()) <= MOST_BYTES


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("README.md", "README_cn.md"),
        ("docs/interface.md", "docs/interface_cn.md"),
        ("docs/hardware_status.md", "docs/hardware_status_cn.md"),
        ("docs/parameters.md", "docs/parameters_cn.md"),
    ],
)
def test_the_chinese_page_has_the_same_structure(english, chinese):
    pages = [prose(REPOSITORY / name) for name in (english, chinese)]
    outlines = [re.findall(r"^(#+) |^(\|)", page, re.MULTILINE) for page in pages]
    assert outlines[0] == outlines[1]
    names = [set(re.findall(r"`(~?[a-z][a-z0-9_/]*|~/[a-z_]+)`", page)) for page in pages]
    assert names[0] == names[1]


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_the_first_line_says_what_it_reads(readme):
    first = readme.read_text(encoding="utf-8").split("\n\n")[1]
    assert re.search(r"\*(Chinese|中国)\*.*\[GA 36-2018\]\(https://", first)


def test_the_table_of_rooms_is_the_one_that_the_walls_enforce():
    walls = ast.parse((REPOSITORY / "test" / "package" / "test_walls.py").read_text(encoding="utf-8"))
    (allowed,) = (
        ast.literal_eval(node.value)
        for node in walls.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ALLOWED"
    )
    design = prose(REPOSITORY / "docs" / "design.md")
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\|([^|]*)\|$", design, re.MULTILINE)
    shown = {room: set(re.findall(r"`(\w+)`", others)) for room, others in rows}
    assert shown == {room: set(others.split()) for room, others in allowed.items()}, "docs/design.md"
