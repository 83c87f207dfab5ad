"""The cover picture for NodeHub: shipped crops with what the network reads on them.

    python -m cover --output docs/cover.jpg

NodeHub asks for 4:3, at least 1280 x 960 pixels and at most 6 MB (nodehubs/docs, "NodeHub项目创建指南.md").
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.cli.common import run
from lprnet_ros.images.drawing import CELL, draw_text
from lprnet_ros.reading.plate_reading import PlateReading
from lprnet_ros.reading.recognizer import PlateRecognizer
from lprnet_ros.sources.labelled import LabelledDataError, list_images, read_image

Image = npt.NDArray[np.uint8]
Colour = tuple[int, int, int]

WIDTH, HEIGHT = 1600, 1200
SHOWN = "京沪浙川粤藏苏渝新甘琼湘"
"""The provinces whose crops are shown, row by row: every colour, and dark, blurred and tilted ones."""
TITLE_PATH = Path(__file__).with_name("cover_title.png")
"""The Chinese title, white on black; ``assets`` draws it."""
NAME = "lprnet_ros"
LINE = "Reads licence plates in ROS 2: on the BPU of an RDK X5, or on any CPU"

_COLUMNS = 3
_MARGIN, _GAP = 56, 32
_TOP = 292
_CAPTION = 76
_BACKGROUND_TOP, _BACKGROUND_BOTTOM = (58, 40, 26), (24, 17, 12)
_OPTIONS = {".jpg": [cv2.IMWRITE_JPEG_QUALITY, 93], ".png": [cv2.IMWRITE_PNG_COMPRESSION, 9]}
_CARD = (74, 56, 40)
_WHITE, _PALE, _GREEN, _RED = (255, 255, 255), (214, 200, 186), (120, 222, 110), (80, 80, 240)


def draw_cover(crops: list[tuple[Image, PlateReading, str]]) -> Image:
    """Draw the cover.

    Args:
        crops: pictures of plates, what was read on each, and what stands on it; as
            many as there are cards.

    Returns:
        BGR, uint8, HEIGHT x WIDTH x 3.
    """
    shade = np.linspace(0, 1, HEIGHT, dtype=np.float32)[:, None, None]
    top, bottom = (np.array(colour, np.float32) for colour in (_BACKGROUND_TOP, _BACKGROUND_BOTTOM))
    cover = np.broadcast_to(top * (1 - shade) + bottom * shade, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    _write(cover, NAME, (_MARGIN - 4, 48), 150, _WHITE, thickness=15)
    title = read_image(TITLE_PATH)[:, :, 0].astype(np.float32) / 255.0
    _blend(cover, title, (WIDTH - _MARGIN - title.shape[1], 60), _GREEN)
    _write(cover, LINE, (_MARGIN, 218), 34, _PALE, thickness=3)
    rows = -(-len(crops) // _COLUMNS)
    width = (WIDTH - 2 * _MARGIN - (_COLUMNS - 1) * _GAP) // _COLUMNS
    height = (HEIGHT - _TOP - _MARGIN - (rows - 1) * _GAP) // rows
    for index, (image, reading, truth) in enumerate(crops):
        row, column = divmod(index, _COLUMNS)
        x, y = _MARGIN + column * (width + _GAP), _TOP + row * (height + _GAP)
        _draw_card(cover[y : y + height, x : x + width], image, reading, truth)
    return cover


def _draw_card(card: Image, image: Image, reading: PlateReading, truth: str) -> None:
    card[:] = _CARD
    height, width = card.shape[:2]
    picture = height - _CAPTION
    card[:picture] = cv2.resize(image, (width, picture), interpolation=cv2.INTER_CUBIC)
    colour = _GREEN if reading.text == truth else _RED
    _letter(card, reading.text or "-", (16, picture + 14), 50, colour)
    _write(card, f"{reading.confidence:.4f}", (width - 128, picture + 26), 26, _PALE, thickness=2)


def _letter(image: Image, text: str, origin: tuple[int, int], height: int, colour: Colour) -> None:
    """Write a plate's text larger than its glyphs were drawn, with sharp edges all the same."""
    glyphs = np.zeros((CELL, CELL * len(text), 3), np.uint8)
    draw_text(glyphs, text, (0, 0), height=CELL)
    size = (round(glyphs.shape[1] * height / CELL), height)
    soft = cv2.resize(glyphs[:, :, 0].astype(np.float32) / 255.0, size, interpolation=cv2.INTER_CUBIC)
    _blend(image, np.clip((soft - 0.5) * 2.2 + 0.5, 0.0, 1.0), origin, colour)


def _write(
    image: Image,
    text: str,
    origin: tuple[int, int],
    height: int,
    colour: Colour,
    *,
    thickness: int,
) -> None:
    """Write ASCII with OpenCV's own font, drawn four times as large and made smaller."""
    scale = 4 * height / 30  # the font's lines are 30 pixels high
    (width, above), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 4 * thickness)
    mask = np.zeros((above + below + 8 * thickness, width + 8 * thickness), np.uint8)
    place = (4 * thickness, above + 4 * thickness)
    cv2.putText(mask, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, 255, 4 * thickness, cv2.LINE_AA)
    size = (mask.shape[1] // 4, mask.shape[0] // 4)
    small = cv2.resize(mask, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255.0
    _blend(image, small, (origin[0] - thickness, origin[1] - thickness), colour)


def _blend(image: Image, mask: npt.NDArray[np.float32], origin: tuple[int, int], colour: Colour) -> None:
    x, y = origin
    region = image[y : y + mask.shape[0], x : x + mask.shape[1]]
    part = mask[: region.shape[0], : region.shape[1], None]
    region[:] = np.round(region * (1 - part) + np.array(colour, np.float32) * part).astype(np.uint8)


def main(arguments: list[str] | None = None) -> int:
    """Read the crops, draw the cover, write it.

    Args:
        arguments: the command line; None is this process's.

    Returns:
        The exit status: 0, or 1 where a crop is missing or was misread.
    """
    parser = argparse.ArgumentParser(prog="cover", description="Draw NodeHub's cover picture.")
    parser.add_argument("--images", type=Path, default=Path("demo/crops"), help="folder of the shipped crops")
    parser.add_argument("--output", type=Path, default=Path("docs/cover.jpg"), help="picture to write")
    options = parser.parse_args(arguments)
    return run(lambda: _make(options.images, options.output))


def _make(folder: Path, output: Path) -> int:
    files = {path.stem[0]: path for path in list_images(folder)} if folder.is_dir() else {}
    missing = [province for province in SHOWN if province not in files]
    if missing:
        raise LabelledDataError(f"{folder}: no crop of {', '.join(missing)}; give the folder demo/crops")
    recognizer = PlateRecognizer.open()
    images = [read_image(files[province]) for province in SHOWN]
    crops = [
        (image, recognizer.read(image), files[province].stem)
        for image, province in zip(images, SHOWN, strict=True)
    ]
    recognizer.close()
    _save(draw_cover(crops), output)
    wrong = [truth for _, reading, truth in crops if reading.text != truth]
    print(f"{output}: {len(crops) - len(wrong)} of {len(crops)} plates read right")
    return 1 if wrong else 0


def _save(cover: Image, output: Path) -> None:
    if output.suffix not in _OPTIONS:
        raise LabelledDataError(f"{output}: give a file name that ends in {' or '.join(_OPTIONS)}")
    _, packed = cv2.imencode(output.suffix, cover, _OPTIONS[output.suffix])
    try:
        output.write_bytes(packed.tobytes())
    except OSError as error:
        raise LabelledDataError(f"{output}: cannot be written ({error.strerror})") from error


if __name__ == "__main__":
    sys.exit(main())
