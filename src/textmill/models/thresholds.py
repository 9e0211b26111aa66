"""Where to cut the scores of a class for a wanted precision or recall, and on how many rows that rests."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from textmill.errors import DataError

__all__ = ["Threshold", "best_f1", "choose_threshold", "rows_needed"]


@dataclass(frozen=True, slots=True)
class Threshold:
    """A cut, and what it gives on the rows it was chosen on.

    Attributes
    ----------
    value : rows that score this or more are called positive
    precision, recall : on these rows
    rows : that the wanted share is taken of: called positive for precision, positive in truth for recall
    low, high : exact 95 % interval of the wanted share (Clopper and Pearson, 1934)
    """

    value: float
    precision: float
    recall: float
    rows: int
    low: float
    high: float


def rows_needed(wanted: float) -> int:
    """Rows below which a share as high could not be told from a lower one even without a mistake.

    By the rule of three: n rows without a mistake leave a share of 3 / n of mistakes possible, 95 % sure (Hanley and
    Lippman-Hand, 1983). Never fewer than 20.

    Examples
    --------
    >>> rows_needed(0.99), rows_needed(0.5)
    (300, 20)
    """
    return max(20, math.ceil(round(3 / (1 - wanted), 6)))


def choose_threshold(
    positive: NDArray[np.bool_], scores: NDArray[Any], metric: Literal["precision", "recall"], wanted: float
) -> Threshold:
    """The cut that finds most rows at a wanted precision, or the surest one at a wanted recall.

    Parameters
    ----------
    positive : bool (n,), which rows are of the class in truth
    scores : (n,), higher for the class
    wanted : a share, below 1

    Raises
    ------
    DataError : if no cut gives it, or it would rest on fewer than `rows_needed`

    Examples
    --------
    >>> scores = np.linspace(0, 1, 100)
    >>> cut = choose_threshold(scores > 0.5, scores, "precision", 0.9)
    >>> round(cut.precision, 3), cut.recall, cut.rows
    (0.909, 1.0, 55)
    """
    cuts, right, called = _cuts(positive, scores)
    n_positive = int(positive.sum())
    of = called if metric == "precision" else np.full(len(cuts), n_positive)
    reached = np.flatnonzero(right >= wanted * of) if n_positive else np.empty(0, np.int64)
    needed = rows_needed(wanted)
    if len(reached) == 0:
        best = f"{(right / of).max():.3g} at best" if n_positive else "no row of the class"
        raise DataError(f"no threshold gives {metric} {wanted:g}", got=best)
    at = int(reached[-1] if metric == "precision" else reached[0])
    if of[at] < needed:
        kind = "are called positive" if metric == "precision" else "are positive"
        raise DataError(
            f"too few rows speak for {metric} {wanted:g}: where it is reached, {int(of[at]):,} {kind}",
            wanted=f"{needed:,}, as fewer prove nothing even without a mistake",
        )
    low, high = _exact(int(right[at]), int(of[at]))
    return Threshold(
        value=float(cuts[at]),
        precision=float(right[at] / called[at]),
        recall=float(right[at] / n_positive),
        rows=int(of[at]),
        low=low,
        high=high,
    )


def best_f1(positive: NDArray[np.bool_], scores: NDArray[Any]) -> float:
    """The cut with the highest F1, of equals the highest; one row or more is positive.

    Examples
    --------
    >>> best_f1(np.array([True, False, True, False]), np.array([0.9, 0.6, 0.3, 0.1]))
    0.3
    """
    cuts, right, called = _cuts(positive, scores)
    return float(cuts[(right / (called + positive.sum())).argmax()])


def _cuts(
    positive: NDArray[np.bool_], scores: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64]]:
    """Each distinct score, falling, with how many rows have it or more, positive ones and all."""
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    # one cut a distinct score: rows of one score are called alike
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True)) if len(ranked) else np.empty(0, np.int64)
    return ranked[ends], np.cumsum(positive[order], dtype=np.int64)[ends], ends + 1


def _exact(right: int, n: int) -> tuple[float, float]:
    """The 95 % interval of Clopper and Pearson, from the beta distribution."""
    from scipy.special import betaincinv  # scipy.stats is slow to load

    low = float(betaincinv(right, n - right + 1, 0.025)) if right else 0.0
    return low, float(betaincinv(right + 1, n - right, 0.975)) if right < n else 1.0
