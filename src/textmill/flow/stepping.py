"""One step of a run in a process of its own, as another scheduler asks for it: what it needs is in the run's record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from textmill.errors import ConfigError, Interrupted, NotInStore, StepFailed, StoreError, UnknownName
from textmill.flow.bases import Bases
from textmill.flow.classify import classify
from textmill.flow.crew import Crew
from textmill.flow.dispatch import Dispatch
from textmill.flow.doing import found
from textmill.flow.events import Done, Event
from textmill.flow.keys import step_key
from textmill.flow.learning import files_of
from textmill.flow.parts import Part, do_part, parts_of
from textmill.flow.project import Project
from textmill.flow.record import End, Record
from textmill.flow.runner import sigterm_interrupts
from textmill.flow.running import open_project
from textmill.flow.step import HERE, Flow, Step, gathered, pieces, plan, shape
from textmill.registry import Finished, Store
from textmill.registry.runs import remember_run
from textmill.types import Ref

__all__ = ["PROBE", "StepResult", "run_step"]

PROBE = "register.probe"  # no step: what was registered is asked whether it says on Airflow what it said in training

Before = dict[str, tuple[End, Finished | None]]  # how needs ended, and what they left


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a step of a run came to.

    Attributes
    ----------
    step : its name; of a piece ``NAME[0]``
    run : the id of the run
    cached : whether it was there already
    items : of a step that gave a list, its length: so often a step that is done for each of them is done
    """

    step: str
    run: str
    key: str
    cached: bool
    items: int | None

    def to_json(self) -> dict[str, Any]:
        """As plain values, under 1 kB: a reference, and no payload."""
        found = {"step": self.step, "run": self.run, "key": self.key, "cached": self.cached}
        return found if self.items is None else {**found, "items": self.items}


def run_step(
    folder: Path | str,
    name: str,
    *,
    run: str,
    item: int | None = None,
    date: str | None = None,
    expected: str | None = None,
    store: Store | Path | str | None = None,
    threads: int | None = None,
    on_event: Callable[[Event], None] | None = None,
    on_output: Callable[[bytes], None] | None = None,
    force: bool = False,
) -> StepResult:
    """Do one step of a run of a project, once: whoever asks for it decides when, and whether it is tried again.

    What it needs must have been done in this run, by `run_step` too, in whatever process on whatever machine that sees
    the store. A step that was done with the same key is not done again, so one that was killed can simply be asked for
    again.

    Parameters
    ----------
    name : of the step, or of a `Part` of one; ``register.probe`` asks what was registered about its probe set, in a
        task of Airflow's
    run : the id of the run, as the other scheduler has it; the first step begins it
    item : the number of the piece, from 0, of a step that is done for each of some items; of a part, of its share
    date : the day that the run is for
    expected : the `shape` of the plan that the other scheduler was told of
    on_output : given what the step prints, as it comes, if it is one of the user's own; its log has it in any case
    force : do it again even if it was done

    Raises
    ------
    StepFailed : if it was left out because of what it needs
    ConfigError : if the plan is of another shape than expected: a new step would never be asked for
    UnknownName, GateRefused, Interrupted, and whatever the step raises
    """
    project = open_project(folder, store, date)
    kept = project.store
    flow = classify(project.mill, project.folder, kept, project.digests)
    steps = {step.name: step for step in plan(flow)}
    parts = {part.name: part for part in parts_of(project, flow)}
    if expected is not None and expected != shape(flow, *(part.told for part in parts.values())):
        raise ConfigError(
            ["its steps are others than those that the scheduler was told of; tell it again: textmill airflow export"],
            where=f"project {flow.name}",
        )
    if name not in {*steps, *parts} and not (name == PROBE and "register" in steps):
        raise UnknownName("step", name, {*steps, *parts}, where=f"project {flow.name}")
    record = Record(kept, run)
    if name == PROBE:
        return _probe(flow.name, record, kept)
    if name in parts:
        return _part(project, parts[name], flow, item, record, force=force, date=date)
    crew = Crew(Path(folder), kept, record, date=date, on_output=on_output)
    try:
        with sigterm_interrupts(), kept.in_use():
            kept.scratch.sweep()
            record.begin(flow, date=date)
            before = _before(steps[name], steps, record, kept)
            step = replace(_piece(steps[name], item, before), retries=0)
            dispatch = Dispatch(
                (step,),
                kept,
                record,
                Bases(kept, flow.name),
                before=before,
                threads=threads,
                on=HERE if parts else None,
                tell=on_event or (lambda event: None),
                again=(step.origin,) if force else (),
                crew=crew,
            )
            dispatch.run()
    except KeyboardInterrupt:
        raise Interrupted(f"stopped in step {name!r}", hint="Ask for it again to go on from there.") from None
    finally:
        crew.close()
        with suppress(StoreError):  # it only saves time
            project.digests.save()
            _remember(flow.name, steps, record, kept)
        kept.close()
    for error in (*dispatch.errors.values(), *dispatch.refusals.values()):
        raise error
    if step.name not in dispatch.done:
        raise _left_out(step, record, before)
    return _result(dispatch.done[step.name], run)


def _part(
    project: Project, part: Part, flow: Flow, item: int | None, record: Record, *, force: bool, date: str | None
) -> StepResult:
    """Do a part of a step, or one of its shares, unless the step was done already.

    Raises
    ------
    as `run_step`
    """
    kept, steps = project.store, {step.name: step for step in flow.steps}
    step = steps[part.step]
    if part.times is None and item is not None:
        raise ConfigError([f"{part.name} is done once"], where="--item")
    if part.times is not None and item not in range(part.times):
        raise ConfigError([f"{part.name} has {part.times} shares, numbered from 0, got {item}"], where="--item")
    try:
        with sigterm_interrupts(), kept.in_use():
            kept.scratch.sweep()
            record.begin(flow, date=date)
            before = _before(step, steps, record, kept)
            outputs = {need: left for need, (_, left) in before.items() if left is not None}
            if len(outputs) < len(before):
                raise _left_out(step, record, before)
            # for the key of a step that reads, each share would read the files of all others
            known = part.what != "parse" or all(map(project.digests.knows, files_of(project).values()))
            key = step_key(step, outputs) if known else ""
            cached = known and not force and found(step, key, outputs, kept) is not None
            if not cached:
                key = do_part(project, part, outputs, item)
    except KeyboardInterrupt:
        raise Interrupted(f"stopped in {part.name!r}", hint="Ask for it again to go on from there.") from None
    finally:
        with suppress(StoreError):  # it only saves time
            project.digests.save()
        kept.close()
    return StepResult(part.name, record.run, key, cached, None)


def _left_out(step: Step, record: Record, before: Before) -> StepFailed:
    ends = ", ".join(f"{need} {end.replace('_', ' ')}" for need, (end, _) in before.items())
    where = f"run {record.run}, step {step.name}"
    return StepFailed(f"it was left out, as its rule is {step.rule}: {ends}", where=where)


def _probe(model: str, record: Record, store: Store) -> StepResult:
    """Ask the version that a run registered, here and now; nothing of it is kept as a step's, as it is true here alone.

    Raises
    ------
    ConfigError : if none was registered, or this is no task of Airflow's
    GateRefused : if it does not say what it said in training
    """
    from textmill.flow.parity import ask_on_airflow

    try:
        with store.in_use():
            _, registered = _left("register", record, store)
            if registered is None:
                raise ConfigError(["no version has been registered in this run"], where=f"run {record.run}, {PROBE}")
            ask_on_airflow(store, Ref("model", model, registered.values["version"]))
    finally:
        store.close()
    return StepResult(PROBE, record.run, registered.key, False, None)


def _before(step: Step, steps: Mapping[str, Step], record: Record, store: Store) -> Before:
    """How the needs of a step ended in this run, and what they left.

    Raises
    ------
    ConfigError : if one has not ended, and the step does not run without it
    """
    found: Before = {}
    for name in dict.fromkeys(step.needs):
        end, finished, _ = _whole(name, steps, record, store)
        if end is None and step.rule == "all_success":
            raise ConfigError(
                [f"step {step.name!r} needs {name!r}, which has not ended in this run"], where=f"run {record.run}"
            )
        # another scheduler leaves no note of what it leaves out
        found[name] = (end or "upstream_failed", finished)
    return found


def _remember(flow: str, steps: Mapping[str, Step], record: Record, store: Store) -> None:
    """Once all steps of the run are done, keep in mind that they belong together."""
    keys: dict[str, str] = {}
    for name in reversed(list(steps)):  # while the run goes on, the last is not done
        end, finished, parts = _whole(name, steps, record, store)
        if finished is not None:
            keys |= {name: finished.key} | parts
        elif end is not None or steps[name].rule != "one_failed":
            return
    remember_run(store, flow, {name: keys[name] for name in reversed(list(keys))})


def _whole(
    name: str, steps: Mapping[str, Step], record: Record, store: Store
) -> tuple[End | None, Finished | None, dict[str, str]]:
    """How a step ended in this run, what it left, and the keys of its pieces; what those left is gathered."""
    step = steps[name]
    if step.for_each is None:
        return *_left(name, record, store), {}
    given: dict[str, Finished] = {}
    if isinstance(step.for_each, str):
        end, items, _ = _whole(step.for_each, steps, record, store)
        if items is None:
            return end, None, {}
        given[step.for_each] = items
    left = {piece.name: _left(piece.name, record, store) for piece in pieces(step, given)}
    done = {piece: finished for piece, (_, finished) in left.items() if finished is not None}
    if len(done) < len(left):
        return next(end for end, finished in left.values() if finished is None), None, {}
    whole = gathered(step, list(done.values()))
    if store.finished(whole.key) is None:
        store.finish(whole)  # what comes next finds it under its key, in whatever process
    return "finished", whole, {piece: finished.key for piece, finished in done.items()}


def _left(name: str, record: Record, store: Store) -> tuple[End | None, Finished | None]:
    state = record.state(name)
    if state is None or state.state == "running" or state.state == "stopped":
        return None, None
    if state.state != "finished" and state.state != "cached":
        return state.state, None
    finished = store.finished(state.key)
    if finished is None:
        raise NotInStore(f"what step {name!r} left is gone", where=f"run {record.run}", hint="Do that step again.")
    return state.state, finished


def _piece(step: Step, item: int | None, before: Before) -> Step:
    if step.for_each is None:
        if item is not None:
            raise ConfigError([f"step {step.name!r} is done once and not for each of some items"], where="--item")
        return step
    parts = pieces(step, {need: left for need, (_, left) in before.items() if left is not None})
    if item is None:
        raise ConfigError([f"step {step.name!r} is done for each of {len(parts)} items: say which"], where="--item")
    if not 0 <= item < len(parts):
        raise ConfigError([f"step {step.name!r} has {len(parts)} items, numbered from 0, got {item}"], where="--item")
    return parts[item]


def _result(done: Done, run: str) -> StepResult:
    result = done.finished.values.get("result")
    return StepResult(done.step, run, done.key, done.cached, len(result) if isinstance(result, list) else None)
