"""Why a step is to be done, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from textmill.evaluate.markup import shortened, toml_value
from textmill.flow.staleness import Change, PlannedStep
from textmill.registry.objects import is_sha256

__all__ = ["reasons"]

_MOST = 8  # settings, files or steps that are named
_LONGEST = 60  # of a setting's value


def reasons(steps: Sequence[PlannedStep]) -> list[tuple[tuple[str, ...], str]]:
    """A sentence for each step that is not cached; one for all that were never done or wait for the same ones.

    What a change does to steps that come after another one is said of that one alone.

    Examples
    --------
    >>> train = PlannedStep("train", (), "stale", (Change("setting", "model.C", 1.0, 5.0),))
    >>> others = [PlannedStep(name, ("train",), "unknown", after=("train",)) for name in ("evaluate", "report")]
    >>> for names, sentence in reasons([train, *others]):
    ...     print(names, sentence)
    ('train',) train is stale: model.C was 1.0, is 5.0.
    ('evaluate', 'report') evaluate and report are unknown until train is done.
    """
    alone: list[tuple[tuple[str, ...], str]] = []
    groups: dict[tuple[str, ...], list[str]] = {}  # what they wait for -> steps; nothing: never done
    anew: dict[tuple[tuple[str, ...], str], list[str]] = {}  # what they come after, and why -> steps
    known = {(change.kind, change.name) for one in steps if not one.after for change in one.changes}
    for one in steps:
        if one.state == "unknown" or (one.state == "missing" and not one.changes):
            groups.setdefault(one.after, []).append(one.step)
        elif one.after:
            new = [change for change in one.changes if (change.kind, change.name) not in known]
            why = _why(replace(one, changes=tuple(new))) if new else _changed(one.changes)
            anew.setdefault((one.after, why), []).append(one.step)
        elif one.state == "waiting":
            alone.append(((one.step,), f"{one.step} is waiting: it is done when one of {_listed(one.needs)} fails."))
        elif one.state != "cached":
            alone.append(((one.step,), f"{one.step} is {one.state}: {_why(one)}."))
    together = [
        (tuple(names), f"{_listed(names)} {_be(names)} {_together(names, after)}.") for after, names in groups.items()
    ]
    after = [
        (tuple(names), f"{_listed(names)} will be made anew after {_listed(first)}: {why}.")
        for (first, why), names in anew.items()
    ]
    return [*alone, *after, *together]


def _changed(changes: Sequence[Change]) -> str:
    """What is told of another step, in a word or two."""
    words = {"setting": "settings", "code": "code", "environment": "environment"}
    return f"{_listed([words[kind] for kind in dict.fromkeys(change.kind for change in changes)])} changed"


def _together(names: Sequence[str], after: Sequence[str]) -> str:
    if after:
        return f"unknown until {_listed(after)} {_be(after)} done"
    return f"missing: no finished run of {'it' if len(names) == 1 else 'them'} is known"


def _be(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _why(one: PlannedStep) -> str:
    if one.state == "missing":
        return "what it left is gone from the store"
    by_kind: dict[str, list[Change]] = {}
    for change in one.changes:
        by_kind.setdefault(change.kind, []).append(change)
    return "; ".join(part for kind, changes in by_kind.items() for part in _parts(kind, changes))


def _parts(kind: str, changes: list[Change]) -> Iterator[str]:
    if kind == "result":
        yield "what it made outside of the store was changed, replaced or removed"
    elif kind == "always":
        yield "it is done in every run, as its inputs and outputs are not known"
    elif kind == "again":
        yield "it is asked for"
    elif kind == "environment":
        yield f"its environment changed: {_listed([change.name for change in changes])}"
    elif kind == "code":
        was, now = (str(version).partition("+")[0] for version in (changes[0].was, changes[0].now))
        yield f"version {was} did it, this is {now}" if was != now else "its code changed, or a package that it uses"
    elif kind == "setting":
        yield from (_setting(change) for change in changes[:_MOST])
        if changes[_MOST:]:
            yield f"{len(changes) - _MOST} more settings changed"
    elif kind == "source":
        yield _sources(changes)
    else:
        outputs: dict[str, list[str]] = {}
        for change in changes:
            need, _, output = change.name.partition(".")
            outputs.setdefault(need, []).append(output)
        yield from (f"{need} left another {_listed(names)}" for need, names in outputs.items())


def _setting(change: Change) -> str:
    was, now = (
        "not set" if value is None else shortened(toml_value(value), _LONGEST) for value in (change.was, change.now)
    )
    # of a function or a long list the values say nothing
    return f"{change.name} changed" if was == now or is_sha256(change.now) else f"{change.name} was {was}, is {now}"


def _sources(changes: list[Change]) -> str:
    if len(changes) == 1 and changes[0].name:
        change = changes[0]
        return f"{change.name} {'is new' if change.was is None else 'is gone' if change.now is None else 'changed'}"
    if not all(change.name for change in changes):
        return "some of its source files changed"
    return f"{len(changes)} of its source files changed: {_listed([change.name for change in changes])}"


def _listed(names: Sequence[str]) -> str:
    """Names as one says them, with the number of those for which there is no room."""
    named = [name or "result" for name in names]
    if len(named) > _MOST + 1:
        named = [*named[:_MOST], f"{len(named) - _MOST} more"]
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
