"""Words and what goes with them: texts that are wrong more often than others, and how typical a word is of a class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from textmill.types import Tokens

__all__ = ["error_words", "scatter"]

_FEWEST = 10  # texts with a word, of which its share of mistakes is looked at
_TOLD = 12
_EXAMPLES = 3
_POINTS = 300


def error_words(tokens: Tokens, wrong: NDArray[np.bool_], sure: NDArray[Any]) -> list[dict[str, Any]]:
    """The words whose texts are wrong more often than texts are on the whole, beyond luck.

    By a one-sided binomial test of the texts with a word against the share of mistakes in all; p-values are corrected
    for how many words are looked at (Bonferroni).

    Parameters
    ----------
    tokens : of the test texts
    wrong : bool (n_texts,), which decisions are
    sure : (n_texts,), how sure the model was of each

    Returns
    -------
    for each ``word``, the surest first: ``texts`` with it, how many of them are ``wrong``, ``p``, and up to 3 ``rows``
    among the wrong ones, those of which the model was surest

    Examples
    --------
    >>> from textmill.types import Tokens
    >>> ids, rows = np.array([0, 1] * 20 + [0, 2] * 20, np.int32), np.arange(0, 81, 2)
    >>> wrong = np.array([False] * 20 + [True] * 15 + [False] * 5)
    >>> [(one["word"], one["wrong"], one["texts"]) for one in
    ...  error_words(Tokens(ids, rows, None, ["the", "film", "irony"]), wrong, np.ones(40))]
    [('irony', 15, 20)]
    """
    from scipy.special import bdtrc  # the tail of the binomial distribution, without scipy.stats, which is slow to load

    rows, types = _present(tokens)
    n_types, n = len(tokens.types), len(wrong)
    texts = np.bincount(types, minlength=n_types)
    bad = np.bincount(types[wrong[rows]], minlength=n_types)
    asked = np.flatnonzero((texts >= _FEWEST) & (texts <= n - _FEWEST))
    p = np.asarray(bdtrc(bad[asked] - 1.0, texts[asked], wrong.mean()), np.float64) * max(len(asked), 1)
    found = []
    for place in np.argsort(p, kind="stable")[:_TOLD].tolist():
        if p[place] >= 0.05:
            break
        word = int(asked[place])
        mine = rows[(types == word) & wrong[rows]]
        surest = mine[np.argsort(-sure[mine], kind="stable")[:_EXAMPLES]]
        told = {"word": tokens.types[word], "texts": int(texts[word]), "wrong": int(bad[word])}
        found.append(told | {"p": float(p[place]), "rows": surest.tolist()})
    return found


def scatter(tokens: Tokens, codes: NDArray[np.int64], positive: int) -> list[dict[str, Any]]:
    """How typical words are of either of two classes: the data of a picture.

    Parameters
    ----------
    tokens : of labelled texts
    codes : int64 (n_texts,), 0 or 1
    positive : the class that is drawn upwards

    Returns
    -------
    for up to 300 words, those first that tell the classes apart best: ``word``, ``x`` and ``y``: the share of all words
    that are in no more texts of the other and of the positive class (0 the rarest, 1 the most frequent), ``texts`` of
    either class with the word as [other, positive], and ``z``, the z-score of its log-odds, above 0 for the positive

    Examples
    --------
    >>> from textmill.types import Tokens
    >>> ids, rows = np.array([0, 1] * 30 + [0, 2] * 30, np.int32), np.arange(0, 121, 2)
    >>> found = scatter(Tokens(ids, rows, None, ["the", "sun", "storm"]), np.repeat([0, 1], 30), 1)
    >>> [(one["word"], one["texts"]) for one in found if one["z"] > 1.96]
    [('storm', [0, 30])]
    """
    rows, types = _present(tokens)
    n_types = len(tokens.types)
    above = codes[rows] == positive
    up, down = (np.bincount(types[which], minlength=n_types).astype(np.float64) for which in (above, ~above))
    often = np.flatnonzero(up + down >= _FEWEST)
    a, b = up[often] + 1, down[often] + 1
    z = np.zeros(len(often))
    if len(often) > 1:  # a word beside which there is no other has the same odds in both classes
        z = (np.log(a / (a.sum() - a)) - np.log(b / (b.sum() - b))) / np.sqrt(1 / a + 1 / b)
    x, y = (_ranks(part[often]) for part in (down, up))
    order = np.argsort(-np.abs(z), kind="stable")[:_POINTS]
    return [
        {
            "word": tokens.types[often[i]],
            "x": float(x[i]),
            "y": float(y[i]),
            "texts": [int(down[often[i]]), int(up[often[i]])],
            "z": float(z[i]),
        }
        for i in order.tolist()
    ]


def _present(tokens: Tokens) -> tuple[NDArray[np.integer[Any]], NDArray[np.integer[Any]]]:
    """Which words are in which texts, each once: rows and types."""
    ids, starts = tokens.ids, tokens.rows[:-1]
    owner = np.repeat(np.arange(len(starts), dtype=np.int32), np.diff(tokens.rows))
    if ((ids[1:] > ids[:-1]) | (owner[1:] > owner[:-1])).all():  # as features give them
        return owner, ids
    n_types = max(len(tokens.types), 1)
    pairs = np.unique(owner.astype(np.int64) * n_types + ids)
    return pairs // n_types, pairs % n_types


def _ranks(counts: NDArray[Any]) -> NDArray[np.float64]:
    """The share of the counts that are no larger, stretched from 0 to 1; equal counts have equal ranks."""
    _, inverse = np.unique(counts, return_inverse=True)
    return np.asarray(inverse / max(int(inverse.max(initial=0)), 1), np.float64)
