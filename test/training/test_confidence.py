"""Fitting the calibration; needs PyTorch (the extra 'training')."""

import shutil
from importlib.util import find_spec

import numpy as np
import pytest
import yaml

from lprnet_ros.cli import confidence as cli
from lprnet_ros.models.find import bundled_model
from lprnet_ros.models.load import load_manifest
from lprnet_ros.models.manifest import manifest_path
from lprnet_ros.plates.alphabet import CHINESE_PLATES
from lprnet_ros.reading.ctc import decode_greedy

if find_spec("torch") is not None:
    from lprnet_ros.training.temperature_fit import fit_calibration

pytestmark = pytest.mark.skipif(find_spec("torch") is None, reason="needs the extra 'training': torch")


def noisy_logits(labels, generator, *, sure=8.0, noise=2.0):
    """Logits that spell the labels, one character every other time step, under noise."""
    logits = generator.normal(0, noise, size=(len(labels), 68, 18)).astype(np.float32)
    logits[:, CHINESE_PLATES.blank] += sure
    for plate, label in enumerate(labels):
        for position, index in enumerate(CHINESE_PLATES.encode(label)):
            logits[plate, CHINESE_PLATES.blank, 2 * position] -= sure
            logits[plate, index, 2 * position] += sure
    return logits


@pytest.fixture(scope="module")
def labels():
    generator = np.random.default_rng(1)
    return ["京A" + "".join(str(d) for d in generator.integers(0, 10, size=5)) for _ in range(300)]


def test_logits_that_are_too_large_by_a_factor_get_that_factor_as_temperature(labels):
    logits = noisy_logits(labels, np.random.default_rng(2))
    once = fit_calibration(logits, labels, CHINESE_PLATES).temperature
    thrice = fit_calibration(3 * logits, labels, CHINESE_PLATES).temperature
    assert thrice == pytest.approx(3 * once, rel=1e-2)


def test_a_character_that_the_network_prefers_wrongly_gets_a_negative_bias(labels):
    logits = noisy_logits(labels, np.random.default_rng(3))
    wrong = CHINESE_PLATES.encode("皖")[0]
    logits[:, wrong, 0] = logits[:, CHINESE_PLATES.encode("京")[0], 0] + 1.0
    assert decode_greedy(logits[0], CHINESE_PLATES).text[0] == "皖"
    found = fit_calibration(logits, labels, CHINESE_PLATES, biased="京皖新")
    assert found.class_bias["京"] - found.class_bias["皖"] > 1.0  # so that the truth wins
    assert abs(found.class_bias["新"]) < abs(found.class_bias["皖"])


def test_the_manifest_keeps_what_was_found(tmp_path, capsys):
    for file in bundled_model().parent.glob("lprnet.*"):
        shutil.copy(file, tmp_path)
    model = tmp_path / bundled_model().name
    crops = tmp_path / "crops"
    crops.mkdir()
    test = load_manifest(model).self_test
    shutil.copy(test.image, crops / f"{test.text}.png")
    before = yaml.safe_load(manifest_path(model).read_text(encoding="utf-8"))
    assert cli.main([str(model), "--data", str(crops), "--split", "all", "--biased", "京沪"]) == 0
    after = yaml.safe_load(manifest_path(model).read_text(encoding="utf-8"))
    assert {k: v for k, v in after.items() if k != "calibration"} == {
        k: v for k, v in before.items() if k != "calibration"
    }
    calibration = load_manifest(model).calibration
    assert set(calibration.class_bias) == {"京", "沪"}
    assert f"temperature {calibration.temperature}" in capsys.readouterr().out


def test_data_without_a_usable_crop_is_one_line(tmp_path, capsys):
    assert cli.main([str(bundled_model()), "--data", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("lpr_confidence: ")
