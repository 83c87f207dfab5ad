"""Averaging checkpoints; needs PyTorch (the extra 'training')."""

from importlib.util import find_spec

import pytest

from lprnet_ros.cli import average as cli

if find_spec("torch") is not None:
    import torch

    from lprnet_ros.training.checkpoint_export import write_onnx
    from lprnet_ros.training.network import INPUT_SHAPE, PlateNet

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


def test_an_exported_network_is_mixed_with_a_checkpoint_by_shares(checkpoints, tmp_path):
    network = PlateNet().eval()
    torch.nn.init.uniform_(network.stem[1].running_var, 0.5, 2.0)
    write_onnx(network, tmp_path / "exported.onnx")
    files = [str(tmp_path / "exported.onnx"), str(checkpoints[0])]
    images = torch.randn(2, *INPUT_SHAPE[1:])
    other = PlateNet().eval()
    other.load_state_dict(torch.load(checkpoints[0], weights_only=True)["averaged"])
    for shares, expected in ((["1", "0"], network), (["0", "1"], other)):
        output = tmp_path / "mixed.pt"
        assert cli.main([*files, "--output", str(output), "--shares", *shares]) == 0
        mixed = PlateNet().eval()
        mixed.load_state_dict(torch.load(output, weights_only=True)["averaged"])
        with torch.no_grad():
            assert torch.allclose(mixed(images), expected(images), atol=1e-4)


def test_shares_that_do_not_fit_are_named(checkpoints, tmp_path, capsys):
    for shares in (["1"], ["0.5", "0.6"]):
        files = [*map(str, checkpoints), "--output", str(tmp_path / "x.pt")]
        assert cli.main([*files, "--shares", *shares]) == 1
        assert "in sum 1" in capsys.readouterr().err
