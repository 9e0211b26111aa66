"""A step is a plain function with a name, needs and settings; a flow is steps in the order in which they can run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from textmill.errors import ConfigError, UnknownName
from textmill.registry import Finished

__all__ = ["Flow", "Progress", "Step", "Work", "plan"]


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
    outputs : name of a needed step -> what it left; one that a gate refused is absent
    progress : to be told how far it is
    """

    folder: Path
    key: str
    settings: Mapping[str, Any]
    threads: int | None
    file: Callable[[str, str], Path]
    tree: Callable[[str, str], Path]
    outputs: Mapping[str, Finished]
    progress: Progress

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
    keyed_by : outputs of its needs that decide its result, as ``step.name`` or ``step.folder/``; None: all of them. A
        digest of the content may stand here for a file whose bytes say more than counts
    rule : whether a refusal by one of its needs keeps it from running (``all_success``) or not (``all_done``)
    sources : sha256 of what it reads outside of the store, by name
    holds : whether what it did outside of the store still stands; a step for which it does not is done again
    """

    name: str
    run: Callable[[Work], Mapping[str, Any] | None]
    needs: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    code: str = ""
    keyed_by: tuple[str, ...] | None = None
    rule: Literal["all_success", "all_done"] = "all_success"
    sources: Callable[[], Mapping[str, str]] | None = None
    holds: Callable[[Finished, Mapping[str, Finished]], bool] | None = None


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
