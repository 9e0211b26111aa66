"""Whether rows are still like those that a model learned from: labels, lengths of texts, words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from textmill.evaluate.shift import dealt_anew, vocabulary_shift

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from textmill.types import Tokens

__all__ = ["DriftRows", "measure_drift"]

_DEALT = 99  # times that labels and lengths are dealt anew, to see what chance makes of their index
_RARE = 1e-4
_BINS = 10  # of lengths, as is usual
_TOLD = 5  # labels
_PRIOR = 0.5  # of a row in each class of each side, lest a class that one of them lacks is infinitely far
# of two distributions that are nearly the same, the index is so many times the bits of their divergence
_AS_INDEX = 8 * np.log(2)


@dataclass(frozen=True, slots=True)
class DriftRows:
    """Rows of one version of a data set.

    Attributes
    ----------
    labels : those of each text; a text of a project with one label a text has one
    lengths : int64 (n,), of the texts
    units : equal for texts that stay together, or None: each is on its own
    """

    labels: Sequence[Sequence[str]]
    lengths: NDArray[np.int64]
    units: Sequence[object] | None = None


def measure_drift(then: DriftRows, now: DriftRows, tokens: Tokens, *, seed: int) -> dict[str, Any]:
    """Compare the rows of two versions of a data set by the population stability index.

    The index is the sum of ``(p - q) ln(p / q)`` over the classes of what is counted. Of words, most of which are rare,
    it is taken from the divergence of Jensen and Shannon, with which it agrees where the two are alike, and which words
    of one side alone do not make infinite. Two samples of the same texts have an index above 0 as well, which the rows
    dealt out anew show. For independent rows it is then a multiple of chi-square (Yurdakul, 2018); one with the mean
    and the deviation that the deals have says how much of it chance hardly ever makes.

    Parameters
    ----------
    tokens : of the texts of `then` and of `now`, in this order

    Returns
    -------
    dict of JSON values:

    - ``rows``: how many were compared, then and now
    - ``labels``, ``lengths``, ``words``: ``index``; ``by_chance``, what the deals have on average; ``rarely``, what one
      of 10,000 deals has or more
    - ``shares``: labels whose share has changed most, with their shares then and now
    - ``quartiles``: of the lengths, the lower and the upper, then and now
    - ``more_now``, ``more_then``: words with the z-score of their log-odds, see `vocabulary_shift`

    Examples
    --------
    >>> from textmill.types import Tokens
    >>> def rows(label, n):
    ...     return DriftRows([["a"]] * (100 - n) + [[label]] * n, np.full(100, 4))
    >>> tokens = Tokens(np.zeros(200, np.int32), np.arange(201), None, ["word"])
    >>> found = measure_drift(rows("b", 20), rows("b", 60), tokens, seed=1)
    >>> found["shares"], round(found["labels"]["index"], 2), found["words"]["index"]
    ([['a', 0.8, 0.4], ['b', 0.2, 0.6]], 0.7, 0.0)
    """
    n, m = len(then.lengths), len(now.lengths)
    side = np.repeat(np.array([0, 1], np.int8), [n, m])
    units = None if then.units is None or now.units is None else _numbered(then.units, now.units)
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, 5])))
    sizes = np.arange(n + m) if units is None else units
    _, unit, counts = np.unique(sizes, return_inverse=True, return_counts=True)
    deals = [dealt_anew(rng, unit, counts, side) for _ in range(_DEALT)]

    labels = [label for row in (*then.labels, *now.labels) for label in (row or ("",))]
    owner = np.repeat(np.arange(n + m), [len(row) or 1 for row in (*then.labels, *now.labels)])
    names, codes = np.unique(np.array(labels, object).astype(str), return_inverse=True)
    lengths = np.concatenate([then.lengths, now.lengths])
    # the deciles of then, as is usual; equal ones are one
    edges = np.unique(np.quantile(then.lengths, np.linspace(0, 1, _BINS + 1)[1:-1]))
    bins = np.searchsorted(edges, lengths, side="left")

    words = vocabulary_shift(tokens, side, seed=seed, units=units)
    shares = [row / max(row.sum(), 1) for row in _counts(codes, owner, side, len(names))]
    changed = np.argsort(-np.abs(shares[0] - shares[1]), kind="stable")[:_TOLD].tolist()
    return {
        "rows": [n, m],
        "labels": _index_of(lambda dealt: _counts(codes, owner, dealt, len(names)), side, deals),
        "lengths": _index_of(lambda dealt: _counts(bins, np.arange(n + m), dealt, len(edges) + 1), side, deals),
        "words": _beside_chance(*(float(_AS_INDEX * words[key]) for key in ("divergence", "usual", "sd"))),
        "shares": [[str(names[i]), float(shares[0][i]), float(shares[1][i])] for i in changed],
        "quartiles": [np.quantile(one.lengths, [0.25, 0.75]).tolist() for one in (then, now)],
        "more_now": words["more_in_test"],
        "more_then": words["more_in_train"],
    }


def _numbered(then: Sequence[object], now: Sequence[object]) -> NDArray[np.int64]:
    """A number for each unit; those of the two versions are not the same, for they came at another time."""
    numbers: dict[tuple[int, object], int] = {}
    both = [(0, unit) for unit in then] + [(1, unit) for unit in now]
    return np.array([numbers.setdefault(one, len(numbers)) for one in both], np.int64)


Counts = tuple["NDArray[np.float64]", "NDArray[np.float64]"]


def _counts(codes: NDArray[np.int64], owner: NDArray[np.int64], side: NDArray[np.int8], n: int) -> Counts:
    now = np.bincount(codes, weights=side[owner], minlength=n).astype(np.float64)
    return np.bincount(codes, minlength=n) - now, now


def _index_of(
    counted: Callable[[NDArray[np.int8]], Counts], side: NDArray[np.int8], deals: Sequence[NDArray[np.int8]]
) -> dict[str, float]:
    by_chance = np.array([_index(*counted(dealt)) for dealt in deals])
    return _beside_chance(_index(*counted(side)), float(by_chance.mean()), float(by_chance.std()))


def _beside_chance(index: float, mean: float, sd: float) -> dict[str, float]:
    from scipy.special import gammaincinv

    # a multiple of chi-square is a gamma distribution
    rarely = mean if min(mean, sd) <= 0 else sd**2 / mean * float(gammaincinv((mean / sd) ** 2, 1 - _RARE))
    return {"index": index, "by_chance": mean, "rarely": rarely}


def _index(then: NDArray[np.float64], now: NDArray[np.float64]) -> float:
    p, q = ((counts + _PRIOR) / (counts.sum() + _PRIOR * len(counts)) for counts in (then, now))
    return float(((p - q) * np.log(p / q)).sum())
