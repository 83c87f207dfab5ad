"""What a board proves: each line of docs/hardware_status.md, each command that can fail in its own way."""

import json
import os
import re
import sys
from pathlib import Path

import pytest

from lprnet_ros.board.proof import CONFIRMED, CONTRADICTED, NOT_TRIED, Step, conclude, run_step
from lprnet_ros.board.proof_report import write_report
from lprnet_ros.board.proof_steps import CHECKOUT, LINES, commands

STEPS = commands(Path("/models/my lpr.bin"), Path("/"), 30.0)
SCORE = {"plates": 31, "correct": 31, "accuracy": 1.0, "ms_per_plate": 4.2}


def python(program):
    return (sys.executable, "-c", program)


def printing(found, status=0):
    return python(f"print({json.dumps(found)!r}); raise SystemExit({status})")


def step(name, verdict, said="so it is"):
    return Step(name, ("true",), verdict, said, 0.5, {})


@pytest.mark.parametrize("page", ["hardware_status.md", "hardware_status_cn.md"])
def test_the_lines_are_those_of_the_document(page):
    text = (CHECKOUT / "docs" / page).read_text(encoding="utf-8")
    parts = [row.split("|")[1].strip() for row in text.splitlines() if row.startswith("| ")][1:]
    assert len(parts) == len(LINES)
    if "_cn" not in page:
        assert parts == [part for part, _, _ in LINES]


def test_every_line_has_steps_that_there_are_or_says_how_to_try_it():
    for part, names, hint in LINES:
        assert set(names) <= set(STEPS), part
        assert bool(names) != bool(hint), part


def test_every_file_that_a_step_names_is_in_the_checkout():
    for command in STEPS.values():
        for word in command:
            if word.startswith(("test/", "demo/")):
                assert (CHECKOUT / word).exists(), word


def test_a_path_with_blanks_stays_one_word_in_the_shell():
    assert "--model_file '/models/my lpr.bin'" in STEPS["hrt_model_exec"][-1]


@pytest.mark.parametrize(
    ("program", "verdict", "said"),
    [
        ("print('self-test passed')", CONFIRMED, "self-test passed"),
        ("import os; os.abort()", CONTRADICTED, "ended with status -6"),
        ("print('one'); raise SystemExit('read 京')", CONTRADICTED, "ended with status 1: read 京"),
        ("import os; print('it needs more', flush=True); os.abort()", CONTRADICTED, "status -6: it needs"),
        ("print(\"the runtime 'bpu' needs bpu_infer_lib\")", NOT_TRIED, "needs bpu_infer_lib"),
        ("import sys; sys.exit('lpr.bin: no such model file')", NOT_TRIED, "no such model file"),
        ("import no_such_module", NOT_TRIED, "No module named 'no_such_module'"),
    ],
)  # fmt: skip
def test_a_command_that_prints_text(program, verdict, said):
    found = run_step("self-test, hbm", python(program))
    assert found.verdict == verdict
    assert said in found.said
    assert found.seconds > 0


def test_a_program_that_is_not_installed_contradicts_nothing():
    found = run_step("hrt_model_exec", ("sh", "-c", "no_such_program || exit"))
    assert (found.verdict, "not found" in found.said) == (NOT_TRIED, True)


def test_the_boards_own_benchmark_is_run_with_each_number_of_threads(tmp_path, monkeypatch):
    run = """#!/bin/sh
echo "Running condition:
  Thread number is: $7
  Frame count   is: $5
Perf result:
  Frame totally latency is: 750.0 ms
  Average    latency    is: 3.75 ms
  Frame      rate       is: 2$7.5 FPS"
"""
    (tmp_path / "hrt_model_exec").write_text(run)
    (tmp_path / "hrt_model_exec").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    found = run_step("hrt_model_exec", STEPS["hrt_model_exec"])
    assert [(row["threads"], row["frames"], row["fps"]) for row in found.found["rows"]] == [
        (number, 200, 20.5 + number) for number in (1, 2, 4, 8)
    ]
    assert found.verdict == CONTRADICTED, "21.5 a second are far below the article's 268"
    assert [path.name for path in tmp_path.iterdir()] == ["hrt_model_exec"], "the log is left behind"


@pytest.mark.parametrize(
    ("line", "status", "verdict"),
    [
        ("3 passed, 2 skipped in 1.0s", 0, CONFIRMED),
        ("2 skipped in 0.0s", 0, NOT_TRIED),
        ("no tests ran", 5, NOT_TRIED),
        ("1 failed, 2 passed in 3.0s", 1, CONTRADICTED),
    ],
)
def test_tests_that_were_all_skipped_prove_nothing(line, status, verdict):
    found = run_step("tests of launch", python(f"print({line!r}); raise SystemExit({status})"))
    assert (found.verdict, line in found.said) == (verdict, True)


@pytest.mark.parametrize(("accuracy", "verdict"), [(1.0, CONFIRMED), (0.02, CONTRADICTED)])
def test_crops_that_are_misread_contradict(accuracy, verdict):
    found = run_step("demo crops", printing(SCORE | {"accuracy": accuracy}))
    assert found.verdict == verdict
    assert found.said == "31 of 31 demo crops read right, 4.20 ms each"
    assert found.found["accuracy"] == accuracy


@pytest.mark.parametrize(("fps", "verdict"), [(200.0, CONFIRMED), (100.0, CONTRADICTED)])
def test_the_speed_is_held_against_the_articles(fps, verdict):
    rows = {"rows": [{"threads": 1, "fps": fps, "average_ms": 5.0}]}
    found = run_step("threads, lpr.bin", printing(rows))
    assert found.verdict == verdict
    assert "article, the model alone: 1 threads 268 (3.72 ms), 2 threads 516" in found.said
    assert run_step("threads", printing(rows)).verdict == CONFIRMED


@pytest.mark.parametrize(
    ("read", "kept_up", "verdict"),
    [(500, True, CONFIRMED), (500, False, CONFIRMED), (499, True, CONTRADICTED)],
)
def test_a_node_that_loses_crops_at_a_low_rate_contradicts(read, kept_up, verdict):
    quiet = {"read": read, "sent": 500, "p99_ms": 9.0}
    rows = {"rows": [{"workers": 2, "plates_a_second": 400.0, "is_kept_up": kept_up, "quiet": quiet}]}
    found = run_step("live node", printing(rows, status=0 if kept_up else 1))
    assert found.verdict == verdict
    assert found.said.startswith("2 workers 400 plates a second")
    assert ("(some were lost)" in found.said) == (not kept_up)


@pytest.mark.parametrize(
    ("problems", "verdict", "said"),
    [
        ({"ddr_bandwidth": "not counting"}, CONFIRMED, "every value was read"),
        (
            {"ion": "/sys/x is open to root only"},
            CONFIRMED,
            "every value was read, but 1 that are open to root only",
        ),
        ({"bpu_percent": "there is no /sys/y"}, CONTRADICTED, "bpu_percent: there is no /sys/y"),
    ],
)  # fmt: skip
def test_values_that_lie_elsewhere_contradict(problems, verdict, said):
    found = run_step("lpr_board", printing({"problems": problems}))
    assert (found.verdict, found.said) == (verdict, said)


@pytest.mark.parametrize("printed", ["no JSON", "{}", "[1]", "null"])
def test_something_else_than_was_expected_contradicts(printed):
    found = run_step("demo crops", python(f"print({printed!r})"))
    assert found.verdict == CONTRADICTED
    assert "something else than expected" in found.said


def test_the_temperatures_after_each_step_are_kept(tmp_path):
    x5 = __import__("rdk_x5")
    assert run_step("messages", python("pass"), x5.build(tmp_path)).celsius["BPU"] == 45.9


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ((CONFIRMED, CONFIRMED), CONFIRMED),
        ((CONFIRMED, NOT_TRIED), NOT_TRIED),
        ((CONTRADICTED, NOT_TRIED), CONTRADICTED),
        ((CONFIRMED, CONTRADICTED), CONTRADICTED),
    ],
)
def test_a_line_is_confirmed_by_all_of_its_steps_and_contradicted_by_one(verdicts, expected):
    names = LINES[0][1]
    line = conclude([step(name, verdict, verdict) for name, verdict in zip(names, verdicts, strict=True)])[0]
    assert line.verdict == expected
    assert line.evidence == f"{names[0]}: {verdicts[0]}; {names[1]}: {verdicts[1]}"


def test_without_a_step_a_line_is_not_tried_and_says_how_to():
    lines = {line.part: line for line in conclude([])}
    assert {line.verdict for line in lines.values()} == {NOT_TRIED}
    assert lines["Debian package"].evidence == "in a checkout: .ci/check_deb"


def test_the_report_is_written_as_markdown_and_as_json(tmp_path):
    steps = [
        step("lpr_board", CONFIRMED, "a | b"),
        Step("live node", ("x", "a b"), CONTRADICTED, "", 1.0, {"BPU": 50.0}, {"a": 1}),
    ]
    write_report(tmp_path / "proof.1", {"board": "RDK X5"}, conclude(steps), steps)
    page = (tmp_path / "proof.1.md").read_text(encoding="utf-8")
    assert "- board: RDK X5\n" in page
    assert "| diagnostics of the board, `lpr_board` | confirmed | lpr_board: a \\| b |" in page
    assert "| live node | contradicted | 1.0 | 50.0 |  | `x 'a b'` |" in page
    assert all(
        len(re.findall(r"(?<!\\)\|", row)) in (4, 7) for row in page.splitlines() if row.startswith("|")
    )
    report = json.loads((tmp_path / "proof.1.json").read_text(encoding="utf-8"))
    assert report["lines"][0]["verdict"] == CONTRADICTED
    assert report["steps"][1]["found"] == {"a": 1}
