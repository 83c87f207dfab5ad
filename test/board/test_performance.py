import builtins
import itertools
import json
import os
from pathlib import Path

import pytest
import rdk_x5

from lprnet_ros.board.identity import NotAnRdkError
from lprnet_ros.board.performance import PerformanceError, apply, plan

STEPS = [(rdk_x5.BOOST, "1"), (rdk_x5.GOVERNOR, "performance"), (rdk_x5.CLOCK, "1200000000")]
THROTTLE = f"{rdk_x5.ZONES}/cooling_device0/cur_state"


def contents(root):
    """All files but the lock and the state."""
    return {
        str(path.relative_to(root)): path.read_text()
        for path in root.rglob("*")
        if path.is_file() and "run/" not in str(path)
    }


def is_on(kernel):
    return [kernel.get(path) for path, _ in STEPS] == [value for _, value in STEPS]


def test_the_plan_names_each_file_its_value_and_what_is_there(root):
    changes = plan(root, on=True)
    assert [(change.path, change.now, change.wanted) for change in changes] == [
        ("/sys/devices/system/cpu/cpufreq/boost", "0", "1"),
        ("/sys/devices/system/cpu/cpufreq/policy0/scaling_governor", "schedutil", "performance"),
        ("/sys/kernel/debug/clk/bpu_mclk_2x_clk/clk_rate", "996000000", "1200000000"),
    ]
    assert [change.name for change in changes] == ["CPU boost", "CPU governor", "BPU clock (Hz)"]
    assert all(change.is_needed for change in changes)
    assert plan(root, on=False) == ()
    assert contents(root) == rdk_x5.VALUES


def test_on_writes_what_was_planned_in_that_order_and_off_puts_all_back(root, kernel):
    before = contents(root)
    apply(root, on=True)
    assert kernel.writes == STEPS
    assert [change.now for change in plan(root, on=True)] == ["1", "performance", "1200000000"]
    assert kernel.get(rdk_x5.LIMIT) == "1800000"
    kernel.writes.clear()
    apply(root, on=False)
    assert contents(root) == before
    assert kernel.writes == [(rdk_x5.CLOCK, "996000000"), (rdk_x5.GOVERNOR, "schedutil"), (rdk_x5.BOOST, "0")]
    assert not (root / rdk_x5.STATE).exists()


@pytest.mark.parametrize("governor", ["schedutil", "ondemand", "powersave", "performance"])
@pytest.mark.parametrize("boost", ["0", "1"])
@pytest.mark.parametrize(("clock", "limit"), [("498000000", "1200000"), ("1200000000", "600000")])
def test_foreign_values_come_back_exactly(root, kernel, governor, boost, clock, limit):
    kernel.write(root / rdk_x5.BOOST, boost)
    kernel.write(root / rdk_x5.GOVERNOR, governor)
    for path, value in {rdk_x5.CLOCK: clock, rdk_x5.LIMIT: limit}.items():
        kernel.set(path, value)
    before = contents(root)
    apply(root, on=True)
    assert is_on(kernel)
    apply(root, on=False)
    assert contents(root) == before


def test_a_second_on_keeps_what_the_first_one_found(root, kernel):
    before = contents(root)
    apply(root, on=True)
    state = (root / rdk_x5.STATE).read_text()
    kernel.writes.clear()
    apply(root, on=True)
    assert kernel.writes == []
    assert (root / rdk_x5.STATE).read_text() == state
    kernel.set(rdk_x5.CLOCK, "498000000")  # somebody else's
    apply(root, on=True)
    assert kernel.writes == [STEPS[2]]
    assert (root / rdk_x5.STATE).read_text() == state
    apply(root, on=False)
    assert contents(root) == before


def test_what_was_in_force_already_is_neither_written_nor_put_back(root, kernel):
    kernel.write(root / rdk_x5.BOOST, "1")
    kernel.writes.clear()
    apply(root, on=True)
    assert kernel.writes == STEPS[1:]
    kernel.write(root / rdk_x5.BOOST, "0")  # by somebody else, later
    apply(root, on=False)
    assert kernel.get(rdk_x5.BOOST) == "0"


def test_all_of_it_in_force_needs_nothing_and_keeps_nothing(root, kernel):
    for path, value in STEPS:
        kernel.set(path, value)
    apply(root, on=True)
    assert not any(change.is_needed for change in plan(root, on=True))
    assert kernel.writes == []
    assert not (root / "run/lprnet_ros").exists()


def test_off_without_on_writes_nothing(root, kernel):
    apply(root, on=False)
    assert plan(root, on=False) == ()
    assert kernel.writes == []
    assert not (root / "run/lprnet_ros").exists()


def test_values_that_somebody_changed_meanwhile_are_shown_and_put_back(root, kernel):
    apply(root, on=True)
    kernel.set(rdk_x5.CLOCK, "498000000")
    first = plan(root, on=False)[0]
    assert (first.path, first.now, first.wanted) == ("/" + rdk_x5.CLOCK, "498000000", "996000000")
    apply(root, on=False)
    assert kernel.get(rdk_x5.CLOCK) == "996000000"


@pytest.mark.parametrize("step", range(3))
def test_an_on_that_fails_puts_back_what_it_wrote_and_says_so(root, kernel, step):
    before = contents(root)
    path = STEPS[step][0]
    kernel.refused = {path}
    with pytest.raises(PerformanceError, match="all that had been written was put back") as caught:
        apply(root, on=True)
    assert f"{STEPS[step][1]} was not taken: {root / path}: Invalid argument" in str(caught.value)
    assert contents(root) == before
    assert not (root / rdk_x5.STATE).exists()


def test_a_failed_second_on_leaves_the_first_one_in_force(root, kernel):
    before = contents(root)
    apply(root, on=True)
    state = (root / rdk_x5.STATE).read_text()
    kernel.set(rdk_x5.CLOCK, "498000000")
    kernel.refused = {rdk_x5.CLOCK}
    with pytest.raises(PerformanceError, match="was not taken"):
        apply(root, on=True)
    assert (root / rdk_x5.STATE).read_text() == state
    kernel.refused = set()
    apply(root, on=False)
    assert contents(root) == before


def test_what_could_not_be_put_back_is_named_and_stays_kept(root, kernel):
    before = contents(root)
    really = kernel.write

    def write(path, value):
        if value == "performance":  # the board's governors are gone from here on
            kernel.refused = {rdk_x5.GOVERNOR, rdk_x5.BOOST}
        really(path, value)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lprnet_ros.board.sysfs.write_value", write)
        with pytest.raises(PerformanceError, match=r"not put back: 0 was not taken: .*boost"):
            apply(root, on=True)
    with pytest.raises(PerformanceError, match=r"not put back: 0 was not taken.*still holds the values"):
        apply(root, on=False)
    kernel.refused = set()
    apply(root, on=False)
    assert contents(root) == before


@pytest.mark.parametrize(
    ("made", "is_taken"), [("1199999988", True), ("900000000", False), ("1300000000", False)]
)
def test_a_clock_that_the_kernel_rounds_is_in_force_and_another_one_is_not(root, kernel, made, is_taken):
    kernel.clock_for = {"1200000000": made}
    if is_taken:
        apply(root, on=True)
        assert plan(root, on=True)[2].now == made
        assert not plan(root, on=True)[2].is_needed
        return
    with pytest.raises(PerformanceError, match=f"1200000000 was written, but .*clk_rate holds {made}"):
        apply(root, on=True)
    assert kernel.get(rdk_x5.CLOCK) == "996000000"


def test_a_clock_is_put_back_exactly_or_it_is_told(root, kernel):
    apply(root, on=True)
    kernel.clock_for = {"996000000": "995999999"}
    with pytest.raises(PerformanceError, match=r"996000000 was written, but .*clk_rate holds 995999999"):
        apply(root, on=False)
    assert kernel.get(rdk_x5.GOVERNOR) == "schedutil"  # the others are put back nevertheless
    assert (root / rdk_x5.STATE).exists()


@pytest.mark.parametrize("moment", range(3))
@pytest.mark.parametrize("on_again", [False, True])
def test_after_a_crash_between_two_writes_off_puts_all_back(root, kernel, moment, on_again):
    before = contents(root)
    kernel.power_cut_at = moment
    with pytest.raises(rdk_x5.PowerCutError):
        apply(root, on=True)
    kernel.power_cut_at = None
    if on_again:
        apply(root, on=True)
        assert is_on(kernel)
    apply(root, on=False)
    assert contents(root) == before
    assert not (root / rdk_x5.STATE).exists()


@pytest.mark.parametrize("moment", range(3))
def test_after_a_crash_while_putting_back_off_goes_on(root, kernel, moment):
    before = contents(root)
    apply(root, on=True)
    kernel.power_cut_at = 3 + moment
    with pytest.raises(rdk_x5.PowerCutError):
        apply(root, on=False)
    kernel.power_cut_at = None
    apply(root, on=False)
    assert contents(root) == before


def test_the_limit_that_heat_imposes_is_not_made_the_users(root, kernel):
    kernel.set(THROTTLE, "2")
    kernel.set(rdk_x5.LIMIT, "600000")  # by heat
    apply(root, on=True)
    kernel.set(THROTTLE, "0")
    kernel.writes.clear()
    apply(root, on=False)
    assert rdk_x5.LIMIT not in dict(kernel.writes)
    assert kernel.get(rdk_x5.LIMIT) == "1500000"


@pytest.mark.parametrize(("path", "hint"), zip(dict(STEPS), ["", "", "debug mounted"], strict=True))
def test_a_missing_file_is_one_sentence_and_nothing_is_written(root, kernel, path, hint):
    (root / path).unlink()
    with pytest.raises(PerformanceError, match=f"there is no {root / path}.*{hint}.*nothing was written"):
        apply(root, on=True)
    assert kernel.writes == []
    assert not (root / "run/lprnet_ros").exists()


def refuse(monkeypatch, module, name, folder):
    """Close a folder to this user, who is not root."""
    really = getattr(module, name)

    def closed(path, *arguments, **options):
        if str(path).startswith(str(folder)):
            raise PermissionError(13, "Permission denied", path)
        return really(path, *arguments, **options)

    monkeypatch.setattr(module, name, closed)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)


def test_without_root_the_clock_cannot_be_read_and_nothing_is_written(root, kernel, monkeypatch):
    refuse(monkeypatch, builtins, "open", root / "sys/kernel/debug")
    changes = plan(root, on=True)
    assert [change.now for change in changes] == ["0", "schedutil", None]
    with pytest.raises(PerformanceError, match=r"open to root only; run this with sudo .nothing was written"):
        apply(root, on=True)
    assert kernel.writes == []


def test_without_root_the_state_cannot_be_kept_and_nothing_is_written(root, kernel, monkeypatch):
    refuse(monkeypatch, Path, "mkdir", root / "run")
    with pytest.raises(PerformanceError, match="open to root only; run this with sudo"):
        apply(root, on=True)
    assert kernel.writes == []


@pytest.mark.parametrize("on", [True, False])
def test_another_machine_is_never_written(root, kernel, on):
    apply(root, on=True)
    kernel.writes.clear()
    kernel.set(rdk_x5.MODEL, "Raspberry Pi 4 Model B Rev 1.4")
    before = contents(root)
    for call in (plan, apply):
        with pytest.raises(NotAnRdkError, match="no RDK X5"):
            call(root, on=on)
    assert contents(root) == before
    assert kernel.writes == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"/etc/passwd": "1"}',
        '{"/sys/devices/system/cpu/cpufreq/boost": 1}',
        '{"/sys/devices/system/cpu/cpufreq/boost": ""}',
        "[" * 100_000,
    ],
)
@pytest.mark.parametrize("on", [True, False])
def test_a_state_that_cannot_be_understood_is_kept_and_told(root, kernel, text, on):
    rdk_x5.build(root, {rdk_x5.STATE: text})
    with pytest.raises(PerformanceError, match=r"which held the values to put back, cannot be understood"):
        apply(root, on=on)
    assert kernel.writes == []
    assert (root / rdk_x5.STATE).read_text() == text


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "/sys/devices/system/cpu/cpufreq/../../../../etc/passwd",
        "/sys/devices/system/cpu/cpufreq/policy0/scaling_min_freq",
        "/sys/kernel/debug/clk/cpu_core_clk/clk_rate",
    ],
)
def test_a_state_that_names_another_file_is_refused(root, kernel, path):
    rdk_x5.build(root, {rdk_x5.STATE: json.dumps({path: "1"})})
    with pytest.raises(PerformanceError, match="it names other files"):
        apply(root, on=False)
    assert kernel.writes == []


def test_values_found_by_two_calls_are_put_back_in_the_order_of_one(root, kernel):
    before = contents(root)
    for first, second in itertools.permutations(range(3), 2):
        for index, (path, value) in enumerate(STEPS):
            if index not in (first, second):
                kernel.set(path, value)  # by somebody else: not ours to put back
        kernel.set(*STEPS[second])
        apply(root, on=True)
        kernel.set(STEPS[second][0], before[STEPS[second][0]].strip())
        if second == 0:
            kernel.set(rdk_x5.LIMIT, "1200000")
        apply(root, on=True)
        order = [change.path for change in reversed(plan(root, on=False))]
        paths = ["/" + path for path in (rdk_x5.LIMIT, rdk_x5.BOOST, rdk_x5.GOVERNOR, rdk_x5.CLOCK)]
        assert order == [path for path in paths if path in order]
        apply(root, on=False)
        assert not (root / rdk_x5.STATE).exists()
        for path, text in before.items():
            kernel.set(path, text.strip("\n"))
