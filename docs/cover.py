"""``python docs/cover.py [FILE]`` draws docs/cover.jpg: shipped crops with what the network reads on them.

NodeHub asks for 4:3, at least 1280 x 960 pixels and at most 6 MB.  Needs pip install 'lprnet_ros[training]'.
"""

import sys
from pathlib import Path

import cv2
from PIL import Image, ImageDraw, ImageFont

from lprnet_ros.reading.recognizer import PlateRecognizer
from lprnet_ros.sources.labelled import read_image
from lprnet_ros.training.glyphs import default_font

DOCS = Path(__file__).resolve().parent
SHOWN = "京沪浙川粤藏苏渝新甘琼湘"  # every colour, and dark, blurred and tilted ones
DARK, CARD, WHITE, PALE = (17, 27, 41), (40, 56, 74), (255, 255, 255), (186, 200, 214)
GREEN, ORANGE = (110, 230, 110), (255, 165, 60)

cover = Image.new("RGB", (1600, 1200), DARK)
draw = ImageDraw.Draw(cover)


def write(text: str, place: tuple[int, int], size: int, colour: tuple[int, ...], anchor: str = "ls") -> None:
    """Write one line; ``anchor`` as of Pillow."""
    draw.text(place, text, fill=colour, font=ImageFont.truetype(str(default_font()), size), anchor=anchor)


write("lprnet_ros", (56, 160), 130, WHITE)
write("车牌识别", (1544, 160), 130, GREEN, "rs")
write("Finds and reads Chinese licence plates: on the BPU of an RDK X5, or on any CPU", (56, 240), 36, PALE)
recognizer = PlateRecognizer.open()
for index, province in enumerate(SHOWN):
    (file,) = (DOCS.parent / "demo" / "crops").glob(f"{province}*.png")
    crop, (row, column) = read_image(file), divmod(index, 3)
    reading, x, y = recognizer.read(crop), 56 + 507 * column, 292 + 221 * row
    draw.rectangle((x, y, x + 474, y + 188), CARD)
    picture = cv2.resize(crop, (475, 121), interpolation=cv2.INTER_CUBIC)
    cover.paste(Image.fromarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)), (x, y))
    tick, cross = [(16, 154), (28, 168), (50, 138)], [(18, 138), (48, 168), (33, 153), (18, 168), (48, 138)]
    points = [(x + across, y + down) for across, down in (tick if reading.accepted else cross)]
    draw.line(points, GREEN if reading.accepted else ORANGE, 6, joint="curve")
    write(reading.text or "-", (x + 66, y + 172), 48, WHITE)
    write(f"{reading.confidence:.3f}", (x + 460, y + 172), 32, GREEN if reading.accepted else ORANGE, "rs")
cover.save(sys.argv[1] if len(sys.argv) > 1 else DOCS / "cover.jpg", quality=84)
