"""From predictions to scores: each with its interval, the baseline's, and the difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from textmill.errors import DataError
from textmill.evaluate import metrics as formulas
from textmill.evaluate.curves import curves, hits, mistakes, reliability
from textmill.evaluate.headline import headline
from textmill.evaluate.intervals import (
    Draws,
    gap_interval,
    interval,
    raised_interval,
    resample_decisions,
    resample_probabilities,
    resamples_within,
    wilson,
)
from textmill.evaluate.multilabel import (
    SETS_ORDER,
    measure_sets,
    pictures,
    resample_sets,
    surest_sets,
    with_all_labels,
)
from textmill.models.positive import positive_class
from textmill.types import LabelSets, Score

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from textmill.config import EvaluateConfig
    from textmill.types import Prediction

__all__ = ["Evaluation", "evaluate", "without_leaks"]

_ORDER = (
    "accuracy", "f1", "precision", "recall", "f1_macro", "f1_weighted", "balanced_accuracy", "mcc", "top3",
    "average_precision", "roc_auc", "log_loss", "brier",
    "calibration_error",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was measured on a test side.

    Attributes
    ----------
    classes : names, in the order of `confusion`
    metrics : name -> Score; what is undefined on these rows is absent here and named in ``details["undefined"]``
    per_class : class -> precision, recall, f1 and support -> Score
    confusion : rows are the truth, columns the prediction
    details : ``positive``, ``headline``, ``differences`` to the baseline with intervals, ``curves``, ``reliability``,
        ``mistakes`` and ``hits`` (row numbers, no texts), ``undefined``, ``notes``, ``bootstrap``; plain JSON values
    """

    classes: tuple[str, ...]
    metrics: dict[str, Score]
    per_class: dict[str, dict[str, Score]]
    confusion: list[list[int]]
    details: dict[str, Any]


def evaluate(
    truth: Sequence[str],
    prediction: Prediction | LabelSets,
    baseline: Prediction | LabelSets,
    *,
    config: EvaluateConfig,
    seed: int,
    shares: Sequence[float] | None = None,
    positive: str | None = None,
    clusters: NDArray[np.int64] | None = None,
) -> Evaluation:
    """Measure a prediction against the truth, beside a baseline on the same rows.

    Parameters
    ----------
    truth : n_texts labels; joined ones, where texts may have several
    prediction : of the model
    baseline : of the majority baseline: each row of scores holds the shares of the classes in training
    config : how many resamples and which confidence
    seed : of the bootstrap
    shares : of the classes, where the baseline is no majority baseline but another model
    positive : the one of two classes that precision, recall and the like are about; None: see `positive_class`
    clusters : int64 (n_texts,), from 0 on: rows of one are drawn together, as they do not vary on their own

    Raises
    ------
    DataError : no rows; more or fewer labels than predictions; a label the model does not know; scores that are no
        probabilities; fewer than two classes; a baseline with other classes

    Examples
    --------
    >>> from textmill.config import EvaluateConfig
    >>> from textmill.types import Prediction
    >>> said = Prediction(("ham", "spam"), np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]], np.float32))
    >>> shares = Prediction(("ham", "spam"), np.array([[0.75, 0.25]] * 4, np.float32))
    >>> found = evaluate(["ham", "spam", "spam", "ham"], said, shares, config=EvaluateConfig(), seed=1)
    >>> found.metrics["accuracy"].value, found.metrics["accuracy"].baseline, found.confusion
    (0.75, 0.5, [[2, 0], [1, 1]])
    >>> found.details["positive"]["class"]
    'spam'
    """
    if isinstance(prediction, LabelSets) and isinstance(baseline, LabelSets):
        return _evaluate_sets(truth, prediction, baseline, config, seed, clusters)
    if isinstance(prediction, LabelSets) or isinstance(baseline, LabelSets):
        raise DataError("the model and the baseline differ: one says one label of a text, the other several")
    classes = tuple(str(name) for name in prediction.classes)
    codes = _check(truth, prediction, baseline)
    n, k = len(codes), len(classes)
    place: int | None = None
    details: dict[str, Any] = {"positive": None}
    if k == 2:
        of = [float(share) for share in (baseline.scores[0] if shares is None else shares)]
        name, why = (positive, "[decide] names it") if positive is not None else positive_class(classes, of)
        place = classes.index(name)
        details["positive"] = {"class": name, "why": why}
    decisions = (prediction.codes, baseline.codes)
    columns = (place,) if place is not None else tuple(range(k))
    own, base = (
        _measure(codes, part.scores, decided, place, columns)
        for part, decided in zip((prediction, baseline), decisions, strict=True)
    )
    ranked = resamples_within(config.bootstrap, n, len(columns))
    drawing: dict[str, Any] = {"seed": seed, "clusters": clusters, "stratify": config.stratify}
    decided_draws = resample_decisions(
        codes, decisions, n_classes=k, positive=place, resamples=config.bootstrap, **drawing
    )
    ranked_draws = resample_probabilities(
        codes, (prediction.scores, baseline.scores), columns=columns, resamples=ranked, **drawing
    )
    draws = [
        replace(b, overall=a.overall | b.overall, by_class=a.by_class)
        for a, b in zip(decided_draws, ranked_draws, strict=True)
    ]
    # what a share is taken of: resamples of a share of 0 or 1 show no doubt, however few the rows
    rows = {"accuracy": n}
    if place is not None:
        rows |= {"precision": int(own.confusion[:, place].sum()), "recall": int(own.confusion[place].sum())}
    metrics, differences = _scores(_ORDER, own.overall, base.overall, draws, config.confidence, rows)
    details["differences"] = differences
    details["undefined"] = {
        name: "it needs test rows of at least two classes"
        if name == "roc_auc"
        else f"no test row is {classes[columns[0]]!r}"
        for name in _ORDER
        if name not in metrics and name != "top3"  # of three classes one is always among the first three
    }
    true = own.confusion.sum(axis=1)
    details["headline"] = headline(true, classes)
    details["guessing"] = _guessing(baseline if shares is None else shares, true)
    details["curves"] = curves(codes, prediction.scores, decisions[0], classes, columns)
    details["reliability"] = reliability(codes, prediction.scores, classes, place)
    details["mistakes"] = mistakes(codes, prediction.scores, decisions[0], classes)
    details["hits"] = hits(codes, prediction.scores, decisions[0], classes)
    details["bootstrap"] = _bootstrapped(config, n, ranked, seed, clusters)
    details["notes"] = _notes(true, n, own.overall["accuracy"], classes, config.bootstrap, ranked)
    return Evaluation(
        classes=classes,
        metrics=metrics,
        per_class=_per_class(
            own.by_class, own.confusion.sum(axis=0), base.by_class, draws[0], classes, true, config.confidence
        ),
        confusion=[[int(cell) for cell in row] for row in own.confusion],
        details=details,
    )


def _evaluate_sets(
    truth: Sequence[str],
    prediction: LabelSets,
    baseline: LabelSets,
    config: EvaluateConfig,
    seed: int,
    clusters: NDArray[np.int64] | None,
) -> Evaluation:
    _check_classes(prediction.classes, baseline.classes, truth, fewest=1)
    for whose, part in (("the model", prediction), ("the baseline", baseline)):
        _check_scores(whose, part.scores, len(truth), len(prediction.classes))
    members, (said, base_said), unknown = with_all_labels(truth, prediction, baseline)
    classes, n = said.classes, len(truth)
    own, base = measure_sets(members, said), measure_sets(members, base_said)
    ranked = resamples_within(config.bootstrap, n, len(classes))
    draws = resample_sets(
        members, (said, base_said), resamples=config.bootstrap, ranked=ranked, seed=seed, clusters=clusters
    )
    rows = {"accuracy": n, "precision": int(own.said.sum()), "recall": int(own.true.sum())}
    metrics, differences = _scores(SETS_ORDER, own.overall, base.overall, draws, config.confidence, rows)
    notes = _notes(own.true, n, own.overall["accuracy"], classes, config.bootstrap, ranked)
    if unknown:
        notes.append(f"No training row has {_listed(unknown)}: each such label of a test row is missed.")
    details = {
        "several_labels": True,
        "positive": None,
        "headline": {"metric": "f1", "why": ""},
        "differences": differences,
        "undefined": {name: "no test row has a label" for name in SETS_ORDER if name not in metrics},
        **pictures(members, said),
        "mistakes": surest_sets(members, said, right=False),
        "hits": surest_sets(members, said, right=True),
        "bootstrap": _bootstrapped(config, n, ranked, seed, clusters),
        "notes": notes,
    }
    return Evaluation(
        classes=classes,
        metrics=metrics,
        per_class=_per_class(own.by_class, own.said, base.by_class, draws[0], classes, own.true, config.confidence),
        confusion=[],
        details=details,
    )


def without_leaks(
    truth: Sequence[str],
    prediction: Prediction | LabelSets,
    baseline: Prediction | LabelSets,
    leaked: NDArray[np.bool_],
    *,
    config: EvaluateConfig,
    seed: int,
    positive: str | None = None,
) -> dict[str, Any]:
    """The scores on the test rows that are in no way training rows; the others as in `evaluate`.

    Parameters
    ----------
    leaked : bool (n_texts,), which rows to leave out; one or more stay

    Returns
    -------
    dict of JSON values: ``rows``, ``headline``, and ``metrics``, name -> ``value``, ``low``, ``high``
    """
    kept = np.flatnonzero(~leaked)
    truth = [truth[row] for row in kept.tolist()]
    found = evaluate(truth, prediction.rows(kept), baseline.rows(kept), config=config, seed=seed, positive=positive)
    scores = {name: {"value": s.value, "low": s.low, "high": s.high} for name, s in found.metrics.items()}
    return {"rows": len(kept), "headline": found.details["headline"], "metrics": scores}


@dataclass(frozen=True, slots=True, eq=False)
class _Measured:
    overall: dict[str, float]
    by_class: dict[str, NDArray[np.float64]]
    confusion: NDArray[np.int64]


def _check(truth: Sequence[str], prediction: Prediction, baseline: Prediction) -> NDArray[np.int64]:
    classes = tuple(str(name) for name in prediction.classes)
    _check_classes(classes, baseline.classes, truth, fewest=2)
    for whose, part in (("the model", prediction), ("the baseline", baseline)):
        _check_scores(whose, part.scores, len(truth), len(classes))
    number = {name: i for i, name in enumerate(classes)}
    codes = np.fromiter((number.get(label, -1) for label in truth), dtype=np.int64, count=len(truth))
    if (codes < 0).any():
        strange = [row for row, code in enumerate(codes.tolist()) if code < 0]
        named = sorted({str(truth[row]) for row in strange})
        raise DataError(
            f"test row {strange[0] + 1} has the label {str(truth[strange[0]])!r}, which the model does not know"
            + (f" ({len(strange):,} rows, {len(named)} such labels)" if len(strange) > 1 else ""),
            wanted=f"one of {_listed(classes)}",
            hint="A class the model is to be measured on needs rows on the training side.",
        )
    return codes


def _check_classes(classes: Sequence[str], others: Sequence[str], truth: Sequence[str], *, fewest: int) -> None:
    if len(classes) < fewest:
        raise DataError("there is nothing to measure with fewer than two classes", got=repr(list(classes)))
    if tuple(str(name) for name in others) != tuple(classes):
        raise DataError(
            "the baseline knows other classes than the model", wanted=repr(classes), got=repr(tuple(others))
        )
    if len(truth) == 0:
        raise DataError("the test side has no rows, so there is nothing to measure")


def _bootstrapped(
    config: EvaluateConfig, n: int, ranked: int, seed: int, clusters: NDArray[np.int64] | None
) -> dict[str, Any]:
    return {
        "resamples": config.bootstrap,
        "resamples_of_ranks": ranked,
        "confidence": config.confidence,
        "rows": n,
        "clusters": None if clusters is None else int(clusters.max()) + 1,
        "stratify": config.stratify and clusters is None,
        "seed": seed,
    }


def _check_scores(whose: str, scores: NDArray[Any], n: int, k: int) -> None:
    if scores.ndim != 2 or scores.shape != (n, k):
        raise DataError(
            f"{whose} scored {scores.shape[0] if scores.ndim else 0} rows, the truth has {n}"
            if scores.ndim != 2 or scores.shape[0] != n
            else f"{whose} gave {scores.shape[1]} scores a row for {k} classes"
        )
    bad = ~np.isfinite(scores)
    if bad.any():
        row = int(np.flatnonzero(bad.any(axis=1))[0])
        raise DataError(
            f"{whose} gave test row {row + 1} a score that is no number",
            wanted="probabilities from 0 to 1",
            got=repr([float(score) for score in scores[row][:8]]),
        )
    bad = (scores < -1e-6) | (scores > 1 + 1e-6)
    if bad.any():
        row, column = (int(at[0]) for at in np.nonzero(bad))
        raise DataError(
            f"{whose} gave test row {row + 1} a score that is no probability",
            wanted="a number from 0 to 1",
            got=repr(float(scores[row, column])),
        )


def _listed(names: Sequence[str], most: int = 8) -> str:
    shown = ", ".join(repr(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def _measure(
    truth: NDArray[np.int64],
    scores: NDArray[Any],
    decisions: NDArray[np.int64],
    positive: int | None,
    columns: tuple[int, ...],
) -> _Measured:
    confusion = formulas.confusion_matrix(truth, decisions, scores.shape[1])
    right, predicted, true = np.diagonal(confusion), confusion.sum(axis=0), confusion.sum(axis=1)
    parts = formulas.precision_recall_f1(right, predicted, true)
    by_class = dict(zip(("precision", "recall", "f1"), parts, strict=True))
    overall = {"accuracy": float(formulas.accuracy(right.sum(), len(truth)))}
    for name, values in by_class.items():
        overall[name] = float(formulas.macro(values, predicted + true > 0) if positive is None else values[positive])
    overall["f1_macro"] = float(formulas.macro(by_class["f1"], predicted + true > 0))
    overall["f1_weighted"] = float(formulas.weighted(by_class["f1"], true))
    overall["balanced_accuracy"] = float(formulas.balanced_accuracy(right, true))
    overall["mcc"] = float(formulas.matthews(right, predicted, true))
    for name, formula in (("average_precision", formulas.average_precision), ("roc_auc", formulas.roc_auc)):
        found = [formula(truth == k, scores[:, k]) for k in columns if (truth == k).any()]
        known = [value for value in found if value == value]
        overall[name] = sum(known) / len(known) if known else float("nan")
    overall["log_loss"] = formulas.log_loss(truth, scores)
    overall["brier"] = formulas.brier(truth, scores)
    overall["calibration_error"] = formulas.calibration_error(truth, scores, positive)
    overall["top3"] = float(formulas.top_k_of_rows(truth, scores).mean()) if scores.shape[1] > 3 else float("nan")
    return _Measured(overall, by_class, confusion)


def _guessing(known: Prediction | Sequence[float], true: NDArray[np.int64]) -> dict[str, float]:
    """What guessing gets on average that names each class as often as it is in training: accuracy and mean F1."""
    said = np.asarray(known.scores[0] if hasattr(known, "scores") else known, np.float64)
    there = true / true.sum()
    f1 = np.divide(2 * said * there, said + there, out=np.zeros_like(there), where=said + there > 0)
    return {"accuracy": float((said * there).sum()), "f1_macro": float(f1.mean())}


def _scores(
    order: Sequence[str],
    own: Mapping[str, float],
    base: Mapping[str, float],
    draws: Sequence[Draws],
    confidence: float,
    of: Mapping[str, int],
) -> tuple[dict[str, Score], dict[str, dict[str, float]]]:
    metrics: dict[str, Score] = {}
    differences: dict[str, dict[str, float]] = {}
    for name in order:
        value, other = own[name], base[name]
        if value != value:
            continue
        if name in draws[0].noise:
            # no word of the baseline: it names the shares of the classes, which is nearly free of gaps and of no use
            ends = gap_interval(draws[0].overall[name], draws[0].noise[name], value, confidence)
            metrics[name] = Score(value, *ends)
            continue
        ends_of = raised_interval if name in draws[0].raised else interval
        low, high = _held(ends_of(draws[0].overall[name], value, confidence), value, of.get(name, 0), confidence)
        metrics[name] = Score(value, low, high, other if other == other else None)
        if other == other:
            # drawn on the same rows, so luck that both share takes itself out
            low, high = interval(draws[0].overall[name] - draws[1].overall[name], value - other, confidence)
            differences[name] = {"value": value - other, "low": low, "high": high}
    return metrics, differences


def _held(ends: tuple[float, float], value: float, n: int, confidence: float) -> tuple[float, float]:
    """An interval; that of a share which is 0 or 1 on all of its `n` rows is Wilson's, as that has a width."""
    return wilson(value, n, confidence) if n and ends[0] == ends[1] == value and value in (0, 1) else ends


def _per_class(
    own: Mapping[str, NDArray[np.float64]],
    said: NDArray[np.int64],
    base: Mapping[str, NDArray[np.float64]],
    draws: Draws,
    classes: Sequence[str],
    true: NDArray[np.int64],
    confidence: float,
) -> dict[str, dict[str, Score]]:
    found: dict[str, dict[str, Score]] = {}
    of = {"precision": said, "recall": true, "f1": np.zeros_like(true)}
    for k, name in enumerate(classes):
        found[name] = {}
        for metric, values in own.items():
            value = float(values[k])
            drawn = interval(draws.by_class[metric][:, k], value, confidence)
            low, high = _held(drawn, value, int(of[metric][k]), confidence)
            found[name][metric] = Score(value, low, high, float(base[metric][k]))
        support = float(true[k])
        found[name]["support"] = Score(support, support, support)
    return found


def _notes(
    true: NDArray[np.int64], n: int, accuracy: float, classes: Sequence[str], wanted: int, ranked: int
) -> list[str]:
    notes = []
    if n < 100:
        notes.append(
            f"The test side has only {n} row{'s' * (n > 1)}: the intervals are rough, and on so few rows they are"
            " rather too narrow than too wide."
        )
    if accuracy == 1.0 and n >= 20:
        # resampling rows that are all right can only give 1: the rule of three says what such an interval hides
        notes.append(
            f"Every test row was right, so the intervals of scores that are no shares have no width; with {n:,} rows an"
            f" error rate of up to {min(1.0, 3 / n):.2g} cannot be ruled out."
        )
    absent = [name for name, count in zip(classes, true.tolist(), strict=True) if count == 0]
    if absent:
        notes.append(f"No test row is {_listed(absent)}: nothing is known of how well it is recognised.")
    few = [name for name, count in zip(classes, true.tolist(), strict=True) if 0 < count < 20]
    if few:
        notes.append(f"Classes with fewer than 20 test rows, whose own scores say little: {_listed(few)}.")
    if ranked < wanted:
        notes.append(
            "ROC AUC, average precision, log loss, Brier score and calibration error were resampled"
            f" {ranked:,} times instead of {wanted:,}, because the test side is large."
        )
    return notes
