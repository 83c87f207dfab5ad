"""A model or manifest that is missing or broken: one line names it, and after the repair all is well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from board_model import write_model
from fault_harness import BoardConversation, BoardReader, running_board
from ros_harness import ACTIVATE, CLEANUP, CONFIGURE, DEACTIVATE, Client

from lprnet_ros.models.manifest import manifest_path

NEEDED = {
    "name": "name",
    "sha256": "sha256",
    "input": "input",
    "input.channel_order": "input.channel_order",
    "input.mean": "input.mean",
    "input.scale": "input.scale",
    "input.width": "input.width",
    "input.height": "input.height",
    "output": "output",
    "output.time_steps": "output.time_steps",
    "output.blank": "output.blank",
    "output.alphabet and syntax": "output.alphabet",
    "self_test": "self_test",
    "self_test.blue_pixel": "self_test.blue_pixel",
}
"""What a manifest cannot do without, and how the message calls it."""


@pytest.fixture(scope="module", params=["workers:=0", "workers:=1"], ids=["in the node", "in a process"])
def idle(
    client: Client, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[BoardReader]:
    folder = tmp_path_factory.mktemp("idle")
    with running_board(client, folder, "autostart:=false", request.param) as reader:
        yield reader


def told_by_configure(reader: BoardReader) -> str:
    """Try to configure, which must fail; return the one line that says why and what to do."""
    earlier = len(reader.log)
    assert not reader.change_state(CONFIGURE)
    retry = f"To try again: ros2 lifecycle set {reader.full_name} configure"
    reader.client.wait_for(lambda: retry in reader.log[earlier:], "how to retry", reader)
    # What rcl says of a question that came too early, and rclpy of a lost answer, is not the node's.
    lines = [line for line in reader.log[earlier:].splitlines() if f"{reader.name}]: " in line]
    assert len(lines) == 1, lines
    assert "ERROR" in lines[0]
    assert reader.state() == "unconfigured"
    return lines[0]


def assert_it_works_again(reader: BoardReader) -> None:
    write_model(reader.model.parent)
    assert reader.change_state(CONFIGURE)
    assert reader.change_state(CLEANUP)


def _remove(model: Path) -> None:
    model.unlink()


def _truncate(model: Path) -> None:
    model.write_bytes(model.read_bytes()[:7])


def _empty(model: Path) -> None:
    model.write_bytes(b"")


def _flip_a_bit(model: Path) -> None:
    content = model.read_bytes()
    model.write_bytes(bytes([content[0] ^ 1]) + content[1:])


def _remove_manifest(model: Path) -> None:
    manifest_path(model).unlink()


def _truncate_manifest(model: Path) -> None:
    path = manifest_path(model)
    path.write_bytes(path.read_bytes()[:40])


@pytest.mark.parametrize(
    ("spoil", "named", "advice"),
    [
        (_remove, "lpr.bin: no such model file", "To try again"),
        (_truncate, "lpr.bin is not the file its manifest describes", "get the file again"),
        (_empty, "lpr.bin is not the file its manifest describes", "get the file again"),
        (_flip_a_bit, "lpr.bin is not the file its manifest describes", "get the file again"),
        (_remove_manifest, "lpr.bin.yaml: no such manifest", "every model needs one beside it"),
        (_truncate_manifest, "lpr.bin.yaml", "lacks the field"),
    ],
)
def test_a_file_that_is_missing_or_broken_is_named_with_what_to_do(
    idle: BoardReader, spoil: Callable[[Path], None], named: str, advice: str
) -> None:
    write_model(idle.model.parent)  # whatever an earlier test has left
    spoil(idle.model)
    line = told_by_configure(idle)
    assert f"{idle.model.parent}/{named}" in line
    assert advice in line
    assert_it_works_again(idle)


def test_every_field_of_the_manifest_that_is_missing_is_named(client: Client, tmp_path: Path) -> None:
    with running_board(client, tmp_path, "autostart:=false", "workers:=0") as reader:
        path = manifest_path(reader.model)
        whole = path.read_text(encoding="utf-8")
        for field, called in NEEDED.items():
            values = yaml.safe_load(whole)
            section, _, key = field.partition(".")
            if key == "alphabet and syntax":
                del values["output"]["syntax"]
                values["output"].pop("alphabet", None)
            elif key:
                del values[section][key]
            else:
                del values[section]
            path.write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
            line = told_by_configure(reader)
            assert f"{path}: lacks the field {called!r}" in line
        path.write_text(whole, encoding="utf-8")
        assert reader.change_state(CONFIGURE)
        assert reader.change_state(ACTIVATE)
        assert BoardConversation(reader).read(1)["accepted"]
        assert reader.change_state(DEACTIVATE)


def test_the_list_of_needed_fields_is_complete(tmp_path: Path) -> None:
    """What is not in it can be left out of a manifest."""
    from lprnet_ros.models.load import load_manifest  # noqa: PLC0415

    model = write_model(tmp_path)
    path = manifest_path(model)
    whole = yaml.safe_load(path.read_text(encoding="utf-8"))
    fields = [(name, "") for name in whole]
    fields += [(name, key) for name, values in whole.items() if isinstance(values, dict) for key in values]
    for section, key in fields:
        values = yaml.safe_load(yaml.safe_dump(whole, allow_unicode=True))
        if key:
            del values[section][key]
        else:
            del values[section]
        path.write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
        if f"{section}.{key}".rstrip(".") in NEEDED or (section, key) == ("output", "syntax"):
            continue
        load_manifest(model)
