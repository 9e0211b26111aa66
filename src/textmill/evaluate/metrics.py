"""The scores themselves: plain numpy, the same numbers as scikit-learn's, and never a warning.

Classes are numbers here, 0 to n_classes - 1. What has no value says so: a precision, recall or F1 whose denominator
is nought is 0.0 (as scikit-learn's ``zero_division=0``); a ROC AUC or average precision without both kinds of rows
is NaN, and the caller leaves it out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "accuracy",
    "average_precision",
    "balanced_accuracy",
    "brier",
    "brier_of_rows",
    "calibration_error",
    "calibration_gaps",
    "confusion_matrix",
    "is_class",
    "log_loss",
    "log_loss_of_rows",
    "macro",
    "matthews",
    "precision_recall_curve",
    "precision_recall_f1",
    "ranking_precision_of_rows",
    "roc_auc",
    "top_k_of_rows",
    "weighted",
]


_BINS = 10


def confusion_matrix(truth: NDArray[np.int64], predicted: NDArray[np.int64], n_classes: int) -> NDArray[np.int64]:
    """How many rows of each true class were given each class.

    Parameters
    ----------
    truth, predicted : (n,), class numbers
    n_classes : how many classes there are, seen here or not

    Returns
    -------
    int64 (n_classes, n_classes), rows are the truth, columns the prediction

    Examples
    --------
    >>> confusion_matrix(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist()
    [[1, 1], [0, 1]]
    """
    cells = np.bincount(np.asarray(truth) * n_classes + np.asarray(predicted), minlength=n_classes * n_classes)
    return cells.astype(np.int64).reshape(n_classes, n_classes)


def is_class(truth: NDArray[Any], k: int) -> NDArray[np.bool_]:
    """Which rows are of a class: from class numbers (n,), or from what each row is, bool (n, n_classes).

    Examples
    --------
    >>> is_class(np.array([0, 1]), 1).tolist(), is_class(np.array([[True, True], [True, False]]), 1).tolist()
    ([False, True], [True, False])
    """
    found: NDArray[np.bool_] = truth[:, k] if truth.ndim == 2 else truth == k
    return found


def accuracy(right: Any, rows: Any) -> Any:
    """Share of rows that were given their own class; numbers or arrays of them.

    Examples
    --------
    >>> accuracy(3, 4)
    0.75
    """
    return right / rows


def precision_recall_f1(
    right: NDArray[np.int64], predicted: NDArray[np.int64], true: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Precision, recall and F1 of each class from the margins of a confusion matrix.

    Parameters
    ----------
    right, predicted, true : (..., n_classes), the diagonal, the column sums and the row sums

    Returns
    -------
    three float64 (..., n_classes); 0.0 where the denominator is nought

    Examples
    --------
    >>> p, r, f1 = precision_recall_f1(np.array([1, 0]), np.array([1, 0]), np.array([2, 0]))
    >>> p.tolist(), r.tolist(), f1.round(3).tolist()
    ([1.0, 0.0], [0.5, 0.0], [0.667, 0.0])
    """
    # where the denominator is nought so is the numerator: dividing by one instead gives the 0.0 we promise
    return (
        right / np.maximum(predicted, 1),
        right / np.maximum(true, 1),
        2 * right / np.maximum(predicted + true, 1),
    )


def macro(values: NDArray[np.float64], seen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mean over some of the classes: with those in the truth or the prediction, scikit-learn's ``average="macro"``.

    Parameters
    ----------
    values : (..., n_classes)
    seen : (n_classes,), which of them the mean is over

    Returns
    -------
    float64 (...,)

    Examples
    --------
    >>> float(macro(np.array([1.0, 0.5, 0.0]), np.array([True, True, False])))
    0.75
    """
    mean: NDArray[np.float64] = np.where(seen, values, 0.0).sum(axis=-1) / np.maximum(seen.sum(), 1)
    return mean


def weighted(values: NDArray[np.float64], true: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean over the classes, each as often as it has rows: scikit-learn's ``average="weighted"``.

    Parameters
    ----------
    values, true : (..., n_classes), scores and rows of each class

    Returns
    -------
    float64 (...,)

    Examples
    --------
    >>> float(weighted(np.array([1.0, 0.5]), np.array([3, 1])))
    0.875
    """
    mean: NDArray[np.float64] = (values * true).sum(axis=-1) / np.maximum(true.sum(axis=-1), 1)
    return mean


def balanced_accuracy(right: NDArray[np.int64], true: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean recall of the classes that have rows: chance is 1 / n_classes, however rare a class is.

    Parameters
    ----------
    right, true : (..., n_classes), the diagonal and the row sums of a confusion matrix

    Returns
    -------
    float64 (...,)

    Examples
    --------
    >>> float(balanced_accuracy(np.array([90, 5, 0]), np.array([90, 10, 0])))
    0.75
    """
    there = true > 0
    mean: NDArray[np.float64] = (right / np.maximum(true, 1)).sum(axis=-1) / np.maximum(there.sum(axis=-1), 1)
    return mean


def matthews(right: NDArray[np.int64], predicted: NDArray[np.int64], true: NDArray[np.int64]) -> NDArray[np.float64]:
    """Matthews' correlation of decision and truth, from -1 to 1; 0 for guessing, and for naming one class always.

    Parameters
    ----------
    right, predicted, true : (..., n_classes), the diagonal, the column sums and the row sums

    Returns
    -------
    float64 (...,); of more than two classes Gorodkin's R_K (2004), as in scikit-learn

    Examples
    --------
    >>> round(float(matthews(np.array([2, 1]), np.array([3, 1]), np.array([2, 2]))), 4)
    0.5774
    """
    said, truth = predicted.astype(np.float64), true.astype(np.float64)
    rows = truth.sum(axis=-1)
    shared = right.sum(axis=-1) * rows - (said * truth).sum(axis=-1)
    spread = (rows**2 - (said**2).sum(axis=-1)) * (rows**2 - (truth**2).sum(axis=-1))
    found: NDArray[np.float64] = np.divide(shared, np.sqrt(spread), out=np.zeros_like(shared), where=spread > 0)
    return found


def _cumulated(
    positive: NDArray[np.bool_], scores: NDArray[np.floating[Any]], weights: NDArray[Any] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.floating[Any]]]:
    # rows of positives and of all at or above each distinct score, scores falling
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    weight = np.ones(len(ranked)) if weights is None else np.asarray(weights, dtype=np.float64)[order]
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    return np.cumsum(weight * positive[order])[last], np.cumsum(weight)[last], ranked[last]


def average_precision(
    positive: NDArray[np.bool_], scores: NDArray[np.floating[Any]], weights: NDArray[Any] | None = None
) -> float:
    """Mean precision over the thresholds, weighted by the recall each adds; equal scores are one threshold.

    Parameters
    ----------
    positive : bool (n,)
    scores : (n,), higher means more likely positive
    weights : (n,) or None, how often each row counts

    Returns
    -------
    NaN if no row is positive

    Examples
    --------
    >>> round(average_precision(np.array([False, False, True, True]), np.array([0.1, 0.4, 0.35, 0.8])), 4)
    0.8333
    """
    hits, rows, _ = _cumulated(positive, scores, weights)
    if len(hits) == 0 or hits[-1] == 0:
        return float("nan")
    return float(np.sum(np.diff(hits, prepend=0.0) * hits / np.maximum(rows, np.finfo(float).tiny)) / hits[-1])


def roc_auc(
    positive: NDArray[np.bool_], scores: NDArray[np.floating[Any]], weights: NDArray[Any] | None = None
) -> float:
    """How likely a positive row has a higher score than a negative one; a tie counts half.

    Parameters
    ----------
    positive : bool (n,)
    scores : (n,)
    weights : (n,) or None

    Returns
    -------
    NaN if only one kind of row is there

    Examples
    --------
    >>> roc_auc(np.array([False, False, True, True]), np.array([0.1, 0.4, 0.35, 0.8]))
    0.75
    """
    hits, rows, _ = _cumulated(positive, scores, weights)
    if len(hits) == 0 or hits[-1] == 0 or hits[-1] == rows[-1]:
        return float("nan")
    misses = rows - hits
    new = np.diff(hits, prepend=0.0)
    below = misses[-1] - (misses + np.concatenate(([0.0], misses[:-1]))) / 2
    return float(np.sum(new * below) / (hits[-1] * misses[-1]))


def precision_recall_curve(
    positive: NDArray[np.bool_], scores: NDArray[np.floating[Any]]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.floating[Any]]]:
    """Precision and recall of "positive from this score on", for each distinct score, scores falling.

    Parameters
    ----------
    positive : bool (n,), at least one True
    scores : (n,)

    Returns
    -------
    precision, recall, threshold, each (n_distinct,)

    Examples
    --------
    >>> p, r, t = precision_recall_curve(np.array([True, False, True]), np.array([0.9, 0.5, 0.1]))
    >>> p.round(2).tolist(), r.tolist(), t.tolist()
    ([1.0, 0.5, 0.67], [0.5, 0.5, 1.0], [0.9, 0.5, 0.1])
    """
    hits, rows, thresholds = _cumulated(positive, scores, None)
    return hits / rows, hits / max(float(hits[-1]), 1.0), thresholds


def log_loss_of_rows(truth: NDArray[np.int64], scores: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Minus the logarithm of the probability that each row's own class was given, float64 (n,).

    A probability is kept off 0 and 1 by the machine epsilon of its own dtype, as scikit-learn does: one certain
    mistake costs 15.9 in float32, not infinity.
    """
    eps = float(np.finfo(scores.dtype).eps)
    own = scores[np.arange(len(truth)), truth].astype(np.float64)
    return -np.log(np.clip(own, eps, 1 - eps))


def log_loss(truth: NDArray[np.int64], scores: NDArray[np.floating[Any]]) -> float:
    """Mean of `log_loss_of_rows`, in nats.

    Parameters
    ----------
    truth : (n,), class numbers
    scores : (n, n_classes), probabilities

    Examples
    --------
    >>> round(log_loss(np.array([1]), np.array([[0.5, 0.5]])), 4)
    0.6931
    """
    return float(log_loss_of_rows(truth, scores).mean())


def brier_of_rows(truth: NDArray[np.int64], scores: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Squared distance of each row's probabilities from the truth, float64 (n,); halved for two classes.

    Halved, it is the usual (p - y)^2 of the positive class, 0 to 1; with more classes it runs from 0 to 2.
    """
    exact = scores.astype(np.float64)
    distance: NDArray[np.float64] = np.einsum("ij,ij->i", exact, exact)
    own = exact[np.arange(len(truth)), truth]
    distance = distance - own * own + (1 - own) ** 2
    return distance / 2 if scores.shape[1] == 2 else distance


def brier(truth: NDArray[np.int64], scores: NDArray[np.floating[Any]]) -> float:
    """Mean of `brier_of_rows`.

    Parameters
    ----------
    truth : (n,), class numbers
    scores : (n, n_classes), probabilities

    Examples
    --------
    >>> brier(np.array([1, 0]), np.array([[0.5, 0.5], [1.0, 0.0]]))
    0.125
    """
    return float(brier_of_rows(truth, scores).mean())


def calibration_gaps(
    truth: NDArray[Any], scores: NDArray[Any], positive: int | None
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]:
    """What each row's probability said and whether it came true, for the ten bins of a reliability diagram.

    Parameters
    ----------
    truth : (n,), class numbers; or bool (n, n_classes), where each label of each row has a probability of its own
    scores : (n, n_classes), probabilities
    positive : the class whose probability is meant; None: that of the most probable class of each row

    Returns
    -------
    the bin of each row, int64 (n,), of ten of equal width; what was said, float64 (n,); what came true, bool (n,)
    """
    if truth.ndim == 2:
        said, came = scores.ravel().astype(np.float64), truth.ravel()
    elif positive is not None:
        said, came = scores[:, positive].astype(np.float64), truth == positive
    else:
        said, came = scores.max(axis=1).astype(np.float64), scores.argmax(axis=1) == truth
    return np.clip((said * _BINS).astype(np.int64), 0, _BINS - 1), said, came


def calibration_error(truth: NDArray[Any], scores: NDArray[Any], positive: int | None) -> float:
    """Expected calibration error (Naeini, Cooper and Hauskrecht, 2015): the mean gap between said and came true.

    The gaps are those of ten bins, weighted by their rows. Chance makes gaps too, so of few rows it is too high, and
    above 0 even of probabilities that are right.

    Parameters
    ----------
    truth, scores, positive : as in `calibration_gaps`

    Examples
    --------
    >>> scores = np.array([[0.75, 0.25]] * 4 + [[0.05, 0.95]] * 2)
    >>> round(calibration_error(np.array([0, 0, 0, 1, 1, 1]), scores, 1), 4)
    0.0167
    """
    bins, said, came = calibration_gaps(truth, scores, positive)
    return float(np.abs(np.bincount(bins, weights=said - came, minlength=_BINS)).sum() / len(said))


def top_k_of_rows(truth: NDArray[np.int64], scores: NDArray[Any], k: int = 3) -> NDArray[np.float64]:
    """Whether each row's class is among the `k` most probable ones, 1 or 0; of equal scores the first class is ahead.

    Parameters
    ----------
    truth : (n,), class numbers
    scores : (n, n_classes)

    Examples
    --------
    >>> top_k_of_rows(np.array([0, 2]), np.array([[0.2, 0.5, 0.3], [0.5, 0.3, 0.2]]), 2).tolist()
    [0.0, 0.0]
    """
    own = np.take_along_axis(scores, truth[:, None], axis=1)
    before = np.arange(scores.shape[1]) < truth[:, None]
    ahead = (scores > own).sum(axis=1) + ((scores == own) & before).sum(axis=1)
    return np.asarray(ahead < k, np.float64)


def ranking_precision_of_rows(truth: NDArray[np.bool_], scores: NDArray[Any]) -> NDArray[np.float64]:
    """Of each true label, the share of true ones among those ranked as high or higher, averaged over a row's labels.

    A row of no label, or of all, is 1: no order is wrong. Its mean is scikit-learn's
    ``label_ranking_average_precision_score``.

    Parameters
    ----------
    truth : bool (n, n_classes)
    scores : (n, n_classes)

    Returns
    -------
    float64 (n,)

    Examples
    --------
    >>> truth = np.array([[True, False, True], [False, False, False]])
    >>> ranking_precision_of_rows(truth, np.array([[0.9, 0.8, 0.1], [0.5, 0.5, 0.5]])).round(3).tolist()
    [0.833, 1.0]
    """
    found = np.ones(len(truth))
    sizes = truth.sum(axis=1)
    for row in np.flatnonzero((sizes > 0) & (sizes < truth.shape[1])).tolist():
        own = np.sort(scores[row][truth[row]])
        every = np.sort(scores[row])
        above = [len(part) - np.searchsorted(part, own, side="left") for part in (own, every)]
        found[row] = (above[0] / above[1]).mean()
    return found
