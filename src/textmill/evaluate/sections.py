"""The sections of the page, each a function of the report that gives HTML, or nothing where there is nothing to say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import textmill
from textmill.evaluate.markup import escape, share, size, toml
from textmill.evaluate.plots import curve_plot, range_bar, reliability_plot
from textmill.evaluate.sentences import LOWER_IS_BETTER, TITLES, baseline_words, leak_check, meaning, number, verdict

if TYPE_CHECKING:
    from textmill.types import Report, Score

__all__ = [
    "cost",
    "data",
    "decisions",
    "foot",
    "head",
    "leaks",
    "mistakes",
    "probabilities",
    "scores",
    "settings",
    "words",
]

_COLOURS = 8
_MOST_IN_TABLE = 20
_MOST_WORDS = 15
_REASON_WORDS = {"clean": "No leak found", "leak": "Leak found", "unknown": "Not checked"}


def colour(report: Report, name: str) -> int:
    """Number of a class's colour, ``c0`` to ``c7`` in the style sheet; later classes share the last."""
    return min(report.classes.index(name), _COLOURS - 1) if name in report.classes else _COLOURS - 1


def _label(report: Report, name: str) -> str:
    return f'<bdi class="label c{colour(report, name)}">{escape(name)}</bdi>'


def head(report: Report, config: Mapping[str, Any], version: int | None) -> str:
    """Name, version, what it is for, and the verdict."""
    project = config.get("project") or {}
    told = escape(project.get("description") or "")
    facts = []
    if report.data.get("train") is not None:
        facts.append(f"{report.data['train']:,} training rows")
    facts.append(f"{int(report.data.get('test', 0)):,} test rows")
    facts.append(f"{len(report.classes):,} classes")
    if report.data.get("source"):
        facts.append(escape(report.data["source"]))
    pill = f'<span class="pill">version {version}</span>' if version else ""
    return (
        f'<header><p class="kind">Model report</p><h1><bdi>{escape(report.model)}</bdi> {pill}</h1>'
        + (f'<p class="purpose">{told}</p>' if told else "")
        + f'<p class="verdict">{escape(verdict(report))}</p>'
        + f'<ul class="facts">{"".join(f"<li>{fact}</li>" for fact in facts)}</ul>{_headline(report)}</header>'
    )


def _headline(report: Report) -> str:
    # three figures that answer different questions: how often right, how good on the class that matters, how well ranked
    items = []
    for name in ("accuracy", "f1", "roc_auc"):
        score = report.metrics.get(name)
        if score is None:
            continue
        said = f"{TITLES[name]} {number(score.value)}, from {number(score.low)} to {number(score.high)}"
        base = ""
        if score.baseline is not None:
            base = f"<span>baseline {number(score.baseline)}</span>"
            said += f", baseline {number(score.baseline)}"
        items.append(
            f'<li><span class="name">{TITLES[name]}</span><strong>{number(score.value)}</strong>'
            f"{range_bar(score.value, score.low, score.high, score.baseline, said=said)}"
            f'<span class="under"><span>{number(score.low)} to {number(score.high)}</span>{base}</span></li>'
        )
    return f'<ul class="figures">{"".join(items)}</ul>'


def scores(report: Report, config: Mapping[str, Any]) -> str:
    """Every metric with its interval, the baseline's score, and the difference."""
    bootstrap = report.details.get("bootstrap") or {}
    confidence = f"{100 * bootstrap.get('confidence', 0.95):g} %"
    rows = [_metric(report, name, score, confidence) for name, score in report.metrics.items()]
    positive = report.details.get("positive")
    lead = "Each score is taken on the test rows, which the model never saw. "
    if positive:
        lead += (
            f"<span>Positive class: {_label(report, positive['class'])}</span> ({escape(positive['why'])}); "
            "precision, recall, F1, average precision and ROC AUC are about it."
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
        '<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">metric</th>'
        f'<th role="columnheader" scope="col">score</th><th role="columnheader" scope="col">{confidence} interval</th>'
        '<th role="columnheader" scope="col"><span class="ends"><span>0</span><span>1</span></span></th>'
        '<th role="columnheader" scope="col">baseline</th><th role="columnheader" scope="col">difference</th></tr></thead>'
        f'<tbody role="rowgroup">{"".join(rows)}</tbody></table>'
        + (f'<ul class="notes">{"".join(notes + undefined)}</ul>' if notes or undefined else "")
        + f'<p class="aside">The baseline is {escape(baseline_words(report))}, what one gets without reading a word. '
        f"Intervals and differences are from {bootstrap.get('resamples', 0):,} bootstrap resamples of the test rows"
        f" (percentile, seed {bootstrap.get('seed', '')}); a difference whose interval holds 0 may be luck.</p>"
    )


def _metric(report: Report, name: str, score: Score, confidence: str) -> str:
    top = 1.0 if name != "log_loss" and score.high <= 1 else 1.1 * max(score.high, score.baseline or 0.0, 1e-9)
    title = TITLES.get(name, name)
    difference = (report.details.get("differences") or {}).get(name)
    said = f"{title} {number(score.value)}, {confidence} interval {number(score.low)} to {number(score.high)}"
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
    scale = "" if top == 1.0 else f'<small class="scale">scale to {number(top, 1)}</small>'
    base = "" if score.baseline is None else number(score.baseline)
    return (
        f'<tr role="row" class="{better}" data-metric="{escape(name)}"><th role="rowheader" scope="row">{escape(title)}'
        f"<small>{escape(meaning(name, report))}</small></th>"
        f'<td role="cell" class="value">{number(score.value)}</td>'
        f'<td role="cell" class="interval">{number(score.low)} to {number(score.high)}</td>'
        f'<td role="cell" class="bar">{range_bar(score.value, score.low, score.high, score.baseline, top=top, said=said)}'
        f"{scale}</td>"
        f'<td role="cell" class="base"><span class="what">baseline </span>{base}</td>'
        f'<td role="cell" class="gain"><span class="what">difference </span>{gain}</td></tr>'
    )


def _signed(value: float) -> str:
    said = number(abs(value))
    return said if float(said) == 0 else ("+" if value > 0 else "−") + said


def leaks(report: Report, config: Mapping[str, Any]) -> str:
    """Whether test rows were among the training rows, in words."""
    state, sentences = leak_check(report)
    mark = {"clean": "✓", "leak": "!", "unknown": "?"}[state]
    told = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)
    return (
        f'<div class="callout {state}"><span class="sign" aria-hidden="true">{mark}</span>'
        f"<div><p><strong>{_REASON_WORDS[state]}</strong></p>{told}</div></div>"
    )


def decisions(report: Report, config: Mapping[str, Any]) -> str:
    """Confusion matrix and the scores of each class."""
    # beside each other only while the matrix is narrow
    layout = "pair" if len(report.classes) <= 3 or len(report.classes) > _MOST_IN_TABLE else "pair stacked"
    return f'<div class="{layout}"><div>{_confusion(report)}</div><div>{_per_class(report)}</div></div>'


def _confusion(report: Report) -> str:
    if len(report.classes) > _MOST_IN_TABLE:
        return _confused(report)
    small = len(report.classes) <= 6
    columns = "".join(f'<th scope="col">{_label(report, name)}</th>' for name in report.classes)
    rows = []
    for i, (name, row) in enumerate(zip(report.classes, report.confusion, strict=True)):
        total = max(1, sum(row))
        cells = []
        for j, count in enumerate(row):
            part = count / total
            under = f"<small>{share(part)}</small>" if small else ""
            cells.append(
                f'<td class="cell c{colour(report, report.classes[j])}{" right" if i == j else ""}"'
                f' style="--share:{100 * part:.0f}%">{count:,}{under}</td>'
            )
        rows.append(f'<tr><th scope="row">{_label(report, name)}</th>{"".join(cells)}</tr>')
    shares = "; shares are of the row" if small else ""
    return (
        "<h3>Confusion matrix</h3>"
        f'<p class="caption">A row for each true class, a column for what the model said{shares}.</p>'
        '<div class="scroll" role="region" aria-label="Confusion matrix" tabindex="0"><table class="confusion">'
        f'<thead><tr><td class="corner">truth ↓ said →</td>{columns}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    )


def _confused(report: Report) -> str:
    pairs = [
        (count, truth, said, sum(row))
        for truth, row in zip(report.classes, report.confusion, strict=True)
        for said, count in zip(report.classes, row, strict=True)
        if count and said != truth
    ]
    rows = "".join(
        f"<tr><td><bdi>{escape(truth)}</bdi></td><td><bdi>{escape(said)}</bdi></td><td class=num>{count:,}</td>"
        f"<td class=num>{share(count / total)}</td></tr>"
        for count, truth, said, total in sorted(pairs, key=lambda pair: -pair[0])[:_MOST_IN_TABLE]
    )
    return (
        "<h3>Confusion matrix: most confused</h3><table class=plain><caption>"
        f"Of {len(report.classes):,} classes, the pairs most often mistaken for each other.</caption><thead><tr><th scope=col>truth</th>"
        f"<th scope=col>said</th><th scope=col class=num>rows</th><th scope=col class=num>of that class</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def _per_class(report: Report) -> str:
    names = list(report.classes)
    if len(names) > _MOST_IN_TABLE:
        names.sort(key=lambda name: (report.per_class[name]["f1"].value, name))
    shown, hidden = names[:_MOST_IN_TABLE], names[_MOST_IN_TABLE:]

    def table(part: Iterable[str]) -> str:
        rows = "".join(_class_row(report, name) for name in part)
        return (
            '<table class="plain classes"><thead><tr><th scope="col">class</th><th scope="col" class="num">precision</th>'
            '<th scope="col" class="num">recall</th><th scope="col">F1</th><th scope="col" class="num">rows</th></tr></thead>'
            f"<tbody>{rows}</tbody></table>"
        )

    first = "The lowest F1 first. " if hidden else ""
    return (
        f'<h3>Each class</h3><p class="caption">{first}Intervals beside each score, the baseline\'s F1 as a tick.</p>'
        f'<div class="scroll" role="region" aria-label="Scores of each class" tabindex="0">{table(shown)}</div>'
        + (f"<details><summary>{len(hidden)} more classes</summary>{table(hidden)}</details>" if hidden else "")
    )


def _class_row(report: Report, name: str) -> str:
    own = report.per_class[name]

    def cell(score: Score) -> str:
        return f"{number(score.value)}<small>{number(score.low, 2)}–{number(score.high, 2)}</small>"

    f1 = own["f1"]
    said = f"F1 of {name} {number(f1.value)}, from {number(f1.low)} to {number(f1.high)}"
    return (
        f'<tr><th scope="row">{_label(report, name)}</th><td class="num">{cell(own["precision"])}</td>'
        f'<td class="num">{cell(own["recall"])}</td><td class="wide c{colour(report, name)}">{cell(f1)}'
        f"{range_bar(f1.value, f1.low, f1.high, f1.baseline, said=said)}</td>"
        f'<td class="num">{int(own["support"].value):,}</td></tr>'
    )


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
            + f'<figcaption>Every threshold is a point: move it, and precision is traded for recall.<ul class="legend">{legend}</ul>'
            "</figcaption></figure>"
        )
    if reliability.get("bins"):
        of = reliability.get("of")
        what = f"of {_label(report, of)}" if of is not None else "of the class it decided for"
        parts.append(
            "<figure><h3>Reliability</h3>"
            + reliability_plot(reliability, colour(report, of) if of is not None else 0)
            + f"<figcaption>Probabilities {what}: on the dashed line, “70 %” comes true seven times in ten; below it the model"
            " claims too much, above it too little. Lines up and down are 95 % intervals, bars count the rows."
            f" Mean gap {share(reliability['error'])}.</figcaption></figure>"
        )
    return f'<div class="pair">{"".join(parts)}</div>' if parts else ""


def words(report: Report, config: Mapping[str, Any]) -> str:
    """The words that pull most, as bars; for two classes away from a middle line."""
    telling: Mapping[str, Sequence[Sequence[Any]]] = report.details.get("telling") or {}
    named = [name for name in report.classes if telling.get(name)]
    if not named:
        return ""
    strongest = max((abs(float(pull)) for name in named for _, pull in telling[name][:_MOST_WORDS]), default=1.0) or 1.0
    both = len(report.classes) == 2
    shown = named if both else named[:12]
    lists = []
    for place, name in enumerate(shown):
        items = "".join(
            f'<li><bdi class="word">{escape(word)}</bdi><span class="pull" style="--long:{100 * abs(pull) / strongest:.1f}%">'
            f'<i></i></span><span class="weight">{number(abs(pull), 2)}</span></li>'
            for word, pull in telling[name][:_MOST_WORDS]
        )
        side = " leftward" if both and place == 0 else ""
        lists.append(
            f'<div class="c{colour(report, name)}{side}"><h3>pull to {_label(report, name)}</h3><ol class="bars">{items}</ol></div>'
        )
    more = (
        f'<p class="aside">{len(named) - len(shown)} more classes are left out here.</p>'
        if len(named) > len(shown)
        else ""
    )
    return (
        '<p class="lead">The weight with which a word, once it is in a text, pulls the decision. All bars have one scale.</p>'
        f'<div class="{"butterfly" if both else "many four" if len(shown) == 4 else "many"}">{"".join(lists)}</div>{more}'
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
            + f"<p>said {_label(report, mistake['predicted'])} at {share(mistake['probability'])}, "
            f"truth {_label(report, mistake['truth'])} <span class=where>{where}</span></p></li>"
        )
    if not items:
        return ""
    return (
        '<p class="lead">Read these first: wrong labels, missing context and blind spots of the model all show here.</p>'
        f'<ol class="mistakes">{"".join(items)}</ol>'
    )


def data(report: Report, config: Mapping[str, Any]) -> str:
    """What was read, what was set aside, and who is on which side."""
    facts = report.data
    known = [
        (title, escape(f"{facts[key]:,}" if isinstance(facts[key], int) else facts[key]))
        for key, title in (
            ("source", "source"),
            ("format", "format"),
            ("encoding", "encoding"),
            ("rows", "rows read"),
            ("rejected", "rows set aside"),
            ("train", "training rows"),
            ("test", "test rows"),
        )
        if facts.get(key) is not None
    ]
    if facts.get("digest"):
        known.append(("content digest", f'<code class="digest">{escape(facts["digest"])}</code>'))
    listed = "".join(f"<div><dt>{title}</dt><dd>{value}</dd></div>" for title, value in known)
    return f'<dl class="facts-table">{listed}</dl><div class="pair"><div>{_sides(report)}</div><div>{_rejected(report)}</div></div>'


def _sides(report: Report) -> str:
    by_class = report.data.get("classes") or {}
    rows = []
    for name in report.classes:
        known = by_class.get(name)
        test = int(report.per_class[name]["support"].value)
        if isinstance(known, Mapping):
            train = int(known.get("train", 0))
        elif known is not None:
            train = int(known) - test
        else:
            train = None
        rows.append((name, train, test))
    most = max([*(max(train or 0, test) for _, train, test in rows), 1])
    body = "".join(
        f'<tr><th scope="row">{_label(report, name)}</th><td class="num">{"" if train is None else f"{train:,}"}</td>'
        f'<td class="num">{test:,}</td><td class="wide c{colour(report, name)}" aria-hidden="true">'
        f'<span class="pull" style="--long:{100 * (train or test) / most:.1f}%"><i></i></span></td></tr>'
        for name, train, test in rows
    )
    return (
        '<h3>Rows of each class</h3><div class="scroll" role="region" aria-label="Rows of each class" tabindex="0">'
        '<table class="plain"><thead><tr><th scope="col">class</th><th scope="col" class="num">training</th>'
        f'<th scope="col" class="num">test</th><th></th></tr></thead><tbody>{body}</tbody></table></div>'
    )


def _rejected(report: Report) -> str:
    reasons: Mapping[str, int] = report.data.get("reasons") or {}
    if not report.data.get("rejected"):
        return '<h3>Rejected rows</h3><p class="caption">No row was set aside.</p>' if "rejected" in report.data else ""
    body = "".join(
        f'<tr><td>{escape(reason)}</td><td class="num">{count:,}</td></tr>'
        for reason, count in sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    )
    return (
        '<h3>Rejected rows</h3><p class="caption">Set aside, not lost: <code>rejected.jsonl</code> holds each with its row'
        ' number.</p><table class="plain"><thead><tr><th scope="col">reason</th><th scope="col" class="num">rows</th></tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def cost(report: Report, config: Mapping[str, Any]) -> str:
    """Seconds of each stage and the size of the model."""
    seconds = report.cost.get("seconds") or {}
    if not isinstance(seconds, Mapping):
        seconds = {"in all": seconds}
    rest = {k: v for k, v in report.cost.items() if k.endswith("seconds") and isinstance(v, (int, float))}
    stages = {**seconds, **{key.removesuffix("seconds").strip("_"): value for key, value in rest.items()}}
    stages = {key: float(value) for key, value in stages.items() if isinstance(value, (int, float)) and key}
    n_bytes = report.cost.get("model_bytes")
    if not stages and n_bytes is None:
        return ""
    most = max([*stages.values(), 1e-9])
    body = "".join(
        f'<tr><th scope="row">{escape(stage)}</th><td class="num">{value:.2f} s</td><td class="wide" aria-hidden="true">'
        f'<span class="pull" style="--long:{100 * value / most:.1f}%"><i></i></span></td></tr>'
        for stage, value in stages.items()
    )
    weight = f'<p class="lead">The model takes {size(n_bytes)} on disk.</p>' if n_bytes is not None else ""
    return f'{weight}<table class="plain cost"><caption class="unseen">Seconds of each stage</caption><tbody>{body}</tbody></table>'


def settings(report: Report, config: Mapping[str, Any]) -> str:
    """The project file as run, and how to run it again."""
    if not config:
        return ""
    project = config.get("project") or {}
    seed = f", seed {project['seed']}" if "seed" in project else ""
    digest = report.data.get("digest")
    on = f" on data with the content digest <code class=digest>{escape(digest)}</code>" if digest else ""
    return (
        f"<h3>Run it again</h3><p>textmill {escape(textmill.__version__)}{seed}, these settings{on} give the same model and the same"
        " scores. Put the settings below beside the data as <code>mill.toml</code>, then:</p>"
        "<pre><code>textmill run .</code></pre>"
        f"<details open><summary>mill.toml as run, defaults and all</summary><pre><code>{escape(toml(dict(config)))}</code></pre></details>"
    )


def foot() -> str:
    """Who made the page."""
    return f"<footer><p>Made by textmill {escape(textmill.__version__)}. This file stands alone: no script, no network.</p></footer>"
