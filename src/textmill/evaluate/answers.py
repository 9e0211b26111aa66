"""What thresholds, costs and answers left open come to on the test rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from textmill.errors import DataError
from textmill.evaluate.intervals import interval, wilson
from textmill.models.thresholds import choose_threshold

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from textmill.types import Prediction

__all__ = ["cost_of", "cuts", "left_open"]

_WANTED = (0.9, 0.95, 0.99)


def cuts(positive: NDArray[np.bool_], scores: NDArray[Any]) -> list[dict[str, Any]]:
    """What thresholds would give, each with the rows that it rests on.

    They are chosen on the rows that they are measured on, so they are a little too good: enough to see what a wanted
    precision costs in recall, not enough to promise it. ``[decide] threshold`` learns one on rows of its own.

    Parameters
    ----------
    positive : bool (n,), which test rows are of the class
    scores : (n,), its probabilities

    Returns
    -------
    for each ``metric`` and ``wanted`` share: ``threshold``, ``precision``, ``recall``, ``rows``, ``low`` and ``high``
    as in `Threshold`, or ``refused``, which says why there is none

    Examples
    --------
    >>> scores = np.linspace(0, 1, 100)
    >>> [(cut["metric"], cut["wanted"], "refused" in cut) for cut in cuts(scores > 0.4, scores)][:3]
    [('precision', 0.9, False), ('precision', 0.95, False), ('precision', 0.99, True)]
    """
    found = []
    metrics: tuple[Literal["precision", "recall"], ...] = ("precision", "recall")
    for metric in metrics:
        for wanted in _WANTED:
            told: dict[str, Any] = {"metric": metric, "wanted": wanted}
            try:
                cut = choose_threshold(positive, scores, metric, wanted)
            except DataError as error:
                told["refused"] = str(error)
            else:
                told |= {"threshold": cut.value, "precision": cut.precision, "recall": cut.recall}
                told |= {"rows": cut.rows, "low": cut.low, "high": cut.high}
            found.append(told)
    return found


def left_open(truth: NDArray[np.int64], prediction: Prediction) -> dict[str, Any]:
    """How many answers are given, and how often they are right beside those that are left open.

    Parameters
    ----------
    truth : int64 (n,), class numbers
    prediction : with ``unsure``

    Returns
    -------
    ``rows``, and for ``answered`` and ``open`` each ``rows``, ``share`` of all and ``accuracy`` with its Wilson
    interval, ``low`` and ``high``; no accuracy where there are no rows
    """
    unsure = np.zeros(len(truth), bool) if prediction.unsure is None else prediction.unsure
    right = prediction.codes == truth
    found: dict[str, Any] = {"rows": len(truth)}
    for name, which in (("answered", ~unsure), ("open", unsure)):
        n = int(which.sum())
        found[name] = {"rows": n, "share": n / len(truth)}
        if n:
            share = float(right[which].mean())
            low, high = wilson(share, n)
            found[name] |= {"accuracy": share, "low": low, "high": high}
    return found


def cost_of(
    truth: NDArray[np.int64],
    said: NDArray[np.int64],
    baseline: NDArray[np.int64],
    costs: NDArray[np.float64],
    *,
    resamples: int,
    confidence: float,
    seed: int,
) -> dict[str, float]:
    """The mean cost of an answer, with its bootstrap interval, beside the baseline's.

    Parameters
    ----------
    truth, said, baseline : int64 (n,), class numbers
    costs : (n_classes, n_classes), rows are the truth, columns the answer

    Examples
    --------
    >>> codes = np.array([0, 0, 1, 1] * 25)
    >>> found = cost_of(codes, np.zeros(100, int), codes, np.array([[0, 1.0], [5, 0]]),
    ...                 resamples=200, confidence=0.95, seed=1)
    >>> found["value"], found["baseline"], found["low"] < 2.5 < found["high"]
    (2.5, 0.0, True)
    """
    paid = costs[truth, said]
    # rows of one cost are drawn alike
    worth, counts = np.unique(paid, return_counts=True)
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, 3])))
    drawn = rng.multinomial(len(paid), counts / len(paid), size=resamples) @ worth / len(paid)
    value = float(paid.mean())
    low, high = interval(drawn, value, confidence)
    return {"value": value, "low": low, "high": high, "baseline": float(costs[truth, baseline].mean())}
