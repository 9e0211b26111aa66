"""One call for a whole project: read its file, do what is not done yet, say what came of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from textmill.config import MillConfig, load
from textmill.errors import ConfigError, GateRefused, MissingExtra, StoreWriteError
from textmill.flow.classify import classify
from textmill.flow.project import Project
from textmill.flow.publishing import report_of
from textmill.flow.runner import Done, Event, run_flow
from textmill.flow.sources import FileDigests
from textmill.registry import Store
from textmill.types import Manifest, Report

__all__ = ["ProjectRefused", "RunResult", "open_project", "run_project"]


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run of a project came to.

    Attributes
    ----------
    config : the project file as run, defaults and all
    manifest : of the version that stands for the project now; None if the gate refused
    report : how good it is
    steps : in the order in which they ran, each with whether it was there already and the seconds it took now
    refused : what the gate said, or None
    store, folder : where the versions lie, and where ``report.html`` and ``rejected.jsonl`` do
    """

    config: MillConfig
    manifest: Manifest | None
    report: Report
    steps: tuple[Done, ...]
    refused: GateRefused | None
    store: Store
    folder: Path

    @property
    def nothing_to_do(self) -> bool:
        """Whether every step was there already."""
        return self.refused is None and all(step.cached for step in self.steps)


class ProjectRefused(GateRefused):
    """The gate said no; `result` tells how good the model is, which was not registered."""

    def __init__(self, refused: GateRefused, result: RunResult) -> None:
        super().__init__(refused.what, where=refused.where, wanted=refused.wanted, got=refused.got, hint=refused.hint)
        self.result = result


def run_project(
    folder: Path | str,
    *,
    store: Store | Path | None = None,
    threads: int | None = None,
    on_event: Callable[[Event], None] | None = None,
    force: bool = False,
    wait: float | None = None,
) -> RunResult:
    """Run a project: from its file to a registered model and a report.

    What was done before with the same data, settings and code is not done again; a run that was stopped or killed goes
    on where it stood.

    Parameters
    ----------
    folder : the project's folder, or its ``mill.toml``
    store : where finished work and versions are kept; by default ``TEXTMILL_STORE`` or ``.textmill`` in the folder
    threads : how many to use; by default as many as the machine has. The result does not depend on it
    on_event : told of each step as it starts, goes on and ends
    force : do every step again
    wait : seconds to wait for another run of the project; None waits until it is done

    Raises
    ------
    ConfigError : if the project file is at fault
    DataError : if the data are: one of SourceError, TooManyRejected, LabelError
    GateRefused : if the rows are not as ``[expect]`` says; nothing is trained
    ProjectRefused : if the gate said no (a GateRefused); the report is written, nothing is registered
    Interrupted : on Ctrl-C or SIGTERM; finished steps are kept
    LockHeld : if another run of the project still works after `wait` seconds
    StoreWriteError : if there is no room or no permission
    """
    opened = open_project(folder, store)
    mill, home, kept, digests = opened.mill, opened.folder, opened.store, opened.digests
    found = run_flow(
        classify(mill, home, kept, digests),
        kept,
        threads=threads,
        on_event=on_event,
        force=force,
        wait=wait,
    )
    with suppress(StoreWriteError):  # it only saves time; a store that may only be read serves a finished project
        digests.save()
    kept.close()
    if found.refused is not None and "evaluate" not in found.steps:
        raise found.refused  # before anything was trained
    registered = found.steps.get("register")
    version = registered.finished.values["version"] if registered else None
    result = RunResult(
        config=mill,
        manifest=kept.manifest(mill.project.name, version) if version is not None else None,
        report=report_of(
            mill,
            kept,
            found.steps["evaluate"].finished,
            found.steps["compare"].finished if "compare" in found.steps else None,
            version,
        ),
        steps=tuple(found.steps.values()),
        refused=found.refused,
        store=kept,
        folder=home,
    )
    if found.refused is not None:
        raise ProjectRefused(found.refused, result)
    return result


def open_project(folder: Path | str, store: Store | Path | None = None) -> Project:
    """A project whose file has no fault that can be told before its data are read; see `run_project`.

    Raises
    ------
    ConfigError, MissingExtra
    """
    from textmill.evaluate.gate import check_gate_metric

    given = Path(folder)
    mill = load(given)
    where = given / "mill.toml" if given.is_dir() else given
    try:
        check_gate_metric(mill.evaluate)  # before hours of training, not after
    except ConfigError as error:
        raise ConfigError(error.faults, where=str(where)) from error
    home = given if given.is_dir() else given.parent
    _check_space(mill, where)
    _check_splitters(mill, home, where)
    kept = store if isinstance(store, Store) else Store(store) if store is not None else Store.beside(home)
    return Project(mill, home, kept, FileDigests(kept))


def _check_space(mill: MillConfig, where: Path) -> None:
    """A search that cannot be made is told before the data are read."""
    if not mill.tune.space:
        return
    from importlib.util import find_spec

    from textmill.models.tuning import check_space

    faults = check_space(mill.own, mill.tune.space)
    if faults:
        raise ConfigError(faults, where=str(where))
    if find_spec("optuna") is None:
        raise MissingExtra("[tune]", package="optuna", extra="tune")


def _check_splitters(mill: MillConfig, folder: Path, where: Path) -> None:
    """A pattern or a file that cannot be used is told now, not after the data are read."""
    for text in (mill.text, *(one.text for one in mill.candidate)):
        if text.pattern is None and text.tokens_file is None:
            continue  # nothing that the project file's own check has not seen
        from textmill.text import TextPath

        try:
            TextPath(text, folder=folder)
        except ConfigError as error:
            raise ConfigError(error.faults, where=str(where)) from error
