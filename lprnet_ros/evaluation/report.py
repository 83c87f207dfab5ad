"""The page of ``lpr_evaluate --report``: one HTML file that needs nothing but itself.

No script and no request: pictures are inline PNGs, plots are inline SVG, and a
Content-Security-Policy forbids the browser the rest.  What comes from files
(labels, readings, paths, groups) may hold anything and is escaped.
"""

from __future__ import annotations

import base64
import html
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import cv2

from lprnet_ros.evaluation import metrics
from lprnet_ros.evaluation.metrics import Outcome, Score
from lprnet_ros.plates.alphabet import PROVINCES
from lprnet_ros.sources.labelled import LabelledCrop

MOST_PICTURES = 500
"""Misread crops in the gallery; at some 40 kB each, many more would choke a browser."""
_PICTURE_SIDE = 320
"""Pixels; crops with a longer side are shrunk for the page."""
_WIDTH, _HEIGHT = 400, 260
"""Pixels of a plot, its axes not counted."""
_Pairs = list[tuple[str, str]]

_STYLE = """
body{font:15px/1.45 system-ui,"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif;color:#1c2733;
background:#f3f5f8;max-width:1120px;margin:0 auto;padding:24px}h1{font-size:26px;margin:0 0 6px}
h2{font-size:18px;margin:0 0 10px}p{margin:8px 0 0}i,p,dt,small{color:#5d6975}small{display:block}
section,.tile,figure{background:#fff;border:1px solid #dde3ea;border-radius:8px;padding:16px;overflow-x:auto}
section{margin-top:16px}dl{display:grid;grid-template-columns:max-content 1fr;gap:0 12px;margin:0}
dd,small{margin:0;overflow-wrap:anywhere}.tiles,.pair,.gallery{display:grid;gap:16px;margin-top:16px}
.tiles{grid-template-columns:repeat(auto-fit,minmax(200px,1fr))}.tile b{display:block;font-size:28px}
.pair{grid-template-columns:repeat(auto-fit,minmax(440px,1fr));align-items:start}.pair section{margin:0}
.pair td:last-child{white-space:normal}p:empty{display:none}section>table{width:100%}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}.strip path{stroke:#8fb3dd;stroke-width:4}
th,td{padding:4px 7px;text-align:right;border-bottom:1px solid #e8ecf1;white-space:nowrap}
th{font-weight:600;color:#4a5663;white-space:normal}th:first-child,td:first-child{text-align:left}
section>svg{max-width:100%}svg{vertical-align:middle;font-size:11px;fill:#4a5663;text-anchor:middle}
.up{text-anchor:end}path{fill:none;stroke:#e8ecf1}.mean{stroke:#1f5fa8}
.ideal{stroke:#9aa5b1;stroke-dasharray:4}rect{fill:#cfe0f3}polyline{fill:none;stroke:#1f5fa8;stroke-width:2}
circle{fill:#1f5fa8}.passed{fill:#c2571a}.gallery{grid-template-columns:repeat(auto-fill,minmax(250px,1fr))}
figure{margin:0;padding:12px}.reading{margin:8px 0 4px;font-size:18px}.reading *{border:0}
img{display:block;width:100%;height:84px;object-fit:contain;background:#2b323a;border-radius:4px}
.reading td{padding:0 2px;min-width:15px;text-align:center!important}.reading .bad{background:#ffd9d6}
.reading th{padding:0 8px 0 0;font-size:12px;font-weight:400}
"""


def html_report(
    crops: Sequence[LabelledCrop],
    outcomes: Sequence[Outcome],
    groups: Mapping[str, Score],
    column: str | None,
    about: Mapping[str, str],
) -> str:
    """Write the page; of the files, only the pictures of misread crops are read.

    Args:
        crops: what was measured.
        outcomes: one a crop, in the same order; at least one.
        groups: scores by value of ``column``, in the order of the table; may be empty.
        column: what the crops are grouped by; None for nothing.
        about: what the head of the page says of the measurement, such as the model.

    Returns:
        The page, of characters that UTF-8 can hold.

    Raises:
        ValueError: there are no outcomes, or not one a crop.
        LabelledDataError: the picture of a misread crop is missing or none.
    """
    total = metrics.score(outcomes)
    pairs = [metrics.align(outcome.label, outcome.text) for outcome in outcomes]
    title = f"{total.correct} of {total.plates} plates read right"
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    first = [next((pair for pair in plate if pair[0]), ("no label", "")) for plate in pairs]
    provinces = [pair for pair in first if pair[0] in PROVINCES]
    right = sum(written == read for written, read in provinces)
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title><style>{_STYLE}</style></head><body><h1>{title}</h1>
<dl>{"".join(f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in about.items())}</dl>
<div class="tiles">{_rate("whole plates", total.correct, total.plates)}
{_rate("provinces", right, len(provinces))}
{_tile("characters", f"{total.character_accuracy:.2%}", "1 − edit distance / characters")}
{_tile("pass at 99 % precision", f"{total.passed_at_99:.1%}", "of all readings, the most confident")}</div>
{_groups(total, groups, column)}
<div class="pair">{_reliability(outcomes, total)}{_precision(outcomes)}</div>
<div class="pair">{_provinces(provinces)}{_characters(pairs)}</div>
{_gallery(list(zip(crops, outcomes, pairs, strict=True)), column)}</body></html>
"""


def _text(value: str) -> str:
    # the name of a file need not be Unicode; Python holds its other bytes as lone surrogates
    return html.escape(value.encode("utf-8", "backslashreplace").decode("utf-8")) or "<i>nothing</i>"


def _interval(successes: int, trials: int) -> str:
    lower, upper = metrics.wilson_interval(successes, trials)
    return f"{lower:.1%}–{upper:.1%}"


def _tile(name: str, value: str, note: str) -> str:
    return f'<div class="tile">{name}<b>{value}</b><small>{note}</small></div>'


def _rate(name: str, right: int, count: int) -> str:
    interval = f"95 % interval {_interval(right, count)}" if count else "no label has one"
    return _tile(name, f"{right / count:.2%}" if count else "–", interval)


def _section(title: str, content: str, note: str = "") -> str:
    return f"<section><h2>{title}</h2>{content}<p>{note}</p></section>\n"


def _table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    head = "".join(f"<th>{name}</th>" for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table>"


def _groups(total: Score, groups: Mapping[str, Score], column: str | None) -> str:
    parts = [(_text(name), part) for name, part in groups.items()] + [("<b>all</b>", total)]
    lowest = min(metrics.wilson_interval(part.correct, part.plates)[0] for _, part in parts)
    rows = []
    for name, part in parts:
        lower, upper = metrics.wilson_interval(part.correct, part.plates)
        start, dot, end = (4 + 92 * (x - lowest) / (1 - lowest) for x in (lower, part.accuracy, upper))
        drawn = f'<path d="M{start:.1f} 6H{end:.1f}"/><circle cx="{dot:.1f}" cy="6" r="4"/>'
        row = [name, part.plates, part.correct, f"{part.accuracy:.2%}", _interval(part.correct, part.plates)]
        row += [f'<svg class="strip" width="100" height="12">{drawn}</svg>', f"{part.character_accuracy:.2%}"]
        row += ["–" if part.auroc is None else f"{part.auroc:.4f}", f"{part.passed_at_99:.1%}"]
        rows.append([*row, f"{part.calibration_error:.4f}", f"{part.ms_per_plate:.3f}"])
    heads = [_text(column) if column else "", "plates", "correct", "accuracy", "95 % interval", ""]
    table = _table([*heads, "characters", "AUROC", "99 % pass", "calibration error", "ms"], rows)
    note = "Wilson intervals, as if plates were independent; several crops of one plate are not."
    return _section("Groups", table, note)


def _plot(title: str, names: tuple[str, str], low: float, content: str, caption: str) -> str:
    """Frame content, drawn in pixels of the plot; the axes go from 0 to 1 across, from ``low`` to 1 up."""
    ticks = ""
    for part in (0, 0.2, 0.4, 0.6, 0.8, 1):
        x, y = _WIDTH * part, _HEIGHT * (1 - part)
        ticks += f'<path d="M0 {y:.1f}H{_WIDTH}"/><text x="{x:.1f}" y="{_HEIGHT + 16}">{part:.0%}</text>'
        ticks += f'<text class="up" x="-6" y="{y + 4:.1f}">{low + (1 - low) * part:.0%}</text>'
    ticks += f'<text x="{_WIDTH / 2}" y="{_HEIGHT + 34}">{names[0]}</text>'
    ticks += f'<text transform="translate(-44 {_HEIGHT / 2}) rotate(-90)">{names[1]}</text>'
    # an inner picture cuts off what lies below ``low``; a dot on the frame still fits
    inner = f'x="-6" y="-16" width="{_WIDTH + 12}" height="{_HEIGHT + 22}"'
    content = f'<svg {inner} viewBox="-6 -16 {_WIDTH + 12} {_HEIGHT + 22}">{content}</svg>'
    box = f'viewBox="-56 -20 {_WIDTH + 72} {_HEIGHT + 60}" width="{_WIDTH + 72}"'
    return _section(title, f"<svg {box}>{ticks}{content}</svg>", caption)


def _reliability(outcomes: Sequence[Outcome], total: Score) -> str:
    width = _WIDTH / metrics.CALIBRATION_BINS
    drawn = ""
    for part in metrics.calibration_bins(outcomes):
        shares = (part.correct / part.plates, *metrics.wilson_interval(part.correct, part.plates))
        top, lower, upper = (f"{_HEIGHT * (1 - share):.1f}" for share in shares)
        x, left = f"{part.confidence * _WIDTH:.1f}", part.index * width
        words = f"{part.correct} of {part.plates} right, mean confidence {part.confidence:.4f}"
        size = f'width="{width - 2:.1f}" height="{_HEIGHT * shares[0]:.1f}"'
        drawn += f'<g class="bin"><title>{words}</title><rect x="{left + 1:.1f}" y="{top}" {size}/>'
        drawn += f'<path class="mean" d="M{x} {lower}V{upper}"/><circle cx="{x}" cy="{top}" r="4"/>'
        drawn += f'<text x="{left + width / 2:.1f}" y="-7">{part.plates}</text></g>'
    drawn += f'<path class="ideal" d="M0 {_HEIGHT}L{_WIDTH} 0"/>'
    caption = "A dot is what share of a bin was read right at its mean confidence, with the 95 % interval; "
    caption += f"above, how many. Their mean distance from the dashed line: {total.calibration_error:.4f}."
    return _plot("Reliability", ("confidence", "read right"), 0.0, drawn, caption)


def _precision(outcomes: Sequence[Outcome]) -> str:
    curve = metrics.precision_curve(outcomes)
    # one wrong reading among the very first would squeeze all the rest into a line
    low = min(0.95, int(20 * min(point.precision for point in curve if point.share >= 0.05)) / 20)
    scale = _HEIGHT / (1 - low)
    places = [f"{point.share * _WIDTH:.1f},{(1 - point.precision) * scale:.1f}" for point in curve]
    drawn = f'<path class="ideal" d="M0 {0.01 * scale:.1f}H{_WIDTH}"/>'
    drawn += f'<polyline points="{" ".join(dict.fromkeys(places))}"/>'
    caption = "No threshold on the confidence leaves 99 % of what passes right."
    best = max((point for point in curve if point.precision >= 0.99), key=lambda p: p.share, default=None)
    if best is not None:
        x, y = f"{best.share * _WIDTH:.1f}", f"{(1 - best.precision) * scale:.1f}"
        drawn += f'<circle class="passed" cx="{x}" cy="{y}" r="5"/>'
        caption = f"From a confidence of {best.threshold:.4f} on, {best.share:.1%} of the readings pass and "
        caption += f"{best.precision:.2%} of those are right: the most that pass at 99 % (dashed)."
    return _plot("Precision against share passed", ("passed", "of these right"), low, drawn, caption)


def _provinces(provinces: Iterable[tuple[str, str]]) -> str:
    read: dict[str, Counter[str]] = defaultdict(Counter)
    for province, text in provinces:
        read[province][text] += 1
    rows = []
    for province, counts in read.items():
        plates, right = sum(counts.values()), counts[province]
        wrong = [f"{_text(text)} × {count}" for text, count in counts.most_common() if text != province]
        cells = [province, str(plates), str(plates - right), _interval(right, plates), ", ".join(wrong)]
        rows.append((right - plates, -plates, cells))
    table = _table(["", "plates", "misread", "right (95 %)", "read as"], (row[2] for row in sorted(rows)))
    return _section("Provinces", table, "The label's first character, where it is one of the 31.")


def _characters(pairs: Sequence[_Pairs]) -> str:
    written = Counter(pair[0] for plate in pairs for pair in plate)
    wrong = Counter(pair for plate in pairs for pair in plate if pair[0] != pair[1])
    confused = sorted((-count, *pair) for pair, count in wrong.items())
    rows = ([_text(c), _text(read), -count, written[c] if c else "–"] for count, c, read in confused)
    table = _table(["written", "read as", "times", "written in all"], rows) if confused else "None."
    note = "Aligned by edit distance; nothing stands for a character missed or added."
    return _section("Characters misread", table, note)


def _gallery(measured: Iterable[tuple[LabelledCrop, Outcome, _Pairs]], column: str | None) -> str:
    misread = [entry for entry in measured if not entry[1].is_correct]
    misread.sort(key=lambda entry: -entry[1].confidence)
    figures = [_figure(*entry, column) for entry in misread[:MOST_PICTURES]]
    note = f"{len(figures)} of {len(misread)}, the most confident first." if figures else "None."
    return _section("Misread crops", f'{note}<div class="gallery">{"".join(figures)}</div>')


def _figure(crop: LabelledCrop, outcome: Outcome, pairs: _Pairs, column: str | None) -> str:
    image = crop.read()
    height, width = image.shape[:2]
    shrunk = min(1.0, _PICTURE_SIDE / max(height, width))
    size = (max(1, round(width * shrunk)), max(1, round(height * shrunk)))
    shown = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    picture = base64.b64encode(cv2.imencode(".png", shown)[1].tobytes()).decode("ascii")
    label, read = "", ""
    for above, below in pairs:
        cell = "<td>" if above == below else '<td class="bad">'
        label += f"{cell}{_text(above) if above else '·'}</td>"
        read += f"{cell}{_text(below) if below else '·'}</td>"
    group = f"<small>{_text(column)}: {_text(crop.group(column))}</small>" if column else ""
    return (
        f'<figure><img alt="misread plate" src="data:image/png;base64,{picture}"><figcaption>'
        f'<table class="reading"><tr><th>label</th>{label}</tr><tr><th>read</th>{read}</tr></table>'
        f"confidence {outcome.confidence:.4f}<small>{width} × {height} pixels</small>{group}"
        f"<small>{_text(str(crop.path))}</small></figcaption></figure>\n"
    )
