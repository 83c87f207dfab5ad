import base64
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lprnet_ros.cli.evaluate import main
from lprnet_ros.evaluation import report
from lprnet_ros.evaluation.metrics import Outcome, edit_distance, score
from lprnet_ros.evaluation.report import html_report
from lprnet_ros.reading.plate_reading import Verdict
from lprnet_ros.sources.labelled import LabelledCrop, LabelledDataError

VOID = {"meta", "img"}
HOSTILE = "<script>alert('1')</script>\"><img src=http://evil.example/x onerror=alert(1)>&amp;"


class Element:
    def __init__(self, tag, attributes, parent):
        self.tag, self.attributes, self.parent = tag, attributes, parent
        self.children = []

    @property
    def text(self):
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    def all(self, tag=None, style=None):
        """Every element below with this tag and class, in the order of the page."""
        for child in self.children:
            if isinstance(child, Element):
                if tag in (None, child.tag) and style in (None, child.attributes.get("class")):
                    yield child
                yield from child.all(tag, style)

    def one(self, tag=None, style=None):
        (found,) = self.all(tag, style)
        return found


class Page(HTMLParser):
    """Reads a page into elements, and insists that what is opened is closed."""

    def __init__(self, source):
        super().__init__()
        self.root = self.here = Element("", {}, None)
        self.feed(source)
        self.close()
        assert self.here is self.root, f"<{self.here.tag}> is never closed"

    def handle_starttag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs)
        element = Element(tag, dict(attrs), self.here)
        self.here.children.append(element)
        if tag not in VOID:
            self.here = element

    def handle_startendtag(self, tag, attrs):
        self.here.children.append(Element(tag, dict(attrs), self.here))

    def handle_endtag(self, tag):
        assert self.here.tag == tag, f"</{tag}> closes <{self.here.tag}>"
        self.here = self.here.parent

    def handle_data(self, data):
        self.here.children.append(data)


def section(page, title):
    (found,) = (part for part in page.all("section") if part.one("h2").text == title)
    return found


def rows(table):
    return [[cell.text for cell in row.all("td")] for row in table.one("tbody").all("tr")]


def measured(path, *readings, **columns):
    """Crops of one picture, and their outcomes, of (label, text, confidence)."""
    return (
        [LabelledCrop(path, label, columns) for label, _, _ in readings],
        [Outcome(label, text, confidence, 1.0) for label, text, confidence in readings],
    )


def page_of(crops, outcomes, groups=None, column=None, about=None):
    return Page(html_report(crops, outcomes, groups or {}, column, about or {})).root


@pytest.fixture(scope="session")
def pixels():
    return np.random.default_rng(1).integers(0, 256, (24, 94, 3), dtype=np.uint8)


@pytest.fixture(scope="session")
def picture(pixels, tmp_path_factory):
    path = tmp_path_factory.mktemp("crops") / "crop.png"
    assert cv2.imwrite(str(path), pixels)
    return path


@pytest.fixture
def page(picture):
    """Four readings, of which the first two are right."""
    crops, outcomes = measured(
        picture,
        ("京A12345", "京A12345", 0.95),
        ("沪B11111", "沪B11111", 0.90),
        ("沪B88888", "浙B88880", 0.62),
        ("川A1234Q", "A12340", 0.87),
        set="road",
    )
    groups = {"<road>": score(outcomes[:3]), "toll": score(outcomes[3:])}
    return page_of(crops, outcomes, groups, "set", {"model": "lprnet", "without": ""})


def test_the_head_says_what_was_measured(page):
    assert page.one("head").one("title").text == page.one("h1").text == "2 of 4 plates read right"
    facts = page.one("dl")
    assert [fact.text for fact in facts.all("dt")] == ["model", "without"]
    assert [fact.text for fact in facts.all("dd")] == ["lprnet", "nothing"]


def test_the_totals_stand_beside_their_wilson_intervals(page):
    tiles = [" ".join(part.strip() for part in tile.text.split("\n")) for tile in page.all("div", "tile")]
    assert tiles == [
        "whole plates50.00%95 % interval 15.0%–85.0%",
        "provinces50.00%95 % interval 15.0%–85.0%",
        f"characters{1 - 4 / 28:.2%}1 − edit distance / characters",
        "pass at 99 % precision50.0%of all readings, the most confident",
        "accepted0.00%0 of these misread",
    ]


def test_each_group_has_its_row_and_interval(page):
    groups = section(page, "Groups")
    assert [head.text for head in groups.all("th")][:5] == [
        "set",
        "plates",
        "correct",
        "accuracy",
        "95 % interval",
    ]
    assert [row[:8] for row in rows(groups)] == [
        ["<road>", "3", "2", "66.67%", "20.8%–93.9%", f"{1 - 2 / 21:.2%}", "1.0000", "66.7%"],
        ["toll", "1", "0", "0.00%", "0.0%–79.3%", f"{1 - 2 / 7:.2%}", "–", "0.0%"],
        ["all", "4", "2", "50.00%", "15.0%–85.0%", f"{1 - 4 / 28:.2%}", "1.0000", "50.0%"],
    ]


def test_a_group_may_be_called_all(picture):
    crops, outcomes = measured(picture, ("A", "A", 0.5), ("B", "B", 0.5))
    table = section(page_of(crops, outcomes, {"all": score(outcomes[:1])}), "Groups")
    assert [row[:2] for row in rows(table)] == [["all", "1"], ["all", "2"]]


def test_provinces_are_those_of_the_labels_worst_first(page):
    assert rows(section(page, "Provinces")) == [
        ["沪", "2", "1", "9.5%–90.5%", "浙 × 1"],
        ["川", "1", "1", "0.0%–79.3%", "nothing × 1"],
        ["京", "1", "0", "20.7%–100.0%", ""],
    ]


def test_a_province_is_right_where_something_is_added_before_it(picture):
    crops, outcomes = measured(picture, ("京A12345", "1京A12345", 0.5))
    assert rows(section(page_of(crops, outcomes), "Provinces"))[0][:3] == ["京", "1", "0"]


def test_a_province_names_what_it_is_read_as_most_often_first(picture):
    readings = [("京A1", text, 0.5) for text in ("沪A1", "浙A1", "浙A1", "京A1")]
    table = rows(section(page_of(*measured(picture, *readings)), "Provinces"))
    assert table == [["京", "4", "3", "4.6%–69.9%", "浙 × 2, 沪 × 1"]]


def test_labels_without_a_province_are_in_no_row_of_the_provinces(picture):
    page = page_of(*measured(picture, ("", "A", 0.5), ("使A1234", "使A1234", 0.9), ("A", "", 0.2)))
    assert rows(section(page, "Provinces")) == []
    assert "provinces–no label has one" in [tile.text for tile in page.all("div", "tile")]


def test_characters_are_confused_most_often_first(picture):
    crops, outcomes = measured(
        picture,
        ("京A8B8", "京A3B3", 0.5),
        ("京A8Q0", "京AQ0", 0.5),
        ("京A8Q0", "京A80Q0", 0.5),
        ("京A8Q0", "京A8O0", 0.5),
    )
    assert rows(section(page_of(crops, outcomes), "Characters misread")) == [
        ["8", "3", "2", "5"],
        ["nothing", "0", "1", "–"],
        ["8", "nothing", "1", "5"],
        ["Q", "O", "1", "3"],
    ]


plates = st.text(alphabet="京沪A18", max_size=5)


@given(st.lists(st.tuples(plates, plates, st.floats(0, 1)), min_size=1, max_size=8))
def test_every_edit_is_in_the_table_of_characters_and_in_the_gallery(picture, readings):
    page = page_of(*measured(picture, *readings))
    edits = sum(edit_distance(label, text) for label, text, _ in readings)
    part = section(page, "Characters misread")
    times = [int(row[2]) for row in rows(part)] if edits else []
    assert sum(times) == edits
    assert times == sorted(times, reverse=True)
    gallery = section(page, "Misread crops")
    assert len(list(gallery.all("td", "bad"))) == 2 * edits  # above and below
    shown = []
    for figure in gallery.all("figure"):
        label, text = (
            "".join(cell.text for cell in row.all("td")).replace("·", "")
            for row in figure.one("table").all("tr")
        )
        shown.append((label, text))
    wrong = [reading for reading in readings if reading[0] != reading[1]]
    assert shown == [(label, text) for label, text, _ in sorted(wrong, key=lambda reading: -reading[2])]


def test_the_reliability_has_a_row_for_each_bin_that_holds_readings(picture):
    # 0.50 and 0.52 fall in bin 7 of fifteen, 0.90 in bin 13, 1.00 in bin 14
    readings = [("A", "A", 0.50), ("A", "B", 0.52), ("A", "A", 0.90), ("A", "A", 1.00)]
    part = section(page_of(*measured(picture, *readings)), "Reliability")
    assert [row[:4] for row in rows(part)] == [
        ["0.5100", "2", "0.5000", "9.5%–90.5%"],
        ["0.9000", "1", "1.0000", "20.7%–100.0%"],
        ["1.0000", "1", "1.0000", "20.7%–100.0%"],
    ]
    assert [float(bar.attributes["value"]) for bar in part.all("meter")] == [0.5, 1.0, 1.0]
    assert f"{2 / 4 * 0.01 + 1 / 4 * 0.1:.4f}" in part.one("p").text


def test_each_precision_has_the_threshold_that_lets_most_pass(picture):
    readings = [("A", "A", 0.9), ("A", "A", 0.8), ("A", "A", 0.8), ("A", "B", 0.4)]
    table = section(page_of(*measured(picture, *readings)), "Precision against share passed")
    assert [row[0] for row in rows(table)] == ["99.9%", "99.8%", "99.5%", "99.0%", "98.0%", "95.0%", "90.0%"]
    assert all(row[1:4] == ["0.8000", "75.0%", "100.00%"] for row in rows(table))
    assert {float(bar.attributes["value"]) for bar in table.all("meter")} == {0.75}


def test_one_wrong_reading_in_a_hundred_passes_at_99_percent(picture):
    readings = [("A", "A", 0.9)] * 98 + [("A", "B", 0.8), ("A", "A", 0.7), ("A", "B", 0.6)]
    part = rows(section(page_of(*measured(picture, *readings)), "Precision against share passed"))
    assert {row[0]: row[1:4] for row in part} == {
        **{name: ["0.9000", "97.0%", "100.00%"] for name in ("99.9%", "99.8%", "99.5%")},
        "99.0%": ["0.7000", "99.0%", "99.00%"],
        **{name: ["0.6000", "100.0%", "98.02%"] for name in ("98.0%", "95.0%", "90.0%")},
    }


def test_where_no_threshold_reaches_a_precision_the_page_says_so(picture):
    part = section(page_of(*measured(picture, ("A", "B", 0.9))), "Precision against share passed")
    assert all(row[1:4] == ["none", "–", "–"] for row in rows(part))


def test_the_gallery_shows_wrong_readings_alone_the_most_confident_first(page):
    figures = list(section(page, "Misread crops").all("figure"))
    assert [figure.text.split("confidence ")[1][:6] for figure in figures] == ["0.8700", "0.6200"]
    label, read = (
        [(cell.text, cell.attributes.get("class")) for cell in row.all("td")]
        for row in figures[0].one("table").all("tr")
    )
    same = [(character, None) for character in "A1234"]
    assert label == [("川", "bad"), *same, ("Q", "bad")]
    assert read == [("·", "bad"), *same, ("0", "bad")]


def test_what_was_misread_and_accepted_stands_first_and_says_so(picture):
    outcomes = [
        Outcome("京A12345", "京A12345", 0.99, 1.0, Verdict.ACCEPTED),
        Outcome("京A12345", "京A12346", 0.85, 1.0, Verdict.ACCEPTED),
        Outcome("京A12345", "京A1234", 0.95, 1.0, Verdict.CUT_OFF),
        Outcome("京A12345", "", 0.0, 1.0, Verdict.EMPTY),
    ]
    page = page_of([LabelledCrop(picture, "京A12345")] * 4, outcomes)
    said = [figure.one("figcaption").text for figure in section(page, "Misread crops").all("figure")]
    ends = ["✓ accepted, confidence 0.8500", "✗ cut off, confidence 0.9500", "✗ empty, confidence 0.0000"]
    assert all(end in text for end, text in zip(ends, said, strict=True))
    (tile,) = (tile for tile in page.all(style="tile") if tile.text.startswith("accepted"))
    assert tile.text == "accepted50.00%1 of these misread"


def test_a_figure_names_group_file_and_size(page, picture):
    figure = next(section(page, "Misread crops").all("figure"))
    assert [note.text for note in figure.all("small")] == ["94 × 24 pixels", "set: road", str(picture)]


def inline_picture(figure):
    source = figure.one("img").attributes["src"]
    kind, _, content = source.partition("base64,")
    assert kind == "data:image/png;"
    return cv2.imdecode(np.frombuffer(base64.b64decode(content, validate=True), np.uint8), cv2.IMREAD_COLOR)


def test_the_pictures_of_the_gallery_are_the_crops(page, pixels):
    for figure in page.all("figure"):
        np.testing.assert_array_equal(inline_picture(figure), pixels)


@pytest.mark.parametrize(
    ("shape", "shown"),
    [
        ((24, 320), (24, 320)),
        ((100, 640), (50, 320)),
        ((640, 100), (320, 50)),
        ((1, 2000), (1, 320)),
        ((1, 1), (1, 1)),
    ],
)
def test_great_pictures_are_shrunk(tmp_path, shape, shown):
    path = tmp_path / "crop.png"
    cv2.imwrite(str(path), np.zeros((*shape, 3), np.uint8))
    figure = page_of(*measured(path, ("A", "B", 0.5))).one("figure")
    assert inline_picture(figure).shape[:2] == shown
    assert f"{shape[1]} × {shape[0]} pixels" in figure.text


def test_a_long_gallery_keeps_the_most_confident_and_says_so(picture, monkeypatch):
    monkeypatch.setattr(report, "MOST_PICTURES", 2)
    readings = [("A", "B", 0.1), ("A", "C", 0.9), ("A", "D", 0.5), ("A", "A", 1.0)]
    part = section(page_of(*measured(picture, *readings)), "Misread crops")
    assert "2 of 3, those that were accepted first, then the most confident" in part.text
    assert [list(figure.all("td"))[1].text for figure in part.all("figure")] == ["C", "D"]


def test_where_nothing_is_misread_no_picture_is_opened_and_none_shown():
    page = page_of(*measured(Path("/nowhere/crop.png"), ("京A12345", "京A12345", 0.9)))
    assert list(page.all("figure")) == list(page.all("img")) == []
    assert section(page, "Misread crops").text.strip() == "Misread cropsNone."
    characters = section(page, "Characters misread")
    assert list(characters.all("table")) == []
    assert "None." in characters.text
    assert rows(section(page, "Provinces")) == [["京", "1", "0", "20.7%–100.0%", ""]]


def test_a_missing_picture_is_an_error_of_the_data():
    with pytest.raises(LabelledDataError, match="no such file"):
        page_of(*measured(Path("/nowhere/crop.png"), ("A", "B", 0.9)))


def test_nothing_measured_or_half_of_it_is_refused(picture):
    crops, outcomes = measured(picture, ("A", "A", 0.9))
    with pytest.raises(ValueError, match="no readings"):
        html_report([], [], {}, None, {})
    with pytest.raises(ValueError, match="zip"):
        html_report(crops * 2, outcomes, {}, None, {})


@pytest.fixture
def hostile_page(pixels, tmp_path):
    path = tmp_path / HOSTILE.replace("/", "_")
    encoded = cv2.imencode(".png", pixels)[1]
    path.write_bytes(encoded.tobytes())
    crops = [LabelledCrop(path, HOSTILE, {HOSTILE: HOSTILE})]
    outcomes = [Outcome(HOSTILE, "'" + HOSTILE[::-1], 0.9, 1.0)]
    return html_report(crops, outcomes, {HOSTILE: score(outcomes)}, HOSTILE, {HOSTILE: HOSTILE}), path


def test_what_comes_from_files_is_shown_and_never_obeyed(hostile_page, page):
    source, path = hostile_page
    hostile = Page(source).root
    assert {element.tag for element in hostile.all()} <= {element.tag for element in page.all()}
    assert len(list(hostile.all("img"))) == 1
    assert hostile.one("dt").text == hostile.one("dd").text == HOSTILE
    groups = section(hostile, "Groups")
    assert next(groups.all("th")).text == HOSTILE
    assert rows(groups)[0][0] == HOSTILE
    figure = hostile.one("figure")
    assert [note.text for note in figure.all("small")][1:] == [f"{HOSTILE}: {HOSTILE}", str(path)]
    for cell in figure.all("td"):
        assert len(cell.text) == 1


def test_no_character_of_a_label_or_reading_is_left_as_markup(picture):
    source = html_report(*measured(picture, ("<&>\"'", "'\"><&", 0.9)), {}, None, {})
    assert not re.search("<td[^>]*>[<&>\"']<", source)  # a parser would forgive these
    page = Page(source).root
    label, read = ("".join(c.text for c in row.all("td")) for row in page.one("figure").all("tr"))
    assert (label.replace("·", ""), read.replace("·", "")) == ("<&>\"'", "'\"><&")
    table = rows(section(page, "Characters misread"))
    assert {row[0] for row in table} | {row[1] for row in table} <= set("<&>\"'") | {"nothing"}


def test_a_province_may_be_misread_as_markup(picture):
    page = page_of(*measured(picture, ("京", "<", 0.9)))
    assert rows(section(page, "Provinces"))[0][-1] == "< × 1"


def test_names_that_are_no_unicode_can_still_be_written():
    crops, outcomes = measured(Path("crop.png"), ("A", "A", 0.9))
    source = html_report(
        crops, outcomes, {}, None, {"data": b"crops \xff".decode("utf-8", "surrogateescape")}
    )
    assert Page(source.encode("utf-8").decode("utf-8")).root.one("dd").text == "crops \\udcff"


def test_the_page_references_nothing_and_runs_nothing(hostile_page):
    page = Page(hostile_page[0]).root
    for element in page.all():
        for name, value in element.attributes.items():
            assert not name.startswith("on"), f"{name} of <{element.tag}> is a script"
            assert name not in (
                "href",
                "xlink:href",
                "srcset",
                "action",
                "data",
                "poster",
                "style",
                "background",
            )
            if name == "src":
                assert value.startswith("data:image/png;base64,")
            else:
                assert "://" not in value
                assert "url(" not in value
    style = page.one("style").text
    assert style.count("{") == style.count("}") > 10
    assert not re.search(r"url|@(?!media)|//|\\", style)
    policies = [
        meta.attributes["content"]
        for meta in page.all("meta")
        if meta.attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policies == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]


def test_the_command_writes_the_page_beside_its_result(csv_file, tmp_path, capsys):
    path = tmp_path / "报告.html"
    assert main(["--data", str(csv_file), "--json", "--group-by", "set", "--report", str(path)]) == 0
    result = json.loads(capsys.readouterr().out)
    page = Page(path.read_text(encoding="utf-8")).root
    assert page.one("h1").text == f"{result['correct']} of {result['plates']} plates read right"
    assert [row[:3] for row in rows(section(page, "Groups"))] == [
        ["road", "4", "4"],
        ["toll", "4", "3"],
        ["all", "8", "7"],
    ]
    assert f"{result['calibration_error']:.4f}" in section(page, "Reliability").one("p").text
    assert str(csv_file.parent / "7.png") in page.one("figure").text
    assert str(csv_file) in page.one("dl").text
    assert re.search("sha256 [0-9a-f]{64}", page.one("dl").text)


def test_a_page_that_cannot_be_written_is_one_line_and_leaves_the_result(csv_file, tmp_path, capsys):
    path = tmp_path / "no folder" / "report.html"
    assert main(["--data", str(csv_file), "--json", "--report", str(path)]) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["plates"] == 8
    assert captured.err.count("\n") == 1
    assert str(path) in captured.err
