import dataclasses
import shutil
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

import lprnet_ros.reading.recognizer
from lprnet_ros.models.find import bundled_model
from lprnet_ros.models.load import load_manifest
from lprnet_ros.models.manifest import ManifestError, manifest_path
from lprnet_ros.models.temperature import TemperatureScaling
from lprnet_ros.plates.alphabet import CHINESE_PLATES
from lprnet_ros.reading.ctc import LogitsError
from lprnet_ros.reading.plate_reading import Verdict
from lprnet_ros.reading.preprocess import preprocess
from lprnet_ros.reading.recognizer import PlateRecognizer, ReadingRules, SelfTestError
from lprnet_ros.runtimes import InferenceError, RuntimeUnavailableError
from lprnet_ros.sources.labelled import read_labelled

REPOSITORY = Path(__file__).resolve().parents[2]


class FixedRuntime:
    """A runtime that knows one answer, and what it was asked."""

    name = "fixed"

    def __init__(self, logits):
        self.logits = logits
        self.tensors = []
        self.is_closed = False

    def infer(self, tensor):
        self.tensors.append(tensor.copy())
        return self.logits[np.newaxis]

    def close(self):
        self.is_closed = True


def logits_of(text, height=20.0):
    logits = np.zeros((68, 18), np.float32)
    logits[67] = height / 2
    for step, character in enumerate(text):
        logits[CHINESE_PLATES.characters.index(character), 2 * step] = height
    return logits


def swapped(manifest):
    """The manifest of somebody who took the wrong channel order, his blue pixel in line with it."""
    order = "bgr" if manifest.input.channel_order == "rgb" else "rgb"
    preprocessing = dataclasses.replace(manifest.input, channel_order=order)
    self_test = dataclasses.replace(manifest.self_test, blue_pixel=preprocessing.normalise(255, 0, 0))
    return dataclasses.replace(manifest, input=preprocessing, self_test=self_test)


def copy_bundled(folder, **source):
    """Copy the bundled model with other values in the manifest's section ``input``."""
    for path in bundled_model().parent.glob("lprnet.*"):
        shutil.copy(path, folder)
    model = folder / bundled_model().name
    values = yaml.safe_load(manifest_path(model).read_text(encoding="utf-8"))
    values["input"].update(source)
    manifest_path(model).write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
    return model


@pytest.fixture(scope="module")
def bundled():
    recognizer = PlateRecognizer.open()
    yield recognizer
    recognizer.close()


@pytest.fixture(scope="module")
def manifest():
    return load_manifest(bundled_model())


def test_the_bundled_model_passes_its_self_test_and_reads_the_shipped_crops(bundled):
    crops = read_labelled(REPOSITORY / "demo" / "crops")
    right = sum(bundled.read(crop.read()).text == crop.label for crop in crops)
    assert len(crops) >= 20
    assert right / len(crops) >= 0.95


def test_the_bundled_model_reads_the_picture_of_its_self_test(bundled):
    test = bundled.manifest.self_test
    assert bundled.read(cv2.imread(str(test.image))).text == test.text


def test_a_wrong_channel_order_is_noticed_by_the_blue_pixel(tmp_path, manifest):
    order = "bgr" if manifest.input.channel_order == "rgb" else "rgb"
    with pytest.raises(SelfTestError, match="blue pixel"):
        PlateRecognizer.open(copy_bundled(tmp_path, channel_order=order))


@pytest.mark.parametrize("change", [{"mean": 0.0}, {"scale": 1 / 255}, {"scale": 1.0}])
def test_a_wrong_mean_or_scale_is_noticed_by_the_blue_pixel(tmp_path, change):
    with pytest.raises(SelfTestError, match="blue pixel"):
        PlateRecognizer.open(copy_bundled(tmp_path, **change))


def test_a_wrong_channel_order_is_noticed_by_the_networks_answer_too(bundled):
    recognizer = PlateRecognizer(swapped(bundled.manifest), bundled.runtime)
    with pytest.raises(SelfTestError, match=r"instead of|cosine"):
        recognizer.self_test()


def test_the_self_test_of_the_bundled_model_leaves_room_for_8_bit_arithmetic(bundled):
    class Rounded:
        name = "rounded"

        def infer(self, tensor):
            logits = bundled.runtime.infer(tensor)
            step = np.abs(logits).max() / 127
            return np.round(logits / step) * step

    PlateRecognizer(bundled.manifest, Rounded()).self_test()


def test_a_wrong_text_on_the_self_test_is_refused_with_both_texts(manifest):
    recognizer = PlateRecognizer(manifest, FixedRuntime(logits_of("新Z00000")))
    with pytest.raises(SelfTestError, match="'新Z00000'") as caught:
        recognizer.self_test()
    assert repr(manifest.self_test.text) in str(caught.value)


def test_the_right_text_with_other_logits_is_refused(manifest):
    recognizer = PlateRecognizer(manifest, FixedRuntime(logits_of(manifest.self_test.text)))
    with pytest.raises(SelfTestError, match="cosine"):
        recognizer.self_test()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_answer_that_is_not_finite_fails_the_self_test(manifest, value):
    recognizer = PlateRecognizer(manifest, FixedRuntime(np.full((68, 18), value, np.float32)))
    with pytest.raises((LogitsError, SelfTestError), match="NaN or infinite"):
        recognizer.self_test()


def test_the_self_test_without_a_picture_asks_the_network_nothing(manifest):
    only_pixel = dataclasses.replace(manifest.self_test, image=None, text="", logits=None)
    runtime = FixedRuntime(logits_of(""))
    PlateRecognizer(dataclasses.replace(manifest, self_test=only_pixel), runtime).self_test()
    assert not runtime.tensors


def test_the_self_test_without_logits_compares_the_text_alone(manifest):
    only_text = dataclasses.replace(manifest.self_test, logits=None)
    runtime = FixedRuntime(logits_of(manifest.self_test.text))
    PlateRecognizer(dataclasses.replace(manifest, self_test=only_text), runtime).self_test()
    assert len(runtime.tensors) == 1


@pytest.mark.parametrize("content", [None, b"", b"not what it should be"])
@pytest.mark.parametrize("which", ["image", "logits"])
def test_a_missing_or_broken_file_of_the_self_test_is_named(tmp_path, manifest, which, content):
    path = tmp_path / "broken.file"
    if content is not None:
        path.write_bytes(content)
    test = dataclasses.replace(manifest.self_test, **{which: path})
    runtime = FixedRuntime(logits_of(test.text))
    with pytest.raises(ManifestError, match=r"broken\.file"):
        PlateRecognizer(dataclasses.replace(manifest, self_test=test), runtime).self_test()


def test_logits_of_another_shape_are_named(tmp_path, manifest):
    np.save(tmp_path / "other.npy", np.zeros((68, 17), np.float32))
    test = dataclasses.replace(manifest.self_test, logits=tmp_path / "other.npy")
    runtime = FixedRuntime(logits_of(test.text))
    with pytest.raises(ManifestError, match=r"\(68, 17\)"):
        PlateRecognizer(dataclasses.replace(manifest, self_test=test), runtime).self_test()


def test_the_runtime_is_given_back_when_the_self_test_fails(monkeypatch):
    runtime = FixedRuntime(logits_of("新Z00000"))
    monkeypatch.setattr(lprnet_ros.reading.recognizer, "open_runtime", lambda *args, **options: runtime)
    with pytest.raises(SelfTestError):
        PlateRecognizer.open()
    assert runtime.is_closed


def test_the_runtime_is_given_back_when_the_answer_is_not_finite(monkeypatch):
    runtime = FixedRuntime(np.full((68, 18), np.nan, np.float32))
    monkeypatch.setattr(lprnet_ros.reading.recognizer, "open_runtime", lambda *args, **options: runtime)
    with pytest.raises((LogitsError, SelfTestError)):
        PlateRecognizer.open()
    assert runtime.is_closed


def test_a_model_file_that_is_not_the_manifests_is_refused_before_it_is_loaded(tmp_path):
    model = copy_bundled(tmp_path)
    model.write_bytes(model.read_bytes() + b"\0")
    with pytest.raises(ManifestError, match="not the file its manifest describes"):
        PlateRecognizer.open(model)


def test_a_runtime_that_is_not_installed_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "hbm_runtime", None)
    with pytest.raises(RuntimeUnavailableError, match="RDK OS"):
        PlateRecognizer.open(runtime="hbm")


def test_a_reading_holds_the_decoding_its_judgement_and_its_times(manifest):
    runtime = FixedRuntime(logits_of("京A12345"))
    recognizer = PlateRecognizer(manifest, runtime, ReadingRules(minimum_confidence=0.5))
    image = np.random.default_rng(0).integers(0, 256, (60, 180, 3), dtype=np.uint8)
    reading = recognizer.read(image)
    assert reading.text == "京A12345"
    assert 0.5 < reading.confidence <= 1.0
    assert len(reading.character_confidences) == 7
    assert reading.accepted
    assert min(reading.timings.preprocess_ms, reading.timings.inference_ms, reading.timings.decode_ms) > 0
    assert np.array_equal(runtime.tensors[0], preprocess(image, manifest.input))


IMAGE = np.zeros((24, 94, 3), np.uint8)


def ambiguous_logits():
    """京A12345 with 0.6 and 京A12346 with 0.4."""
    logits = logits_of("京A12345", height=60.0)
    logits[CHINESE_PLATES.characters.index("6"), 12] = logits[:, 12].max() + np.log(2 / 3)
    return logits


def test_the_rule_for_accepting_may_be_replaced_while_reading(manifest):
    recognizer = PlateRecognizer(manifest, FixedRuntime(logits_of("京A1")))
    assert recognizer.read(IMAGE).verdict is Verdict.SYNTAX
    recognizer.set_rules(ReadingRules(require_syntax=False))
    assert recognizer.read(IMAGE).accepted
    assert recognizer.rules == ReadingRules(require_syntax=False)


def test_the_decoder_may_be_replaced_while_reading(manifest):
    # the best path is no plate; the most probable plate is hardly less probable
    logits = logits_of("京A1234")
    logits[CHINESE_PLATES.characters.index("5"), 13] = 9.0
    recognizer = PlateRecognizer(manifest, FixedRuntime(logits))
    assert recognizer.rules.decoder == "syntax"
    assert recognizer.read(IMAGE).text == "京A12345"
    recognizer.set_rules(ReadingRules("greedy"))
    assert recognizer.rules.decoder == "greedy"
    assert recognizer.read(IMAGE).text == "京A1234"
    assert recognizer.read(IMAGE).verdict is Verdict.SYNTAX


def test_of_two_plates_the_reading_names_the_other_as_its_alternative(manifest):
    recognizer = PlateRecognizer(manifest, FixedRuntime(ambiguous_logits()))
    reading = recognizer.read(IMAGE)
    assert reading.text == "京A12345"
    assert reading.confidence == pytest.approx(0.6**0.5, abs=0.02)  # four looks read the same
    assert reading.verdict is Verdict.AMBIGUOUS
    assert reading.alternatives[0] == ("京A12346", pytest.approx(1 - 0.6**0.5, abs=0.02))
    recognizer.set_rules(ReadingRules(minimum_confidence=0.5))
    assert recognizer.read(IMAGE).accepted


def test_the_manifests_calibration_is_applied(manifest):
    calibration = TemperatureScaling(temperature=2.0, class_bias={"6": 1.0})
    recognizer = PlateRecognizer(
        dataclasses.replace(manifest, calibration=calibration),
        FixedRuntime(ambiguous_logits()),
        ReadingRules(second_look=False),
    )
    reading = recognizer.read(IMAGE)
    assert reading.text == "京A12346"
    assert reading.confidence == pytest.approx(1 / (1 + np.exp((np.log(3 / 2) - 1) / 2)), abs=1e-3)


def test_a_change_that_is_refused_changes_nothing(manifest):
    recognizer = PlateRecognizer(
        manifest, FixedRuntime(logits_of("京A12345")), ReadingRules("beam", minimum_confidence=0.7)
    )
    with pytest.raises(ValueError, match="viterbi"):
        recognizer.set_rules(ReadingRules("viterbi", minimum_confidence=0.1))
    assert recognizer.rules == ReadingRules("beam", minimum_confidence=0.7)
    bare = PlateRecognizer(
        dataclasses.replace(manifest, syntax=None),
        recognizer.runtime,
        ReadingRules("beam", minimum_confidence=0.7, require_syntax=False),
    )
    before = bare.rules
    for rules in [
        ReadingRules("syntax", minimum_confidence=0.1, require_syntax=False),
        ReadingRules("greedy", minimum_confidence=0.1),
    ]:
        with pytest.raises(ManifestError):
            bare.set_rules(rules)
        assert bare.rules is before
    assert bare.read(IMAGE).accepted


@pytest.mark.parametrize(
    "rules",
    [ReadingRules("syntax"), ReadingRules("greedy"), ReadingRules("syntax", require_syntax=False)],
)
def test_without_a_syntax_in_the_manifest_a_rule_that_needs_one_is_an_error_that_says_what_to_do(
    manifest, rules
):
    bare = dataclasses.replace(manifest, syntax=None)
    with pytest.raises(ManifestError, match=r"lprnet\.onnx names no plate syntax") as caught:
        PlateRecognizer(bare, FixedRuntime(logits_of("")), rules)
    for advice in ("output.syntax", "ga36", "beam", "greedy", "require_syntax"):
        assert advice in str(caught.value)


@pytest.mark.parametrize("decoder", ["beam", "greedy"])
def test_a_model_without_syntax_reads_with_what_needs_none(manifest, decoder):
    bare = dataclasses.replace(manifest, syntax=None)
    recognizer = PlateRecognizer(
        bare,
        FixedRuntime(logits_of("京A1")),
        ReadingRules(decoder, minimum_confidence=0.8, require_syntax=False),
    )
    assert recognizer.read(IMAGE).text == "京A1"
    assert recognizer.read(IMAGE).accepted


def test_the_runtime_is_given_back_when_there_is_no_such_decoder(monkeypatch):
    runtime = FixedRuntime(logits_of(""))
    monkeypatch.setattr(lprnet_ros.reading.recognizer, "open_runtime", lambda *args, **options: runtime)
    with pytest.raises(ValueError, match="viterbi"):
        PlateRecognizer.open(rules=ReadingRules("viterbi"))
    assert runtime.is_closed


def test_a_recognizer_is_opened_with_the_rules_it_is_told():
    recognizer = PlateRecognizer.open(
        rules=ReadingRules("beam", minimum_confidence=0.3, require_syntax=False)
    )
    assert recognizer.rules == ReadingRules("beam", minimum_confidence=0.3, require_syntax=False)
    recognizer.close()


@pytest.mark.parametrize("decoder", ["syntax", "beam", "greedy"])
def test_the_self_test_asks_the_bare_network_whatever_the_decoder(bundled, decoder):
    strange = TemperatureScaling(temperature=5.0, class_bias={"京": 100.0})
    manifest = dataclasses.replace(bundled.manifest, calibration=strange)
    PlateRecognizer(manifest, bundled.runtime, ReadingRules(decoder)).self_test()


def test_a_crop_that_is_none_is_refused_and_the_next_is_read(bundled):
    with pytest.raises(ValueError, match="a crop is"):
        bundled.read(np.zeros((0, 0, 3), np.uint8))
    test = bundled.manifest.self_test
    assert bundled.read(cv2.imread(str(test.image))).text == test.text


def test_a_closed_recognizer_reads_no_more():
    recognizer = PlateRecognizer.open()
    recognizer.close()
    with pytest.raises(InferenceError, match="closed"):
        recognizer.read(np.zeros((24, 94, 3), np.uint8))


class ReadsLevelPlates:
    """Is unsure of every picture but level ones, which it knows by their size as views."""

    name = "levels"

    def __init__(self, first, second):
        self.first, self.second, self.calls = first, second, 0

    def infer(self, tensor):
        self.calls += 1
        return (self.first if self.calls % 4 == 1 else self.second)[np.newaxis]

    def close(self):
        pass


def unsure_and_sure(sure_height=20.0):
    return logits_of("京A12345", height=2.0), logits_of("京B12345", height=sure_height)


def test_an_unsure_crop_is_read_again_and_the_surest_reading_counts(manifest):
    runtime = ReadsLevelPlates(*unsure_and_sure())
    reading = PlateRecognizer(manifest, runtime).read(np.zeros((24, 94, 3), np.uint8))
    assert runtime.calls == 4
    assert reading.text == "京B12345"
    assert reading.confidence > 0.95


def test_a_second_look_that_is_less_sure_changes_nothing(manifest):
    runtime = ReadsLevelPlates(logits_of("京A12345", height=5.0), logits_of("京B12345", height=2.0))
    reading = PlateRecognizer(manifest, runtime).read(np.zeros((24, 94, 3), np.uint8))
    assert runtime.calls == 4
    assert reading.text == "京A12345"


def test_a_sure_crop_and_a_reader_without_second_look_infer_once(manifest):
    image = np.zeros((24, 94, 3), np.uint8)
    sure = ReadsLevelPlates(*reversed(unsure_and_sure()))
    assert PlateRecognizer(manifest, sure).read(image).text == "京B12345"
    assert sure.calls == 1
    once = ReadsLevelPlates(*unsure_and_sure())
    assert PlateRecognizer(manifest, once, ReadingRules(second_look=False)).read(image).confidence < 0.95
    assert once.calls == 1


@pytest.mark.parametrize("height", [4.0, 6.0, 8.0])
def test_a_view_does_not_outvote_looks_that_read_the_same_but_hold_it_for_hardly_probable(manifest, height):
    class SeesTheWholePlate(
        ReadsLevelPlates
    ):  # the last view, with more room: it makes up what the edge took
        def infer(self, tensor):
            self.calls += 1
            return (self.second if self.calls == 4 else self.first)[np.newaxis]

    runtime = SeesTheWholePlate(logits_of("京A12345", height=height), logits_of("京A12345"))
    reading = PlateRecognizer(manifest, runtime).read(np.zeros((24, 94, 3), np.uint8))
    assert runtime.calls == 4
    assert reading.text == "京A12345"
    assert not reading.accepted


def test_what_one_look_of_four_reads_alone_is_not_accepted(manifest):
    class MakesUpACharacter(ReadsLevelPlates):
        def infer(self, tensor):
            self.calls += 1
            return (self.second if self.calls == 4 else self.first)[np.newaxis]

    runtime = MakesUpACharacter(*unsure_and_sure())
    reading = PlateRecognizer(manifest, runtime).read(np.zeros((24, 94, 3), np.uint8))
    assert runtime.calls == 4
    assert reading.text == "京B12345"
    assert 0.24 < reading.confidence < 0.5  # the other looks hold it for hardly probable
    assert not reading.accepted
