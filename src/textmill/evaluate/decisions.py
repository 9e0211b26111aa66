"""The page's confusion matrix and the scores of each class."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from textmill.evaluate.markup import colour, columns, escape, label, scrolling, share
from textmill.evaluate.plots import range_bar
from textmill.evaluate.sentences import confusions, number

if TYPE_CHECKING:
    from textmill.types import Report, Score

__all__ = ["decisions"]

_MOST_NAMED = 8  # classes whose names fit over the columns of a matrix
_MOST_IN_TABLE = 20  # classes; with more, a matrix is a carpet and the worst pairs say more


def decisions(report: Report, config: Mapping[str, Any]) -> str:
    """Confusion matrix and the scores of each class."""
    if report.details.get("several_labels"):
        return _per_class(report)  # one that is missed is not another that is said: there is no matrix
    # beside each other only while the matrix is narrow
    layout = "pair" if len(report.classes) <= 3 or len(report.classes) > _MOST_IN_TABLE else "pair stacked"
    matrix = _confused(report) if len(report.classes) > _MOST_IN_TABLE else _confusion(report)
    return f'<div class="{layout}"><div>{matrix}</div><div>{_per_class(report)}</div></div>'


def _confusion(report: Report) -> str:
    small = len(report.classes) <= 6
    numbered = len(report.classes) > _MOST_NAMED  # long names in narrow columns would lie on top of each other
    heads = "".join(
        f'<th scope="col"><abbr title="{escape(name)}">{place}</abbr></th>'
        if numbered
        else f'<th scope="col">{label(report, name)}</th>'
        for place, name in enumerate(report.classes, 1)
    )
    rows = []
    for i, (name, row) in enumerate(zip(report.classes, report.confusion, strict=True)):
        total = max(1, sum(row))
        cells = []
        for j, count in enumerate(row):
            under = f"<small>{share(count / total)}</small>" if small else ""
            kind = f"cell c{colour(report, report.classes[j])}{' right' if i == j else ''}"
            cells.append(f'<td class="{kind}" style="--share:{100 * count / total:.0f}%">{count:,}{under}</td>')
        place = f"<small>{i + 1}</small> " if numbered else ""
        rows.append(f'<tr><th scope="row">{place}{label(report, name)}</th>{"".join(cells)}</tr>')
    table = (
        f'<table class="confusion{" dense" if numbered else ""}">'
        f'<thead><tr><td class="corner">truth ↓ said →</td>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
    shares = "; shares are of the row" if small else ""
    return (
        "<h3>Confusion matrix</h3>"
        f'<p class="caption">A row for each true class, a column for what the model said{shares}.</p>'
        + scrolling("Confusion matrix", table)
    )


def _confused(report: Report) -> str:
    rows = "".join(
        f"<tr><td>{label(report, truth)}</td><td>{label(report, said)}</td>"
        f'<td class="num">{count:,}</td><td class="num">{share(part)}</td></tr>'
        for count, part, truth, said in confusions(report)[:_MOST_IN_TABLE]
    )
    table = f'<table class="plain">{columns("truth", "said", "#rows", "#of that class")}<tbody>{rows}</tbody></table>'
    return (
        "<h3>Confusion matrix: most confused</h3>"
        f'<p class="caption">Of {len(report.classes):,} classes, the pairs most often mistaken for each other.</p>'
        + scrolling("Most confused classes", table)
    )


def _per_class(report: Report) -> str:
    names = list(report.classes)
    if len(names) > _MOST_IN_TABLE:
        scores = report.per_class
        names.sort(key=lambda name: (scores[name]["support"].value == 0, scores[name]["f1"].value, name))
    shown, hidden = names[:_MOST_IN_TABLE], names[_MOST_IN_TABLE:]
    first = "The lowest F1 first. " if hidden else ""
    more = f"<details><summary>{len(hidden)} more classes</summary>{_class_table(report, hidden)}</details>"
    return (
        f'<h3>Each class</h3><p class="caption">{first}Intervals beside each score, the baseline’s F1 as a tick.</p>'
        + scrolling("Scores of each class", _class_table(report, shown))
        + (more if hidden else "")
    )


def _class_table(report: Report, names: Iterable[str]) -> str:
    rows = "".join(_class_row(report, name) for name in names)
    heads = columns("class", "#precision", "#recall", "F1", "#rows")
    return f'<table class="plain classes">{heads}<tbody>{rows}</tbody></table>'


def _class_row(report: Report, name: str) -> str:
    own = report.per_class[name]
    f1, there = own["f1"], own["support"].value > 0
    said = f"F1 of {name} {number(f1.value)}, from {number(f1.low)} to {number(f1.high)}"
    return (
        f'<tr><th scope="row">{label(report, name)}</th><td class="num">{_cell(own["precision"])}</td>'
        # without a row of the class there is nothing to find
        f'<td class="num">{_cell(own["recall"]) if there else "–"}</td><td class="wide c{colour(report, name)}">'
        f"{_cell(f1)}{range_bar(f1.value, f1.low, f1.high, f1.baseline, said=said)}</td>"
        f'<td class="num">{int(own["support"].value):,}</td></tr>'
    )


def _cell(score: Score) -> str:
    return f"{number(score.value)}<small>{number(score.low, 2)}–{number(score.high, 2)}</small>"
