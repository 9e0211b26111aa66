"""The state of each step before a run: is it done, or to be done, and why. Nothing is run and nothing is written."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from textmill.flow.bases import Bases, KeptBasis, kept
from textmill.flow.keys import Basis, basis_of
from textmill.flow.standing import chosen, look
from textmill.flow.step import Flow, Step, pieces, plan
from textmill.registry import Store
from textmill.types import canonical_json

__all__ = ["Change", "Kind", "PlannedStep", "State", "changes_between", "step_states"]

Kind = Literal["code", "setting", "source", "input", "environment", "result", "always", "again"]
State = Literal["cached", "stale", "missing", "unknown", "waiting"]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not as it was when a step last finished.

    Attributes
    ----------
    kind : ``code``, ``setting``, ``source``, ``input`` or ``environment``, which are parts of the key; ``result`` if
        the key is the same and what was made is gone from the store, or does not stand any more outside of it;
        ``always`` of a step that is done in every run, ``again`` of one that is asked for though it may be done
    name : of the setting, as ``table.key``; of the source; of the input, as ``step.output``
    was, now : JSON values, None where there was or is none; for what is not a setting, a version or a digest
    """

    kind: Kind
    name: str
    was: Any = None
    now: Any = None


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """What a run would find of one step.

    Attributes
    ----------
    state : ``cached``: there is nothing to do. ``stale``: it was done, and `changes` says what is other now.
        ``missing``: no finished run of it is known, or one is and what it left is gone from the store. ``unknown``:
        whether it is to be done shows when the steps in `after` are done. ``waiting``: it is done when one of its needs
        fails
    changes : since it last finished
    after : steps before it that are stale or missing, where it is unknown, or stale by what is known before those are
        done: its code, its settings, its environment
    """

    step: str
    needs: tuple[str, ...]
    state: State
    changes: tuple[Change, ...] = ()
    after: tuple[str, ...] = ()


def step_states(
    flow: Flow, store: Store, *, force: bool = False, only: Collection[str] = (), since: str | None = None
) -> tuple[PlannedStep, ...]:
    """The steps of a flow, in the order in which they would run, as they stand now.

    Sources are read for their digests, and nothing else is.

    Parameters
    ----------
    force, only, since : as in `run_flow`

    Raises
    ------
    as `plan` and `basis_of`, and what a step's `sources` raises
    """
    bases = Bases(store, flow.name)
    steps, again, done = chosen(plan(flow), store, force=force, only=only, since=since)
    found: dict[str, PlannedStep] = {}
    for step in steps:
        if step.rule == "one_failed":
            found[step.name] = PlannedStep(step.name, step.needs, "waiting")
            continue
        before = [found[need] for need in step.needs if need not in done]
        if before:
            found[step.name] = _behind(step, before, bases)
            continue
        if step.name in again:
            found[step.name] = PlannedStep(step.name, step.needs, "stale", (Change("again", ""),))
            continue
        outputs = {need: done[need] for need in step.needs}
        left, parts = look(step, outputs, store)
        if left is not None:
            done[step.name] = left.finished
            found[step.name] = PlannedStep(step.name, step.needs, "cached")
            continue
        if step.for_each is not None:  # what is said of the first piece that is not done
            known = {part.step for part in parts}
            step = next(piece for piece in pieces(step, outputs) if piece.name not in known)
        basis = basis_of(step, outputs)
        found[step.origin] = PlannedStep(step.origin, step.needs, *_to_do(step, basis, bases, store))
    return tuple(found.values())


def _behind(step: Step, before: Sequence[PlannedStep], bases: Bases) -> PlannedStep:
    """The state of a step whose key depends on what is still to be done."""
    last = bases.of(step.name if step.for_each is None else f"{step.name}[0]")
    if last is None:
        return PlannedStep(step.name, step.needs, "missing")
    after = tuple(dict.fromkeys(root for one in before for root in one.after or (one.step,)))
    # its sources may be what a step before it makes
    now = kept(step.name, Basis(step.origin, step.code, step.settings, {}, {}, dict(step.env)))
    settings = {key: value for key, value in last.settings.items() if step.for_each is None or key != "item"}
    changes = tuple(changes_between(replace(last, settings=settings, inputs={}, sources={}), now))
    return PlannedStep(step.name, step.needs, "stale" if changes else "unknown", changes, after)


def _to_do(step: Step, basis: Basis, bases: Bases, store: Store) -> tuple[State, tuple[Change, ...]]:
    if step.always:
        return "stale", (Change("always", ""),)
    if store.finished(basis.key) is not None:
        return "stale", (Change("result", ""),)
    last = bases.of(step.name)
    if last is None:
        return "missing", ()
    if last.key == basis.key:
        return "missing", (Change("result", ""),)
    now = kept(step.name, basis)
    # if all of that is the same, this version of textmill computes keys in another way
    return "stale", tuple(changes_between(last, now)) or (Change("code", "", last.code, now.code),)


def changes_between(last: KeptBasis, now: KeptBasis) -> Iterator[Change]:
    """What differs between two bases of one step.

    Examples
    --------
    >>> last = KeptBasis("train", "5d", "1", {"model": {"C": 1.0}, "seed": 1}, {"read.digest": "ab"}, {}, {})
    >>> now = KeptBasis("train", "e0", "1", {"model": {"C": 5.0}, "seed": 1}, {"read.digest": "ab"}, {}, {})
    >>> list(changes_between(last, now))
    [Change(kind='setting', name='model.C', was=1.0, now=5.0)]
    """
    if last.code != now.code:
        yield Change("code", "", last.code, now.code)
    yield from _differences("setting", dict(_leaves(last.settings)), dict(_leaves(now.settings)))
    yield from _differences("source", last.sources, now.sources)
    yield from _differences("input", last.inputs, now.inputs)
    yield from _differences("environment", last.env, now.env)


def _differences(kind: Kind, was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    for name in dict.fromkeys([*now, *was]):
        pair = was.get(name), now.get(name)
        # to Python 1, 1.0 and true are the same, to a key they are not
        if (name in was) != (name in now) or canonical_json(pair[0]) != canonical_json(pair[1]):
            yield Change(kind, name, *pair)


def _leaves(settings: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value
