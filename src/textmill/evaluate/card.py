"""The model card: what a version is for, what it was made of, how good it is and where it fails, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from textmill.config.models import WEIGHING
from textmill.evaluate.markup import size
from textmill.evaluate.sentences import (
    PERSONAL,
    confusions,
    decided,
    folded,
    leak_check,
    measured,
    number,
    served,
    sliced_by,
    title,
    verdict,
)
from textmill.types import side_by_side

if TYPE_CHECKING:
    from textmill.types import Report

__all__ = ["model_card"]

_MOST_CLASSES = 20
_MOST_SLICES = 8
_ENOUGH = 20  # texts that a change must have changed
_OFTEN = 0.1  # share of decisions that a small change turns, from which on it is a failure worth a line


def model_card(report: Report, settings: Mapping[str, Any]) -> str:
    """A report as a model card (Mitchell et al., Model Cards for Model Reporting, 2019).

    Parameters
    ----------
    settings : the project file as run, a mapping of its tables

    Examples
    --------
    >>> from textmill.types import Report, Score
    >>> scores = {name: Score(1, 1, 1) for name in ("precision", "recall", "f1", "support")}
    >>> report = Report("demo", ("a", "b"), {"accuracy": Score(0.9, 0.8, 1.0, 0.5)}, {"a": scores, "b": scores},
    ...                 [[3, 0], [0, 3]], {}, {"test": 6}, {}, {})
    >>> model_card(report, {}).splitlines()[0]
    '# Model card: demo'
    """
    parts = [
        ("", _head(report, settings)),
        ("Intended use", _use(settings)),
        ("Data", _data(report, settings)),
        ("Scores", _scores(report)),
        ("Answers", iter(decided(report))),
        ("Slices", _slices(report)),
        ("Known failures", _failures(report)),
        ("Cost", _cost(report)),
    ]
    lines = [f"# Model card: {_plain(report.model)}", ""]
    for heading, told in parts:
        body = list(told)
        if body:
            lines += ([f"## {heading}", ""] if heading else []) + [*body, ""]
    return "\n".join(lines)


def _head(report: Report, settings: Mapping[str, Any]) -> Iterator[str]:
    project = settings.get("project") or {}
    if project.get("description"):
        yield _plain(project["description"])
        yield ""
    model, features = settings.get("model") or {}, settings.get("features") or {}
    if model.get("kind"):
        on = f" on {features['kind']}" if features.get("kind") and model["kind"] in WEIGHING else ""
        yield f"A text classifier ({model['kind']}{on}) for {len(report.classes):,} {_of(report)}."
        yield ""
    yield _plain(verdict(report))


def _of(report: Report) -> str:
    return "labels, of which a text may have several" if report.details.get("several_labels") else "classes"


def _use(settings: Mapping[str, Any]) -> Iterator[str]:
    said = (settings.get("project") or {}).get("intended_use")
    yield _plain(said) if said else "Not said; `intended_use` in `[project]` says it."


def _data(report: Report, settings: Mapping[str, Any]) -> Iterator[str]:
    facts, project = report.data, settings.get("project") or {}
    told = [
        ("Source", facts.get("source")),
        ("Test source", facts.get("test_source")),
        ("Digest", facts.get("digest")),
        ("Licence", project.get("data_licence")),
        ("Rows", _sides(report)),
        ("Split", _split(report, settings.get("split") or {})),
    ]
    yield from (f"- {name}: {_plain(value)}" for name, value in told if value)
    if not project.get("data_licence"):
        yield "- Licence: not said; `data_licence` in `[project]` says it"
    for kind, texts in (facts.get("personal") or {}).items():
        yield f"- Personal data: {texts:,} of {facts.get('personal_of', 0):,} texts seem to hold {PERSONAL[kind]}"
    yield from (f"- {_plain(sentence)}" for sentence in leak_check(report)[1])


def _sides(report: Report) -> str:
    facts = report.data
    told = []
    if facts.get("train") is not None:
        told.append(f"{facts['train']:,} learned from")
    if facts.get("held_back"):
        told.append(f"{facts['held_back']:,} held back for [decide]")
    told.append(f"{int(facts.get('test', 0)):,} tested on")
    if facts.get("rejected"):
        told.append(f"{facts['rejected']:,} set aside")
    return ", ".join(told)


def _split(report: Report, split: Mapping[str, Any]) -> str:
    if report.details.get("folds"):
        return folded(report)
    if report.data.get("test_source"):
        return "the test side has a source of its own"
    if split.get("time"):
        newest = report.leaks.get("time") or {}
        return f"the newest rows by {split['time']} are tested on, from {newest.get('from', 'a time')} on"
    told = "rows are dealt out by hash"
    if split.get("group"):
        named = split["group"] if isinstance(split["group"], str) else ", ".join(split["group"])
        told += f", those of one {named} together"
    if split.get("near_duplicates") == "together":
        told += f", texts that share {100 * split.get('similarity', 0.8):g} % of their words together"
    return told


def _scores(report: Report) -> Iterator[str]:
    bootstrap = report.details.get("bootstrap") or {}
    yield f"| metric | score | {100 * bootstrap.get('confidence', 0.95):g} % interval | majority baseline |"
    yield "| --- | --- | --- | --- |"
    for name, score in measured(report):
        base = "" if score.baseline is None else number(score.baseline)
        figures = f"{number(score.value)} | {number(score.low)} to {number(score.high)}"
        yield f"| {title(name, report)} | {figures} | {base} |"
    yield ""
    yield "| class | precision | recall | F1 | test rows |"
    yield "| --- | --- | --- | --- | --- |"
    for name in report.classes[:_MOST_CLASSES]:
        own = report.per_class[name]
        figures = " | ".join(number(own[metric].value) for metric in ("precision", "recall", "f1"))
        yield f"| {_plain(name)} | {figures} | {int(own['support'].value):,} |"
    if len(report.classes) > _MOST_CLASSES:
        yield ""
        yield f"{len(report.classes) - _MOST_CLASSES:,} more classes are in report.json."


def _slices(report: Report) -> Iterator[str]:
    found = report.details.get("slices") or []
    if not found:
        return
    metric = sliced_by(report)
    yield f"| slice | {title(metric, report)} | interval | rows | beside the rest |"
    yield "| --- | --- | --- | --- | --- |"
    for one in found[:_MOST_SLICES]:
        yield (
            f"| {_plain(one['slice'])} ({_plain(one['of'])}) | {number(one['value'])} | {number(one['low'])} to"
            f" {number(one['high'])} | {one['rows']:,} | {one['outcome']} |"
        )


def _failures(report: Report) -> Iterator[str]:
    for one in report.details.get("slices") or ():
        if one["outcome"] == "worse":
            yield f"- Worse than the rest: {_plain(one['slice'])} ({number(one['value'])}, {one['rows']:,} rows)."
    for one in report.details.get("robustness") or ():
        if one["stay"] and one["texts"] >= _ENOUGH and one["share"] >= _OFTEN:
            turned = f"{one['turned']:,} of {one['texts']:,} decisions turn"
            yield f"- {one['change'].capitalize()}: {turned} ({_plain(one['what'])})."
    for count, part, truth, said in confusions(report)[:5]:
        yield f"- {count:,} test rows of {_plain(truth)} ({100 * part:.1f} %) were called {_plain(said)}."
    yield from (f"- {_plain(note)}" for note in report.details.get("notes") or ())


def _cost(report: Report) -> Iterator[str]:
    n_bytes = report.cost.get("model_bytes")
    if n_bytes is not None:
        yield f"- Size: {size(n_bytes)}"
    answers = served(report)
    if answers:
        yield f"- {answers}"
    for stage, seconds in (report.cost.get("seconds") or {}).items():
        yield f"- {stage}: {seconds:.2f} s"


def _plain(said: object) -> str:
    """Other people's words inside Markdown: on one line, and marks as themselves."""
    one_line = " ".join(side_by_side(str(said)).split())
    return "".join(f"\\{sign}" if sign in "\\`*_<>|[]" else sign for sign in one_line)
