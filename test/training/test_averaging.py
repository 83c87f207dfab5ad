"""Averaging checkpoints; needs PyTorch (the extra 'training')."""

from importlib.util import find_spec

import pytest

from lprnet_ros.cli import average as cli

if find_spec("torch") is not None:
    import torch

    from lprnet_ros.training.network import PlateNet

pytestmark = pytest.mark.skipif(find_spec("torch") is None, reason="needs the extra 'training': torch")


@pytest.fixture
def checkpoints(tmp_path):
    """Checkpoints of two networks."""
    paths = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        paths.append(tmp_path / f"{seed}.pt")
        torch.save({"averaged": PlateNet().state_dict(), "step": 5}, paths[-1])
    return paths


def test_the_mean_of_the_weights_is_written(checkpoints, tmp_path, capsys):
    output = tmp_path / "new" / "mean.pt"
    assert cli.main([*map(str, checkpoints), "--output", str(output)]) == 0
    first, second, mean = (torch.load(path, weights_only=True)["averaged"] for path in (*checkpoints, output))
    weight = "classifier.weight"
    assert torch.allclose(mean[weight], (first[weight] + second[weight]) / 2)
    assert not torch.allclose(mean[weight], first[weight])
    PlateNet().load_state_dict(mean)
    assert "the mean of 2" in capsys.readouterr().out


def test_what_cannot_be_averaged_is_named(checkpoints, tmp_path, capsys):
    output = str(tmp_path / "mean.pt")
    assert cli.main([str(tmp_path / "gone.pt"), "--output", output]) == 1
    assert "gone.pt: no such checkpoint" in capsys.readouterr().err
    bare = tmp_path / "bare.pt"
    torch.save(PlateNet().state_dict(), bare)
    assert cli.main([str(bare), "--output", output]) == 1
    assert "not a checkpoint of lpr_train" in capsys.readouterr().err
    other = tmp_path / "other.pt"
    torch.save({"averaged": PlateNet(head=64).state_dict()}, other)
    assert cli.main([str(checkpoints[0]), str(other), "--output", output]) == 1
    assert "other.pt: not of the same network" in capsys.readouterr().err
