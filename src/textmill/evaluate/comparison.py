"""Which of several models is better on the same rows, and whether the difference could be luck."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from textmill.errors import DataError
from textmill.evaluate.evaluation import evaluate
from textmill.evaluate.sentences import TITLES, inside, number, signed
from textmill.types import LabelSets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from textmill.config import EvaluateConfig
    from textmill.types import Prediction, Score

__all__ = ["compare", "corrected", "mcnemar"]

_FEW = 100  # rows, on which a difference of ten points is noise


def mcnemar(right: NDArray[np.bool_], other: NDArray[np.bool_]) -> tuple[int, int, float]:
    """McNemar's test of two deciders on the same rows, with the mid-p value.

    Only rows on which one of them is right and the other is not say anything. The exact test refuses too seldom; with
    mid-p it keeps its level nearly exactly [1]_.

    Parameters
    ----------
    right, other : bool (n,), where each decides rightly

    Returns
    -------
    rows that only the first has right, rows that only the other has right, and the two-sided mid-p value

    References
    ----------
    .. [1] Fagerland, Lydersen, Laake: The McNemar test for binary matched-pairs data. BMC Medical Research Methodology
       13:91, 2013.

    Examples
    --------
    >>> first, other = np.zeros(20, bool), np.zeros(20, bool)
    >>> first[:9], other[9:10] = True, True
    >>> only_first, only_other, p = mcnemar(first, other)
    >>> only_first, only_other, round(p, 4)
    (9, 1, 0.0117)
    """
    from scipy.special import bdtr  # the binomial distribution, without scipy.stats, which is slow to load

    a, b = int((right & ~other).sum()), int((other & ~right).sum())
    if a == b:
        return a, b, 1.0
    least = min(a, b)
    return a, b, float(bdtr(least, a + b, 0.5) + (bdtr(least - 1, a + b, 0.5) if least else 0.0))


def corrected(values: Sequence[float]) -> list[float]:
    """P-values of several tests by Holm's method (1979), so that one in twenty families errs, not one in twenty tests.

    Examples
    --------
    >>> corrected([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    found = [1.0] * len(values)
    least = 0.0
    for rank, i in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        least = max(least, min(1.0, (len(values) - rank) * values[i]))
        found[i] = least
    return found


def compare(
    truth: Sequence[str],
    predictions: Mapping[str, Prediction | LabelSets],
    *,
    config: EvaluateConfig,
    seed: int,
    positive: str | None = None,
) -> dict[str, Any]:
    """Measure models on the same rows, the first against each of the others.

    A difference counts only if its bootstrap interval, drawn on the same rows for both, leaves out 0, and, where
    accuracy leads, McNemar's test agrees. With several others the intervals are wider (Bonferroni) and the p-values
    larger (Holm), so that they hold all together.

    Parameters
    ----------
    truth : n_texts labels; joined ones, where texts may have several
    predictions : two or more, by the names of their models; their classes in any order
    positive : as in `evaluate`

    Returns
    -------
    dict of JSON values:

    - ``rows``, ``metric`` (the one that leads) and ``why`` (that it is not accuracy), ``confidence``, ``note`` (that
      the rows are few)
    - ``models``: name -> metric -> ``value``, ``low``, ``high``
    - ``others``: for each but the first ``model``, ``differences`` to the first (metric -> ``value``, ``low``,
      ``high``), ``only_first`` and ``only_other`` (rows that one alone has right), ``p``, ``p_corrected``, ``outcome``
      (``better``, ``worse`` or ``same``), ``sentence``

    Raises
    ------
    DataError : fewer than two models, other classes, or as in `evaluate`

    Examples
    --------
    >>> from textmill.config import EvaluateConfig
    >>> from textmill.types import Prediction
    >>> truth = ["ham", "spam"] * 50
    >>> def said(*rows):
    ...     return Prediction(("ham", "spam"), np.array(rows * 50, np.float32))
    >>> found = compare(truth, {"a@1": said([0.9, 0.1], [0.8, 0.2]), "a@2": said([0.9, 0.1], [0.3, 0.7])},
    ...                 config=EvaluateConfig(), seed=1)
    >>> found["others"][0]["sentence"]
    'a@2 is better than a@1: accuracy 1.000 against 0.500, +0.500 (+0.400 to +0.600), p < 0.001.'
    """
    names = list(predictions)
    if len(names) < 2:
        raise DataError("there is nothing to compare with fewer than two models", got=", ".join(names) or "none")
    first, *others = names
    if len({type(prediction) for prediction in predictions.values()}) > 1:
        raise DataError("some of the models say one label of a text, others several: they cannot be compared")
    classes = predictions[first].classes
    ordered = {name: _in_order(prediction, classes, name) for name, prediction in predictions.items()}
    shares = [truth.count(label) / max(len(truth), 1) for label in classes]
    asked: dict[str, Any] = {"seed": seed, "shares": shares, "positive": positive}
    wide = replace(config, confidence=1 - (1 - config.confidence) / len(others)) if len(others) > 1 else config
    found: dict[str, Any] = {"models": {}, "others": []}
    scores: dict[str, dict[str, Score]] = {}
    tests = [mcnemar(_right(truth, ordered[first]), _right(truth, ordered[name])) for name in others]
    for name, (a, b, p), p_corrected in zip(others, tests, corrected([p for _, _, p in tests]), strict=True):
        # a model stands where the majority baseline stands elsewhere: drawn together, luck that both share is out
        measured = evaluate(truth, ordered[name], ordered[first], config=wide, **asked)
        scores[name] = measured.metrics
        leading = measured.details["headline"]
        difference = measured.details["differences"][leading["metric"]]
        unlike = difference["low"] > 0 or difference["high"] < 0
        if leading["metric"] == "accuracy":
            unlike = unlike and p_corrected < 1 - config.confidence
        outcome = "same" if not unlike else "better" if difference["value"] > 0 else "worse"
        score = measured.metrics[leading["metric"]]
        found |= {"rows": len(truth), "metric": leading["metric"], "why": leading["why"]}
        found["others"].append(
            {
                "model": name,
                "differences": measured.details["differences"],
                "only_first": a,
                "only_other": b,
                "p": p,
                "p_corrected": p_corrected,
                "outcome": outcome,
                "sentence": _sentence(
                    name, first, outcome, score, leading["metric"], difference, p_corrected, 1 - config.confidence
                ),
            }
        )
    for name in names:
        other = others[0] if name == first else first
        if name not in scores or wide != config:
            scores[name] = evaluate(truth, ordered[name], ordered[other], config=config, **asked).metrics
        found["models"][name] = {
            metric: {"value": s.value, "low": s.low, "high": s.high} for metric, s in scores[name].items()
        }
    note = ""
    if len(truth) < _FEW:
        rows = "1 row" if len(truth) == 1 else f"{len(truth)} rows"
        note = f"Measured on only {rows}: far too few to tell such models apart."
    return found | {"confidence": config.confidence, "note": note}


def _in_order(prediction: Prediction | LabelSets, classes: tuple[str, ...], name: str) -> Prediction | LabelSets:
    if sorted(prediction.classes) != sorted(classes):
        raise DataError(
            f"{name} knows other classes than the first model",
            wanted=", ".join(map(repr, classes)),
            got=", ".join(map(repr, prediction.classes)),
        )
    places = [prediction.classes.index(label) for label in classes]
    if isinstance(prediction, LabelSets):
        return LabelSets(classes, prediction.scores[:, places], prediction.chosen[:, places])
    chosen = None if prediction.chosen is None else np.argsort(places)[prediction.chosen]
    scores = np.ascontiguousarray(prediction.scores[:, places])
    return replace(prediction, classes=classes, scores=scores, chosen=chosen)


def _right(truth: Sequence[str], prediction: Prediction | LabelSets) -> NDArray[np.bool_]:
    return np.array([label == said for label, said in zip(truth, prediction.decided, strict=True)], np.bool_)


def _sentence(
    name: str,
    first: str,
    outcome: str,
    score: Score,
    metric: str,
    gap: Mapping[str, float],
    p: float,
    alpha: float,
) -> str:
    figures = f"{inside(TITLES[metric])} {number(score.value)} against"
    figures += (
        f" {number(score.baseline or 0.0)}, {signed(gap['value'])} ({signed(gap['low'])} to {signed(gap['high'])})"
    )
    if metric == "accuracy":
        figures += ", p < 0.001" if p < 0.001 else f", p = {p:.3f}"
    if outcome == "same":
        if metric == "accuracy" and p < alpha:
            figures += ", which alone would tell them apart; but the interval has 0 in it"
        return f"{name} and {first} are the same within noise: {figures}."
    return f"{name} is {outcome} than {first}: {figures}."
