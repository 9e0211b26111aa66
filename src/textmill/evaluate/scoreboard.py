"""The page's head and its table of scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from textmill.evaluate.markup import escape, isolated, label
from textmill.evaluate.plots import range_bar
from textmill.evaluate.sentences import (
    LOWER_IS_BETTER,
    TITLES,
    baseline_words,
    folded,
    leaked,
    meaning,
    measured,
    number,
    title,
    verdict,
)

if TYPE_CHECKING:
    from textmill.types import Report, Score

__all__ = ["head", "scores"]


def head(report: Report, config: Mapping[str, Any], version: int | None) -> str:
    """Name, version, what it is for, and the verdict."""
    project = config.get("project") or {}
    told = escape(project.get("description") or "")
    facts = []
    if report.data.get("train") is not None:
        facts.append(f"{report.data['train']:,} training rows")
    facts.append(f"{int(report.data.get('test', 0)):,} test rows")
    facts.append(f"{len(report.classes):,} {'labels' if report.details.get('several_labels') else 'classes'}")
    if report.data.get("source"):
        facts.append(escape(report.data["source"]))
    pill = f'<span class="pill">version {version}</span>' if version else ""
    return (
        f'<header><p class="kind">Model report</p><h1><bdi>{escape(report.model)}</bdi> {pill}</h1>'
        + (f'<p class="purpose">{told}</p>' if told else "")
        + f'<p class="verdict">{isolated(verdict(report))}</p>'
        + f'<ul class="facts">{"".join(f"<li>{fact}</li>" for fact in facts)}</ul>{_headline(report)}</header>'
    )


def _headline(report: Report) -> str:
    # three that answer different questions: how often right, how good on the class that matters, how well ranked
    items = []
    leading = (report.details.get("headline") or {}).get("metric", "accuracy")
    others = ("f1_macro", "accuracy") if report.details.get("several_labels") else ("f1", "roc_auc")
    for name in dict.fromkeys((leading, *others)):
        score = report.metrics.get(name)
        if score is None:
            continue
        said = f"{title(name, report)} {number(score.value)}, from {number(score.low)} to {number(score.high)}"
        base = ""
        if score.baseline is not None:
            base = f"<span>baseline {number(score.baseline)}</span>"
            said += f", baseline {number(score.baseline)}"
        items.append(
            f'<li><span class="name">{title(name, report)}</span><strong>{number(score.value)}</strong>'
            f"{range_bar(score.value, score.low, score.high, score.baseline, said=said)}"
            f'<span class="under"><span>{number(score.low)} to {number(score.high)}</span>{base}</span></li>'
        )
    return f'<ul class="figures">{"".join(items)}</ul>'


def scores(report: Report, config: Mapping[str, Any]) -> str:
    """Every metric with its interval, the baseline's score, and the difference."""
    bootstrap = report.details.get("bootstrap") or {}
    confidence = f"{100 * bootstrap.get('confidence', 0.95):g}\u00a0%"
    rows = [_metric(report, name, score, confidence) for name, score in measured(report)]
    positive = report.details.get("positive")
    known, _ = leaked(report)
    lead = "Each score is taken on the test rows"
    lead += (
        f"; {known:,} of them are equal or nearly equal to texts that the model has learned from. "
        if known
        else ", which the model never saw. "
    )
    if "folds" in report.details:
        lead = f"{folded(report)} "
    if positive:
        lead += (
            f"<span>Positive class: {label(report, positive['class'])}</span> ({escape(positive['why'])}); "
            "precision, recall, F1, average precision and ROC AUC are about it."
        )
    ends = '<span class="ends"><span>0</span><span>1</span></span>'
    heads = "".join(
        # the roles are said again because the narrow layout is a grid, which would make browsers forget the table
        f'<th role="columnheader" scope="col">{head}</th>'
        for head in ("metric", "score", f"{confidence} interval", ends, "baseline", "difference")
    )
    undefined = [
        f"<li>{TITLES.get(name, escape(name))} is undefined here: {escape(why)}.</li>"
        for name, why in (report.details.get("undefined") or {}).items()
    ]
    notes = [f"<li>{escape(note)}</li>" for note in report.details.get("notes") or ()]
    return (
        f'<p class="lead">{lead}</p>'
        f'<p class="key" aria-hidden="true"><span><i class="band"></i>{confidence} interval</span>'
        '<span><i class="dot"></i>score</span><span><i class="tick"></i>majority baseline</span></p>'
        '<table class="metrics" role="table"><caption class="unseen">Scores on the test rows</caption>'
        f'<thead role="rowgroup"><tr role="row">{heads}</tr></thead>'
        f'<tbody role="rowgroup">{"".join(rows)}</tbody></table>'
        + (f'<ul class="notes">{"".join(notes + undefined)}</ul>' if notes or undefined else "")
        + f'<p class="aside">The baseline is {isolated(baseline_words(report))}, what one gets without reading a word'
        f"{_guessing(report)}. Intervals and differences are from {bootstrap.get('resamples', 0):,} bootstrap resamples"
        f" of the test rows{', with as many of each class as there are' if bootstrap.get('stratify') else ''}"
        f" (percentile, seed {bootstrap.get('seed', '')}; for the calibration error less what chance makes of it);"
        " a difference whose interval holds 0 may be luck.</p>"
    )


def _guessing(report: Report) -> str:
    found = report.details.get("guessing")
    if not found:
        return ""
    return f"; guessing, each class as often as it is in training, gets accuracy {number(found['accuracy'])} on average"


def _metric(report: Report, name: str, score: Score, confidence: str) -> str:
    top = 1.0 if name != "log_loss" and score.high <= 1 else 1.1 * max(score.high, score.baseline or 0.0, 1e-9)
    named = title(name, report)
    difference = (report.details.get("differences") or {}).get(name)
    said = f"{named} {number(score.value)}, {confidence} interval {number(score.low)} to {number(score.high)}"
    if score.baseline is not None:
        said += f", baseline {number(score.baseline)}"
    gain, better = "", "even"
    if difference is not None:
        sign = "+" if difference["value"] >= 0 else "−"
        gain = f"{sign}{number(abs(difference['value']))}"
        worth = -1 if name in LOWER_IS_BETTER else 1
        if difference["low"] * worth > 0 and difference["high"] * worth > 0:
            better = "better"
        elif difference["low"] * worth < 0 and difference["high"] * worth < 0:
            better = "worse"
        gain += f" <small>{_signed(difference['low'])} to {_signed(difference['high'])}</small>"
    scale = "" if top == 1.0 else f'<small class="scale">scale to {number(top, 1 if top >= 0.1 else 3)}</small>'
    base = "" if score.baseline is None else f'<span class="what">baseline </span>{number(score.baseline)}'
    gain = gain and f'<span class="what">difference </span>{gain}'
    drawn = range_bar(score.value, score.low, score.high, score.baseline, top=top, said=said)
    return (
        f'<tr role="row" class="{better}" data-metric="{escape(name)}"><th role="rowheader" scope="row">{escape(named)}'
        f"<small>{isolated(meaning(name, report))}</small></th>"
        f'<td role="cell" class="value">{number(score.value)}</td>'
        f'<td role="cell" class="interval">{number(score.low)} to {number(score.high)}</td>'
        f'<td role="cell" class="bar">{drawn}{scale}</td>'
        f'<td role="cell" class="base">{base}</td>'
        f'<td role="cell" class="gain">{gain}</td></tr>'
    )


def _signed(value: float) -> str:
    said = number(abs(value))
    return said if float(said) == 0 else ("+" if value > 0 else "−") + said
