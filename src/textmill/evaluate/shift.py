"""Whether the two sides of a split speak alike: words of one that the other lacks, or has less of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from textmill.types import Tokens

__all__ = ["dealt_anew", "vocabulary_shift"]

_TOLD = 12  # words of each side
_DEALT = 39  # times that the texts are dealt anew: the least p-value is 1 in 40


def vocabulary_shift(
    tokens: Tokens, side: NDArray[np.int8], *, seed: int, units: NDArray[np.int64] | None = None
) -> dict[str, Any]:
    """Compare the words of two sides.

    Parameters
    ----------
    tokens : of all texts
    side : int8 (n_texts,), 0 train, 1 test
    units : int64 (n_texts,), equal for texts that stay together; None: each is on its own

    Returns
    -------
    dict of JSON values:

    - ``unseen``: share of the test side's words (with repetitions) that no training text has
    - ``divergence``: Jensen and Shannon's, in bits, 0 for the same shares of words and 1 for none in common; ``p``
      that units dealt out at random are as far apart (of 39 such deals), ``usual`` their mean divergence, ``sd`` the
      standard deviation
    - ``more_in_test``, ``more_in_train``: words with the z-score of their log-odds, the words of both sides as prior
      (Monroe, Colaresi and Quinn, 2008)

    Examples
    --------
    >>> from textmill.types import Tokens
    >>> ids, rows = np.array([0, 1, 0, 2] * 25, np.int32), np.arange(0, 101, 2)
    >>> found = vocabulary_shift(Tokens(ids, rows, None, ["the", "sea", "storm"]), np.array([0, 1] * 25), seed=1)
    >>> found["unseen"], found["more_in_test"][0][0], found["p"] < 0.05
    (0.5, 'storm', True)
    """
    n_types = len(tokens.types)
    owner = np.repeat(np.arange(len(side)), np.diff(tokens.rows))

    def counted(sides: NDArray[np.int8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        tested = np.bincount(tokens.ids, weights=sides[owner], minlength=n_types).astype(np.float64)
        return np.bincount(tokens.ids, minlength=n_types) - tested, tested

    train, test = counted(side)
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, 4])))
    found = _divergence(train, test)
    _, unit, sizes = np.unique(
        np.arange(len(side)) if units is None else units, return_inverse=True, return_counts=True
    )
    by_chance = np.array([_divergence(*counted(dealt_anew(rng, unit, sizes, side))) for _ in range(_DEALT)])
    z = _log_odds(test, train)
    names = tokens.types
    order = np.argsort(-z, kind="stable")
    return {
        "unseen": float(test[train == 0].sum() / max(test.sum(), 1)),
        "divergence": found,
        "usual": float(by_chance.mean()),
        "sd": float(by_chance.std()),
        "p": float((1 + (by_chance >= found).sum()) / (1 + _DEALT)),
        "more_in_test": [[names[i], float(z[i])] for i in order[:_TOLD].tolist() if z[i] > 1.96],
        "more_in_train": [[names[i], float(-z[i])] for i in order[::-1][:_TOLD].tolist() if z[i] < -1.96],
    }


def dealt_anew(
    rng: np.random.Generator, unit: NDArray[np.int64], sizes: NDArray[np.int64], side: NDArray[np.int8]
) -> NDArray[np.int8]:
    """Units at random until the test side has as many texts as it had.

    Parameters
    ----------
    unit : int64 (n_texts,), the number of each text's
    sizes : int64 (n_units,), how many texts each has
    side : int8 (n_texts,), 0 train, 1 test

    Returns
    -------
    int8 (n_texts,), as `side`
    """
    order = rng.permutation(len(sizes))
    middles = np.cumsum(sizes[order]) - sizes[order] / 2
    tested = np.zeros(len(sizes), np.int8)
    tested[order[middles < side.sum()]] = 1
    return tested[unit]


def _divergence(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    p, q = one / max(one.sum(), 1), other / max(other.sum(), 1)
    middle = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(part > 0, part * np.log2(part / middle), 0.0).sum() for part in (p, q)]
    return float(sum(parts) / 2)


def _log_odds(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    total = max(float(one.sum() + other.sum()), 1.0)
    prior = (one + other) / total * min(1000.0, total / 10)  # as if up to a thousand words had been seen before
    with np.errstate(divide="ignore", invalid="ignore"):
        a, b = one + prior, other + prior
        gap = np.log(a / (a.sum() - a)) - np.log(b / (b.sum() - b))
        z = gap / np.sqrt(1 / a + 1 / b)
    return np.asarray(np.nan_to_num(z, posinf=0.0, neginf=0.0), np.float64)
