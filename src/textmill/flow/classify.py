"""The steps of a text classifier: read -> split -> train -> evaluate -> register -> report.

Plain functions; what is heavy is imported inside them, so that a run with nothing to do loads none of it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from textmill.config import MillConfig, thread_count
from textmill.errors import NotInStore, TooManyRejected
from textmill.flow.handing import hand_out, is_handed_out
from textmill.flow.keys import code_version
from textmill.flow.sources import FileDigests
from textmill.flow.step import Flow, Step, Work
from textmill.registry import Finished, Store
from textmill.types import Manifest, Report

if TYPE_CHECKING:
    from textmill.models import TextClassifier
    from textmill.read import Corpus
    from textmill.types import Prediction

__all__ = ["classify", "report_of"]

_TELLING = 20  # terms a class in the report


@dataclass(frozen=True, slots=True)
class _Project:
    """What every step knows: the settings, the folder they are from, the store."""

    mill: MillConfig
    folder: Path
    store: Store
    digests: FileDigests

    @property
    def name(self) -> str:
        return self.mill.project.name

    @property
    def settings(self) -> dict[str, Any]:
        """All settings, the sources by name only: where they lie decides nothing."""
        config = asdict(self.mill)
        for key in ("source", "test"):
            config["read"][key] = config["read"][key] and PurePath(config["read"][key]).name
        return config


def classify(mill: MillConfig, folder: Path, store: Store, digests: FileDigests) -> Flow:
    """The plan of a classifier's project.

    Parameters
    ----------
    folder : the project's; sources are looked for there, and the report is written there
    digests : of the files outside of the store
    """
    project = _Project(mill, folder, store, digests)
    config, seed = project.settings, mill.project.seed
    learns = ("flow/classify", "read", "_native", "text", "features", "models")
    guests = ("numpy", "pyarrow", "pystemmer")
    read = Step(
        "read",
        partial(_read, project),
        settings=config["read"],
        code=code_version("flow/classify", "read", guests=guests),
        sources=partial(_sources, project),
    )
    split = Step(
        "split",
        partial(_split, project),
        needs=("read",),
        settings={"split": config["split"], "seed": seed},
        code=code_version("flow/classify", "read", "_native", guests=guests),
        keyed_by=("read.digest", "read.test_digest"),
    )
    train = Step(
        "train",
        partial(_train, project),
        needs=("read", "split"),
        settings={"seed": seed} | {table: config[table] for table in ("text", "features", "model")},
        code=code_version(*learns, guests=guests),
        keyed_by=("read.digest", "split.side.npy"),
    )
    evaluate = Step(
        "evaluate",
        partial(_evaluate, project),
        needs=("read", "split", "train"),
        # the gate is no part of it: asking for more measures nothing anew
        settings={"name": project.name, "seed": seed, "evaluate": config["evaluate"] | {"promote_if": None}},
        code=code_version(*learns, "evaluate", guests=guests),
        keyed_by=("read.digest", "read.test_digest", "read.facts", "split.side.npy", "split.leaks", "train.model/"),
    )
    register = Step(
        "register",
        partial(_register, project),
        needs=("read", "train", "evaluate"),
        # no code and no [read]: the same data, model, scores and settings are the same version, wherever the rows lay
        settings={"name": project.name, "seed": seed}
        | {table: config[table] for table in ("split", "text", "features", "model", "evaluate")},
        keyed_by=("read.digest", "read.test_digest", "train.model/", "train.text_path", "evaluate.metrics"),
        holds=partial(_is_registered, project),
    )
    report = Step(
        "report",
        partial(_report, project),
        needs=("read", "evaluate", "register"),
        settings={"config": config},
        code=code_version("flow/classify", "evaluate"),
        keyed_by=("read.rejected/", "evaluate.report.json", "register.version"),
        rule="all_done",  # a model that the gate refused is looked at all the more
        holds=partial(_is_handed_out, project),
    )
    return Flow(project.name, (read, split, train, evaluate, register, report))


def _sources(project: _Project) -> dict[str, str]:
    from textmill.read.source import find_files

    found: dict[str, str] = {}
    config = project.mill.read
    for role, source in (("source", config.source), ("test", config.test)):
        for number, file in enumerate(find_files(source, project.folder, config.format) if source else ()):
            if file.path.is_dir():
                texts = sorted(path for path in file.path.rglob("*") if path.is_file())
                found |= {
                    f"{role} {path.relative_to(file.path).as_posix()}": project.digests.of(path) for path in texts
                }
            else:
                found[f"{role} {number}"] = project.digests.of(file.path)
    return found


def _read(project: _Project, work: Work) -> dict[str, Any]:
    from textmill.read import read_corpus

    config = project.mill.read
    (work.folder / "rejected").mkdir()
    left: dict[str, Any] = {"test_digest": None, "test_facts": None}
    for role, source in (("", config.source), ("test", config.test)):
        if source is None:
            continue
        rejected = work.folder / "rejected" / f"rejected{'_test' if role else ''}.jsonl"
        try:
            corpus = read_corpus(
                config,
                project.folder,
                source=source,
                out=work.folder / f"{role or 'corpus'}.arrow",
                rejected=rejected,
                progress=partial(work.progress, note=source),
            )
        except TooManyRejected:
            if rejected.exists():  # the sentence says that they can be looked at
                hand_out(rejected, project.folder / rejected.name, project.store.disk)
            raise
        prefix = f"{role}_" if role else ""
        left |= {f"{prefix}digest": corpus.digest, f"{prefix}facts": dict(corpus.facts)}
    return left


def _corpora(work: Work) -> tuple[Corpus, Corpus | None]:
    from textmill.read import Corpus

    apart = "test.arrow" in work.outputs["read"].files
    return (
        Corpus.load(work.file("read", "corpus.arrow")),
        Corpus.load(work.file("read", "test.arrow")) if apart else None,
    )


def _split(project: _Project, work: Work) -> dict[str, Any]:
    import numpy as np

    from textmill.read import split_corpus

    corpus, test = _corpora(work)
    mill = project.mill
    threads = thread_count(work.threads)
    found = split_corpus(corpus, mill.split, seed=mill.project.seed, threads=threads, test=test)
    np.save(work.folder / "side.npy", found.side, allow_pickle=False)
    return {"leaks": found.leaks}


def _rows(corpus: Corpus, side: Any, which: int, *columns: str) -> Any:
    """Columns of one side's rows as a table, in their order; where that is all rows they stay in the mapped file."""
    import pyarrow as pa

    table, wanted = corpus.table().select(columns), side == which
    return table if wanted.all() else table.filter(pa.array(wanted))


def _side(work: Work) -> Any:
    import numpy as np

    return np.load(work.file("split", "side.npy"), allow_pickle=False)


def _train(project: _Project, work: Work) -> dict[str, Any]:
    from textmill.models import TextClassifier

    corpus, _ = _corpora(work)
    rows = _rows(corpus, _side(work), 0, "text", "label")
    mill = project.mill
    model = TextClassifier.fit(
        rows["text"],
        rows["label"].to_pylist(),
        text=mill.text,
        features=mill.features,
        model=mill.model,
        seed=mill.project.seed,
        threads=work.threads,
        progress=lambda note: work.progress(0, None, note),
    )
    model.save(work.folder / "model")
    path = model.text_path  # the majority baseline reads no text
    return {"text_path": path and path.hash, "facts": model.facts, "seconds": model.seconds}


def _evaluate(project: _Project, work: Work) -> dict[str, Any]:
    import time

    from textmill.evaluate import build_report, evaluate
    from textmill.models import TextClassifier

    corpus, test = _corpora(work)
    side = _side(work)
    model = TextClassifier.load(work.tree("train", "model/"))
    learned = _rows(corpus, side, 0, "label")["label"].to_pylist()
    rows = test.table() if test is not None else _rows(corpus, side, 1, "id", "text", "label")
    truth = rows["label"].to_pylist()
    began = time.perf_counter()
    prediction = model.predict(rows["text"], threads=work.threads)
    predicted = time.perf_counter() - began
    mill = project.mill
    measured = evaluate(
        truth, prediction, _majority(model, learned, len(truth)), config=mill.evaluate, seed=mill.project.seed
    )
    files = work.outputs["train"].files
    report = build_report(
        measured,
        model=project.name,
        texts=rows["text"],
        ids=rows["id"],
        telling=model.telling(_TELLING),
        leaks=work.value("split", "leaks"),
        data={
            **work.value("read", "facts"),
            "source": project.settings["read"]["source"],
            "digest": work.value("read", "digest"),
            "test_source": project.settings["read"]["test"],
            "train": len(learned),
            "test": len(truth),
            "classes": _counts(learned, truth),
        },
    )
    # without the times, so that what is keyed by it is the same in every run
    (work.folder / "report.json").write_text(json.dumps(report.to_json(), ensure_ascii=False), encoding="utf-8")
    cost = {
        "seconds": {step: done.seconds for step, done in work.outputs.items()} | {"predict": predicted},
        "model_bytes": sum(file.size for name, file in files.items() if name.startswith("model/")),
        "training": work.value("train", "facts") | {"seconds": work.value("train", "seconds")},
    }
    return {"metrics": {name: score.value for name, score in report.metrics.items()}, "cost": cost}


def _counts(learned: Sequence[str], truth: Sequence[str]) -> dict[str, dict[str, int]]:
    sides = {"train": Counter(learned), "test": Counter(truth)}
    return {label: {side: counts[label] for side, counts in sides.items()} for label in sorted({*learned, *truth})}


def _majority(model: TextClassifier, learned: Sequence[str], n: int) -> Prediction:
    """What the shares of the classes in training say of each of `n` texts."""
    import numpy as np

    from textmill.types import Prediction

    counts = Counter(learned)
    shares = np.array([counts[label] / len(learned) for label in model.classes], np.float32)
    return Prediction(model.classes, np.tile(shares, (n, 1)))


def _register(project: _Project, work: Work) -> dict[str, Any]:
    from textmill.evaluate import check_gate

    report = _measured(work.file("evaluate", "report.json"), work.outputs["evaluate"])
    check_gate(report, project.mill.evaluate)
    newest = _newest(project)
    if newest is not None and newest.parents.get("run") == work.key:
        return {"version": newest.ref.version}  # killed after it was published and before that was noted
    folder = work.tree("train", "model/")
    (folder / "report.json").write_text(json.dumps(report.to_json(), ensure_ascii=False), encoding="utf-8")
    parents = {
        "data": work.value("read", "digest"),
        "test": work.value("read", "test_digest"),
        "code": code_version("read", "_native", "text", "features", "models", "evaluate"),
        "text_path": work.value("train", "text_path"),
        "run": work.key,
    }
    made = project.store.publish(
        project.name,
        folder,
        parents={name: value for name, value in parents.items() if value is not None},
        config=asdict(project.mill),
        report=work.value("evaluate", "metrics"),
    )
    return {"version": made.ref.version}


def _newest(project: _Project) -> Manifest | None:
    try:
        return project.store.manifest(project.name)
    except NotInStore:
        return None


def _is_registered(project: _Project, finished: Finished, outputs: Mapping[str, Finished]) -> bool:
    # going back to earlier settings makes a new version: the newest is always that of the last run
    newest = _newest(project)
    return newest is not None and newest.parents.get("run") == finished.key


def _report(project: _Project, work: Work) -> None:
    from textmill.evaluate import render_html

    registered = work.outputs.get("register")
    version = registered.values["version"] if registered else None
    report = _measured(work.file("evaluate", "report.json"), work.outputs["evaluate"])
    page = work.folder / "report.html"
    page.write_text(render_html(report, config=project.settings, version=version), encoding="utf-8")
    hand_out(page, project.folder / page.name, project.store.disk)
    for name in work.outputs["read"].files:
        if name.startswith("rejected/"):
            hand_out(work.file("read", name), project.folder / PurePath(name).name, project.store.disk)


def _is_handed_out(project: _Project, finished: Finished, outputs: Mapping[str, Finished]) -> bool:
    handed = {"report.html": finished.files["report.html"]}
    handed |= {PurePath(name).name: f for name, f in outputs["read"].files.items() if name.startswith("rejected/")}
    return all(is_handed_out(project.folder / name, f.sha256, project.digests) for name, f in handed.items())


def report_of(mill: MillConfig, store: Store, evaluated: Finished, version: int | None) -> Report:
    """The report of a finished evaluation, with the settings and the version that it was registered as."""
    report = _measured(store.object(evaluated.files["report.json"].sha256, verify=True), evaluated)
    plain = json.loads(json.dumps(asdict(mill)))
    return replace(report, details=report.details | {"settings": plain, "version": version})


def _measured(path: Path, evaluated: Finished) -> Report:
    return replace(Report.from_json(json.loads(path.read_bytes())), cost=dict(evaluated.values["cost"]))
