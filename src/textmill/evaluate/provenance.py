"""The page's leak check, data, cost and settings: what the scores rest on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import textmill
from textmill.evaluate.datacheck import columns_told, drift_told
from textmill.evaluate.markup import bar, colour, columns, escape, label, scrolling, size, toml
from textmill.evaluate.sentences import PERSONAL, counted, leak_check, served

if TYPE_CHECKING:
    from textmill.types import Report

__all__ = ["cost", "data", "foot", "leaks", "settings"]

_OUTCOME = {"clean": ("✓", "No leak found"), "leak": ("!", "Leak found"), "unknown": ("?", "Not checked")}
_FACTS = {
    "source": "source",
    "test_source": "test source",
    "format": "format",
    "encoding": "encoding",
    "rows": "rows read",
    "rejected": "rows set aside",
    "train": "training rows",
    "held_back": "rows held back to learn to decide on",
    "test": "test rows",
    "folds": "folds",
}


def leaks(report: Report, config: Mapping[str, Any]) -> str:
    """Whether test rows were among the training rows, in words."""
    state, sentences = leak_check(report)
    mark, outcome = _OUTCOME[state]
    told = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)
    return (
        f'<div class="callout {state}"><span class="sign" aria-hidden="true">{mark}</span>'
        f"<div><p><strong>{outcome}</strong></p>{told}</div></div>{_twins(report)}{_at_odds(report)}"
    )


def _twins(report: Report) -> str:
    pairs = report.leaks.get("examples") or []
    rows = "".join(
        f"<tr>{''.join(f'<td>{_quoted(report, pair[side])}</td>' for side in ('train', 'test'))}</tr>" for pair in pairs
    )
    table = f'<table class="plain texts">{columns("training text", "test text")}<tbody>{rows}</tbody></table>'
    said = f"The first {len(pairs):,} such pairs" if len(pairs) > 1 else "The pair"
    return f"<details><summary>{said}</summary>{scrolling('Pairs', table)}</details>" if pairs else ""


def _quoted(report: Report, row: Mapping[str, Any]) -> str:
    named = f"<small>{label(report, row['label'])}, row id {escape(row['id'])}</small>" if "label" in row else ""
    return f'<span dir="auto">{escape(row["text"])}</span>{named}'


def _at_odds(report: Report) -> str:
    texts = (report.leaks.get("contradictions") or {}).get("examples") or []
    rows = "".join(
        f'<tr><td><span dir="auto">{escape(found["text"])}</span></td><td>'
        + ", ".join(f"{label(report, name)} {count:,}×" for name, count in found["labels"].items())
        + "</td></tr>"
        for found in texts
    )
    table = f'<table class="plain texts">{columns("text", "labels")}<tbody>{rows}</tbody></table>'
    said = "Texts with different labels"
    return f"<details><summary>{said}</summary>{scrolling(said, table)}</details>" if texts else ""


def data(report: Report, config: Mapping[str, Any]) -> str:
    """What was read, what was set aside, and who is on which side."""
    facts = report.data
    known = [
        (title, escape(f"{facts[key]:,}" if isinstance(facts[key], int) else facts[key]))
        for key, title in _FACTS.items()
        if facts.get(key) is not None and (key != "held_back" or facts[key])
    ]
    if facts.get("digest"):
        known.append(("content digest", f'<code class="digest">{escape(facts["digest"])}</code>'))
    listed = "".join(f"<div><dt>{title}</dt><dd>{value}</dd></div>" for title, value in known)
    lengths = facts.get("characters")
    if lengths:
        said = f"{lengths['min']:,} to {lengths['max']:,}, half of them up to {lengths['median']:,}"
        listed += f"<div><dt>characters of a training text</dt><dd>{said}</dd></div>"
    told = [
        f"{counted(texts, 'text', 'texts')} of {facts.get('personal_of', 0):,} looked at"
        f" {'seems' if texts == 1 else 'seem'} to hold {PERSONAL[kind]}."
        for kind, texts in (facts.get("personal") or {}).items()
    ]
    found = [*columns_told(facts.get("columns") or {}), *_drift(report, config)]
    told += [f"{one[0].upper()}{one[1:]}." for one in found]
    notes = "".join(f"<li>{escape(note)}</li>" for note in [*(facts.get("notes") or ()), *told])
    return (
        f'<dl class="facts-table">{listed}</dl>'
        + (f'<ul class="notes">{notes}</ul>' if notes else "")
        + f'<div class="pair"><div>{_sides(report)}</div><div>{_rejected(report)}</div></div>'
    )


def _drift(report: Report, config: Mapping[str, Any]) -> list[str]:
    found = report.details.get("drift")
    if not found:
        return []
    if "unread" in found:
        return [f"whether these rows are like those that {found['model']} learned from is not known: {found['unread']}"]
    most = (config.get("evaluate") or {}).get("drift", 0.2)
    like = f"labels, lengths and words are like those that {found['model']} learned from, {found['dataset']}"
    return drift_told(found, most) or [like]


def _sides(report: Report) -> str:
    rows = [
        (name, _training_rows(report, name), int(report.per_class[name]["support"].value)) for name in report.classes
    ]
    most = max([*(max(train or 0, test) for _, train, test in rows), 1])
    body = "".join(
        f'<tr><th scope="row">{label(report, name)}</th><td class="num">{"" if train is None else f"{train:,}"}</td>'
        f'<td class="num">{test:,}</td><td class="wide c{colour(report, name)}" aria-hidden="true">'
        f"{bar((test if train is None else train) / most)}</td></tr>"
        for name, train, test in rows
    )
    table = f'<table class="plain">{columns("class", "#training", "#test", "")}<tbody>{body}</tbody></table>'
    return "<h3>Rows of each class</h3>" + scrolling("Rows of each class", table)


def _training_rows(report: Report, name: str) -> int | None:
    known = (report.data.get("classes") or {}).get(name)
    if isinstance(known, Mapping):
        return int(known.get("train", 0))
    if known is None:
        return None
    # one number counts the class in the source: both sides, unless the test side has a source of its own
    apart = report.data.get("test_source") is not None
    return int(known) - (0 if apart else int(report.per_class[name]["support"].value))


def _rejected(report: Report) -> str:
    if "rejected" not in report.data:
        return ""
    if not report.data["rejected"]:
        return '<h3>Rejected rows</h3><p class="caption">No row was set aside.</p>'
    reasons: Mapping[str, int] = report.data.get("reasons") or {}
    body = "".join(
        f'<tr><td>{escape(reason)}</td><td class="num">{count:,}</td></tr>'
        for reason, count in sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    )
    return (
        '<h3>Rejected rows</h3><p class="caption">Set aside, not lost: <code>rejected.jsonl</code> holds each with its'
        f' row number.</p><table class="plain">{columns("reason", "#rows")}<tbody>{body}</tbody></table>'
    )


def cost(report: Report, config: Mapping[str, Any]) -> str:
    """Seconds of each stage and the size of the model."""
    known = report.cost.get("seconds")
    stages: dict[str, float] = dict(known) if isinstance(known, Mapping) else {}
    if isinstance(known, (int, float)):
        stages["in all"] = known
    for key, value in report.cost.items():
        if key.endswith("_seconds") and isinstance(value, (int, float)):
            stages[key.removesuffix("_seconds")] = value
    n_bytes = report.cost.get("model_bytes")
    if not stages and n_bytes is None:
        return ""
    most = max([*stages.values(), 1e-9])
    body = "".join(
        f'<tr><th scope="row">{escape(stage)}</th><td class="num">{seconds:.2f} s</td>'
        f'<td class="wide" aria-hidden="true">{bar(seconds / most)}</td></tr>'
        for stage, seconds in stages.items()
    )
    terms = (report.cost.get("training") or {}).get("n_features")
    knows = f" and knows {counted(terms, 'term', 'terms')}" if terms else ""
    weight = f'<p class="lead">The model takes {size(n_bytes)} on disk{knows}.</p>' if n_bytes is not None else ""
    answers = served(report)
    weight += f"<p>{escape(answers)}</p>" if answers else ""
    if not stages:
        return weight
    caption = '<caption class="unseen">Seconds of each stage</caption>'
    return f'{weight}<table class="plain cost">{caption}<tbody>{body}</tbody></table>'


def settings(report: Report, config: Mapping[str, Any]) -> str:
    """The project file as run, and how to run it again."""
    if not config:
        return ""
    project = config.get("project") or {}
    seed = f", seed {escape(project['seed'])}" if "seed" in project else ""
    digest = report.data.get("digest")
    on = f' on data with the content digest <code class="digest">{escape(digest)}</code>' if digest else ""
    return (
        f"<h3>Run it again</h3><p>textmill {escape(textmill.__version__)}{seed}: these settings{on} give the same"
        " model and the same scores. Put them beside the data as <code>mill.toml</code>, then:</p>"
        "<pre><code>textmill run .</code></pre>"
        "<details open><summary>mill.toml as run, defaults and all</summary>"
        f"<pre><code>{escape(toml(dict(config)))}</code></pre></details>"
    )


def foot() -> str:
    """Who made the page."""
    made = f"Made by textmill {escape(textmill.__version__)}."
    return f"<footer><p>{made} This file stands alone: no script, no network.</p></footer>"
