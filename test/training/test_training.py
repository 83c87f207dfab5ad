"""From samples to a model file; needs PyTorch (the extra 'training')."""

import json
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest

from lprnet_ros.cli import export as cli
from lprnet_ros.cli import train
from lprnet_ros.models.manifest import ManifestError
from lprnet_ros.plates.alphabet import CHINESE_PLATES, PROVINCES
from lprnet_ros.reading.recognizer import PlateRecognizer
from lprnet_ros.sources.labelled import LabelledDataError, is_held_out

MISSING = [name for name in ("torch", "onnx", "tqdm", "matplotlib") if find_spec(name) is None]
if not MISSING:
    import torch

    from lprnet_ros.training.checkpoint_export import load_checkpoint, write_manifest, write_onnx
    from lprnet_ros.training.classic import CLASSIC_PREPROCESSING, ClassicLPRNet, load_classic
    from lprnet_ros.training.network import INPUT_SHAPE, PlateNet
    from lprnet_ros.training.relettering import take_apart
    from lprnet_ros.training.samples import RealCrops, SampleStream, load_training_crops
    from lprnet_ros.training.trainer import PREPROCESSING, Trainer, TrainingConfig, load_config
    from lprnet_ros.training.unfolding import load_onnx_weights
    from lprnet_ros.training.validation import held_out_crops

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"needs the extra 'training': {', '.join(MISSING)}")

CONFIG = Path(__file__).parents[2] / "config"


@pytest.mark.parametrize("name", ["PlateNet", "ClassicLPRNet"])
def test_networks_keep_lprnets_contract_and_do_not_mix_the_crops_of_a_batch(name):
    network = {"PlateNet": PlateNet, "ClassicLPRNet": ClassicLPRNet}[name]().eval()
    images = torch.randn(4, *INPUT_SHAPE[1:])
    with torch.no_grad():
        together = network(images)
        alone = torch.cat([network(images[i : i + 1]) for i in range(4)])
    assert together.shape == (4, 68, 18)
    assert torch.allclose(together, alone, atol=1e-4)


def test_the_exported_file_computes_what_the_network_does(tmp_path):
    torch.manual_seed(3)
    network = PlateNet().eval()
    path = tmp_path / "net.onnx"
    write_onnx(network, path)
    write_manifest(path, PREPROCESSING, {})
    recognizer = PlateRecognizer.open(path)
    tensor = np.random.default_rng(0).normal(size=INPUT_SHAPE).astype(np.float32)
    with torch.no_grad():
        expected = network(torch.from_numpy(tensor))[0].numpy()
    assert np.allclose(recognizer.runtime.infer(tensor), expected, atol=1e-4)


def original_logits(network, images):
    """The published forward pass for one crop: 3-D pooling over channels, mean over all axes."""
    features, contexts = images, []
    for index, layer in enumerate(network.backbone):
        if index in (3, 7, 14):
            stride = {3: (1, 1, 1), 7: (2, 1, 2), 14: (4, 1, 2)}[index]
            features = torch.nn.functional.max_pool3d(features[:, None], (1, 3, 3), stride)[:, 0]
        else:
            features = layer(features)
        if index in (2, 6, 13, 22):
            context = features
            if index in (2, 6):
                context = torch.nn.functional.avg_pool2d(context, 5, 5)
            elif index == 13:
                context = torch.nn.functional.avg_pool2d(context, (4, 10), (4, 2))
            contexts.append(context / torch.mean(torch.pow(context, 2)))
    return torch.mean(network.container(torch.cat(contexts, 1)), dim=2)


def test_the_classic_graph_computes_the_published_one_crop_by_crop():
    torch.manual_seed(5)
    network = ClassicLPRNet().eval()
    images = torch.randn(3, *INPUT_SHAPE[1:])
    with torch.no_grad():
        batch = network(images)
        for index in range(3):
            expected = original_logits(network, images[index : index + 1])[0]
            assert torch.allclose(batch[index], expected, atol=1e-4)


@pytest.mark.parametrize("kind", ["ours", "classic"])
def test_both_kinds_of_checkpoint_are_loaded_with_their_preprocessing(tmp_path, kind):
    path = tmp_path / "checkpoint"
    network = PlateNet() if kind == "ours" else ClassicLPRNet()
    state = network.state_dict()
    torch.save({"averaged": state} if kind == "ours" else state, path)
    loaded, rule = load_checkpoint(path)
    assert type(loaded) is type(network)
    assert not loaded.training
    assert rule == (PREPROCESSING if kind == "ours" else CLASSIC_PREPROCESSING)


def test_an_exported_network_is_trained_on_from_where_it_was(tmp_path):
    torch.manual_seed(3)
    network, restored = PlateNet(), PlateNet()
    pictures = [torch.randn(16, *INPUT_SHAPE[1:]) for _ in range(6)]
    network.train()
    for batch in pictures:  # so that its statistics are not those of a new network
        network(3 * batch + 1)
    network.eval()
    write_onnx(network, tmp_path / "net.onnx")
    load_onnx_weights(restored, tmp_path / "net.onnx", pictures)
    with torch.no_grad():
        assert torch.allclose(restored.eval()(pictures[0]), network(pictures[0]), atol=1e-4)
        restored.stem.register_forward_hook(lambda *seen: stems.append(seen[2]))
        stems = []
        in_training = restored.train()(torch.cat(pictures))
        assert stems[0].mean((0, 2, 3)).allclose(restored.stem[1].bias, atol=1e-3)  # normalised as before
        restored.eval()
    assert in_training.shape == (96, 68, 18)


def test_a_file_that_holds_another_network_is_refused(tmp_path):
    write_onnx(ClassicLPRNet().eval(), tmp_path / "other.onnx")
    with pytest.raises(ManifestError, match="not those of this network"):
        load_onnx_weights(PlateNet(), tmp_path / "other.onnx", [])
    (tmp_path / "broken.onnx").write_bytes(b"no network")
    for name in ("broken.onnx", "missing.onnx"):
        with pytest.raises(ManifestError, match=name):
            load_onnx_weights(PlateNet(), tmp_path / name, [])


def test_rows_of_an_index_with_roles_count_by_their_role(tmp_path, style):
    labels = [f"京A{number:05d}" for number in range(40) if not is_held_out(f"京A{number:05d}")]
    index = write_index(tmp_path / "data", labels)
    first, *rows = index.read_text(encoding="utf-8").splitlines()
    roles = [("train", "choose", "exam")[i % 3] for i in range(len(rows))]
    lines = [f"{first},role", *(f"{row},{role}" for row, role in zip(rows, roles, strict=True))]
    index.write_text("\n".join(lines), encoding="utf-8")
    assert load_training_crops([index], [style]).labels == labels[::3]
    assert [crop.label for crop in held_out_crops(index)] == labels[1::3]


def write_index(folder, labels):
    folder.mkdir(exist_ok=True)
    lines = ["set,file,label"]
    for label in labels:
        (folder / f"{label}.png").write_bytes(
            cv2.imencode(".png", np.zeros((24, 94, 3), np.uint8))[1].tobytes()
        )
        lines.append(f"real,{label}.png,{label}")
    (folder / "index.csv").write_text("\n".join(lines), encoding="utf-8")
    return folder / "index.csv"


def test_training_never_sees_held_out_plates_nor_unseen_provinces(tmp_path, style):
    labels = [f"{province}A{number:05d}" for province in "京川" for number in range(30)]
    index = write_index(tmp_path / "data", labels)
    seen = load_training_crops([index], [style], "川")
    assert seen.labels == [label for label in labels if not is_held_out(label) and label[0] == "京"]
    assert list(seen.parts) == [None] * len(seen.labels)  # the pictures are black


def test_a_training_crop_on_which_the_plate_is_found_comes_with_its_parts(tmp_path, style, crop_of):
    label = next(f"京A{number:05d}" for number in range(99) if not is_held_out(f"京A{number:05d}"))
    index = write_index(tmp_path / "data", [label])
    crop, _ = crop_of(label, "blue", [[0.03, 0.05], [0.97, 0.05], [0.97, 0.95], [0.03, 0.95]])
    cv2.imencode(".png", crop)[1].tofile(tmp_path / "data" / f"{label}.png")
    assert load_training_crops([index], [style]).parts[0].text == label


def test_batches_hold_plates_and_empty_targets(style):
    negatives = [np.zeros((30, 90, 3), np.uint8)]
    stream = SampleStream(
        [style],
        None,
        negatives,
        batch_size=64,
        rendered_share=1.0,
        relettered_share=0.0,
        negative_share=0.3,
        seed=1,
    )
    images, targets, lengths = next(iter(stream))
    assert images.shape == (64, 24, 94, 3)
    assert int(lengths.sum()) == len(targets)
    assert 0 < int((lengths == 0).sum()) < 40
    assert int(targets.max()) < CHINESE_PLATES.blank


@pytest.mark.parametrize(("share", "with_parts"), [(1.0, True), (0.0, True), (1.0, False)])
def test_real_crops_get_other_provinces_where_that_is_asked_for_and_possible(
    share, with_parts, style, crop_of
):
    crop, _ = crop_of("京A12345", "blue", [[0.03, 0.05], [0.97, 0.05], [0.97, 0.95], [0.03, 0.95]])
    parts = take_apart(crop, "京A12345", [style]) if with_parts else None
    real = RealCrops([crop], ["京A12345"], [parts], np.ones(1))
    stream = SampleStream(
        [style],
        real,
        [],
        batch_size=64,
        rendered_share=0.0,
        relettered_share=share,
        negative_share=0.0,
        seed=1,
    )
    _, targets, lengths = next(iter(stream))
    assert lengths.tolist() == [7] * 64
    provinces = {CHINESE_PLATES.characters[index] for index in targets.reshape(64, 7)[:, 0].tolist()}
    assert provinces <= set(PROVINCES)
    assert len(provinces) > 20 if share and with_parts else provinces == {"京"}


def config_for(tmp_path, **values):
    return TrainingConfig(
        **{"output": tmp_path / "run", "steps": 4, "batch_size": 4, "validate_every": 2, "workers": 0}
        | values
    )


@pytest.fixture
def one_style(monkeypatch, style):
    monkeypatch.setattr("lprnet_ros.training.trainer.load_styles", lambda config: [style])


def test_an_interrupted_run_goes_on_where_it_was(tmp_path, one_style):
    trainer = Trainer(config_for(tmp_path))
    trainer.run()
    records = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [record["step"] for record in records] == [2, 4]
    again = Trainer(config_for(tmp_path))
    assert again.step == 4
    assert 0.0 <= again.run() <= 1.0  # nothing is left to train
    assert again.step == 4
    assert (tmp_path / "run" / "curves.png").stat().st_size > 1000
    report = json.loads((tmp_path / "run" / "validation.json").read_text(encoding="utf-8"))
    assert len(report["groups"]["rendered"]["province"]) == 31
    assert all(
        torch.equal(a, b)
        for a, b in zip(
            again.averaged.state_dict().values(), trainer.averaged.state_dict().values(), strict=True
        )
    )


def test_training_on_one_batch_lowers_the_loss(tmp_path, style, one_style):
    trainer = Trainer(config_for(tmp_path, steps=200, learning_rate=3e-3))
    stream = SampleStream(
        [style],
        None,
        [],
        batch_size=8,
        rendered_share=1.0,
        relettered_share=0.0,
        negative_share=0.0,
        seed=1,
    )
    batch = next(iter(stream))
    losses = [trainer._train_step(*batch) for _ in range(40)]
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])


def test_a_yaml_with_an_unknown_name_is_refused(tmp_path):
    path = tmp_path / "train.yaml"
    path.write_text("stepz: 3\n")
    with pytest.raises(ManifestError, match="stepz"):
        load_config(path)


def test_every_shipped_yaml_is_a_valid_configuration():
    for name in ("train", "finetune", "generalisation", "relettered"):
        assert load_config(CONFIG / f"{name}.yaml").steps > 0


def test_a_file_that_is_no_classic_checkpoint_is_refused(tmp_path):
    path = tmp_path / "x.pth"
    torch.save({"a": torch.zeros(1)}, path)
    with pytest.raises(ManifestError, match="no state dict of LPRNet_Pytorch"):
        load_classic(path)


def test_commands_answer_the_users_errors_in_one_line(tmp_path, capsys):
    assert cli.main([str(tmp_path / "no.pt"), "--output", "x.onnx", "--self-test", "x.png"]) == 1
    assert "no such checkpoint" in capsys.readouterr().err


@pytest.mark.parametrize("steps", [4, 5, 10, 19])
def test_a_short_run_has_a_schedule(steps, tmp_path):
    trainer = Trainer(TrainingConfig(output=tmp_path, steps=steps, batch_size=2))
    for _ in range(steps - 1):
        trainer.optimizer.step()
        trainer.schedule.step()
    assert trainer.schedule.get_last_lr()[0] < 1e-3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "No such file"),
        ("steps: [", "not readable YAML"),
        ("- 1", "expected a mapping"),
        ("steps: 0", "steps is 0, expected a whole number from 4 on"),
        ("steps: many", "steps is 'many'"),
        ("batch_size: 0", "batch_size is 0"),
    ],
)
def test_a_yaml_that_cannot_be_used_is_one_line(text, said, tmp_path, capsys):
    path = tmp_path / "train.yaml"
    if text is not None:
        path.write_text(text)
    assert train.main([str(path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("lpr_train: ")
    assert said in line


def test_a_label_that_no_class_stands_for_is_named_with_its_line(tmp_path):
    label = next(f"粤Z{number:04d}港" for number in range(99) if not is_held_out(f"粤Z{number:04d}港"))
    (tmp_path / "index.csv").write_text(f"file,label\na.png,{label}\n", encoding="utf-8")
    with pytest.raises(LabelledDataError, match=rf"line 2 \(a.png\): the label {label} holds 港"):
        load_training_crops([tmp_path / "index.csv"], [])
