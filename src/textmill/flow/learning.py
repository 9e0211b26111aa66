"""The first half of a classifier's steps: read, split, train.

Plain functions; what is heavy is imported inside them, so that a run with nothing to do loads none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from importlib.util import find_spec
from itertools import chain
from typing import TYPE_CHECKING, Any

from textmill.config import thread_count
from textmill.errors import MissingExtra, PluginError, TooManyRejected, TrainingError
from textmill.flow.handing import hand_out
from textmill.flow.project import Project
from textmill.flow.step import HERE, Work
from textmill.flow.training_log import watching

if TYPE_CHECKING:
    from pathlib import Path

    from textmill.config import CandidateConfig, EvaluateConfig, MillConfig
    from textmill.flow.shards import Shards
    from textmill.models import MultiLabelClassifier, TextClassifier
    from textmill.read import Corpus

__all__ = [
    "assets_of",
    "check_slices",
    "chosen",
    "corpora_of",
    "expect",
    "files_of",
    "learning_of",
    "naming_rows",
    "read",
    "rows_of",
    "sharing",
    "side_of",
    "sources_of",
    "split",
    "tested_rows",
    "texts_of",
    "train",
    "validate",
]

_ERASED = "erased"  # a source that decides which rows are read


def files_of(project: Project) -> dict[str, Path]:
    """The files that `read` reads, by their place among them, and the list of erased rows."""
    from textmill.read.source import find_files
    from textmill.registry.erased import list_of

    erased = list_of(project.store, project.name)
    found = {_ERASED: erased} if erased.exists() else {}
    config = project.mill.read
    for role, source in (("source", config.source), ("test", config.test)):
        for number, file in enumerate(find_files(source, project.folder, config.format) if source else ()):
            if file.path.is_dir():
                texts = sorted(path for path in file.path.rglob("*") if path.is_file())
                found |= {f"{role} {path.relative_to(file.path).as_posix()}": path for path in texts}
            else:
                found[f"{role} {number}"] = file.path
    return found


def sources_of(project: Project) -> dict[str, str]:
    """The sha256 of the files that `read` reads, by their place among them."""
    return {name: project.digests.of(path) for name, path in files_of(project).items()}


def assets_of(project: Project, asked: CandidateConfig) -> dict[str, str]:
    """The sha256 of the files that ``[text]`` and ``[model]`` name, by their keys."""
    text, model = asked.text, asked.model
    found: dict[str, str] = {}  # a run with nothing to do loads nothing
    if text.tokens_file is not None:
        from textmill.text.splitters import digests_of, read_assets

        found = digests_of(read_assets(text, project.folder))
    if model.vectors is not None:
        found["vectors"] = project.digests.of(project.folder / model.vectors)
    if model.weights is not None:
        from textmill.models.networks.weights import find_weights

        weights = find_weights(model.weights, project.folder)
        found |= {f"weights {path.name}": project.digests.of(path) for path in weights.files}
    return found


def read(project: Project, work: Work) -> dict[str, Any]:
    """Sources to corpora: Arrow files and their digests; rows that cannot be used, or were erased, are set aside.

    What was read is a version of the data set, and compared with the one that the model in use learned from.
    """
    from textmill.flow.datasets import keep_rows
    from textmill.flow.drift import drift_of
    from textmill.read import read_corpus
    from textmill.registry.erased import erased_of

    config = project.mill.read
    (work.folder / "rejected").mkdir()
    left: dict[str, Any] = {"test_digest": None, "test_facts": None}
    erased = erased_of(project.store, project.name)
    sources = {name: sha256 for name, sha256 in sources_of(project).items() if name != _ERASED}
    read: list[Corpus] = []
    sources_read = [
        (role, source) for role, source in (("", config.source), ("test", config.test)) if source is not None
    ]
    with sharing(project, work) as shards:  # once for both sides
        parsed = {role: shards.parsed(source) for role, source in sources_read} if shards is not None else {}
    for role, source in sources_read:
        rejected = work.folder / "rejected" / f"rejected{'_test' if role else ''}.jsonl"
        try:
            corpus = read_corpus(
                config,
                project.folder,
                source=source,
                out=work.folder / f"{role or 'corpus'}.arrow",
                rejected=rejected,
                rejected_as=project.folder / rejected.name,
                several=project.mill.project.multi_label,
                erased=erased,
                progress=partial(work.progress, note=source),
                parsed=parsed.get(role),
            )
        except TooManyRejected:
            if rejected.exists():  # the sentence says that they can be looked at
                hand_out(rejected, project.folder / rejected.name, project.store.disk)
            raise
        prefix = f"{role}_" if role else ""
        left |= {f"{prefix}digest": corpus.digest, f"{prefix}facts": dict(corpus.facts)}
        read.append(corpus)
    test = read[1] if len(read) > 1 else None
    kept = keep_rows(project, work.folder / "dataset", read[0], test, sources, work.threads)
    return left | {"dataset": str(kept.ref), "drift": drift_of(project, kept, read[0], work.threads)}


def corpora_of(work: Work) -> tuple[Corpus, Corpus | None]:
    """The corpus, and the official test side if there is one."""
    from textmill.read import Corpus

    apart = "test.arrow" in work.outputs["read"].files
    return (
        Corpus.load(work.file("read", "corpus.arrow")),
        Corpus.load(work.file("read", "test.arrow")) if apart else None,
    )


def split(project: Project, work: Work) -> dict[str, Any]:
    """Which rows the model never sees, and what the check between the sides found."""
    import numpy as np

    from textmill.read import split_corpus
    from textmill.read.seen import marks_of

    corpus, test = corpora_of(work)
    mill = project.mill
    threads = thread_count(work.threads)
    fold = mill.decide.fold if mill.decide.needs_fold else 0.0
    found = split_corpus(corpus, mill.split, seed=mill.project.seed, threads=threads, test=test, fold=fold)
    np.save(work.folder / "side.npy", found.side, allow_pickle=False)
    np.save(work.folder / "leaked.npy", found.leaked, allow_pickle=False)
    np.save(work.folder / "fold.npy", found.fold, allow_pickle=False)
    np.save(work.folder / "marks.npy", marks_of(found.loose), allow_pickle=False)
    if found.folds is not None:
        np.save(work.folder / "folds.npy", found.folds, allow_pickle=False)
    if found.clusters is not None:
        np.save(work.folder / "clusters.npy", found.clusters, allow_pickle=False)
    return {"leaks": found.leaks}


def expect(project: Project, work: Work) -> dict[str, Any]:
    """Whether the rows are as ``[expect]`` says."""
    from textmill.read.expectations import check_expectations

    corpus, _ = corpora_of(work)
    return {"measures": check_expectations(project.mill.expect, corpus, work.value("split", "leaks"))}


def rows_of(corpus: Corpus, side: Any, which: int, *columns: str, most: int | None = None) -> Any:
    """Columns of one side's rows as a table, in their order; without names all of them.

    Where that is all rows they stay in the mapped file. With `most` they are up to so many, spread evenly.
    """
    import numpy as np
    import pyarrow as pa

    from textmill.read.sample import spread

    table, wanted = corpus.table().select(columns or corpus.schema.names), side == which
    if most is not None:
        places = np.flatnonzero(wanted)
        wanted = np.zeros(len(side), bool)
        wanted[places[spread(len(places), most)]] = True
    return table if wanted.all() else table.filter(pa.array(wanted))


def texts_of(corpus: Corpus, side: Any, which: int) -> Iterator[Any]:
    """The texts of one side, an Arrow array a batch, so that never more than a batch of them is copied."""
    import pyarrow as pa

    first = 0
    for batch in corpus.batches():
        yield batch.column("text").filter(pa.array(side[first : first + batch.num_rows] == which))
        first += batch.num_rows


@contextmanager
def naming_rows(ids: Callable[[], Sequence[object]]) -> Iterator[None]:
    """Tell what stops a training, which knows texts by their numbers, by the ids of their rows."""
    try:
        yield
    except TrainingError as error:
        raise error.of_rows(ids()) from error


def side_of(work: Work) -> Any:
    """0 for a row that is learned from, 1 for a test row, 2 for one held back for ``[decide]``: int8 (n_rows,)."""
    import numpy as np

    side = np.load(work.file("split", "side.npy"), allow_pickle=False)
    side[np.load(work.file("split", "fold.npy"), allow_pickle=False)] = 2
    return side


def tested_rows(work: Work) -> Any:
    """The test rows with all their columns; with folds, all rows."""
    corpus, test = corpora_of(work)
    if test is not None:
        return test.table()
    return corpus.table() if "folds.npy" in work.outputs["split"].files else rows_of(corpus, side_of(work), 1)


def chosen(asked: CandidateConfig, work: Work) -> CandidateConfig:
    """What is to be learned, with the settings that a search chose, if there was one."""
    if "tune" not in work.outputs:
        return asked
    from textmill.models.tuning import applied

    return applied(asked, work.value("tune", "best"))


def train(project: Project, asked: CandidateConfig, work: Work) -> dict[str, Any]:
    """Learn from the training side: the files of a model."""
    import shutil
    import time

    import numpy as np

    from textmill.evaluate.probe import PROBE, Probe, probe_texts
    from textmill.models.decision import check_classes
    from textmill.models.saved import model_class
    from textmill.read.seen import write_seen

    corpus, test = corpora_of(work)
    side = side_of(work)
    mill = project.mill
    # before the work, though only deciding and scoring ask for them
    if not mill.project.multi_label:
        check_classes(mill.decide, sorted(corpus.facts["classes"]), where="mill.toml")
    check_slices(mill.evaluate, test or corpus)
    asked = chosen(asked, work)
    began = time.process_time()
    keep = (
        project.store.root / "runs" / "training" / work.key
    )  # what is there of a run that was stopped is gone on with
    labels = rows_of(corpus, side, 0, "label")["label"].to_pylist()
    lesson = None
    if asked.distil is not None:
        from textmill.flow.teaching import taught

        lesson = taught(project, asked, work, labels)

    def ids() -> list[object]:
        known: list[object] = rows_of(corpus, side, 0, "id")["id"].to_pylist()
        return known + ["without a label"] * len(lesson.labels if lesson else ())

    with sharing(project, work) as shards, watching(project, asked, work, keep) as watch, naming_rows(ids):
        shared = asked.model.is_linear and not (lesson and lesson.texts)  # shards are of the corpus alone
        made = model_class(mill.project.task).fit(
            chain(texts_of(corpus, side, 0), lesson.texts if lesson else ()),
            labels + (lesson.labels if lesson else []),
            **learning_of(project, asked, work),
            progress=lambda note: work.progress(0, None, note),
            learn=shards.learn(asked) if shards is not None and shared else None,
            keep=keep,
            soft=lesson.soft if lesson else None,
            watch=watch,
        )
    made.body.export()  # before it is asked anything: what it says from now on is what it will say when it is served
    if lesson is not None:
        made.facts["distil"] = lesson.facts
    if not mill.decide.is_plain:
        work.progress(0, None, "learning to decide")
        _learn_to_decide(mill, made, rows_of(corpus, side, 2, "text", "label"), work.threads)
    made.save(work.folder / "model")
    shutil.rmtree(keep, ignore_errors=True)
    marks = np.load(work.file("split", "marks.npy"), allow_pickle=False)
    also = [] if lesson is None else [lesson.marks]
    write_seen(work.folder / "model", np.concatenate([marks[side != 1], *also]))
    with suppress(PluginError):  # a function that fails on such texts is told at the promotion
        Probe.of(made, probe_texts(made)).save(work.folder / "model", PROBE)
    path = made.text_path  # the majority baseline reads no text
    spent = {"seconds": made.seconds, "cpu_seconds": time.process_time() - began}
    return {"text_path": path and path.hash, "facts": made.facts | dict(made.body.facts), **spent}


@contextmanager
def sharing(project: Project, work: Work) -> Iterator[Shards | None]:
    """Who shares the heavy parts of a step's work; None where it is done by this process alone."""
    if work.on is None:
        yield None
        return
    from textmill.flow.shards import Alone, Shards

    if work.on == HERE:
        yield Shards(project, work, Alone(), project.mill.schedule.share_among)
        return
    from textmill.flow.dask_bridge import connected

    with connected(work.on) as cluster:
        yield Shards(project, work, cluster)


def validate(project: Project, asked: CandidateConfig, work: Work) -> dict[str, Any]:
    """What models of the other folds say of each row: its scores, and its class in each repetition."""
    import numpy as np

    from textmill.models import TextClassifier
    from textmill.models.crossfit import out_of_fold
    from textmill.models.tuning import applied

    corpus, _ = corpora_of(work)
    table = corpus.table()
    folds = np.load(work.file("split", "folds.npy"), allow_pickle=False)
    labels = table["label"].to_pylist()
    codes: list[Any] = []

    def fit(asked: CandidateConfig) -> Any:
        return partial(TextClassifier.fit, **learning_of(project, asked, work))

    def progress(done: int, n: int) -> None:
        work.progress(len(codes) * n + done, n * len(folds), "folds")

    by_fold = work.value("tune-folds", "chosen") if "tune-folds" in work.outputs else ()
    for number, repeat in enumerate(folds):
        fits = [fit(applied(asked, one["settings"])) for one in by_fold if one["repeat"] == number] or fit(asked)
        with naming_rows(table["id"].to_pylist):
            said = out_of_fold(table["text"], labels, repeat, fits, threads=work.threads, progress=progress)
        if not codes:
            np.save(work.folder / "scores.npy", said.scores, allow_pickle=False)
        codes.append(said.codes)
    np.save(work.folder / "codes.npy", np.stack(codes), allow_pickle=False)
    return {}


def learning_of(project: Project, asked: CandidateConfig, work: Work) -> dict[str, Any]:
    """How a classifier is to be fitted, as `TextClassifier.fit` takes it."""
    from textmill.text import TextPath

    path = TextPath(asked.text, folder=project.folder)
    common = {"seed": project.mill.project.seed, "threads": work.threads}
    return {
        "text": path,
        "features": asked.features,
        "model": asked.model,
        "train": asked.train,
        "folder": project.folder,
        **common,
    }


def check_slices(config: EvaluateConfig, corpus: Corpus) -> None:
    """The columns that ``[evaluate] slices`` names are there; a language can be told without one.

    Raises
    ------
    ConfigError : if one is not
    MissingExtra : if what tells languages apart is not installed
    """
    asked = [name for name in config.slices if name != "length"]
    if "language" in asked and "language" not in corpus.schema.names:
        asked.remove("language")
        if find_spec("py3langid") is None:
            raise MissingExtra("[evaluate] slices: language", package="py3langid", extra="languages")
    if asked:
        from textmill.read.units import column_of

        for name in asked:
            column_of(corpus, name, "evaluate.slices")


def _learn_to_decide(
    mill: MillConfig, model: TextClassifier | MultiLabelClassifier, held: Any, threads: int | None
) -> None:
    """Learn from the rows held back how the model's probabilities become answers."""
    from textmill.models import TextClassifier
    from textmill.models.decision import Decision
    from textmill.models.label_thresholds import LabelThresholds
    from textmill.types import Prediction, memberships

    labels = held["label"].to_pylist()
    said = model.predict(held["text"], threads=threads)
    if isinstance(model, TextClassifier):
        assert isinstance(said, Prediction)
        model.decision = Decision.fit(mill.decide, said, labels)
        return
    members = memberships(labels, model.classes)
    model.thresholds = LabelThresholds.fit(mill.decide, model.classes, said.scores, members)
