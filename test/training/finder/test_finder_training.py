"""From labelled pictures to a finder's model file; needs PyTorch (the extra 'training')."""

import json
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest

from lprnet_ros.cli import export as cli
from lprnet_ros.cli import train
from lprnet_ros.finding.finder import PlateFinder
from lprnet_ros.images.camera_frame import BgrFrame
from lprnet_ros.models.manifest import ManifestError
from lprnet_ros.training.finder.training_file import is_finder_training, load_finder_training

CONFIG = Path(__file__).parents[3] / "config"
MISSING = [
    name
    for name in ("torch", "onnx", "tqdm", "matplotlib", "cvttf_NotoSansCJK_Bold")
    if find_spec(name) is None
]
if not MISSING:
    import torch

    from lprnet_ros.training.finder.finder_loss import loss_of
    from lprnet_ros.training.finder.finder_net import FinderNet
    from lprnet_ros.training.finder.finder_trainer import FinderTrainer
    from lprnet_ros.training.finder.taught_cells import TaughtPlate, targets_of

needs_torch = pytest.mark.skipif(bool(MISSING), reason=f"needs the extra 'training': {', '.join(MISSING)}")


def test_the_finders_yaml_is_told_from_the_readers_ones():
    assert is_finder_training(CONFIG / "finder.yaml")
    assert not is_finder_training(CONFIG / "train.yaml")
    config = load_finder_training(CONFIG / "finder.yaml", {"steps": 7})
    assert (config.steps, config.tile) == (7, (256, 384))


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("stepz: 5", "stepz"),
        ("steps: many", "steps"),
        ("steps: true", "steps"),
        ("tile: [100, 384]", "tile"),
        ("tile: 7", "yaml"),
        ("shares: {signs: 1, boats: 2}", "boats"),
        ("batch_size: 0", "batch_size"),
    ],
)
def test_a_mistake_in_the_yaml_is_named(tmp_path, line, word):
    path = tmp_path / "run.yaml"
    path.write_text(f"network: finder\nframes: a.csv\nbackground: b.csv\n{line}\n", encoding="utf-8")
    with pytest.raises(ManifestError, match=word):
        load_finder_training(path)
    path.write_text("network: finder\nframes: a.csv\n", encoding="utf-8")
    with pytest.raises(ManifestError, match="missing background"):
        load_finder_training(path)


@needs_torch
def test_the_right_answer_costs_nothing_and_a_shifted_one_as_much_as_it_is_shifted():
    quad = np.array([[60, 50], [140, 50], [140, 75], [60, 75]], np.float32)
    target = torch.from_numpy(targets_of([TaughtPlate(quad)], 128, 192))[None]
    answer = torch.zeros(1, 11, 16, 24)
    answer[:, 0] = torch.where(target[:, 0] > 0.999, 20.0, -20.0)
    answer[:, 1] = target[:, 7]
    y, x = torch.meshgrid(torch.arange(16) + 0.5, torch.arange(24) + 0.5, indexing="ij")
    answer[:, 2:10] = (target[:, 8:16] - torch.stack([x, y] * 4)) / target[:, 7:8].exp2()
    answer[:, 10] = -20.0
    losses = loss_of(answer, target)
    assert all(float(value) < 1e-4 for value in losses.values())
    answer[:, 2:10] += 0.05
    assert float(loss_of(answer, target)["corners"]) == pytest.approx(0.05, abs=1e-4)
    answer[:, 0] = -20.0
    assert float(loss_of(answer, target)["score"]) > 10


@needs_torch
def test_the_network_answers_one_cell_for_each_8_pixels():
    with torch.no_grad():
        assert FinderNet().eval()(torch.zeros(2, 3, 64, 96)).shape == (2, 11, 8, 12)


def data(folder):
    """Six pictures with one blue board each, and two without."""
    generator = np.random.default_rng(1)
    rows = ["file,x1,y1,x2,y2,x3,y3,x4,y4,rows,readable,label_source,label,role"]
    for number in range(6):
        picture = generator.integers(60, 120, size=(96, 160, 3)).astype(np.uint8)
        x, y = (int(value) for value in generator.integers(10, 40, size=2))
        cv2.rectangle(picture, (x, y), (x + 80, y + 25), (200, 60, 10), -1)
        cv2.rectangle(picture, (x + 8, y + 6), (x + 72, y + 19), (240, 240, 240), -1)
        cv2.imwrite(str(folder / f"car_{number}.png"), picture)
        corners = f"{x},{y},{x + 80},{y},{x + 80},{y + 25},{x},{y + 25}"
        role = "choose" if number > 3 else "train"
        rows.append(f"car_{number}.png,{corners},1,1,exact,京A12345,{role}")
    (folder / "frames.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    cv2.imwrite(str(folder / "street.png"), generator.integers(60, 120, size=(96, 160, 3)).astype(np.uint8))
    (folder / "streets.csv").write_text("file,role\nstreet.png,train\n", encoding="utf-8")
    lines = {
        "network": "finder",
        "frames": folder / "frames.csv",
        "background": folder / "streets.csv",
        "output": folder / "run",
        "steps": 6,
        "tile": "[64, 96]",
        "batch_size": 2,
        "whole_every": 100,
        "drawn_plates": 4,
        "validate_every": 3,
        "workers": 0,
    }
    path = folder / "run.yaml"
    path.write_text("".join(f"{name}: {value}\n" for name, value in lines.items()), encoding="utf-8")
    return path


@needs_torch
def test_a_run_trains_goes_on_where_it_stopped_and_is_exported_as_it_answers(tmp_path, capsys, monkeypatch):
    config = data(tmp_path)
    save = FinderTrainer._save

    def die(trainer):
        save(trainer)
        if trainer.step == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(FinderTrainer, "_save", die)
    assert train.main([str(config), "--threads", "1"]) == 130
    assert train.main([str(config), "--threads", "1"]) == 0
    assert "recall" in capsys.readouterr().out
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [record["step"] for record in log] == [3, 6]
    assert {"score", "corners", "recall_accuracy", "corner_error"} <= set(log[0])
    assert train.main([str(config), "--threads", "1"]) == 0, "a finished run may be started again"
    state = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)
    assert state["step"] == 6
    # a network that is hardly trained finds nothing: its export is refused, and says why
    output, picture = tmp_path / "finder.onnx", tmp_path / "car_0.png"
    arguments = [
        str(tmp_path / "run" / "checkpoint.pt"),
        "--output",
        str(output),
        "--self-test",
        str(picture),
    ]
    assert cli.main(arguments) == 1
    assert "finds no plate" in capsys.readouterr().err
    state["averaged"]["answer.weight"][:] = 0  # now it finds a plate of 80 x 25 pixels wherever it looks
    corners = [-0.5, -0.16, 0.5, -0.16, 0.5, 0.16, -0.5, 0.16]
    state["averaged"]["answer.bias"][:] = torch.tensor([2.0, np.log2(80 / 8), *corners, -1.0])
    torch.save(state, tmp_path / "run" / "checkpoint.pt")
    if cli.main(arguments) != 0:
        pytest.fail(capsys.readouterr().err)
    finder = PlateFinder.open(output)
    assert finder.find(BgrFrame(lambda: cv2.imread(str(picture))))
    finder.close()
