"""Parts of the built-in steps as tasks of another scheduler, as `[schedule] share_among` asks for them.

Each does its share of what the step would do with all files of a source, or all shards of the corpus. What it makes is
in the store under keys of its own, where the step finds it; what it does not find, as it was lost or nobody was asked,
the step does itself. So no step's key or result depends on them.

    STEP.parse        so many times   files of a source -> their usable rows
    STEP.count        so many times   shards -> their words and n-grams
    STEP.merge        so many times   counts -> sums of neighbours
    STEP.vocabulary   once            all sums -> their sum, and the frozen features
    STEP.weigh        so many times   shards, features -> their rows
    STEP.score        so many times   shards, the models that the step judges -> their outputs
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from textmill.flow.project import Project, validation_of
from textmill.flow.step import Flow, Work
from textmill.read.source import is_pattern
from textmill.registry import Finished
from textmill.types import canonical_json

__all__ = ["Part", "do_part", "parts_of"]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a step; those of one step are done one after the other, and then the step.

    Attributes
    ----------
    step : of which it is a part
    what : is done
    needs : what comes before it: what the step needs, or the part before
    times : how often it is done, each time with a share of its own; None: once, with all
    models : the training steps whose models are scored
    """

    step: str
    what: Literal["parse", "count", "merge", "vocabulary", "weigh", "score"]
    needs: tuple[str, ...]
    times: int | None = None
    models: tuple[str, ...] = ()

    @property
    def told(self) -> list[Any]:
        """What another scheduler has to know of it."""
        return [self.name, self.needs, self.times]

    @property
    def name(self) -> str:
        """With a dot in it, which no step's name has."""
        return f"{self.step}.{self.what}"


def parts_of(project: Project, flow: Flow) -> tuple[Part, ...]:
    """The parts of a project's steps; none where `[schedule] share_among` asks for none.

    Raises
    ------
    ConfigError : if the project's features cannot be made of shards
    """
    among = project.mill.schedule.share_among
    if among == 1 or not project.mill.trains:
        return ()
    from textmill.flow.running import check_shared

    check_shared(project, "[schedule] share_among")
    return tuple(_parts(project, flow, among))


def _parts(project: Project, flow: Flow, among: int) -> Iterator[Part]:
    steps = {step.name: step for step in flow.steps}
    if any(source and is_pattern(source) for source in (project.mill.read.source, project.mill.read.test)):
        yield Part("read", "parse", (), times=among)
    reading = [name for name, one in project.models.items() if one.model.is_linear]
    for name in reading:
        distil = project.models[name].distil
        if distil is not None and distil.unlabelled is not None:
            continue  # it learns from texts that are in no shard
        yield Part(name, "count", steps[name].needs, times=among)
        yield Part(name, "merge", (f"{name}.count",), times=among)
        yield Part(name, "vocabulary", (f"{name}.merge",))
        yield Part(name, "weigh", (f"{name}.vocabulary",), times=among)
    # with folds it is known already what the models of the other folds say
    scored = [name for name in reading if validation_of(name) not in steps]
    for judge, models in (("compare", scored), ("evaluate", [name for name in scored if name == "train"])):
        if judge in steps and models:
            yield Part(judge, "score", steps[judge].needs, times=among, models=tuple(models))


def do_part(project: Project, part: Part, outputs: Mapping[str, Finished], item: int | None) -> str:
    """Do a part of a step, or one of its shares; a digest of the keys under which the store has what it left.

    Parameters
    ----------
    outputs : what the needs of the step left
    item : which share, from 0; None of what is done once
    """
    from textmill.flow.learning import chosen
    from textmill.flow.shards import Alone, Shards

    def file(step: str, name: str) -> Path:
        return project.store.object(outputs[step].files[name].sha256, verify=True)

    work = Work(Path(), "", {}, 1, file, file, outputs, lambda *_, **__: None)
    shards = Shards(project, work, Alone(), project.mill.schedule.share_among)
    if part.what == "parse":
        keys = shards.parse(item)
    else:
        for name in ("side.npy", "fold.npy"):  # a task on a shard trusts that they were compared with their digests
            file("split", name)
        if part.what == "score":
            keys = [key for model in part.models for key in shards.score(model, item)]
        else:
            keys = shards.prepare(part.what, chosen(project.models[part.step], work), item)
    return hashlib.sha256(canonical_json(keys)).hexdigest()
