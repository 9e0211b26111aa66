"""Which texts are computed together: those of about one length, so that little is filled up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["batches_of_one_length", "shuffled_batches"]

_POOL = 50  # batches' worth of texts that are sorted among themselves


def batches_of_one_length(lengths: NDArray[np.int64], budget: int) -> list[NDArray[np.int64]]:
    """All texts, the shortest first, in batches that have at most `budget` tokens when they are filled up.

    A text that is longer than that is a batch of its own.

    Parameters
    ----------
    lengths : int64 (n_texts,), tokens of each

    Examples
    --------
    >>> [batch.tolist() for batch in batches_of_one_length(np.array([5, 1, 2, 9]), budget=6)]
    [[1, 2], [0], [3]]
    """
    return _cut(np.argsort(lengths, kind="stable"), lengths, budget)


def shuffled_batches(lengths: NDArray[np.int64], budget: int, rng: np.random.Generator) -> list[NDArray[np.int64]]:
    """All texts in batches of about one length, drawn anew.

    Texts are shuffled, sorted by length within pools of 50 batches' worth, cut into batches of at most `budget` tokens,
    and the batches are shuffled. Every text is in one batch, and where each text counts the same whatever the size of
    its batch, the gradient's mean over the batches is that over the texts.

    Examples
    --------
    >>> lengths = np.array([3, 9, 4, 8] * 8)
    >>> batches = shuffled_batches(lengths, 36, np.random.default_rng(13))
    >>> sorted(np.concatenate(batches).tolist()) == list(range(32))
    True
    """
    order = rng.permutation(len(lengths))
    size = max(1, int(_POOL * budget / max(1.0, float(lengths.mean())))) if len(lengths) else 1
    found = []
    for begin in range(0, len(order), size):
        pool = order[begin : begin + size]
        found += _cut(pool[np.argsort(lengths[pool], kind="stable")], lengths, budget)
    return [found[place] for place in rng.permutation(len(found))]


def _cut(order: NDArray[np.int64], lengths: NDArray[np.int64], budget: int) -> list[NDArray[np.int64]]:
    """Cut an order of rising lengths wherever one more text would fill up more than the budget."""
    found, begin = [], 0
    sorted_lengths = lengths[order].tolist()
    for place, length in enumerate(sorted_lengths):
        if place > begin and length * (place - begin + 1) > budget:
            found.append(order[begin:place])
            begin = place
    if begin < len(order):
        found.append(order[begin:])
    return found
