"""What the pictures are drawn from: precision-recall curves, reliability bins, the most confident mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from textmill.evaluate.intervals import wilson
from textmill.evaluate.metrics import (
    average_precision,
    calibration_error,
    calibration_gaps,
    is_class,
    precision_recall_curve,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["curves", "hits", "mistakes", "reliability"]

_MOST_POINTS = 200
_MOST_CURVES = 8
_BINS = 10


def curves(
    truth: NDArray[Any],
    scores: NDArray[Any],
    decisions: NDArray[Any],
    classes: Sequence[str],
    columns: Sequence[int],
) -> dict[str, dict[str, Any]]:
    """Precision-recall curves of `columns`, of the eight with most rows, at most 200 points each.

    Parameters
    ----------
    truth, decisions : (n,), class numbers; or bool (n, n_classes), what each row is

    Returns
    -------
    class -> ``recall``, ``precision``, ``threshold`` (lists, recall rising), ``share`` of the class among the rows,
    ``average_precision`` and ``at``: precision and recall of the decisions taken
    """
    found: dict[str, dict[str, Any]] = {}
    support = {k: int(is_class(truth, k).sum()) for k in columns}
    for k in sorted(sorted((k for k in columns if support[k]), key=lambda k: -support[k])[:_MOST_CURVES]):
        positive = is_class(truth, k)
        precision, recall, threshold = precision_recall_curve(positive, scores[:, k])
        keep = _spread(recall, precision)
        said = is_class(decisions, k)
        right, given = int((positive & said).sum()), int(said.sum())
        found[classes[k]] = {
            "recall": [round(float(value), 6) for value in recall[keep]],
            "precision": [round(float(value), 6) for value in precision[keep]],
            "threshold": [round(float(value), 6) for value in threshold[keep]],
            "share": support[k] / len(truth),
            "average_precision": average_precision(positive, scores[:, k]),
            "at": {"recall": right / support[k], "precision": right / given if given else None},
        }
    return found


def _spread(recall: NDArray[np.float64], precision: NDArray[np.float64]) -> NDArray[np.int64]:
    if len(recall) <= _MOST_POINTS:
        return np.arange(len(recall))
    # as far apart as the line is long: the nervous left end gets its points, the smooth middle few
    steps = np.hypot(np.diff(recall, prepend=recall[0]), np.diff(precision, prepend=precision[0]))
    along = np.cumsum(steps) / max(float(steps.sum()), 1e-12)
    wanted = np.linspace(0, 1, _MOST_POINTS)
    return np.unique(np.concatenate(([0], np.searchsorted(along, wanted).clip(0, len(recall) - 1))))[:_MOST_POINTS]


def reliability(
    truth: NDArray[Any], scores: NDArray[Any], classes: Sequence[str], positive: int | None
) -> dict[str, Any]:
    """How often a given probability came true, in ten bins of equal width.

    With a positive class, of its probability; else of the probability of the class decided for. Where `truth` is bool
    (n, n_classes), of each probability of each row, as every one is a statement of its own.

    Returns
    -------
    ``of`` (the class or None), ``bins`` (those with rows: ``low``, ``high``, mean ``said``, ``share`` that came true,
    its Wilson interval ``share_low``, ``share_high``, ``rows``) and ``error``: the mean gap between said and true,
    weighted by rows (expected calibration error)
    """
    which, said, came = calibration_gaps(truth, scores, positive)
    bins = []
    for b in range(_BINS):
        rows = which == b
        n = int(rows.sum())
        if n == 0:
            continue
        share = float(came[rows].mean())
        low, high = wilson(share, n)
        bins.append(
            {
                "low": b / _BINS,
                "high": (b + 1) / _BINS,
                "said": float(said[rows].mean()),
                "share": share,
                "share_low": low,
                "share_high": high,
                "rows": n,
            }
        )
    error = calibration_error(truth, scores, positive)
    return {"of": None if positive is None else classes[positive], "bins": bins, "error": error}


def mistakes(
    truth: NDArray[np.int64],
    scores: NDArray[Any],
    decisions: NDArray[np.int64],
    classes: Sequence[str],
    most: int = 20,
) -> list[dict[str, Any]]:
    """The rows decided wrongly with the highest probability, those first; equals in the order of the rows.

    Returns
    -------
    for each ``row`` (from 0), ``truth``, ``predicted``, ``probability`` of the prediction, ``probability_of_truth``
    """
    return _surest(truth != decisions, truth, scores, decisions, classes, most)


def hits(
    truth: NDArray[np.int64],
    scores: NDArray[Any],
    decisions: NDArray[np.int64],
    classes: Sequence[str],
    most: int = 20,
) -> list[dict[str, Any]]:
    """As `mistakes`, of the rows decided rightly: examples of what the model is good at."""
    return _surest(truth == decisions, truth, scores, decisions, classes, most)


def _surest(
    which: NDArray[np.bool_],
    truth: NDArray[np.int64],
    scores: NDArray[Any],
    decisions: NDArray[np.int64],
    classes: Sequence[str],
    most: int,
) -> list[dict[str, Any]]:
    rows = np.flatnonzero(which)
    sure = scores[rows, decisions[rows]]
    first = rows[np.argsort(-sure, kind="stable")[:most]]
    return [
        {
            "row": row,
            "truth": classes[truth[row]],
            "predicted": classes[decisions[row]],
            "probability": float(scores[row, decisions[row]]),
            "probability_of_truth": float(scores[row, truth[row]]),
        }
        for row in first.tolist()
    ]
