"""A step is a plain function with a name, needs and settings; a flow is steps in the order in which they can run."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, Protocol

from textmill.errors import ConfigError, DataError, UnknownName
from textmill.registry import Finished
from textmill.types import canonical_json

__all__ = ["HERE", "Flow", "Progress", "Rule", "Step", "Work", "gathered", "piece", "pieces", "plan", "shape"]

HERE = "here"  # in the place of a scheduler's address: what was not done by other processes, this one does
Rule = Literal["all_success", "all_done", "one_failed"]


class Progress(Protocol):
    """Told how far a step is; it may be called as often as one likes."""

    def __call__(self, done: int, total: int | None = None, note: str = "") -> None:
        """`done` of `total` (None: unknown) is through; `note` says in a word what it is doing."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a step is given to work with.

    Attributes
    ----------
    folder : empty; every file the step leaves there becomes an output under its path in the folder
    key : the step's own key
    settings : the step's own settings
    threads : how many threads it may use; None leaves it to the step. No result depends on it, so no key does
    file : (step, name) -> the file that a needed step made, checked against its sha256, to be read only
    tree : (step, "model/") -> a folder with all the files that a needed step made below that path, checked likewise
    outputs : name of a needed step -> what it left; one that failed or that a gate refused is absent
    progress : to be told how far it is
    run : the id of the run
    log : the file of what it prints
    on : the address of a Dask scheduler whose workers share the work; `HERE`: tasks of another scheduler's did, and
        what they left out this process does; None: this process does all. No result depends on it, so no key does
    """

    folder: Path
    key: str
    settings: Mapping[str, Any]
    threads: int | None
    file: Callable[[str, str], Path]
    tree: Callable[[str, str], Path]
    outputs: Mapping[str, Finished]
    progress: Progress
    run: str = ""
    log: Path = Path(os.devnull)
    on: str | None = None

    def value(self, step: str, name: str) -> Any:
        """A value that a needed step returned."""
        return self.outputs[step].values[name]


@dataclass(frozen=True, slots=True)
class Step:
    """One piece of work.

    Attributes
    ----------
    run : does it: reads ``work``, leaves files in ``work.folder``, returns small values (JSON)
    needs : steps that come before it, and whose outputs it may read
    settings : JSON values that decide its result
    code : version of the code that decides its result
    keyed_by : outputs of its needs that decide its result, as ``step.name`` or ``step.folder/``, or ``step`` for all of
        one; None: all of all. A digest of the content may stand here for a file whose bytes say more than counts
    rule : whether it runs if all its needs did what they should (``all_success``), once they have ended in whatever
        way (``all_done``), or if one of them failed or was refused (``one_failed``)
    sources : sha256 of what it reads outside of the store, by name; for a piece it is called with the item
    holds : whether what it did outside of the store still stands; a step for which it does not is done again
    for_each : the step is done once for each of these items, which a piece finds as ``settings["item"]``; or the name
        of a needed step whose ``result`` is the list of them
    always : it is done in every run, whatever was done before
    apart : it needs a process of its own, as what is not ours does
    env : variables of its process's environment; part of the key
    retries, retry_delay, backoff : how often it is tried again after a failure, after how many seconds the first time,
        and by what factor each delay is longer than the one before
    timeout : seconds after which it is stopped, which is a failure
    """

    name: str
    run: Callable[[Work], Mapping[str, Any] | None]
    needs: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    code: str = ""
    keyed_by: tuple[str, ...] | None = None
    rule: Rule = "all_success"
    sources: Callable[..., Mapping[str, str]] | None = None
    holds: Callable[[Finished, Mapping[str, Finished]], bool] | None = None
    for_each: str | tuple[Any, ...] | None = None
    always: bool = False
    apart: bool = False
    env: Mapping[str, str] = field(default_factory=dict)
    retries: int = 0
    retry_delay: float = 0.0
    backoff: float = 1.0
    timeout: float | None = None

    @property
    def origin(self) -> str:
        """Its name; of a piece, the name of the step that it is a piece of."""
        return self.name.partition("[")[0]


@dataclass(frozen=True, slots=True)
class Flow:
    """Steps under a name; two flows of one name never run at once on one store."""

    name: str
    steps: tuple[Step, ...]


def plan(flow: Flow) -> tuple[Step, ...]:
    """The steps in an order in which each comes after its needs; else as they were written.

    Raises
    ------
    ConfigError : if two steps have one name, or steps need each other in a circle; says which
    UnknownName : if a step needs one that does not exist

    Examples
    --------
    >>> flow = Flow("demo", (Step("b", print, needs=("a",)), Step("a", print)))
    >>> [step.name for step in plan(flow)]
    ['a', 'b']
    """
    where = f"flow {flow.name}"
    steps = {step.name: step for step in flow.steps}
    if len(steps) < len(flow.steps):
        names = [step.name for step in flow.steps]
        twice = next(name for name in names if names.count(name) > 1)
        raise ConfigError([f"two steps are called {twice!r}"], where=where)
    for step in flow.steps:
        for need in step.needs:
            if need not in steps:
                raise UnknownName("step", need, steps, where=f"{where}, needs of step {step.name!r}")

    ordered: dict[str, Step] = {}
    for first in flow.steps:
        # depth first with a path of our own: a long chain must not meet Python's limit on recursion
        path = [(first, iter(first.needs))]
        on_path = {first.name}
        while path:
            step, needs = path[-1]
            need = next((name for name in needs if name not in ordered), "")
            if step.name in ordered or not need:
                ordered.setdefault(step.name, step)
                on_path.discard(step.name)
                path.pop()
            elif need in on_path:
                names = [walked.name for walked, _ in path]
                circle = " -> ".join([*names[names.index(need) :], need])
                raise ConfigError([f"steps need each other in a circle: {circle}"], where=where)
            else:
                path.append((steps[need], iter(steps[need].needs)))
                on_path.add(need)
    return tuple(ordered.values())


def shape(flow: Flow, *more: object) -> str:
    """A digest of which steps there are and what comes before each: all that another scheduler has to know of them.

    Parameters
    ----------
    more : JSON values of what it has to know besides

    Examples
    --------
    >>> one, other = Step("a", print, settings={"C": 1}), Step("a", print, settings={"C": 2})
    >>> shape(Flow("demo", (one,))) == shape(Flow("demo", (other,)))
    True
    >>> shape(Flow("demo", (one,))) == shape(Flow("demo", (one, Step("b", print))))
    False
    """
    steps = [
        [step.name, step.needs, step.rule, len(step.for_each) if isinstance(step.for_each, tuple) else step.for_each]
        for step in flow.steps
    ]
    return hashlib.sha256(canonical_json([flow.name, steps, *more])).hexdigest()[:12]


def pieces(step: Step, outputs: Mapping[str, Finished]) -> tuple[Step, ...]:
    """What a step with `for_each` falls into, one for each item: ``NAME[0]``, ``NAME[1]``, ...

    Parameters
    ----------
    outputs : what the needed steps left

    Raises
    ------
    DataError : if the step that is to give the list gave something else
    """
    items = step.for_each
    if isinstance(items, str):
        given = outputs[items].values.get("result") if items in outputs else None
        if not isinstance(given, list):
            raise DataError(
                f"step {items!r} gave no list",
                where=f"step {step.name}, for_each",
                wanted="a list",
                got=repr(given)[:80],
            )
        items = tuple(given)
    return tuple(piece(step, number, item) for number, item in enumerate(items or ()))


def piece(step: Step, number: int, item: object) -> Step:
    """The step for one item. It is keyed by the item and not by its place in the list."""
    return replace(
        step,
        name=f"{step.name}[{number}]",
        settings={**step.settings, "item": item},
        sources=step.sources and partial(step.sources, item),
        for_each=None,
    )


def gathered(step: Step, done: Sequence[Finished]) -> Finished:
    """What the pieces of a step left, as what the step left: each value a list, files below the number of the piece."""
    names = dict.fromkeys(name for one in done for name in one.values)
    return Finished(
        step.name,
        hashlib.sha256(canonical_json([step.name, [one.key for one in done]])).hexdigest(),
        {f"{number}/{name}": file for number, one in enumerate(done) for name, file in one.files.items()},
        {name: [one.values.get(name) for one in done] for name in names or ("result",)},
        sum(one.seconds for one in done),
    )
