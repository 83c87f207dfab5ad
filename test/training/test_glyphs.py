import cv2
import numpy as np
import pytest

from lprnet_ros.plates.alphabet import DIGITS, LETTERS, PROVINCES
from lprnet_ros.training.glyphs import (
    GLYPH_HEIGHT,
    GLYPH_WIDTH,
    GlyphError,
    default_font,
    glyphs_from_font,
    load_glyph_styles,
)

CHARACTERS = PROVINCES + DIGITS + LETTERS


def write_style(folder, prefix="", left_out=""):
    folder.mkdir(parents=True, exist_ok=True)
    for character in CHARACTERS:
        if character not in left_out:
            picture = np.full((40, 20, 3), 255, np.uint8)
            picture[5:35, 5:15] = 0
            packed = cv2.imencode(".png", picture)[1]
            (folder / f"{prefix}{character}.png").write_bytes(packed.tobytes())


def test_each_complete_folder_or_prefix_is_a_style(tmp_path):
    write_style(tmp_path / "one")
    write_style(tmp_path / "two", "140_")
    write_style(tmp_path / "two", "green_")
    write_style(tmp_path / "three", left_out="沪")
    styles = load_glyph_styles(tmp_path)
    assert [style.name for style in styles] == ["one/", "two/140_", "two/green_"]
    assert [style.for_green for style in styles] == [False, False, True]
    assert all(mask.shape == (GLYPH_HEIGHT, GLYPH_WIDTH) for mask in styles[0].masks.values())


def test_dark_paint_on_light_ground_becomes_coverage(tmp_path):
    write_style(tmp_path / "one")
    mask = load_glyph_styles(tmp_path)[0].masks["京"]
    assert mask.min() == 255  # cut to the ink and stretched to the whole cell


def test_a_folder_without_a_complete_style_is_refused(tmp_path):
    write_style(tmp_path / "one", left_out="沪A")
    with pytest.raises(GlyphError, match="63"):
        load_glyph_styles(tmp_path)


def test_the_open_font_gives_every_character_a_shape_of_its_own():
    pytest.importorskip("PIL", reason="needs the extra 'training': pillow")
    pytest.importorskip("cvttf_NotoSansCJK_Bold", reason="needs the extra 'training': the open font")
    masks = glyphs_from_font(default_font()).masks
    assert set(CHARACTERS) <= set(masks)
    assert len({mask.tobytes() for mask in masks.values()}) == len(masks)
    assert all(mask.max() > 200 for mask in masks.values())


def test_a_file_that_is_no_font_is_refused(tmp_path):
    pytest.importorskip("PIL", reason="needs the extra 'training': pillow")
    path = tmp_path / "x.otf"
    path.write_bytes(b"no font")
    with pytest.raises(GlyphError, match=r"x\.otf"):
        glyphs_from_font(path)
