"""Groups of similar texts by looking at every pair."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from textmill.config import TextConfig
from textmill.text import TextPath

_WORDS = TextConfig(clean=("urls",), case="lower", tokens="unicode", map="none")


def word_sets(texts: Sequence[str]) -> list[frozenset[str]]:
    return [frozenset(words) for words in TextPath(_WORDS).tokens(list(texts)).lists()]


def similar_pairs(sets: Sequence[frozenset[str]], similarity: float) -> list[tuple[int, int]]:
    """All pairs whose sets have that share of their union in common."""
    columns = {word: column for column, word in enumerate(sorted({word for words in sets for word in words}))}
    rows = np.repeat(np.arange(len(sets)), [len(words) for words in sets])
    cells = np.array([columns[word] for words in sets for word in words], np.int64)
    matrix = coo_array((np.ones(len(cells), np.int64), (rows, cells)), shape=(len(sets), max(1, len(columns)))).tocsr()
    shared = (matrix @ matrix.T).tocoo()
    sizes = np.array([len(words) for words in sets])
    a, b = shared.coords
    alike = shared.data / (sizes[a] + sizes[b] - shared.data) >= similarity
    return [(int(x), int(y)) for x, y in zip(a[alike], b[alike], strict=True) if x < y]


def groups(texts: Sequence[str], similarity: float) -> NDArray[np.int64]:
    """Of each text the first one of its group."""
    pairs = similar_pairs(word_sets(texts), similarity)
    a, b = np.array(pairs, np.int64).reshape(-1, 2).T
    graph = coo_array((np.ones(len(a), np.int8), (a, b)), shape=(len(texts), len(texts)))
    _, labels = connected_components(graph, directed=False)
    firsts = np.unique(labels, return_index=True)[1]
    return np.asarray(firsts[labels])
