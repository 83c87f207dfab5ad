"""The page of ``lpr_evaluate --report``: one HTML file that needs nothing but itself.

No script and no request: pictures are inline PNGs, bars are HTML meters, and a
Content-Security-Policy forbids everything else.  What comes from files
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
from lprnet_ros.reading.plate_reading import Verdict
from lprnet_ros.sources.labelled import LabelledCrop

MOST_PICTURES = 500
"""Misread crops in the gallery; at some 40 kB each, many more would choke a browser."""
_PICTURE_SIDE = 320
"""Pixels; crops with a longer side are shrunk for the page."""
_PRECISIONS = (0.999, 0.998, 0.995, 0.99, 0.98, 0.95, 0.9)
_Pairs = list[tuple[str, str]]

_STYLE = """
:root{color-scheme:light dark;--ink:#1c2733;--pale:#5d6975;--ground:#f3f5f8;--card:#fff;--line:#dde3ea;
--bad:#ffd9d6}
@media(prefers-color-scheme:dark){:root{--ink:#e4e9ee;--pale:#a3afbb;--ground:#11161c;--card:#1b222b;
--line:#323c48;--bad:#7a2a26}}
body{font:15px/1.45 system-ui,"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif;color:var(--ink);
background:var(--ground);max-width:1120px;margin:0 auto;padding:24px}h1{font-size:26px;margin:0 0 6px}
h2{font-size:18px;margin:0 0 10px}p{margin:8px 0 0}i,p,dt,small,th{color:var(--pale)}small{display:block}
section,.tile,figure{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:16px;
overflow-x:auto}
section{margin-top:16px}dl{display:grid;grid-template-columns:max-content 1fr;gap:0 12px;margin:0}
dd,small{margin:0;overflow-wrap:anywhere}.tiles,.pair,.gallery{display:grid;gap:16px;margin-top:16px}
.tiles{grid-template-columns:repeat(auto-fit,minmax(150px,1fr))}.tile b{display:block;font-size:28px}
.pair{grid-template-columns:repeat(auto-fit,minmax(min(440px,100%),1fr));align-items:start}
.pair section{margin:0}
.pair td:last-child{white-space:normal}p:empty{display:none}section>table{width:100%}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:4px 7px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th{font-weight:600;white-space:normal}th:first-child,td:first-child{text-align:left}
.gallery{grid-template-columns:repeat(auto-fill,minmax(min(250px,100%),1fr))}
figure{margin:0;padding:12px}.reading{margin:8px 0 4px;font-size:18px}.reading *{border:0}
img{display:block;width:100%;height:84px;object-fit:contain;background:#2b323a;border-radius:4px}
.reading td{padding:0 2px;min-width:15px;text-align:center!important}.bad{background:var(--bad)}
.reading th{padding:0 8px 0 0;font-size:12px;font-weight:400}b.bad{padding:0 5px;border-radius:4px}
@media(max-width:600px){body{padding:12px}}
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
{_tile("pass at 99 % precision", f"{total.passed_at_99:.1%}", "of all readings, the most confident")}
{_accepted(outcomes)}</div>
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


def _accepted(outcomes: Sequence[Outcome]) -> str:
    accepted = [outcome for outcome in outcomes if outcome.verdict is Verdict.ACCEPTED]
    wrong = sum(not outcome.is_correct for outcome in accepted)
    return _tile("accepted", f"{len(accepted) / len(outcomes):.2%}", f"{wrong} of these misread")


def _section(title: str, content: str, note: str = "") -> str:
    return f"<section><h2>{title}</h2>{content}<p>{note}</p></section>\n"


def _table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    head = "".join(f"<th>{name}</th>" for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table>"


def _groups(total: Score, groups: Mapping[str, Score], column: str | None) -> str:
    rows = []
    for name, part in [*((_text(name), part) for name, part in groups.items()), ("<b>all</b>", total)]:
        row = [name, part.plates, part.correct, f"{part.accuracy:.2%}", _interval(part.correct, part.plates)]
        row += [f"{part.character_accuracy:.2%}", "–" if part.auroc is None else f"{part.auroc:.4f}"]
        rows.append(
            [*row, f"{part.passed_at_99:.1%}", f"{part.calibration_error:.4f}", f"{part.ms_per_plate:.3f}"]
        )
    heads = [_text(column) if column else "", "plates", "correct", "accuracy", "95 % interval"]
    table = _table([*heads, "characters", "AUROC", "99 % pass", "calibration error", "ms"], rows)
    note = "Wilson intervals, as if plates were independent; several crops of one plate are not."
    return _section("Groups", table, note)


def _reliability(outcomes: Sequence[Outcome], total: Score) -> str:
    rows = []
    for part in metrics.calibration_bins(outcomes):
        share = part.correct / part.plates
        cells = [f"{part.confidence:.4f}", part.plates, f"{share:.4f}", _interval(part.correct, part.plates)]
        rows.append([*cells, f'<meter value="{share:.4f}"></meter>'])
    table = _table(["mean confidence", "plates", "read right", "95 % interval", ""], rows)
    note = "Readings in 15 ranges of confidence. Mean distance between confidence and share read right: "
    return _section("Reliability", table, f"{note}{total.calibration_error:.4f}.")


def _precision(outcomes: Sequence[Outcome]) -> str:
    curve, rows = metrics.precision_curve(outcomes), []
    for wanted in _PRECISIONS:
        reached = [point for point in curve if point.precision >= wanted]
        best = max(reached, key=lambda point: point.share, default=None)
        cells = ["none", "–", "–"]
        if best is not None:
            cells = [f"{best.threshold:.4f}", f"{best.share:.1%}", f"{best.precision:.2%}"]
        bar = f'<meter value="{best.share if best else 0:.4f}"></meter>'
        rows.append([f"{wanted:.1%}", *cells, bar])
    table = _table(["at least right", "confidence from", "pass", "of these right", ""], rows)
    note = "For each precision, the threshold on the confidence that lets most readings pass."
    return _section("Precision against share passed", table, note)


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
    misread.sort(key=lambda entry: (entry[1].verdict is not Verdict.ACCEPTED, -entry[1].confidence))
    figures = [_figure(*entry, column) for entry in misread[:MOST_PICTURES]]
    note = "None."
    if figures:
        note = f"{len(figures)} of {len(misread)}, those that were accepted first, then the most confident."
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
    verdict = outcome.verdict.value.replace("_", " ")
    verdict = '<b class="bad">✓ accepted</b>' if verdict == "accepted" else f"✗ {verdict}"
    group = f"<small>{_text(column)}: {_text(crop.group(column))}</small>" if column else ""
    return (
        f'<figure><img alt="misread plate" src="data:image/png;base64,{picture}"><figcaption>'
        f'<table class="reading"><tr><th>label</th>{label}</tr><tr><th>read</th>{read}</tr></table>'
        f"{verdict}, confidence {outcome.confidence:.4f}<small>{width} × {height} pixels</small>{group}"
        f"<small>{_text(str(crop.path))}</small></figcaption></figure>\n"
    )
