"""The steps that look for settings on the training side: what it has measured it does not measure again."""

from __future__ import annotations

import itertools
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textmill.config import CandidateConfig, SplitConfig, thread_count
from textmill.flow.learning import corpora_of, learning_of, naming_rows, rows_of, side_of
from textmill.flow.project import Project
from textmill.flow.step import Work
from textmill.registry.disk import writing
from textmill.types import canonical_json

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["tune", "tune_folds"]


def tune(project: Project, asked: CandidateConfig, work: Work) -> dict[str, Any]:
    """Look for settings; the test side, and what is held back for ``[decide]``, are not touched."""
    corpus, _ = corpora_of(work)
    rows = rows_of(corpus, side_of(work), 0)
    found = _searched(project, asked, work, rows, _Known.of(project, work))
    best = _best(found["trials"])
    return {"best": best["settings"], "trial": best["number"], "folds": project.mill.tune.folds, **found}


def tune_folds(project: Project, asked: CandidateConfig, work: Work) -> dict[str, Any]:
    """Look for settings anew for the model of each fold, on the rows that it learns from: nested cross-validation.

    What is then measured on the fold had no part in the choice (Cawley and Talbot, 2010).
    """
    import numpy as np
    import pyarrow as pa

    table = corpora_of(work)[0].table()
    folds = np.load(work.file("split", "folds.npy"), allow_pickle=False)
    known = _Known.of(project, work)
    n = int(folds.max()) + 1
    chosen = []
    for number, (of, fold) in enumerate(itertools.product(folds, range(n))):
        rows = table.filter(pa.array(of != fold))
        found = _searched(project, asked, work, rows, known, number=number, searches=len(folds) * n)
        best = _best(found["trials"])
        told = {"settings": best["settings"], "scores": best["scores"], "metric": found["metric"]}
        chosen.append({"repeat": number // n, "fold": fold, **told})
    return {"chosen": chosen}


def _searched(
    project: Project,
    asked: CandidateConfig,
    work: Work,
    rows: pa.Table,
    known: _Known,
    *,
    number: int | None = None,
    searches: int = 1,
) -> dict[str, Any]:
    """The trials of a search on folds of `rows`, and by which metric; `number` is that of one of several searches."""
    import numpy as np
    import pyarrow as pa

    from textmill.models import TextClassifier
    from textmill.models.tuning import search
    from textmill.read import Corpus, split_corpus

    mill = project.mill
    # texts that belong together are in one fold here too
    config = SplitConfig(folds=mill.tune.folds, stratify=True, similarity=mill.split.similarity, group=mill.split.group)
    seed, threads = mill.project.seed, thread_count(work.threads)
    folds = split_corpus(Corpus("the training rows", "", rows, {}), config, seed=seed, threads=threads).folds
    assert folds is not None
    labels = rows["label"].to_pylist()
    metric, scored = _metric(mill.tune.metric, labels)

    def score(config: CandidateConfig, fold: int) -> float:
        key = canonical_json([asdict(config), fold] if number is None else [asdict(config), number, fold]).decode()
        if key not in known.scores:
            tested = folds[0] == fold
            learned = rows.filter(pa.array(~tested))
            with naming_rows(learned["id"].to_pylist):
                model = TextClassifier.fit(
                    learned["text"], learned["label"].to_pylist(), **learning_of(project, config, work)
                )
            said = model.predict(rows["text"].filter(pa.array(tested)), threads=work.threads)
            truth = said.numbered([labels[row] for row in np.flatnonzero(tested).tolist()])
            known.add(key, scored(truth, said.codes, len(model.classes)))
        return known.scores[key]

    trials = search(
        asked,
        mill.tune.space,
        score,
        trials=mill.tune.trials,
        folds=mill.tune.folds,
        seed=seed,
        progress=lambda done, n: work.progress((number or 0) * n + done, searches * n, "trials"),
    )
    told = [
        {"number": one.number, "settings": one.settings, "scores": one.scores, "complete": one.complete}
        for one in trials
    ]
    return {"metric": metric, "trials": told}


def _best(trials: list[dict[str, Any]]) -> dict[str, Any]:
    """The complete trial with the best mean, of equals the first."""
    complete = [one for one in trials if one["complete"]]
    return max(complete, key=lambda one: (sum(one["scores"]) / len(one["scores"]), -one["number"]))


def _metric(wanted: str, labels: list[str]) -> tuple[str, Callable[[NDArray[np.int64], NDArray[np.int64], int], float]]:
    """The score that decides: accuracy, or the mean F1 of the classes where one class is nearly everything."""
    import numpy as np

    from textmill.evaluate import metrics as formulas
    from textmill.evaluate.headline import headline

    classes = sorted(set(labels))
    counts = np.array([labels.count(name) for name in classes])
    metric = (
        wanted if wanted != "auto" else "accuracy" if headline(counts, classes)["metric"] == "accuracy" else "f1_macro"
    )

    def accuracy(truth: NDArray[np.int64], said: NDArray[np.int64], n_classes: int) -> float:
        return float((truth == said).mean())

    def f1_macro(truth: NDArray[np.int64], said: NDArray[np.int64], n_classes: int) -> float:
        known = truth >= 0
        confusion = formulas.confusion_matrix(truth[known], said[known], n_classes)
        predicted, true = confusion.sum(axis=0), confusion.sum(axis=1)
        _, _, f1 = formulas.precision_recall_f1(np.diagonal(confusion), predicted, true)
        return float(formulas.macro(f1, predicted + true > 0))

    return metric, accuracy if metric == "accuracy" else f1_macro


class _Known:
    """What was measured already, in a file of the store, so that a run that was killed goes on where it stood."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.scores: dict[str, float] = {}
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            for line in path.read_text(encoding="utf-8").split("\n")[:-1]:  # the last may have been cut
                one = json.loads(line)
                self.scores[one["key"]] = one["score"]
            kept = "".join(f"{json.dumps({'key': key, 'score': score})}\n" for key, score in self.scores.items())
            with writing(path):
                path.write_text(kept, encoding="utf-8")

    @classmethod
    def of(cls, project: Project, work: Work) -> _Known:
        return cls(project.store.root / "runs" / f"tune-{work.key}.jsonl")

    def add(self, key: str, score: float) -> None:
        self.scores[key] = score
        with writing(self.path), self.path.open("a", encoding="utf-8") as file:
            file.write(f"{json.dumps({'key': key, 'score': score})}\n")
            file.flush()
            os.fsync(file.fileno())
