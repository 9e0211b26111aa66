"""The second half of a classifier's steps: evaluate, register, report.

Plain functions; what is heavy is imported inside them, so that a run with nothing to do loads none of it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from textmill.config import MillConfig
from textmill.errors import CorruptError, NotInStore
from textmill.flow.handing import hand_out, is_handed_out
from textmill.flow.keys import code_version
from textmill.flow.learning import check_slices, corpora_of, rows_of, side_of
from textmill.flow.project import Project, validation_of
from textmill.flow.step import Work
from textmill.registry import Finished, Store
from textmill.types import Manifest, Report

if TYPE_CHECKING:
    from textmill.evaluate import Evaluation
    from textmill.models import TextClassifier
    from textmill.read import Corpus
    from textmill.text import TextPath
    from textmill.types import Prediction

__all__ = ["compare", "evaluate", "is_registered", "is_reported", "register", "report", "report_of"]

_TELLING = 20  # terms a class in the report
_WORDS_OF = 10_000  # texts whose words are counted
_HEADERS = 0.1  # share of the test texts that begin with a header, from which on it is looked at


def evaluate(project: Project, work: Work) -> dict[str, Any]:
    """Measure the model on the rows it never saw, beside the majority baseline."""
    import time

    import numpy as np

    from textmill.evaluate import build_report, without_leaks
    from textmill.evaluate import evaluate as measure
    from textmill.models import TextClassifier

    corpus, _ = corpora_of(work)
    side = side_of(work)
    model = TextClassifier.load(work.tree("train", "model/"))
    learned = rows_of(corpus, side, 0, "label")["label"].to_pylist()
    rows = _tested(work)
    truth = rows["label"].to_pylist()
    corpus_of_tests = corpora_of(work)[1] or corpus
    check_slices(project.mill.evaluate, corpus_of_tests)
    began = time.perf_counter()
    prediction = _said(work, "train", model, rows)
    predicted = time.perf_counter() - began
    mill = project.mill
    majority = _majority(model, learned, len(truth))
    positive = mill.decide.positive
    clusters = None
    if mill.split.groups:
        clusters = np.load(work.file("split", "clusters.npy"), allow_pickle=False)
    asked: dict[str, Any] = {"config": mill.evaluate, "seed": mill.project.seed, "positive": positive}
    measured = measure(truth, prediction, majority, clusters=clusters, **asked)
    leaked = np.load(work.file("split", "leaked.npy"), allow_pickle=False)
    if leaked.any() and not leaked.all():
        measured.details["without_leaks"] = without_leaks(truth, prediction, majority, leaked, **asked)
    measured.details.update(_looked_into(project, model, rows, prediction, majority, measured))
    if "curve" in work.outputs:
        measured.details["learning_curve"] = work.value("curve", "points")
    if model.text_path is not None:
        measured.details.update(_words(model.text_path, work, rows, prediction, measured))
    if "tune" in work.outputs:
        measured.details["tuning"] = work.outputs["tune"].values
    if mill.split.folds is not None:
        measured.details["folds"] = _folds(mill, work, measured.classes, truth)
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
            "classes": _counts(learned, truth),
            **_told_of_rows(corpus, side),
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


def _tested(work: Work) -> Any:
    """The test rows with all their columns."""
    corpus, test = corpora_of(work)
    if test is not None:
        return test.table()
    return corpus.table() if "folds.npy" in work.outputs["split"].files else rows_of(corpus, side_of(work), 1)


def _said(work: Work, step: str, model: TextClassifier, rows: Any) -> Prediction:
    """What a model says of the test rows; with folds, what the models of the other folds said."""
    import numpy as np

    from textmill.types import Prediction

    if validation_of(step) not in work.outputs:
        return model.predict(rows["text"], threads=work.threads)
    scores = np.load(work.file(validation_of(step), "scores.npy"), allow_pickle=False)
    return model.decision.of(scores) if model.decision else Prediction(model.classes, scores)


def _folds(mill: MillConfig, work: Work, classes: Sequence[str], truth: Sequence[str]) -> dict[str, Any]:
    """How much the score moves from repetition to repetition."""
    import numpy as np

    number = {name: place for place, name in enumerate(classes)}
    codes = np.load(work.file("validate", "codes.npy"), allow_pickle=False)
    right = codes == np.array([number[label] for label in truth])
    return {"folds": mill.split.folds, "repeats": mill.split.repeats, "accuracies": right.mean(axis=1).tolist()}


def compare(project: Project, work: Work) -> dict[str, Any]:
    """Measure the model and its candidates on the same test rows, one after the other on this machine."""
    from textmill.evaluate.leaderboard import leaderboard, undominated
    from textmill.evaluate.speed import timed
    from textmill.models import TextClassifier

    rows = _tested(work)
    predictions, costs = {}, {}
    for number, (step, one) in enumerate(project.models.items()):
        work.progress(number, len(project.models), one.name)
        model = TextClassifier.load(work.tree(step, "model/"))
        predictions[one.name] = _said(work, step, model, rows)
        costs[one.name] = timed(model, rows["text"], threads=work.threads)
        costs[one.name] |= {"model_bytes": _model_bytes(work, step), "cpu_seconds": work.value(step, "cpu_seconds")}
    mill = project.mill
    found = leaderboard(
        rows["label"].to_pylist(),
        predictions,
        config=mill.evaluate,
        seed=mill.project.seed,
        positive=mill.decide.positive,
    )
    leading = {name: scores[found["metric"]]["value"] for name, scores in found["models"].items()}
    return {"leaderboard": found, "costs": costs, "undominated": undominated(leading, costs)}


def _model_bytes(work: Work, step: str) -> int:
    return sum(file.size for name, file in work.outputs[step].files.items() if name.startswith("model/"))


def _looked_into(
    project: Project,
    model: TextClassifier,
    rows: Any,
    prediction: Prediction,
    majority: Prediction,
    measured: Evaluation,
) -> dict[str, Any]:
    """Slices, thresholds, costs and answers left open: what the scores of the whole test side do not say."""
    import numpy as np

    from textmill.evaluate.answers import cost_of, cuts, left_open
    from textmill.evaluate.robustness import robustness
    from textmill.evaluate.slices import slices
    from textmill.models.decision import cost_matrix

    mill, classes, details = project.mill, measured.classes, measured.details
    drawn: dict[str, Any] = {"confidence": mill.evaluate.confidence, "seed": mill.project.seed}
    drawn["resamples"] = mill.evaluate.bootstrap
    number = {name: place for place, name in enumerate(classes)}
    truth = np.array([number[label] for label in rows["label"].to_pylist()], np.int64)
    positive = None if details["positive"] is None else number[details["positive"]["class"]]
    found: dict[str, Any] = {
        "slices": slices(
            truth,
            prediction.codes,
            {name: _sliced(rows, name) for name in mill.evaluate.slices},
            n_classes=len(classes),
            metric=details["headline"]["metric"],
            positive=positive,
            **drawn,
        )
    }
    if mill.evaluate.robustness:
        texts = rows["text"].to_pylist()
        found["robustness"] = robustness(model.predict, texts, seed=mill.project.seed)
    headers = _without_headers(project, model, rows, prediction)
    if headers is not None:
        found["headers"] = headers
    if positive is not None:
        found["cuts"] = cuts(truth == positive, prediction.scores[:, positive])
    if model.decision is None:
        return found
    found["decision"] = model.decision.facts
    if mill.decide.unsure_below > 0:
        found["left_open"] = parts = left_open(truth, prediction)
        if parts["answered"]["share"] < 0.5:
            share = f"{100 * parts['answered']['share']:.1f} %"
            said = f"Only {share} of the test rows are answered; the scores count them all."
            found["notes"] = [said, *details["notes"]]
    if mill.decide.costs is not None:
        costs = cost_matrix(mill.decide.costs, classes)
        found["cost"] = cost_of(truth, prediction.codes, majority.codes, costs, **drawn)
    return found


def _words(path: TextPath, work: Work, rows: Any, prediction: Prediction, measured: Evaluation) -> dict[str, Any]:
    """Words whose texts are wrong more often than others, and how typical words are of either of two classes."""
    import numpy as np
    import pyarrow as pa

    from textmill.evaluate.report import shown
    from textmill.evaluate.wordwise import error_words, scatter

    number = {name: place for place, name in enumerate(measured.classes)}

    def codes_of(labels: Any) -> Any:
        return np.array([number[label] for label in labels.to_pylist()], np.int64)

    some = _spread(rows.num_rows)
    rows, prediction = rows.take(pa.array(some)), prediction.rows(some)
    wrong = prediction.codes != codes_of(rows["label"])
    told = error_words(path.tokens(rows["text"], threads=work.threads), wrong, prediction.confidence)
    for one in told:
        one["examples"] = [shown(rows["text"][row].as_py()) for row in one.pop("rows")]
    found: dict[str, Any] = {"error_words": told}
    if len(measured.classes) == 2:
        corpus, _ = corpora_of(work)
        learned = rows_of(corpus, side_of(work), 0, "text", "label")
        learned = learned.take(pa.array(_spread(learned.num_rows)))
        tokens = path.tokens(learned["text"], threads=work.threads)
        positive = number[measured.details["positive"]["class"]]
        found["scatter"] = scatter(tokens, codes_of(learned["label"]), positive)
    return found


def _spread(n: int) -> Any:
    """Up to 10,000 of so many rows, spread evenly: enough for what is said of words."""
    import numpy as np

    return np.unique(np.linspace(0, n - 1, min(n, _WORDS_OF)).astype(np.int64))


def _without_headers(
    project: Project, model: TextClassifier, rows: Any, prediction: Prediction
) -> dict[str, Any] | None:
    """What the score owes to headers of messages: the same model on the test texts without them; None without any."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from textmill.evaluate import compare as measure
    from textmill.text.clean import drop_headers

    mill = project.mill
    if "headers" in mill.text.clean or mill.split.folds is not None:
        return None
    bodies = pa.chunked_array([pa.array(drop_headers(part), pa.large_string()) for part in rows["text"].chunks])
    share = pc.mean(pc.not_equal(bodies, rows["text"])).as_py()
    if share < _HEADERS:
        return None
    found = measure(
        rows["label"].to_pylist(),
        {"with": prediction, "without": model.predict(bodies)},
        config=mill.evaluate,
        seed=mill.project.seed,
        positive=mill.decide.positive,
    )
    kept = {name: found["models"][name][found["metric"]] for name in ("with", "without")}
    return {"share": share, "metric": found["metric"], **kept, "outcome": found["others"][0]["outcome"]}


def _sliced(rows: Any, name: str) -> list[str | None]:
    """The slice of each test row: by its length, or by what stands in a column."""
    import pyarrow.compute as pc

    from textmill.evaluate.slices import by_size, by_value

    if name in rows.column_names:
        return by_value(rows[name].to_pylist())
    return by_size(pc.utf8_length(rows["text"]).to_numpy(), "characters")


def _told_of_rows(corpus: Corpus, side: Any) -> dict[str, Any]:
    """Lengths of the training texts, and how many of up to 10,000 seem to hold personal data."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from textmill.read import Corpus
    from textmill.read.personal import find_personal

    rows = rows_of(corpus, side, 0, "id", "text")
    lengths = np.sort(pc.utf8_length(rows["text"]).to_numpy())
    some = rows.take(pa.array(_spread(rows.num_rows)))
    personal = find_personal(Corpus(corpus.name, "", some, {}))
    return {
        "characters": {"min": int(lengths[0]), "median": int(np.median(lengths)), "max": int(lengths[-1])},
        "personal": {kind: one["texts"] for kind, one in personal.items()},
        "personal_of": some.num_rows,
    }


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


def register(project: Project, work: Work) -> dict[str, Any]:
    """Make the model the next version, if the gate lets it pass and it is not the newest already."""
    from textmill.evaluate import check_gate, model_card

    report = _measured(work.file("evaluate", "report.json"), work.outputs["evaluate"])
    check_gate(report, project.mill.evaluate)
    try:
        newest = _newest(project)
        if newest is not None and newest.parents.get("run") == work.key:
            project.store.open(newest.ref)
            return {"version": newest.ref.version}  # killed after it was published and before that was noted
    except CorruptError:
        pass  # a version that was damaged since gets a successor
    folder = work.tree("train", "model/")
    (folder / "report.json").write_text(json.dumps(report.to_json(), ensure_ascii=False), encoding="utf-8")
    (folder / "card.md").write_text(model_card(report, project.settings), encoding="utf-8")
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
        config=_settings_of(project, work),
        report=work.value("evaluate", "metrics"),
    )
    return {"version": made.ref.version}


def _settings_of(project: Project, work: Work) -> dict[str, Any]:
    """The settings of the run, with those that were chosen in the place of those that were not."""
    config = asdict(project.mill)
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
        found = _measured(work.file("evaluate", "report.json"), work.outputs["evaluate"], work.outputs.get("compare"))
        page = work.folder / "report.html"
        page.write_text(render_html(found, config=project.settings, version=version), encoding="utf-8")
        hand_out(page, project.folder / page.name, project.store.disk)
    for name in work.outputs["read"].files:
        if name.startswith("rejected/"):
            hand_out(work.file("read", name), project.folder / PurePath(name).name, project.store.disk)


def is_reported(project: Project, finished: Finished, outputs: Mapping[str, Finished]) -> bool:
    """Whether what a finished `report` wrote is still there."""
    handed = dict(finished.files)
    handed |= {PurePath(name).name: f for name, f in outputs["read"].files.items() if name.startswith("rejected/")}
    return all(is_handed_out(project.folder / name, f.sha256, project.digests) for name, f in handed.items())


def report_of(
    mill: MillConfig, store: Store, evaluated: Finished, compared: Finished | None, version: int | None
) -> Report:
    """The report of a finished evaluation, with the settings and the version that it was registered as."""
    path = store.object(evaluated.files["report.json"].sha256, verify=True)
    report = _measured(path, evaluated, compared)
    plain = json.loads(json.dumps(asdict(mill)))
    return replace(report, details=report.details | {"settings": plain, "version": version})


def _measured(path: Path, evaluated: Finished, compared: Finished | None = None) -> Report:
    report = Report.from_json(json.loads(path.read_bytes()))
    details = dict(report.details)
    if compared is not None:
        board = compared.values["leaderboard"]
        # drawn with others its intervals are other by a hair: on one page a score has one
        own = {name: {"value": s.value, "low": s.low, "high": s.high} for name, s in report.metrics.items()}
        models = board["models"] | {"model": own}
        details["candidates"] = {**compared.values, "leaderboard": board | {"models": models}}
    return replace(report, cost=dict(evaluated.values["cost"]), details=details)
