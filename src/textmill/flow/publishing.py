"""The last of a classifier's steps: register a version, write the report.

Plain functions; what is heavy is imported inside them, so that a run with nothing to do loads none of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

from textmill.config import MillConfig
from textmill.errors import CorruptError, NotInStore
from textmill.flow.handing import hand_out, is_handed_out
from textmill.flow.keys import code_version
from textmill.flow.project import Project
from textmill.flow.step import Work
from textmill.registry import Finished, Store
from textmill.types import Manifest, Report

__all__ = ["is_registered", "is_reported", "register", "report", "report_of"]


def register(project: Project, work: Work) -> dict[str, Any]:
    """Make the model the next version, if the gate lets it pass and it is not the newest already."""
    from textmill.evaluate import check_gate, model_card

    report = _measured(work.file("evaluate", "report.json"), work.outputs["evaluate"])
    check_gate(report, project.mill.evaluate)
    rows = {step: work.outputs[step].key for step in ("read", "split")}  # whose outputs are the rows it was tested on
    try:
        newest = _newest(project)
        if newest is not None and newest.parents.get("run") == work.key:
            project.store.open(newest.ref)
            return {"version": newest.ref.version} | rows  # killed after it was published and before that was noted
    except CorruptError:
        pass  # a version that was damaged since gets a successor
    folder = work.tree("train", "model/")
    (folder / "report.json").write_text(json.dumps(report.to_json(), ensure_ascii=False), encoding="utf-8")
    (folder / "card.md").write_text(model_card(report, project.settings), encoding="utf-8")
    distil = work.value("train", "facts").get("distil", {})
    parents = {
        "dataset": work.value("read", "dataset"),
        "data": work.value("read", "digest"),
        "test": work.value("read", "test_digest"),
        "code": code_version("read", "_native", "text", "features", "models", "evaluate"),
        "text_path": work.value("train", "text_path"),
        "teacher": distil.get("teacher"),
        "teacher_files": distil.get("digest"),
        "run": work.key,
    }
    made = project.store.publish(
        project.name,
        folder,
        parents={name: value for name, value in parents.items() if value is not None},
        config=_settings_of(project, work),
        report=work.value("evaluate", "metrics"),
    )
    return {"version": made.ref.version} | rows


def _settings_of(project: Project, work: Work) -> dict[str, Any]:
    """The settings of the run, with those that were chosen in the place of those that were not."""
    config = project.mill.decisive
    if "tune" in work.outputs:
        for path, value in work.value("tune", "best").items():
            table, _, key = path.partition(".")
            config[table][key] = value
    return config


def _newest(project: Project) -> Manifest | None:
    try:
        return project.store.manifest(project.name)
    except (NotInStore, CorruptError):  # a spoiled version gets a successor
        return None


def is_registered(project: Project, finished: Finished, outputs: Mapping[str, Finished]) -> bool:
    """Whether the version that a finished `register` made is still the newest, and whole."""
    # going back to earlier settings makes a new version: the newest is always that of the last run
    newest = _newest(project)
    if newest is None or newest.parents.get("run") != finished.key:
        return False
    _, folder = project.store.open(newest.ref, verify=False)
    return all(is_handed_out(folder / name, sha256, project.digests) for name, sha256 in newest.files.items())


def report(project: Project, work: Work) -> None:
    """Write the page and the rejected rows into the project's folder."""
    from textmill.evaluate import render_html

    registered = work.outputs.get("register")
    version = registered.values["version"] if registered else None
    if "evaluate" in work.outputs:  # else the rows were not as expected, and nothing was trained
        found = _measured(
            work.file("evaluate", "report.json"),
            work.outputs["evaluate"],
            work.outputs.get("compare"),
            work.outputs["read"],
        )
        page = work.folder / "report.html"
        page.write_text(render_html(found, config=project.settings, version=version), encoding="utf-8")
        hand_out(page, project.folder / page.name, project.store.disk)
    for name in work.outputs["read"].files if "read" in work.outputs else ():
        if name.startswith("rejected/"):
            hand_out(work.file("read", name), project.folder / PurePath(name).name, project.store.disk)


def is_reported(project: Project, finished: Finished, outputs: Mapping[str, Finished]) -> bool:
    """Whether what a finished `report` wrote is still there."""
    handed = dict(finished.files)
    rows = outputs["read"].files if "read" in outputs else {}
    handed |= {PurePath(name).name: f for name, f in rows.items() if name.startswith("rejected/")}
    return all(is_handed_out(project.folder / name, f.sha256, project.digests) for name, f in handed.items())


def report_of(
    mill: MillConfig,
    store: Store,
    evaluated: Finished,
    compared: Finished | None,
    read: Finished | None,
    version: int | None,
) -> Report:
    """The report of a finished evaluation, with the settings and the version that it was registered as."""
    path = store.object(evaluated.files["report.json"].sha256, verify=True)
    report = _measured(path, evaluated, compared, read)
    plain = json.loads(json.dumps(mill.decisive))
    return replace(report, details=report.details | {"settings": plain, "version": version})


def _measured(
    path: Path, evaluated: Finished, compared: Finished | None = None, read: Finished | None = None
) -> Report:
    report = Report.from_json(json.loads(path.read_bytes()))
    details = dict(report.details)
    if read is not None and read.values.get("drift"):
        details["drift"] = read.values["drift"]
    if compared is not None:
        board = compared.values["leaderboard"]
        # drawn with others its intervals are other by a hair: on one page a score has one
        own = {name: {"value": s.value, "low": s.low, "high": s.high} for name, s in report.metrics.items()}
        models = board["models"] | {"model": own}
        details["candidates"] = {**compared.values, "leaderboard": board | {"models": models}}
    return replace(report, cost=dict(evaluated.values["cost"]), details=details)
