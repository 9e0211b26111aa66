"""One call for a whole project: read its file, do what is not done yet, say what came of it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textmill.config import MillConfig, load
from textmill.config.models import WEIGHING
from textmill.config.project import dated
from textmill.errors import ConfigError, GateRefused, MissingExtra, StoreWriteError
from textmill.flow.classify import classify
from textmill.flow.events import Done, Event
from textmill.flow.project import Project
from textmill.flow.publishing import report_of
from textmill.flow.runner import run_flow
from textmill.flow.sources import FileDigests
from textmill.flow.step import Flow
from textmill.flow.training_log import check_logs
from textmill.registry import Store
from textmill.types import Manifest, Report

if TYPE_CHECKING:
    from textmill.flow.crew import Crew
    from textmill.flow.record import Record

__all__ = ["ProjectRefused", "RunResult", "check_shared", "open_project", "run_project"]


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run of a project came to.

    Attributes
    ----------
    config : the project file as run, defaults and all
    manifest : of the version that stands for the project now; None if the gate refused, or nothing was to be trained
    report : how good it is; None if nothing was to be trained, or only some steps were to be done
    steps : in the order in which they ran, each with whether it was there already and the seconds it took now
    refused : what the gate said, or None
    store, folder : where the versions lie, and where ``report.html`` and ``rejected.jsonl`` do
    """

    config: MillConfig
    manifest: Manifest | None
    report: Report | None
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
    store: Store | Path | str | None = None,
    threads: int | None = None,
    on_event: Callable[[Event], None] | None = None,
    force: bool = False,
    only: Collection[str] = (),
    since: str | None = None,
    date: str | None = None,
    wait: float | None = None,
    on: str | None = None,
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
    only : do these steps and no others; what they need is taken as it was left
    since : do this step and all that come after it again
    date : the day that the run is for, as 2026-11-01: it stands for ``{date}`` in the project file
    wait : seconds to wait for another run of the project; None waits until it is done
    on : who shares reading files, counting words, weighing them and scoring the test rows: ``dask`` for processes on
        this machine, or the address of a Dask scheduler, such as tcp://10.0.0.1:8786; None: this process. The result
        does not depend on it

    Raises
    ------
    ConfigError : if the project file is at fault
    DataError : if the data are: one of SourceError, TooManyRejected, LabelError
    GateRefused : if the rows are not as ``[expect]`` says; nothing is trained
    ProjectRefused : if the gate said no (a GateRefused); the report is written, nothing is registered
    Interrupted : on Ctrl-C or SIGTERM; finished steps are kept
    LockHeld : if another run of the project still works after `wait` seconds
    StepFailed : if there is nobody to share the work with
    StoreWriteError : if there is no room or no permission
    """
    project = open_project(folder, store, date, on)
    mill, home, kept, digests = project.mill, project.folder, project.store, project.digests
    flow = classify(mill, home, kept, digests)
    if not only:
        _check_devices(project, flow, force=force, since=since)
    found = run_flow(
        flow,
        kept,
        threads=threads,
        on_event=on_event,
        force=force,
        only=only,
        since=since,
        wait=wait,
        on=on,
        about={"date": date},
        crew=partial(_crew, Path(folder), kept, date),
    )
    with suppress(StoreWriteError):  # it only saves time; a store that may only be read serves a finished project
        digests.save()
    kept.close()
    registered, evaluated = found.steps.get("register"), found.steps.get("evaluate")
    if found.refused is not None and evaluated is None:
        raise found.refused  # before anything was judged
    version = registered.finished.values["version"] if registered else None
    result = RunResult(
        config=mill,
        manifest=kept.manifest(mill.project.name, version) if version is not None else None,
        report=None
        if evaluated is None or only
        else report_of(
            mill,
            kept,
            evaluated.finished,
            found.steps["compare"].finished if "compare" in found.steps else None,
            found.steps["read"].finished if "read" in found.steps else None,
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


def _crew(folder: Path, store: Store, date: str | None, record: Record) -> Crew:
    from textmill.flow.crew import Crew

    return Crew(folder, store, record, date=date)


def open_project(
    folder: Path | str, store: Store | Path | str | None = None, date: str | None = None, on: str | None = None
) -> Project:
    """Read a project's file, and look for what is sure to fail, before hours of training and not after.

    Parameters
    ----------
    date : stands for ``{date}`` in the project file
    on : who is to share the heavy parts, or None

    Raises
    ------
    ConfigError : if the project file is at fault, or asks for what cannot be shared
    MissingExtra : if it asks for what is not installed
    """
    from textmill.evaluate.gate import check_gate_metric, check_policy_metrics

    given = Path(folder)
    mill = load(given)
    where = given / "mill.toml" if given.is_dir() else given
    try:
        mill = dated(mill, date)
        check_gate_metric(mill.evaluate, several=mill.project.multi_label)
        check_policy_metrics(mill.policy, several=mill.project.multi_label)
    except ConfigError as error:
        raise ConfigError(error.faults, where=str(where)) from error
    home = given if given.is_dir() else given.parent
    _check_space(mill, where)
    _check_extras(mill)
    _check_splitters(mill, home, where)
    _check_networks(mill, home, where)
    kept = store if isinstance(store, Store) else Store.at(store) if store is not None else Store.beside(home)
    project = Project(mill, home, kept, FileDigests(kept))
    if on is not None:
        from textmill.flow.dask_bridge import check_on

        check_on(on)
        check_shared(project, "--on")
    return project


def check_shared(project: Project, by: str) -> None:
    """Features whose counts cannot be added up are told before the data are read.

    Parameters
    ----------
    by : what asks for the work to be shared

    Raises
    ------
    ConfigError : with what cannot be
    """
    where = str(project.folder / "mill.toml")
    space = project.mill.tune.space
    faults = [
        f"tune.space.{path!r}: nothing but {wanted!r} can be tried with {by}, got {space[path]!r}"
        for path, wanted in (("features.analyzer", "word"), ("features.skip", 0))
        if path in space and space[path] != [wanted]
    ]
    if unshared := [kind for kind in space.get("model.kind", ()) if kind not in WEIGHING]:
        faults.append(
            f"tune.space.'model.kind': what is shared is the weighing of [features], so nothing but"
            f" {' or '.join(map(repr, WEIGHING))} can be tried with {by}, got {unshared[0]!r}"
        )
    if faults:
        raise ConfigError(faults, where=where)
    for step, one in project.models.items():
        reads = project.mill.trains and one.model.is_linear
        if reads and one.features.analyzer != "word":
            faults.append(f"features.analyzer of {step}: wanted 'word' with {by}, got {one.features.analyzer!r}")
        if reads and one.features.skip:
            faults.append(f"features.skip of {step}: wanted 0 with {by}, got {one.features.skip}")
        if faults:
            raise ConfigError(faults, where=where)


def _check_space(mill: MillConfig, where: Path) -> None:
    """A search that cannot be made is told before the data are read."""
    if not mill.tune.space:
        return
    from textmill.models.tuning import check_space

    faults = check_space(mill.own, mill.tune.space)
    if faults:
        raise ConfigError(faults, where=str(where))


def _check_extras(mill: MillConfig) -> None:
    """Packages that tables ask for are told before the data are read."""
    from importlib.util import find_spec

    for table, asked, package, extra in (
        ("[tune]", mill.tune.space, "optuna", "tune"),
        (
            "[train] processes",
            any(one.model.is_network and one.train.processes > 1 for one in (mill.own, *mill.candidate)),
            "accelerate",
            "networks",
        ),
        ("[expect] languages", mill.expect.languages, "py3langid", "languages"),
    ):
        if asked and find_spec(package) is None:
            raise MissingExtra(table, package=package, extra=extra)
    check_logs(mill)


def _check_networks(mill: MillConfig, folder: Path, where: Path) -> None:
    """Networks that cannot be: what they need is not installed, not to be found, or their sizes do not fit together."""
    from importlib.util import find_spec

    faults: list[str] = []
    for model in (one.model for one in (mill.own, *mill.candidate) if mill.trains and one.model.is_network):
        from textmill.models.networks.shape import shape_of
        from textmill.models.networks.weights import find_weights

        for package in ("torch", "safetensors", *(("transformers",) if model.weights else ())):
            if find_spec(package) is None:
                raise MissingExtra(f'kind = "{model.kind}"', package=package, extra="networks")
        try:
            shape_of(model)
            if model.weights is not None:
                _ = find_weights(model.weights, folder).config
        except ConfigError as error:
            faults += error.faults
        if model.vectors is not None and not (folder / model.vectors).is_file():
            faults.append(f"model.vectors: there is no file {folder / model.vectors}")
    if faults:
        raise ConfigError(list(dict.fromkeys(faults)), where=str(where))


def _check_devices(project: Project, flow: Flow, *, force: bool, since: str | None) -> None:
    """A GPU that is asked for and not there is told before the data are read, unless all networks are trained already.

    Raises
    ------
    ConfigError : with the settings that ask for it
    """
    asked = {step: one for step, one in project.models.items() if one.model.is_network and one.train.device == "cuda"}
    if not (asked and project.mill.trains):
        return  # torch takes its time to be loaded
    from textmill.flow.staleness import step_states

    states = step_states(flow, project.store, force=force, since=since)
    done = {one.step for one in states if one.state == "cached"}
    if asked.keys() <= done:
        return
    from torch.cuda import is_available

    if is_available():
        return
    said = "wanted 'auto' or 'cpu', got 'cuda'; there is no GPU here that PyTorch can use"
    faults = [f"{'' if step == 'train' else one.name + ': '}train.device: {said}" for step, one in asked.items()]
    raise ConfigError(faults, where=str(project.folder / "mill.toml"))


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
