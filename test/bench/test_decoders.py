import dataclasses
import json

import pytest

from bench.decoders import compare_decoders
from lprnet_ros.cli.evaluate import main
from lprnet_ros.reading.recognizer import PlateRecognizer
from lprnet_ros.sources.labelled import read_labelled


def test_every_decoder_reads_the_same_crops(csv_file):
    recognizer = PlateRecognizer.open()
    crops = read_labelled(csv_file)
    scores = compare_decoders(recognizer, crops)
    assert list(scores) == ["syntax", "beam", "greedy"]
    for method, score in scores.items():
        recognizer.set_rules(dataclasses.replace(recognizer.rules, decoder=method))
        right = sum(recognizer.read(crop.read()).text == crop.label for crop in crops)
        assert (score["plates"], score["correct"], score["accuracy"]) == (8, right, right / 8)
        assert 0 < score["median_ms"] <= score["worst_ms"]


def test_the_table_and_the_json_say_the_same(csv_file, capsys):
    assert main(["--data", str(csv_file), "--decoders", "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert main(["--data", str(csv_file), "--decoders"]) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert header.split()[:3] == ["decoder", "plates", "correct"]
    assert [row.split()[0] for row in rows] == list(scores)
    for row in rows:
        name, plates, correct, accuracy = row.split()[:4]
        assert (int(plates), int(correct)) == (scores[name]["plates"], scores[name]["correct"])
        assert float(accuracy) == pytest.approx(scores[name]["accuracy"], abs=1e-4)


def test_the_confidence_is_judged_below_the_table(csv_file, capsys):
    assert main(["--data", str(csv_file)]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert "AUROC" in last
    assert "expected calibration error" in last


def test_sequences_compare_single_crops_with_their_consensus(csv_file, capsys):
    command = ["--data", str(csv_file), "--sequences", "3", "--seed", "2"]
    assert main([*command, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["sequences"] == 3
    assert result["single"]["plates"] == 3 * result["frames"]
    assert result["final"]["plates"] == 3
    assert main(command) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"single crops {result['single']['plates']:7}")
    assert "3 vehicles" in lines[-1]


def test_a_weaker_camera_disturbs_less(csv_file, capsys):
    right = {}
    for strength in ("0", "2"):
        assert main(["--data", str(csv_file), "--sequences", "6", "--strength", strength, "--json"]) == 0
        right[strength] = json.loads(capsys.readouterr().out)["single"]["accuracy"]
    assert right["0"] > right["2"]


def test_a_negative_strength_is_refused(csv_file, capsys):
    with pytest.raises(SystemExit):
        main(["--data", str(csv_file), "--sequences", "1", "--strength", "-1"])
    assert "at least 0" in capsys.readouterr().err


def test_no_sequence_at_all_is_refused(csv_file, capsys):
    with pytest.raises(SystemExit):
        main(["--data", str(csv_file), "--sequences", "0"])
    assert "at least 1" in capsys.readouterr().err
