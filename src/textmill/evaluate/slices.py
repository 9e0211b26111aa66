"""Scores of parts of the test side: where a model is good on the whole, and for whom it is not."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from textmill.evaluate import metrics as formulas
from textmill.evaluate.intervals import difference_of_shares, interval, resample_decisions, wilson

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["by_size", "by_value", "slices"]

_FEWEST = 20  # rows of a slice: of fewer, an interval is as wide as the scale
_MOST = 12  # values of a column that get a slice of their own


def slices(
    truth: NDArray[np.int64],
    said: NDArray[np.int64],
    groups: Mapping[str, Sequence[str | None]],
    *,
    n_classes: int,
    metric: str,
    positive: int | None,
    resamples: int,
    confidence: float,
    seed: int,
) -> list[dict[str, Any]]:
    """The score of each slice, beside that of all other rows; the unlucky ones first.

    A slice is called worse or better only if the interval of its difference to the rest leaves out 0; with many slices
    the intervals are wider (Bonferroni), so that one in twenty reports errs, not one in twenty slices.

    Parameters
    ----------
    truth, said : int64 (n,), class numbers
    groups : name of a way to slice -> the slice of each row, None for none
    metric : "accuracy" or "f1", of the class `positive` or the mean of all

    Returns
    -------
    for each ``of`` (the way) and ``slice`` with 20 rows or more (of the class `positive`, where its F1 is asked for):
    ``rows``, the score's ``value``, ``low`` and ``high``, ``difference`` to the rest with ``difference_low`` and
    ``difference_high``, and ``outcome`` (``worse``, ``same``, ``better``)

    Examples
    --------
    >>> truth, said = np.array([0, 1] * 100), np.array([0, 1] * 50 + [1, 0] * 50)
    >>> found = slices(truth, said, {"half": ["first"] * 100 + ["last"] * 100}, n_classes=2, metric="accuracy",
    ...                positive=1, resamples=200, confidence=0.95, seed=1)
    >>> [(one["slice"], one["value"], one["outcome"]) for one in found]
    [('last', 0.0, 'worse'), ('first', 1.0, 'better')]
    """
    asked = []
    # what there must be enough of: rows, and for F1 of a class, rows of it
    count = truth == positive if metric != "accuracy" and positive is not None else np.ones(len(truth), bool)
    for of, names in groups.items():
        for name in sorted({name for name in names if name is not None}):
            inside = np.array([one == name for one in names], bool)
            if min(int(count[inside].sum()), int(count[~inside].sum())) >= _FEWEST:
                asked.append((of, name, inside))

    def score(which: NDArray[np.bool_], part: int) -> tuple[float, NDArray[np.float64]]:
        true, decided = truth[which], said[which]
        drawn = resample_decisions(
            true, (decided,), n_classes=n_classes, positive=positive, resamples=resamples, seed=seed + part
        )[0].overall[metric]
        return _f1(true, decided, n_classes, positive), drawn

    found = []
    for of, name, inside in asked:
        rows, wide = int(inside.sum()), 1 - (1 - confidence) / len(asked)
        if metric == "accuracy":  # a share: resamples of rows that are all right would show no doubt
            value, other = (float((truth[which] == said[which]).mean()) for which in (inside, ~inside))
            low, high = wilson(value, rows, confidence)
            gap_low, gap_high = difference_of_shares(value, rows, other, len(truth) - rows, wide)
        else:
            (value, drawn), (other, drawn_other) = score(inside, 0), score(~inside, 1)
            low, high = interval(drawn, value, confidence)
            gap_low, gap_high = interval(drawn - drawn_other, value - other, wide)
        found.append(
            {
                "of": of,
                "slice": name,
                "rows": rows,
                "value": value,
                "low": low,
                "high": high,
                "difference": value - other,
                "difference_low": gap_low,
                "difference_high": gap_high,
                "outcome": "worse" if gap_high < 0 else "better" if gap_low > 0 else "same",
            }
        )
    return sorted(found, key=lambda one: (one["difference_high"] >= 0, one["difference"]))


def by_size(sizes: NDArray[Any], unit: str = "") -> list[str | None]:
    """Four slices of about as many rows each, called by their bounds; None where there is no number.

    Examples
    --------
    >>> by_size(np.array([3, 50, 7, 120]), "characters")
    ['up to 3 characters', '8 to 50 characters', '4 to 7 characters', 'above 50 characters']
    """
    known = sizes[~np.isnan(sizes.astype(np.float64))]
    if len(known) == 0:
        return [None] * len(sizes)
    edges = np.unique(np.quantile(known, [0.25, 0.5, 0.75], method="lower"))
    whole = bool((known == np.round(known)).all())
    end = f" {unit}" if unit else ""
    names = [f"up to {edges[0]:,.6g}{end}"]
    for low, high in itertools.pairwise(edges):
        first = f"{low + 1:,.6g}" if whole else f"above {low:,.6g}"
        names.append(f"{first} to {high:,.6g}{end}" if first != f"{high:,.6g}" else f"{first}{end}")
    names.append(f"above {edges[-1]:,.6g}{end}")
    places = np.searchsorted(edges, sizes)
    return [None if size != size else names[place] for size, place in zip(sizes.tolist(), places.tolist(), strict=True)]


def by_value(values: Sequence[Any]) -> list[str | None]:
    """A slice for each of the most frequent values; numbers with many values are sliced by size.

    Examples
    --------
    >>> by_value(["a", None, "b", "a"])
    ['a', None, 'b', 'a']
    """
    kinds = {type(value) for value in values if value is not None}
    distinct = {value for value in values if value is not None}
    if kinds and kinds <= {int, float} and len(distinct) > _MOST:
        return by_size(np.array([np.nan if value is None else value for value in values], np.float64))
    counts = Counter(str(value) for value in values if value is not None)
    kept = {name for name, _ in sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:_MOST]}
    return [str(value) if value is not None and str(value) in kept else None for value in values]


def _f1(truth: NDArray[np.int64], said: NDArray[np.int64], n_classes: int, positive: int | None) -> float:
    confusion = formulas.confusion_matrix(truth, said, n_classes)
    predicted, true = confusion.sum(axis=0), confusion.sum(axis=1)
    _, _, f1 = formulas.precision_recall_f1(np.diagonal(confusion), predicted, true)
    return float(formulas.macro(f1, predicted + true > 0) if positive is None else f1[positive])
