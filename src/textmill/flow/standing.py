"""How a plan stands against the store: what is done as things are now."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress

from textmill.errors import ConfigError, TextmillError, UnknownName
from textmill.flow.doing import found
from textmill.flow.events import Done
from textmill.flow.keys import step_key
from textmill.flow.step import Step, gathered, pieces
from textmill.registry import Finished, Store

__all__ = ["all_done", "chosen", "descendants", "left_for", "look"]


def look(
    step: Step, outputs: Mapping[str, Finished], store: Store, *, always: bool = False
) -> tuple[Done | None, list[Done]]:
    """What a step left, if that still stands; and what its pieces left.

    Parameters
    ----------
    outputs : what its needs left
    always : take what the last run left of a step that is done in every run

    Raises
    ------
    SourceError, ... : if what it reads is not there
    """
    if step.for_each is None:
        key = step_key(step, outputs)
        left = store.finished(key) if always and step.always else found(step, key, outputs, store)
        return None if left is None else Done(step.name, True, 0.0, left), []
    parts = [look(piece, outputs, store, always=always)[0] for piece in pieces(step, outputs)]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None, known
    return Done(step.name, True, 0.0, gathered(step, [part.finished for part in known])), known


def all_done(steps: Sequence[Step], store: Store) -> dict[str, Done] | None:
    """All steps, if there is nothing to do: a matter of reading.

    Raises
    ------
    SourceError, ... : if nothing can be done at all: a slip in the name of a source makes no store
    """
    left: dict[str, Done] = {}
    for step in steps:
        well = all(need in left for need in step.needs)
        if step.rule == "one_failed" or (step.rule == "all_success" and not well):
            continue  # nothing has failed
        outputs = {need: left[need].finished for need in step.needs if need in left}
        try:
            done, parts = look(step, outputs, store)
        except TextmillError:
            if not left and not any(step.apart or step.retries for step in steps):
                raise
            return None  # it is told as the failure of its step, and others go on
        if done is None:
            return None
        left |= {part.step: part for part in parts}
        left[step.name] = done
    return left


def descendants(steps: Sequence[Step], name: str) -> set[str]:
    """A step and all that come after it, by way of whatever others.

    Parameters
    ----------
    steps : in an order in which each comes after its needs

    Raises
    ------
    UnknownName : if there is no such step
    """
    _known([name], steps)
    found = {name}
    for step in steps:
        if found & {*step.needs}:
            found.add(step.name)
    return found


def left_for(only: Collection[str], steps: Sequence[Step], store: Store) -> dict[str, Finished]:
    """What others left that these steps need.

    Parameters
    ----------
    steps : all of them, in an order in which each comes after its needs

    Raises
    ------
    UnknownName : if one of `only` is no step
    ConfigError : if one that they need is not done as things are now
    """
    _known(only, steps)
    wanted = {*only}
    for step in reversed(steps):
        if step.name in wanted:
            wanted |= {*step.needs}
    left: dict[str, Finished] = {}
    for step in steps:
        if step.name not in wanted:
            continue
        done = None
        if all(need in left for need in step.needs):
            with suppress(TextmillError):  # of one that is to be done, the run will say it
                done, _ = look(step, {need: left[need] for need in step.needs}, store, always=True)
        if done is not None:
            left[step.name] = done.finished
        elif step.name not in only:
            after = next(other.name for other in steps if other.name in wanted and step.name in other.needs)
            raise ConfigError([f"step {after!r} needs {step.name!r}, which is not done as things are now"])
    return {name: one for name, one in left.items() if name not in only}


def _known(names: Collection[str], steps: Sequence[Step]) -> None:
    known = [step.name for step in steps]
    for name in names:
        if name not in known:
            raise UnknownName("step", name, known)


def chosen(
    steps: tuple[Step, ...], store: Store, *, force: bool, only: Collection[str], since: str | None
) -> tuple[tuple[Step, ...], set[str], dict[str, Finished]]:
    """The steps to do, the names of those to be done again, and what others left that they need.

    Parameters
    ----------
    steps : all of them, in an order in which each comes after its needs
    force : do every step again
    only : do these and no others
    since : do this step and all that come after it again

    Raises
    ------
    UnknownName, ConfigError : as `descendants` and `left_for`
    """
    again = descendants(steps, since) if since is not None else set()
    again |= {step.name for step in steps if force}
    if not only:
        return steps, again, {}
    before = left_for(only, steps, store)
    return tuple(step for step in steps if step.name in only), again, before
