"""Scores of texts that may have several labels: of each label, over all of them, and of whole sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from textmill.evaluate import metrics as formulas
from textmill.evaluate.curves import curves, reliability
from textmill.evaluate.intervals import Draws, Ranking
from textmill.types import joined, memberships, parted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from textmill.types import LabelSets

__all__ = ["SETS_ORDER", "MeasuredSets", "measure_sets", "pictures", "resample_sets", "surest_sets", "with_all_labels"]

SETS_ORDER = (
    "f1", "precision", "recall", "f1_macro", "f1_weighted", "f1_samples", "jaccard", "accuracy", "hamming_loss",
    "ranking_precision", "average_precision", "roc_auc", "log_loss", "brier",
)  # fmt: skip
_AT_ONCE = 100  # resamples whose counts are in memory


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredSets:
    """Scores of label sets, and how many rows each label is right in, said in and true in: int64 (n_classes,)."""

    overall: dict[str, float]
    by_class: dict[str, NDArray[np.float64]]
    right: NDArray[np.int64]
    said: NDArray[np.int64]
    true: NDArray[np.int64]


def with_all_labels(truth: Sequence[str], *said: LabelSets) -> tuple[NDArray[np.bool_], list[LabelSets], list[str]]:
    """The truth in numbers, with the labels that no model knows: those are never said, and each is missed.

    Parameters
    ----------
    truth : joined labels of each row

    Returns
    -------
    members : bool (n_texts, n_classes + n_unknown)
    said : with as many columns
    unknown : the labels that were added, sorted
    """
    from textmill.types import LabelSets

    known = said[0].classes
    unknown = sorted({name for label in set(truth) for name in parted(label)} - {*known})
    classes = (*known, *unknown)
    wider = [
        LabelSets(
            classes,
            np.pad(one.scores, ((0, 0), (0, len(unknown)))),
            np.pad(one.chosen, ((0, 0), (0, len(unknown)))),
        )
        for one in said
    ]
    return memberships(truth, classes), wider, unknown


def measure_sets(truth: NDArray[np.bool_], said: LabelSets) -> MeasuredSets:
    """Every score, the same numbers as scikit-learn's for multi-label indicators.

    A row without a label of which none is said is right: 1 in ``f1_samples`` and ``jaccard``
    (scikit-learn's ``zero_division=1``).

    Parameters
    ----------
    truth : bool (n_texts, n_classes)

    Examples
    --------
    >>> from textmill.types import LabelSets
    >>> truth = np.array([[True, True], [False, True], [False, False]])
    >>> said = np.array([[0.9, 0.2], [0.4, 0.8], [0.1, 0.6]], np.float32)
    >>> found = measure_sets(truth, LabelSets(("a", "b"), said, said >= 0.5)).overall
    >>> [round(found[name], 3) for name in ("f1", "f1_macro", "f1_samples", "jaccard", "accuracy", "hamming_loss")]
    [0.667, 0.75, 0.556, 0.5, 0.333, 0.333]
    """
    right, predicted, true = ((part).sum(axis=0) for part in (truth & said.chosen, said.chosen, truth))
    overall, by_class = _from_counts(right[None], predicted[None], true[None], predicted + true > 0)
    found = {name: float(values[0]) for name, values in overall.items()}
    found |= {name: float(values.mean()) for name, values in _of_rows(truth, said).items()}
    ranked: dict[str, list[float]] = {"average_precision": [], "roc_auc": []}
    for k in np.flatnonzero(true).tolist():
        ranked["average_precision"].append(formulas.average_precision(truth[:, k], said.scores[:, k]))
        ranked["roc_auc"].append(formulas.roc_auc(truth[:, k], said.scores[:, k]))
    for name, values in ranked.items():
        known = [value for value in values if value == value]
        found[name] = sum(known) / len(known) if known else float("nan")
    parts = {name: values[0] for name, values in by_class.items()}
    return MeasuredSets(found, parts, right, predicted, true)


def _from_counts(
    right: NDArray[np.int64], predicted: NDArray[np.int64], true: NDArray[np.int64], seen: NDArray[np.bool_]
) -> tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.float64]]]:
    """Scores of decisions from counts of each label, (resamples, n_classes): over all labels, and of each."""
    each = formulas.precision_recall_f1(right, predicted, true)
    by_class = dict(zip(("precision", "recall", "f1"), each, strict=True))
    sums = (part.sum(axis=1, keepdims=True) for part in (right, predicted, true))
    micro = zip(("precision", "recall", "f1"), formulas.precision_recall_f1(*sums), strict=True)
    overall = {name: values[:, 0] for name, values in micro}
    overall["f1_macro"] = formulas.macro(by_class["f1"], seen)
    overall["f1_weighted"] = formulas.weighted(by_class["f1"], true)
    return overall, by_class


def _of_rows(truth: NDArray[np.bool_], said: LabelSets) -> dict[str, NDArray[np.float64]]:
    """Scores that are means over rows, (n_texts,) each."""
    both = (truth & said.chosen).sum(axis=1)
    either = (truth | said.chosen).sum(axis=1)
    sizes = truth.sum(axis=1) + said.chosen.sum(axis=1)
    none = sizes == 0
    p = np.clip(said.scores.astype(np.float64), 1e-15, 1 - 1e-15)
    return {
        "f1_samples": np.where(none, 1.0, 2 * both / np.maximum(sizes, 1)),
        "jaccard": np.where(none, 1.0, both / np.maximum(either, 1)),
        "accuracy": (truth == said.chosen).all(axis=1).astype(np.float64),
        "hamming_loss": (truth != said.chosen).mean(axis=1),
        "ranking_precision": formulas.ranking_precision_of_rows(truth, said.scores),
        "log_loss": -np.where(truth, np.log(p), np.log(1 - p)).mean(axis=1),
        "brier": np.square(said.scores.astype(np.float64) - truth).mean(axis=1),
    }


def resample_sets(
    truth: NDArray[np.bool_],
    said: Sequence[LabelSets],
    *,
    resamples: int,
    ranked: int,
    seed: int,
    clusters: NDArray[np.int64] | None = None,
) -> list[Draws]:
    """Every score on resampled rows, one `Draws` for each model, drawn together.

    Parameters
    ----------
    truth : bool (n_texts, n_classes)
    ranked : how many of the resamples give ROC AUC and average precision too
    clusters : (n_texts,), from 0 on: rows of one are drawn together
    """
    from scipy.sparse import csr_array

    n, k = truth.shape
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, 7])))
    # how often a label is right, said and true in a resample is a product of two sparse things: no loop over rows
    counted = [[csr_array(part.T.astype(np.int64)) for part in (truth & one.chosen, one.chosen, truth)] for one in said]
    rows = [_of_rows(truth, one) for one in said]
    losses = np.stack([values for one in rows for values in one.values()])
    seen = [np.logical_or.reduce(truth | one.chosen, axis=0) for one in said]
    columns = tuple(range(k))
    rankings = [Ranking(truth, one.scores, columns) for one in said]
    overall: list[dict[str, list[NDArray[np.float64]]]] = [{} for _ in said]
    by_class: list[dict[str, list[NDArray[np.float64]]]] = [{} for _ in said]
    areas = np.full((len(said), ranked, 2), np.nan)
    for start in range(0, resamples, _AT_ONCE):
        drawn = np.stack([_drawn(rng, n, clusters) for _ in range(min(_AT_ONCE, resamples - start))], axis=1)
        means = np.einsum("rn,nb->rb", losses, drawn.astype(np.float64)) / drawn.sum(axis=0)
        for i, (parts, names) in enumerate(zip(counted, rows, strict=True)):
            right, predicted, true = (np.asarray(part @ drawn).T for part in parts)
            whole, each = _from_counts(right, predicted, true, seen[i])
            whole |= dict(zip(names, means[i * len(names) : (i + 1) * len(names)], strict=True))
            for kept, new in ((overall[i], whole), (by_class[i], each)):
                for name, values in new.items():
                    kept.setdefault(name, []).append(values)
            for b in range(start, min(start + _AT_ONCE, ranked)):
                found = rankings[i].scores(drawn[:, b - start])[:2]
                areas[i, b] = [float(np.nanmean(part)) if (part == part).any() else np.nan for part in found]
    return [
        Draws(
            {name: np.concatenate(values) for name, values in whole.items()}
            | {"average_precision": areas[i, :, 0], "roc_auc": areas[i, :, 1]},
            {name: np.concatenate(values) for name, values in each.items()},
            raised=frozenset({"average_precision"}),
        )
        for i, (whole, each) in enumerate(zip(overall, by_class, strict=True))
    ]


def _drawn(rng: np.random.Generator, n: int, clusters: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """How often each row is drawn, int64 (n,)."""
    if clusters is None:
        return np.bincount(rng.integers(0, n, n), minlength=n)
    groups = int(clusters.max()) + 1
    return np.bincount(rng.integers(0, groups, groups), minlength=groups)[clusters]


def pictures(truth: NDArray[np.bool_], said: LabelSets) -> dict[str, Any]:
    """Curves of the labels with most rows, and how often the probabilities of all labels came true."""
    columns = tuple(range(truth.shape[1]))
    return {
        "curves": curves(truth, said.scores, said.chosen, said.classes, columns),
        "reliability": reliability(truth, said.scores, said.classes, None),
    }


def surest_sets(truth: NDArray[np.bool_], said: LabelSets, *, right: bool, most: int = 20) -> list[dict[str, Any]]:
    """The rows that are wholly right, or not, those first where the model was surest of what it got so.

    Returns
    -------
    for each ``row`` (from 0), ``truth`` and ``predicted`` (joined labels), ``probability`` of the surest decision that
    is wrong (or, of rows that are right, of the least sure one) and ``probability_of_truth``, what is left of it
    """
    wrong = truth != said.chosen
    sure = np.where(said.chosen, said.scores, 1 - said.scores)
    rows = np.flatnonzero(~wrong.any(axis=1) & truth.any(axis=1) if right else wrong.any(axis=1))
    worth = sure[rows].min(axis=1) if right else np.where(wrong[rows], sure[rows], 0).max(axis=1)
    labels = said.labels
    return [
        {
            "row": int(rows[i]),
            "truth": joined(name for name, there in zip(said.classes, truth[rows[i]].tolist(), strict=True) if there),
            "predicted": labels[rows[i]],
            "probability": float(worth[i]),
            "probability_of_truth": float(worth[i] if right else 1 - worth[i]),
        }
        for i in np.argsort(-worth, kind="stable")[:most].tolist()
    ]
