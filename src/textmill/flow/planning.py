"""One call for a whole project's plan: which steps a run would do, and why, in the words of its project file."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from textmill.flow.classify import classify
from textmill.flow.learning import files_of
from textmill.flow.project import Project
from textmill.flow.running import open_project
from textmill.flow.staleness import Change, PlannedStep, step_states
from textmill.registry import Store

__all__ = ["ProjectPlan", "plan_project"]

# of settings that stand by themselves in a step's
_TABLE = dict.fromkeys(("seed", "name", "intended_use", "data_licence"), "project.") | {"fold": "decide."}


@dataclass(frozen=True, slots=True)
class ProjectPlan:
    """What a run of a project would find.

    Attributes
    ----------
    name : of the project
    steps : in the order in which they would run
    """

    name: str
    steps: tuple[PlannedStep, ...]

    @property
    def nothing_to_do(self) -> bool:
        """Whether every step is there already."""
        return all(step.state == "cached" for step in self.steps)

    def counts(self) -> dict[str, int]:
        """State -> how many steps are in it; states that none is in are absent."""
        states = [step.state for step in self.steps]
        return {
            state: states.count(state)
            for state in ("cached", "stale", "missing", "unknown", "waiting")
            if state in states
        }


def plan_project(
    folder: Path | str,
    *,
    store: Store | Path | str | None = None,
    date: str | None = None,
    force: bool = False,
    only: Collection[str] = (),
    since: str | None = None,
    on: str | None = None,
) -> ProjectPlan:
    """Say what a run of a project would do, and why; nothing is run or written, of sources only digests are taken.

    Parameters
    ----------
    folder : the project's folder, or its ``mill.toml``
    store : by default ``TEXTMILL_STORE`` or ``.textmill`` in the folder
    date, force, only, since, on : as in `run_project`; nobody is asked whether there is somebody to share with

    Raises
    ------
    ConfigError : if the project file is at fault, or asks for what cannot be shared
    MissingExtra : if it asks for what is not installed
    SourceError : if a source cannot be read
    """
    project = open_project(folder, store, date, on)
    flow = classify(project.mill, project.folder, project.store, project.digests)
    steps = step_states(flow, project.store, force=force, only=only, since=since)
    return ProjectPlan(project.name, tuple(_as_written(step, project) for step in steps))


def _as_written(step: PlannedStep, project: Project) -> PlannedStep:
    """Settings under the names of the project file, sources under those of their files."""
    files = files_of(project) if any(change.kind == "source" for change in step.changes) else {}

    def named(change: Change) -> Change:
        if change.kind == "setting":
            name = change.name.removeprefix("config.")
            own = f"{step.step}." if step.step in ("read", "expect") else _TABLE.get(name, "")
            return replace(change, name=own + name)
        if change.kind == "source" and step.step == "read" and change.name in files:
            return replace(change, name=os.path.relpath(files[change.name], project.folder))
        return change

    return replace(step, changes=tuple(named(change) for change in step.changes))
