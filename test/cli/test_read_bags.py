"""``lpr_read`` and ``PlateReader`` with bags: vehicles of each topic, stamps, damage, silence in a pipe."""

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from bags import START, STORAGES, compressed, raw, storage_file, text, write_bag
from stand_in_finder import StandInFinder, photograph

from lprnet_ros import PlateReader
from lprnet_ros.cli.evaluate import main as evaluate
from lprnet_ros.cli.read import main
from lprnet_ros.sources.labelled import LabelledDataError, list_images, read_image

pytestmark = pytest.mark.usefixtures("finder")

REPOSITORY = Path(__file__).resolve().parents[2]
STEP = 10**8
SECONDS = START / 1e9


def messages(crops):
    """A crop of each vehicle on /gate/crop, and frames with both on /cam, stamped 2 s before they come."""
    frame = photograph(*zip(crops.values(), [(50, 300), (350, 200)], strict=True))
    for number, crop in enumerate(crops.values()):
        stamp = START + number * STEP
        yield "/gate/crop", stamp, raw(crop, stamp)
    for number in range(4):
        now = START + (3 + number) * STEP
        yield "/cam", now, compressed(frame, now - 2 * 10**9)
        yield "/log", now + 1, text("x")


@pytest.fixture(params=STORAGES)
def bag(request, crops, tmp_path):
    return write_bag(tmp_path / "gate_bag", messages(crops), request.param)


def rows(capsys):
    captured = capsys.readouterr()
    return [line.split("\t") for line in captured.out.splitlines()], captured.err.splitlines()


def test_a_bag_gives_a_line_for_each_vehicle_of_each_topic(bag, crops, capsys):
    assert main([str(bag)]) == 0
    found, err = rows(capsys)
    first, second = crops
    expected = {
        (f"{bag}#topic=/gate/crop&t={SECONDS:.2f}", first),
        (f"{bag}#topic=/gate/crop&t={SECONDS + 0.1:.2f}", second),
        (f"{bag}#topic=/cam&t={SECONDS + 0.3 - 2:.2f}", first),
        (f"{bag}#topic=/cam&t={SECONDS + 0.3 - 2:.2f}", second),
    }
    assert {(row[0], row[1]) for row in found} == expected
    assert len(found) == 4
    assert {row[3] for row in found} == {"accepted"}
    assert err == []


def test_json_and_csv_keep_the_stamps_and_the_topic(bag, capsys, tmp_path):
    assert main([str(bag), "--topic", "/cam", "--json", "--csv", str(tmp_path / "out.csv")]) == 0
    values = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    table = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text(encoding="utf-8"))))
    assert len(values) == len(table) == 2
    for one, row in zip(values, table, strict=True):
        assert (one["file"], one["topic"], one["crops"]) == (str(bag), "/cam", 4)
        assert one["first"] == pytest.approx(SECONDS - 1.7, abs=1e-6)
        assert one["last"] == pytest.approx(SECONDS - 1.4, abs=1e-6)
        assert (float(row["seconds"]), float(row["last"])) == (one["first"], one["last"])
        assert (row["topic"], row["file"]) == ("/cam", str(bag))


def test_each_message_can_be_read_by_itself(bag, crops, capsys):
    assert main([str(bag), "--each", "--topic", "/gate/crop", "--csv", "-"]) == 0
    table = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["text"] for row in table] == list(crops)
    assert [float(row["seconds"]) for row in table] == pytest.approx([SECONDS, SECONDS + 0.1], abs=1e-6)


def test_a_truncated_bag_gives_its_vehicles_one_warning_and_status_1(bag, crops, capsys):
    file = storage_file(bag)
    content = file.read_bytes()
    file.write_bytes(content[: len(content) * 2 // 3])
    assert main([str(bag), "--topic", "/gate/crop"]) == 1
    found, (warning,) = rows(capsys)
    assert [row[1] for row in found] == list(crops)
    assert warning.startswith(f"lpr_read: {file}: damaged, cut off or not closed (")


def test_broken_messages_are_left_out_and_told_once(crops, tmp_path, capsys):
    lie = raw(next(iter(crops.values())), START, step=1)
    bag = write_bag(tmp_path / "bag", [*[("/gate/crop", START, lie)] * 5, *messages(crops)])
    assert main([str(bag), "--topic", "/gate/crop"]) == 1
    found, (warning,) = rows(capsys)
    assert [row[1] for row in found] == list(crops)
    assert warning.startswith(f"lpr_read: {bag}: message 0 on /gate/crop: step is 1, but a row")
    assert warning.endswith(" (and 4 more)")
    assert main([str(bag), "--topic", "/gate/crop", "--each"]) == 1
    assert len(rows(capsys)[1]) == 1


def test_a_bag_without_vehicles_says_so_and_one_without_pictures_names_its_topics(tmp_path, capsys):
    empty = write_bag(tmp_path / "street", [("/cam", START, raw(photograph(), START))])
    texts = write_bag(tmp_path / "texts", [("/log", START, text("x"))])
    assert main([str(empty), str(texts)]) == 1
    assert rows(capsys) == (
        [[str(empty), "", "0.0000", "empty"]],
        [f"lpr_read: {texts}: no topic with pictures in this bag; it has /log (std_msgs/msg/String)"],
    )


def test_annotated_messages_stay_in_their_folder_whatever_a_topic_is_called(crops, tmp_path, capsys):
    frame = next(iter(crops.values()))
    named = [(topic, START + n, raw(frame, START)) for n, topic in enumerate(["/a", "/../../b", "/c\td"])]
    bag = write_bag(tmp_path / "bag", named)
    assert main([str(bag), "--annotate", str(tmp_path / "out")]) == 0
    found, _ = rows(capsys)
    assert [len(row) for row in found] == [4, 4, 4]
    assert {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.jpg")} == {
        "bag/a/000000.jpg",
        "bag/b/000000.jpg",
        "bag/c_d/000000.jpg",
    }
    assert len(list(tmp_path.iterdir())) == 2


def test_bags_in_a_folder_are_read_like_pictures(bag, crops, capsys):
    assert main([str(bag.parent), "--topic", "/gate/crop"]) == 0
    assert [row[1] for row in rows(capsys)[0]] == list(crops)


def test_a_topic_without_a_bag_is_named(shipped_readings, capsys):
    assert main([str(next(iter(shipped_readings))), "--topic", "/cam"]) == 1
    found, err = rows(capsys)
    assert len(found) == 1
    assert err == ["lpr_read: --topic chooses among the topics of a bag, and no bag is given"]


def test_it_is_silent_in_a_pipe(bag):
    done = subprocess.run(
        [sys.executable, "-m", "lprnet_ros.cli.read", str(bag), "--topic", "/gate/crop"],
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
    assert done.stdout.count(b"\n") == 2
    assert b"\x1b" not in done.stdout


def test_the_api_takes_a_bag_by_its_path(bag, crops):
    with PlateReader(finder=StandInFinder()) as reader:
        vehicles = list(reader.vehicles(bag))
        assert sorted(one.reading.seen.topic for one in vehicles) == ["/cam"] * 2 + ["/gate/crop"] * 2
        assert {one.reading.text for one in vehicles} == set(crops)
        assert len(reader.read(str(bag))) == 2 + 4 * 2
        storage_file(bag).write_bytes(storage_file(bag).read_bytes()[:-100])
        with pytest.raises(LabelledDataError, match="damaged, cut off"):
            reader.read(bag)
        told = []
        with pytest.raises(LabelledDataError, match="damaged, cut off"):
            told += (told.append(one) for one in reader.vehicles(bag))
        assert len([one for one in told if one is not None]) == 4


def test_frames_that_show_a_vehicle_once_give_none_and_crops_do(crops, tmp_path, capsys):
    crop = next(iter(crops.values()))
    frame = photograph((crop, (50, 300)))
    bag = write_bag(
        tmp_path / "bag", [("/cam", START, raw(np.asarray(frame), START)), ("/crop", START, raw(crop, START))]
    )
    assert main([str(bag)]) == 0
    ((name, _, _, _),) = rows(capsys)[0]
    assert name.startswith(f"{bag}#topic=/crop&t=")


def test_the_documents_show_what_the_commands_print(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    crops = enumerate(list_images(REPOSITORY / "demo" / "crops"))
    write_bag(tmp_path / "gate_bag", (("/gate/crop", at, raw(read_image(p), at)) for at, p in stamped(crops)))
    document = (REPOSITORY / "docs" / "commands.md").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^```bash\n([^`]*gate_bag[^`]*)```\n\n```\n(.*?)^```", document, re.M | re.S))
    assert len(shown) == 2
    for commands, output in shown.items():
        for line in commands.splitlines():
            words = line.split("|")[0].split()
            if words[0] == "lpr_evaluate":
                assert evaluate(words[1:]) == 0
            else:
                assert main(words[1:]) == 0
            printed = capsys.readouterr().out
            if "labels.csv" in line and "sed" in line:
                (tmp_path / "labels.csv").write_text(printed.replace("text", "label", 1), encoding="utf-8")
        expected = [line.split()[:4] for line in output.splitlines() if line != "..."]
        rows = [line.split()[:4] for line in printed.splitlines()]
        if "lpr_evaluate" in commands:
            assert rows[:3] == expected[:3]
        else:
            assert [(row[0], row[1]) for row in rows[:2]] == [(row[0], row[1]) for row in expected]


def stamped(rows):
    return [(START + number * STEP, one) for number, one in rows]
