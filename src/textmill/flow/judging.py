"""The second half of a classifier's steps: evaluate, and compare with candidates.

Plain functions; what is heavy is imported inside them, so that a run with nothing to do loads none of it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from textmill.config import MillConfig
from textmill.config.models import WEIGHING
from textmill.flow.learning import check_slices, corpora_of, rows_of, sharing, side_of, tested_rows
from textmill.flow.looking import looked_at, looked_into, told_of_rows, words_of
from textmill.flow.project import Project, validation_of
from textmill.flow.step import Work
from textmill.flow.teaching import lesson_steps
from textmill.types import Ref

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from textmill.features.csr import Csr
    from textmill.models.text_model import TextModel
    from textmill.types import LabelSets, Prediction

__all__ = ["compare", "evaluate"]

_TELLING = 20  # terms a class in the report


def evaluate(project: Project, work: Work) -> dict[str, Any]:
    """Measure the model on the rows it never saw, beside the majority baseline."""
    import time

    import numpy as np

    from textmill.evaluate import build_report, without_leaks
    from textmill.evaluate import evaluate as measure
    from textmill.models import load_model
    from textmill.types import Prediction

    corpus, test = corpora_of(work)
    side = side_of(work)
    check_slices(project.mill.evaluate, test or corpus)
    model = load_model(work.tree("train", "model/"))
    learned = rows_of(corpus, side, 0, "label")["label"].to_pylist()
    rows = tested_rows(work)
    truth = rows["label"].to_pylist()
    began = time.perf_counter()
    prediction, weighed = _said(project, work, "train", model, rows)
    predicted = time.perf_counter() - began
    mill = project.mill
    majority = _majority(model.classes, model.several, learned, len(truth))
    positive = mill.decide.positive
    clusters = None
    if mill.split.groups:
        clusters = np.load(work.file("split", "clusters.npy"), allow_pickle=False)
    asked: dict[str, Any] = {"config": mill.evaluate, "seed": mill.project.seed, "positive": positive}
    measured = measure(truth, prediction, majority, clusters=clusters, **asked)
    leaked = np.load(work.file("split", "leaked.npy"), allow_pickle=False)
    if leaked.any() and not leaked.all():
        measured.details["without_leaks"] = without_leaks(truth, prediction, majority, leaked, **asked)
    measured.details.update(looked_into(project, model, rows, prediction, majority, measured))
    if "curve" in work.outputs:
        measured.details["learning_curve"] = work.value("curve", "points")
    if model.text_path is not None:
        measured.details.update(words_of(model, work, rows, prediction, measured, weighed))
    if "check" in work.outputs:
        measured.details["data_check"] = work.value("check", "found")
    if "tune" in work.outputs:
        measured.details["tuning"] = {**work.outputs["tune"].values}
    if "tune-folds" in work.outputs:
        measured.details["tuning"]["by_fold"] = work.value("tune-folds", "chosen")
    if mill.split.folds is not None and isinstance(prediction, Prediction):
        measured.details["folds"] = _folds(mill, work, prediction.numbered(truth))
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
            "held_back": int((side == 2).sum()),
            "test": len(truth),
            "folds": mill.split.folds,
            "classes": _counts(*(_rows_of_each(labels, model.several) for labels in (learned, truth))),
            **told_of_rows(corpus, side, mill.read),
        },
    )
    # without the times, so that what is keyed by it is the same in every run
    (work.folder / "report.json").write_text(json.dumps(report.to_json(), ensure_ascii=False), encoding="utf-8")
    cost = {
        "seconds": {step: done.seconds for step, done in work.outputs.items()} | {"predict": predicted},
        "model_bytes": _model_bytes(work, "train"),
        "training": work.value("train", "facts") | {"seconds": work.value("train", "seconds")},
    }
    return {"metrics": {name: score.value for name, score in report.metrics.items()}, "cost": cost}


def _said(
    project: Project, work: Work, step: str, model: TextModel, rows: Any
) -> tuple[Prediction | LabelSets, Csr | None]:
    """What a model says of the test rows; with folds, what the models of the other folds said.

    And what its features made of those rows that are `looked_at`, where they made anything of them.
    """
    import numpy as np

    from textmill.models import TextClassifier
    from textmill.types import Prediction

    if isinstance(model, TextClassifier) and validation_of(step) in work.outputs:
        scores = np.load(work.file(validation_of(step), "scores.npy"), allow_pickle=False)
        return model.decision.of(scores) if model.decision else Prediction(model.classes, scores), None
    if model.features is None:  # the majority, or a network
        return model.predict(rows["text"], threads=work.threads), None
    with sharing(project, work) as shards:
        if shards is not None:
            return model.answers(shards.outputs(step)), None
    weighed = model.features.rows(rows["text"], threads=work.threads)
    return model.predict(weighed, threads=work.threads), weighed.take(looked_at(rows))


def _folds(mill: MillConfig, work: Work, truth: NDArray[np.int64]) -> dict[str, Any]:
    """How much the score moves from repetition to repetition; `truth` are class numbers."""
    import numpy as np

    codes = np.load(work.file("validate", "codes.npy"), allow_pickle=False)
    right = codes == truth
    return {"folds": mill.split.folds, "repeats": mill.split.repeats, "accuracies": right.mean(axis=1).tolist()}


def compare(project: Project, work: Work) -> dict[str, Any]:
    """Measure the model and its candidates on the same test rows, one after the other on this machine.

    Teachers that come from the store are measured beside them.
    """
    from textmill.evaluate.leaderboard import leaderboard, undominated
    from textmill.evaluate.speed import timed
    from textmill.models import load_model

    rows = tested_rows(work)
    mill = project.mill
    predictions: dict[str, Any] = {}
    costs: dict[str, Any] = {}
    for number, (step, one) in enumerate(project.models.items()):
        work.progress(number, len(project.models), one.name)
        model = load_model(work.tree(step, "model/"))
        predictions[one.name], _ = _said(project, work, step, model, rows)
        costs[one.name] = timed(model, rows["text"], threads=work.threads)
        costs[one.name] |= {"model_bytes": _model_bytes(work, step), "cpu_seconds": work.value(step, "cpu_seconds")}
    lessons = lesson_steps(project)
    for step in dict.fromkeys(lessons.values()):
        name = work.value(step, "teacher")
        if name not in predictions:
            work.progress(len(project.models), None, name)
            manifest, folder = project.store.open(Ref.parse(name))
            model = load_model(folder)
            predictions[name] = model.predict(rows["text"], threads=work.threads)
            costs[name] = timed(model, rows["text"], threads=work.threads)
            costs[name]["model_bytes"] = sum((folder / file).stat().st_size for file in manifest.files)
    truth = rows["label"].to_pylist()
    asked: dict[str, Any] = {"config": mill.evaluate, "seed": mill.project.seed, "positive": mill.decide.positive}
    found = leaderboard(truth, predictions, **asked)
    own = {one.name for one in project.models.values()}  # a teacher from elsewhere is not to be chosen
    leading = {name: scores[found["metric"]]["value"] for name, scores in found["models"].items() if name in own}
    if lessons:
        found["taught"] = _taught(project, work, truth, predictions, found["metric"], asked)
    return {"leaderboard": found, "costs": costs, "undominated": undominated(leading, costs)}


def _taught(
    project: Project,
    work: Work,
    truth: list[str],
    predictions: dict[str, Any],
    metric: str,
    asked: dict[str, Any],
) -> list[dict[str, Any]]:
    """What each student keeps of what its teacher gains over a model that nobody teaches.

    That is the first logistic regression; where there is none the first bag; else the majority.
    """
    from textmill.evaluate.distillation import kept_gain

    found = []
    plain = [one for one in project.models.values() if one.model.is_linear and one.distil is None]
    plain.sort(key=lambda one: WEIGHING.index(one.model.kind))  # of one kind as they stand in the file
    for step, lesson in lesson_steps(project).items():
        student = project.models[step].name
        told = {key: work.value(lesson, key) for key in ("teacher", "unlabelled", "near_test", "knows_test")}
        base = next((one for one in plain if one.name != told["teacher"]), None)
        if base is None:
            corpus, _ = corpora_of(work)
            learned = rows_of(corpus, side_of(work), 0, "label")["label"].to_pylist()
            said = _majority(predictions[student].classes, project.mill.project.multi_label, learned, len(truth))
        else:
            said = predictions[base.name]
        kept = kept_gain(truth, predictions[student], predictions[told["teacher"]], said, metric=metric, **asked)
        over = {"over": base.name if base else None, "over_kind": base.model.kind if base else None}
        found.append({"model": student, **over, **kept, "teacher_value": kept["teacher"], **told})
    return found


def _model_bytes(work: Work, step: str) -> int:
    return sum(file.size for name, file in work.outputs[step].files.items() if name.startswith("model/"))


def _counts(learned: Counter[str], truth: Counter[str]) -> dict[str, dict[str, int]]:
    sides = {"train": learned, "test": truth}
    return {label: {side: counts[label] for side, counts in sides.items()} for label in sorted({*learned, *truth})}


def _rows_of_each(labels: Sequence[str], several: bool) -> Counter[str]:
    from textmill.types import parted

    return Counter(name for label in labels for name in parted(label)) if several else Counter(labels)


def _majority(classes: tuple[str, ...], several: bool, learned: Sequence[str], n: int) -> Prediction | LabelSets:
    """What the shares of the classes in training say of each of `n` texts; of several labels the most common set."""
    import numpy as np

    from textmill.types import LabelSets, Prediction, memberships

    counts = _rows_of_each(learned, several)
    shares = np.array([counts[label] / len(learned) for label in classes], np.float32)
    scores = np.tile(shares, (n, 1))
    if not several:
        return Prediction(classes, scores)
    sets = Counter(learned)
    common = min(sets, key=lambda label: (-sets[label], label))
    return LabelSets(classes, scores, np.tile(memberships([common], classes), (n, 1)))
