import cv2
import numpy as np
import pytest

from lprnet_ros.plates.alphabet import PROVINCES
from lprnet_ros.training.lettering import Lettering, ideal_coverage, layout_of, pixels, plate_size
from lprnet_ros.training.registration import register_plate
from lprnet_ros.training.relettering import LEAST_CORRELATION, reletter, take_apart

LEVEL = [[0.03, 0.05], [0.97, 0.05], [0.97, 0.95], [0.03, 0.95]]
TILTED = [[0.02, 0.02], [0.98, 0.28], [0.98, 0.98], [0.02, 0.72]]
PLATES = [("京A12345", "blue"), ("鲁B7K8Q3", "yellow"), ("粤AD12345", "green")]


def relettered(parts, style, seed):
    generator = np.random.default_rng(seed)
    return reletter(parts, Lettering([style], generator), generator)


def flat_view(image, parts):
    """A picture of the crop's size as it looks on the plate's own drawing."""
    width, height = plate_size(parts.text)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(parts.quad, corners)
    return cv2.warpPerspective(image, matrix, (width, height)).astype(np.float32)


@pytest.mark.parametrize("corners", [LEVEL, TILTED])
@pytest.mark.parametrize(("text", "colour"), PLATES)
def test_the_ground_holds_no_characters(text, colour, corners, style, crop_of):
    parts = take_apart(crop_of(text, colour, corners)[0], text, [style])
    layers = [ideal_coverage(text, [style])]
    layers += [flat_view(image, parts).mean(axis=2) for image in (parts.image, parts.ground)]
    correlations = np.corrcoef([layer[10:60, 6:-6].ravel() for layer in layers])
    assert abs(correlations[0, 1]) > 0.7
    assert abs(correlations[0, 2]) < 0.2


def test_the_parts_tell_paint_blur_and_grain(style, crop_of):
    crop, _ = crop_of("京A12345", "blue", LEVEL, grain=0.0)
    soft = cv2.GaussianBlur(crop, (0, 0), 2.0)
    grainy = np.clip(crop + np.random.default_rng(2).normal(0, 6, crop.shape), 0, 255).astype(np.uint8)
    clean, softer, rougher = (take_apart(image, "京A12345", [style]) for image in (crop, soft, grainy))
    assert clean.contrast.shape == (6, 23, 3)
    assert (clean.contrast[:, :, 1:] > 60).all()  # white on blue
    assert clean.blur < 1.0 < softer.blur
    assert clean.noise < 1.0
    assert 4.5 < rougher.noise < 7.5


@pytest.mark.parametrize(("left", "is_taken"), [(-0.03, True), (-0.07, False)])
def test_a_plate_may_lose_its_edge_but_not_a_part_of_its_province(left, is_taken, style, crop_of):
    crop, _ = crop_of("京A12345", "blue", [[left, 0.05], [1, 0.05], [1, 0.95], [left, 0.95]])
    assert register_plate(crop, "京A12345", [style]).correlation > LEAST_CORRELATION
    assert (take_apart(crop, "京A12345", [style]) is not None) is is_taken


def test_what_cannot_be_found_seen_or_drawn_is_not_taken_apart(style, crop_of):
    crop, _ = crop_of("京A12345", "black", LEVEL, grain=0.0)
    faint = (100 + crop * 0.05).astype(np.uint8)
    assert register_plate(faint, "京A12345", [style]).correlation > LEAST_CORRELATION
    assert take_apart(faint, "京A12345", [style]) is None
    assert take_apart(np.full_like(crop, 90), "京A12345", [style]) is None
    assert take_apart(np.ascontiguousarray(crop[:, ::-1]), "京A12345", [style]) is None
    for text in ("", "京A1234", "京A1234567", "京O12345"):
        assert take_apart(crop, text, [style]) is None


@pytest.mark.parametrize(("text", "colour"), PLATES)
def test_a_relettered_crop_keeps_its_form_and_gets_the_province_that_the_seed_decides(
    text, colour, style, crop_of
):
    crop, _ = crop_of(text, colour, TILTED, size=(151, 43))
    parts = take_apart(crop, text, [style])
    before, written = parts.image.copy(), set()
    for seed in range(60):
        image, new = relettered(parts, style, seed)
        assert (image.shape, image.dtype, len(new)) == (crop.shape, np.uint8, len(text))
        assert flat_view(cv2.absdiff(image, crop), parts)[12:57, 8:30].max() > 20
        again, text_again = relettered(parts, style, seed)
        assert np.array_equal(again, image)
        assert text_again == new
        written.add(new[0])
    assert written <= set(PROVINCES)
    assert len(written) > 20
    assert np.array_equal(parts.image, before)


def test_only_the_cells_of_new_characters_are_painted(style, crop_of):
    parts, kept = take_apart(crop_of("京A12345", "blue", TILTED)[0], "京A12345", [style]), 0
    for seed in range(40):
        image, text = relettered(parts, style, seed)
        change = flat_view(cv2.absdiff(image, parts.image), parts).max(axis=2)
        assert change[:4].max() == change[-4:].max() == 0  # above and below the characters
        for cell, old, new in zip(layout_of(text).cells, parts.text, text, strict=True):
            inside = change[14:55, pixels(cell.left) + 6 : pixels(cell.left) + 17]
            if inside.max() == 0:
                assert new == old
                kept += 1
    assert 60 < kept < 180  # of 240, without the provinces


@pytest.mark.parametrize(("text", "colour"), PLATES)
def test_new_provinces_have_the_old_ones_paint_and_ground(text, colour, style, crop_of):
    parts = take_apart(crop_of(text, colour, LEVEL)[0], text, [style])
    light = parts.contrast.mean() > 0

    def extremes(image):
        """Mean colour of the province's most and least painted tenth."""
        colours = flat_view(image, parts)[12:57, 8:30].reshape(-1, 3)
        ordered = np.array_split(colours[np.argsort(colours.mean(axis=1))], 10)
        return ordered[-1 if light else 0].mean(axis=0), ordered[0 if light else -1].mean(axis=0)

    paint, ground = extremes(parts.image)
    seen = np.mean([extremes(relettered(parts, style, seed)[0]) for seed in range(20)], axis=0)
    contrast = np.linalg.norm(paint - ground)
    assert contrast > 150
    assert np.linalg.norm(seen[0] - paint) < 0.2 * contrast
    assert np.linalg.norm(seen[1] - ground) < 0.1 * contrast
