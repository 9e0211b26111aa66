"""What there is to know of a project's rows: ``textmill data check``, and the step of a run that does as much."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textmill.config import CandidateConfig, MillConfig, ModelConfig, SplitConfig, thread_count
from textmill.errors import DataError, MissingExtra
from textmill.flow.learning import corpora_of
from textmill.flow.project import Project
from textmill.flow.step import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from textmill.read import Corpus, Split

__all__ = ["check", "check_project"]

_FOLDS = 5
_MOST = 50_000  # rows of which labels are doubted and words compared unless it is asked for
_LISTED = 50


def check_project(
    mill: MillConfig,
    folder: Path,
    *,
    threads: int = 1,
    labels: bool | None = None,
    progress: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Look at the rows that ``[read]`` names, and at how ``[split]`` would deal them out; nothing is kept.

    Parameters
    ----------
    folder : the project's, where the source is looked for
    labels : whether to look for labels that are probably wrong, which trains five models; None: up to 50,000 rows
    progress : told what is being looked at

    Returns
    -------
    dict of JSON values: as from `inspect_rows`, and

    - ``leaks``: the sentence on the two sides, or why the rows cannot be dealt out
    - ``sides``: ``train`` and ``test``, how many rows there are on each; None where there are no sides
    - ``shift``: whether the sides speak alike, see `vocabulary_shift`; None where there are no sides
    - ``doubtful``: ``rows``, how many labels are in doubt ``of`` how many, and the surest 50 as ``listed`` (``id``,
      ``text`` or its beginning, ``label``, ``said``, ``probability``); None where they were not looked for
    - ``languages``: as from `find_languages`; None where the package that tells them is not installed
    - ``unmet``: what is not as ``[expect]`` says

    Raises
    ------
    as `read_corpus`
    MissingExtra : if ``[expect]`` asks for languages, and the package that tells them is not installed
    """
    import tempfile

    from textmill.read import read_corpus, split_corpus
    from textmill.read.expectations import measures, unmet
    from textmill.read.inspection import inspect_rows, one_sided

    say = progress or (lambda note: None)
    with tempfile.TemporaryDirectory() as made:

        def read(source: str, name: str) -> Corpus:
            out, rejected = Path(made) / f"{name}.arrow", Path(made) / f"{name}.jsonl"
            several = mill.project.multi_label
            return read_corpus(mill.read, folder, source=source, out=out, rejected=rejected, several=several)

        say("reading the rows")
        corpus = read(mill.read.source, "rows")
        test = read(mill.read.test, "test") if mill.read.test is not None else None
        say("looking for texts that are alike")
        split: Split | None = None
        try:
            split = split_corpus(corpus, mill.split, seed=mill.project.seed, threads=threads, test=test)
            leaks, said = split.leaks, str(split.leaks["sentence"])
        except DataError as error:
            leaks, said = one_sided(corpus, mill.split, threads), str(error)
        found = inspect_rows(corpus, mill.read, folder, leaks=leaks, threads=threads)
        few = corpus.n_rows <= _MOST
        say("telling languages apart")
        languages = _languages(corpus, needed=bool(mill.expect.languages))
        say("comparing the words of the sides")
        shift = _shift(mill, folder, corpus, test, split, threads) if few and split is not None else None
        doubtful = None
        if few if labels is None else labels:
            say("training models that doubt labels")
            doubtful = _doubtful(mill, folder, corpus, threads)
        return found | {
            "leaks": said,
            "sides": _sides(split, test),
            "shift": shift,
            "doubtful": doubtful,
            "languages": languages,
            "unmet": unmet(mill.expect, measures(corpus, leaks), corpus.facts["classes"], languages),
        }


def check(project: Project, asked: CandidateConfig, work: Work) -> dict[str, Any]:
    """The step that looks as closely at the rows of a run, where ``[evaluate] data_check`` asks for it."""
    from textmill.read import split_corpus

    corpus, test = corpora_of(work)
    mill, threads = project.mill, thread_count(work.threads)
    # dealt as the step before did, which keeps the sides and not what stays together
    split = split_corpus(corpus, mill.split, seed=mill.project.seed, threads=threads, test=test)
    found = {
        "languages": _languages(corpus, needed=False),
        "shift": _shift(mill, project.folder, corpus, test, split, threads),
        "doubtful": _doubtful(mill, project.folder, corpus, threads),
    }
    return {"found": found}


def _sides(split: Split | None, test: Corpus | None) -> dict[str, int] | None:
    if split is None or split.folds is not None:
        return None
    tested = int((split.side == 1).sum()) if test is None else test.n_rows
    return {"train": int((split.side == 0).sum()), "test": tested}


def _languages(corpus: Corpus, *, needed: bool) -> dict[str, int] | None:
    from textmill.read.languages import find_languages

    try:
        return find_languages(corpus)
    except MissingExtra:
        if needed:
            raise
        return None


def _shift(
    mill: MillConfig, folder: Path, corpus: Corpus, test: Corpus | None, split: Split, threads: int
) -> dict[str, Any] | None:
    import numpy as np
    import pyarrow as pa

    from textmill.evaluate.shift import vocabulary_shift
    from textmill.text import TextPath

    if split.folds is not None:
        return None
    parts = [corpus, test] if test is not None else [corpus]
    side = np.concatenate([split.side, np.ones(test.n_rows, np.int8)]) if test is not None else split.side
    texts = pa.chunked_array([chunk for part in parts for chunk in part.table()["text"].chunks])
    # of pairs the plain words of both texts
    tokens = TextPath(replace(mill.text, pairs=False), folder=folder).tokens(texts, threads=threads)
    units = None if test is not None else split.units
    return vocabulary_shift(tokens, side, seed=mill.project.seed, units=units)


def _doubtful(mill: MillConfig, folder: Path, corpus: Corpus, threads: int) -> dict[str, Any] | None:
    from textmill.evaluate.doubts import doubtful_labels
    from textmill.evaluate.report import shown
    from textmill.models import TextClassifier
    from textmill.models.crossfit import out_of_fold
    from textmill.read import split_corpus
    from textmill.text import TextPath
    from textmill.text.clean import drop_headers

    seed = mill.project.seed
    if mill.model.kind == "majority" or mill.project.multi_label:
        return None
    # a twin in another fold would confirm whatever label both have
    config = SplitConfig(folds=_FOLDS, stratify=True, similarity=mill.split.similarity, group=mill.split.group)
    path = TextPath(mill.text, folder=folder)
    # networks take long, and what words say of a label is what is asked here
    judge = mill.model if mill.model.is_linear else ModelConfig()
    fit = partial(TextClassifier.fit, text=path, features=mill.features, model=judge, seed=seed, threads=threads)
    table = corpus.table()
    labels = table["label"].to_pylist()
    try:
        folds = split_corpus(corpus, config, seed=seed, threads=threads).folds
        assert folds is not None
        said = out_of_fold(table["text"], labels, folds[0], fit, threads=threads)
    except DataError:
        return None  # too few rows of a class, or apart from each other, to learn from some of them
    found = doubtful_labels(said.numbered(labels), said)
    listed = found[:_LISTED]
    rows = table.take([one["row"] for one in listed])
    # the header of a message says nothing to a reader who is to judge the label
    texts = drop_headers(rows["text"].to_pylist())
    for one, name, text in zip(listed, rows["id"].to_pylist(), texts, strict=True):
        one |= {"id": name, "text": shown(text.strip())}
    return {"rows": len(found), "of": corpus.n_rows, "listed": listed}
