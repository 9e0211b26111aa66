"""The plan of a text classifier: read -> split -> train -> evaluate -> register -> report, and what decides each."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path, PurePath
from typing import Any

from textmill import plugins
from textmill.config import CandidateConfig, ExpectConfig, MillConfig, TextConfig
from textmill.flow import checking, datasets, judging, learning, publishing, teaching, tuning
from textmill.flow import curve as curves
from textmill.flow.keys import GUESTS, code_version, guests_of
from textmill.flow.project import Project, validation_of
from textmill.flow.sources import FileDigests
from textmill.flow.step import Flow, Step
from textmill.registry import Store

__all__ = ["classify"]


def classify(mill: MillConfig, folder: Path, store: Store, digests: FileDigests) -> Flow:
    """The plan of a classifier's project, with the steps of its own; of one that has no rows, those alone.

    Parameters
    ----------
    folder : the project's; sources are looked for there, and the report is written there
    digests : of the files outside of the store

    Raises
    ------
    ConfigError : if a step of its own cannot be placed
    """
    project = Project(mill, folder, store, digests)
    built_in = _built_in(project) if mill.trains else ()
    flow = Flow(project.name, built_in)
    if not mill.step:
        return flow
    from textmill.flow.own import with_own_steps

    return with_own_steps(flow, mill, folder, store, digests)


def _built_in(project: Project) -> tuple[Step, ...]:
    mill, folder = project.mill, project.folder
    config, seed = project.settings, mill.project.seed
    learns = (
        *("flow/learning", "flow/tuning", "flow/curve", "read", "_native", "text", "features", "models"),
        "evaluate/probe",
    )
    guests = ("numpy", "pyarrow", "pystemmer")
    read = Step(
        "read",
        partial(learning.read, project),
        # the name, for a project has its own data set and its own list of erased rows
        settings=config["read"] | {"dataset": project.name},
        code=code_version(
            *("flow/learning", "flow/datasets", "flow/drift", "registry/datasets", "read", "_native"),
            *("evaluate/drift", "evaluate/shift"),
            guests=guests,
        ),
        sources=partial(learning.sources_of, project),
        holds=partial(datasets.is_kept, project),
    )
    split = Step(
        "split",
        partial(learning.split, project),
        needs=("read",),
        settings={
            "split": config["split"],
            "seed": seed,
            "fold": mill.decide.fold if mill.decide.needs_fold else 0.0,
        },
        code=code_version("flow/learning", "read", "_native", guests=guests),
        keyed_by=("read.digest", "read.test_digest"),
    )
    expected = () if mill.expect == ExpectConfig() else ("expect",)
    expect = Step(
        "expect",
        partial(learning.expect, project),
        needs=("read", "split"),
        settings=config["expect"],
        code=code_version("flow/learning", "read", guests=("py3langid",) if mill.expect.languages else ()),
        keyed_by=("read.digest", "read.facts", "split.leaks"),
    )
    folds = () if mill.split.folds is None else ("split.folds.npy",)
    data = ("read.digest", "split.side.npy", "split.fold.npy", *folds)
    tables = {"train": config} | dict(zip(list(project.models)[1:], config["candidate"], strict=True))

    lessons = teaching.lessons_of(project)
    tuned = ("tune",) if mill.tune.space else ()
    tuned_folds = ("tune-folds",) if tuned and folds else ()

    def learning_step(
        name: str,
        model: str,
        work: Callable[..., dict[str, Any]],
        keyed: tuple[str, ...] = (),
        code: tuple[str, ...] = (),
        **more: Any,
    ) -> Step:
        asked = project.models[model]
        chosen = {"train": tuned, "curve": tuned, "validate": tuned_folds}.get(name, ())
        teaches = [lessons[name].step] if name in lessons else []
        return Step(
            name,
            partial(work, project, asked),
            needs=("read", "split", *expected, *chosen, *teaches),
            settings={"seed": seed, "decide": config["decide"], **more}
            | {table: tables[model][table] for table in ("text", "features")}
            | _model_settings(asked)
            | ({"distil": {key: tables[model]["distil"][key] for key in ("weight", "temperature")}} if teaches else {})
            | _own_functions(asked.text, folder),
            code=code_version(*learns, *code, guests=(*GUESTS, *guests_of(asked.text, asked.model))),
            keyed_by=(
                *data,
                *keyed,
                *(f"{step}.{'best' if step == 'tune' else 'chosen'}" for step in chosen),
                *teaches,
            ),
            sources=partial(learning.assets_of, project, asked),
        )

    tune = [
        learning_step(name, "train", work, tune=config["tune"], split=config["split"])
        for name, work in (("tune", tuning.tune), ("tune-folds", tuning.tune_folds))
        if name in (*tuned, *tuned_folds)
    ]
    trained = {name: learning_step(name, name, learning.train) for name in project.models}
    validated = {
        name: learning_step(validation_of(name), name, learning.validate) for name in (project.models if folds else ())
    }
    teach = [_teaching_step(project, lesson, (*learns,)) for lesson in dict.fromkeys(lessons.values())]
    curved = ("curve",) if mill.evaluate.learning_curve else ()
    sure = {"confidence": mill.evaluate.confidence}
    curve = [learning_step("curve", "train", curves.curve, keyed=("read.test_digest",), evaluate=sure) for _ in curved]
    checked = ("check",) if mill.evaluate.data_check else ()
    check = [
        learning_step(
            "check",
            "train",
            checking.check,
            keyed=("read.test_digest",),
            code=("flow/checking", "evaluate/doubts", "evaluate/shift"),
            split=config["split"],
            languages=find_spec("py3langid") is not None,
        )
        for _ in checked
    ]
    # what a model says of the test rows is decided by it, or by what those of the other folds said
    saying = {name: (f"{name}.model/", *_files(validated.get(name), "scores.npy", "codes.npy")) for name in trained}
    # the gate and what is told of drift are no part of it: asking for more measures nothing anew
    measuring = {"seed": seed, "evaluate": config["evaluate"] | {"promote_if": None, "drift": None}}
    splits = tuple(guest for one in project.models.values() for guest in guests_of(one.text, one.model))
    compare = Step(
        "compare",
        partial(judging.compare, project),
        needs=("read", "split", *trained, *(step.name for step in (*validated.values(), *teach))),
        settings=measuring | {"names": [one.name for one in project.models.values()]},
        code=code_version(*learns, "flow/judging", "flow/looking", "evaluate", guests=(*GUESTS, *splits)),
        keyed_by=(
            *data,
            "read.test_digest",
            *(output for name in trained for output in saying[name]),
            *(step.name for step in teach),
        ),
    )
    compared = (compare,) if mill.candidate or lessons else ()
    evaluate = Step(
        "evaluate",
        partial(judging.evaluate, project),
        needs=("read", "split", "train", *(["validate"] if validated else []), *tuned, *tuned_folds, *curved, *checked),
        settings=measuring | {"name": project.name},
        code=code_version(*learns, "flow/judging", "flow/looking", "evaluate", guests=(*GUESTS, *splits)),
        keyed_by=(
            *data,
            "read.test_digest",
            "read.facts",
            "split.leaked.npy",
            *(("split.clusters.npy",) if mill.split.groups else ()),
            "split.leaks",
            *saying["train"],
            *(f"{step}.trials" for step in tuned),
            *(f"{step}.chosen" for step in tuned_folds),
            *(f"{step}.points" for step in curved),
            *(f"{step}.found" for step in checked),
        ),
    )
    register = Step(
        "register",
        partial(publishing.register, project),
        needs=("read", "split", "train", "evaluate", *tuned),
        # no code and no [read]: the same data, model, scores and settings are the same version, wherever the rows lay
        settings={"name": project.name, "seed": seed}
        | {key: config["project"][key] for key in ("intended_use", "data_licence")}  # as the model card says
        | {table: config[table] for table in ("split", "text", "features", "decide", "policy")}
        | {"evaluate": {key: value for key, value in config["evaluate"].items() if key != "drift"}}
        | _model_settings(mill.own),
        keyed_by=("read.digest", "read.test_digest", "train.model/", "train.text_path", "evaluate.metrics"),
        holds=partial(publishing.is_registered, project),
    )
    report = Step(
        "report",
        partial(publishing.report, project),
        needs=("read", "evaluate", *(step.name for step in compared), "register"),
        settings={"config": config},
        code=code_version("flow/publishing", "evaluate"),
        keyed_by=(
            "read.rejected/",
            "read.drift",
            "evaluate.report.json",
            *(f"{step.name}.leaderboard" for step in compared),
            "register.version",
        ),
        rule="all_done",  # a model that the gate refused is looked at all the more
        holds=partial(publishing.is_reported, project),
    )
    first = (read, split, expect) if expected else (read, split)
    learnt = (*tune, *teach, *trained.values(), *validated.values(), *curve, *check)
    return (*first, *learnt, *compared, evaluate, register, report)


def _teaching_step(project: Project, lesson: teaching.Lesson, learns: tuple[str, ...]) -> Step:
    config = project.settings
    reading = ("text", "person", "format", "columns", "encoding", "delimiter", "max_rejected")
    trained = () if lesson.trained is None else (lesson.trained,)
    learner = None if lesson.trained is None else project.models[lesson.trained]
    asks = () if learner is None else guests_of(learner.text, learner.model)
    return Step(
        lesson.step,
        partial(teaching.teach, project, lesson),
        needs=("read", "split", *trained),
        settings={
            "teacher": lesson.teacher if lesson.ref is None else str(lesson.ref),
            "read": {key: config["read"][key] for key in reading} if lesson.unlabelled else {},
            "unlabelled": lesson.unlabelled and PurePath(lesson.unlabelled).name,
            "similarity": config["split"]["similarity"],
        },
        code=code_version(*learns, "flow/teaching", guests=(*GUESTS, *(asks or ("torch", "transformers")))),
        keyed_by=(
            *("read.digest", "read.test_digest", "split.side.npy", "split.fold.npy"),
            *(f"{step}.model/" for step in trained),
        ),
        sources=partial(teaching.sources_of, project, lesson),
    )


def _model_settings(asked: CandidateConfig) -> dict[str, Any]:
    """What of ``[model]`` counts for its kind; ``[train]`` where there is something to train."""
    # of weights and vectors the bytes count, see `learning.assets_of`, not where they lie nor how that is called
    found: dict[str, Any] = {
        "model": {key: value for key, value in asked.model.said.items() if key not in ("weights", "vectors")}
    }
    train = asked.train.said(asked.model.kind)
    return found | ({"train": train} if train else {})


def _files(step: Step | None, *names: str) -> tuple[str, ...]:
    return () if step is None else tuple(f"{step.name}.{name}" for name in names)


def _own_functions(text: TextConfig, folder: Path) -> dict[str, dict[str, str]]:
    """Import the functions of the user's own that a text path names; their sources are part of the key."""
    named = [name for name in text.maps if ":" in name]
    for name in named:
        plugins.load(name, folder)
    return {"functions": {name: plugins.find(name).digest for name in named}} if named else {}
