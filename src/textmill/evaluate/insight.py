"""The page's curves, words and mistakes: where the model is strong, why, and where it is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from textmill.evaluate.markup import bar, colour, escape, label, minus, share, shortened
from textmill.evaluate.plots import curve_plot, reliability_plot
from textmill.evaluate.sentences import number
from textmill.evaluate.wordplots import growth_plot, scatter_plot

if TYPE_CHECKING:
    from textmill.types import Report

__all__ = ["growth", "mistakes", "probabilities", "typical", "words"]

_GAP = 0.05  # between what is said and what comes true, from which on calibration is worth a word
_MOST_WORDS = 15
_MOST_LISTS = 12
_LONGEST_WORD = 40


def probabilities(report: Report, config: Mapping[str, Any]) -> str:
    """Precision-recall curve and reliability diagram."""
    curves = report.details.get("curves") or {}
    reliability = report.details.get("reliability") or {}
    parts = []
    if curves:
        colours = {name: colour(report, name) for name in curves}
        legend = "".join(
            f'<li><i class="swatch c{colours[name]}"></i><bdi>{escape(name)}</bdi> '
            f"<span>average precision {number(curve['average_precision'])}</span></li>"
            for name, curve in curves.items()
        )
        parts.append(
            "<figure><h3>Precision and recall</h3>"
            + curve_plot(curves, colours, only=len(report.classes) == 2)
            + "<figcaption>Every threshold is a point: move it, and precision is traded for recall."
            + (" Drawn are the classes with most rows." if len(report.classes) > max(len(curves), 2) else "")
            + f'<ul class="legend">{legend}</ul></figcaption></figure>'
        )
    if reliability.get("bins"):
        of = reliability.get("of")
        what = f"of {label(report, of)}" if of is not None else "of the class it decided for"
        if report.details.get("several_labels"):
            what = "of every label and every row"
        parts.append(
            "<figure><h3>Reliability</h3>"
            + reliability_plot(reliability, colour(report, of) if of is not None else 0)
            + f"<figcaption>Probabilities {what}: on the dashed line, “70\u00a0%” comes true seven times in ten;"
            " below it the model claims too much, above it too little. Lines up and down are 95\u00a0% intervals, bars"
            f" count the rows. Mean gap {_gap(report)}.{_advice(report)}</figcaption></figure>"
        )
    return f'<div class="pair">{"".join(parts)}</div>' if parts else ""


def _gap(report: Report) -> str:
    score = report.metrics.get("calibration_error")
    if score is None:
        return share(report.details["reliability"]["error"])
    may = ", which may be chance" if score.low == 0 else ""
    return f"{share(score.value)} ({share(score.low)} to {share(score.high)}{may})"


def _advice(report: Report) -> str:
    known = (report.details.get("decision") or {}).get("calibration")
    score = report.metrics.get("calibration_error")
    if known or score is None or score.low == 0 or score.value < _GAP:
        return ""
    return ' <code>calibrate = "temperature"</code> in <code>[decide]</code> makes it smaller.'


def words(report: Report, config: Mapping[str, Any]) -> str:
    """The words that pull most, as bars; for two classes away from a middle line."""
    both = len(report.classes) == 2
    telling: Mapping[str, Sequence[Sequence[Any]]] = report.details.get("telling") or {}
    named = [name for name in report.classes if telling.get(name)]
    if not named:
        return ""
    strongest = max(abs(pull) for name in named for _, pull in telling[name][:_MOST_WORDS]) or 1.0
    # of two classes the positive one is on the right, and each keeps its side even where the other has no words
    shown = sorted(report.classes, key=lambda name: colour(report, name)) if both else named[:_MOST_LISTS]
    lists = []
    for place, name in enumerate(shown):
        items = "".join(
            f'<li><bdi class="word">{escape(shortened(word, _LONGEST_WORD))}</bdi>{bar(abs(pull) / strongest)}'
            f'<span class="weight">{number(abs(pull), 2)}</span></li>'
            for word, pull in telling.get(name, ())[:_MOST_WORDS]
        )
        side = " leftward" if both and place == 0 else ""
        lists.append(
            f'<div class="c{colour(report, name)}{side}"><h3>towards {label(report, name)}</h3>'
            f'<ol class="bars">{items}</ol></div>'
        )
    layout = "butterfly" if both else "many four" if len(shown) == 4 else "many"
    more = (
        f'<p class="aside">{len(named) - len(shown)} more classes are left out here.</p>'
        if len(named) > len(shown)
        else ""
    )
    return (
        '<p class="lead">The weight with which a word, once it is in a text, pulls the decision.'
        f' All bars have one scale.</p><div class="{layout}">{"".join(lists)}</div>{more}'
    )


def typical(report: Report, config: Mapping[str, Any]) -> str:
    """How typical words are of either of two classes, a point a word."""
    points = report.details.get("scatter") or []
    if not points:
        return ""
    positive = report.details["positive"]["class"]
    other = next(name for name in report.classes if name != positive)
    return (
        '<p class="lead">A point a word, of the training texts: the further up, the more texts of'
        f" {label(report, positive)} it is in, the further right, the more of {label(report, other)}. Words on the line"
        " say nothing of either; hold the pointer on a point to read it.</p><figure>"
        + scatter_plot(points, across=f"in texts of {other}", up=f"in texts of {positive}")
        + "</figure>"
    )


def growth(report: Report, config: Mapping[str, Any]) -> str:
    """Accuracy after learning from ever more rows."""
    points = report.details.get("learning_curve") or []
    if len(points) < 2:
        return ""
    first, before, last = points[0], points[-2], points[-1]
    doublings = max(len(points) - 1, 1)
    average = (last["value"] - first["value"]) / doublings
    told = f"Each doubling of the rows brought {minus(average)} of accuracy on average, the last one"
    told += f" {minus(last['value'] - before['value'])}"
    told += ": more rows would help." if last["low"] > before["high"] else ", which may be noise."
    return (
        f'<p class="lead">{told}</p><figure>'
        + growth_plot(points)
        + "<figcaption>Each point is a model that learned from so many of the training rows, measured on the same test"
        " rows.</figcaption></figure>"
    )


def mistakes(report: Report, config: Mapping[str, Any]) -> str:
    """The wrong decisions of which the model was surest."""
    items = []
    for mistake in report.details.get("mistakes") or ():
        text = mistake.get("text")
        where = f"row id {escape(mistake['id'])}" if "id" in mistake else f"test row {mistake['row'] + 1}"
        items.append(
            f'<li class="mistake c{colour(report, mistake["predicted"])}">'
            + (f'<blockquote dir="auto">{escape(text)}</blockquote>' if text is not None else "")
            + f"<p>said {label(report, mistake['predicted'])} at {share(mistake['probability'])}, "
            f"truth {label(report, mistake['truth'])} <span class=where>{where}</span></p></li>"
        )
    if not items:
        return ""
    grouped = "".join(
        f"<li><strong><bdi>{escape(shortened(one['word'], _LONGEST_WORD))}</bdi></strong>: {one['wrong']:,} of"
        f" {one['texts']:,} texts are wrong"
        + "".join(f'<blockquote dir="auto">{escape(text)}</blockquote>' for text in one["examples"])
        + "</li>"
        for one in report.details.get("error_words") or ()
    )
    if grouped:
        grouped = (
            '<h3>Words whose texts are wrong more often than others</h3><p class="caption">More often than luck'
            f' explains, with the mistakes of which the model was surest.</p><ul class="notes">{grouped}</ul>'
        )
    return (
        '<p class="lead">Read these first: wrong labels, missing context and blind spots all show here.</p>'
        f'<ol class="mistakes">{"".join(items)}</ol>{grouped}'
    )
