"""Rows that belong on one side of a split: what they share, and the key that deals them out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from textmill import _native
from textmill.errors import ConfigError, closest
from textmill.read.corpus import Corpus
from textmill.read.layout import string_layout

_ROUNDS = 30  # after which a walk is the shorter way

__all__ = ["column_of", "fingerprints_of", "joined", "least_keys", "shared_values"]


def fingerprints_of(corpus: Corpus, column: str, loose: bool, threads: int) -> NDArray[np.uint64]:
    """128-bit fingerprints of a column of text: uint64 (n_rows, 2)."""
    found = [np.empty((0, 2), np.uint64)]
    for batch in corpus.batches():
        found.append(_native.fingerprints(*string_layout(batch.column(column)), loose, threads))
    return np.concatenate(found)


def column_of(corpus: Corpus, name: str, setting: str) -> pa.ChunkedArray:
    """A column of the source that a setting names.

    Raises
    ------
    ConfigError : if there is none of that name
    """
    table = corpus.table()
    if name not in table.column_names:
        known = [column for column in table.column_names if column not in ("id", "text", "label")]
        near = closest(name, known)
        raise ConfigError(
            [
                f"{setting}: no column is called {name!r}; "
                + (f"known: {', '.join(known)}" if known else "there is none beside text, label and id")
                + (f". Did you mean {near!r}?" if near else "")
            ],
            where=corpus.name,
        )
    return table[name]


def shared_values(corpus: Corpus, columns: Sequence[str]) -> list[NDArray[np.int64]]:
    """Which rows share a value of some columns; a value is the same in whichever column it stands.

    Returns
    -------
    for each column int64 (n_rows,): equal numbers for equal values, and one of its own for a row without a value

    Examples
    --------
    >>> rows = [{"text": "x", "label": "a", "q1": "who?", "q2": "how?"}, {"text": "y", "label": "a", "q1": "how?"}]
    >>> [column.tolist() for column in shared_values(Corpus.of(rows), ["q1", "q2"])]
    [[0, 1], [1, 3]]
    """
    parts = [pc.cast(column_of(corpus, name, "split.group"), pa.string()).combine_chunks() for name in columns]
    coded = pa.chunked_array(parts, pa.string()).combine_chunks().dictionary_encode()
    n, n_values = corpus.n_rows, len(coded.dictionary)
    numbers = pc.fill_null(coded.indices, -1).to_numpy().astype(np.int64)
    found = []
    for place in range(len(columns)):
        part = numbers[place * n : (place + 1) * n]
        found.append(np.where(part < 0, n_values + np.arange(n), part))
    return found


def joined(n: int, ties: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Groups of rows that are tied to each other, or through others.

    Parameters
    ----------
    ties : int64 (n,) each, from 0 on; rows with an equal number, in one of them or in two, are tied

    Returns
    -------
    int64 (n,), numbers of groups from 0 on

    Examples
    --------
    >>> joined(4, [np.array([0, 0, 1, 2]), np.array([3, 4, 4, 5])]).tolist()
    [0, 0, 0, 1]
    """
    # the least row of each group goes round until nothing changes: few rounds, as most groups are of a row or two
    least = np.arange(n)
    size = max((int(tie.max(initial=-1)) for tie in ties), default=-1) + 1
    for _ in range(_ROUNDS):
        of_group = np.full(size, n)
        for tie in ties:
            np.minimum.at(of_group, tie, least)
        now = np.minimum.reduce([least, *(of_group[tie] for tie in ties)])
        now = now[now]
        if (now == least).all():
            return np.asarray(np.unique(least, return_inverse=True)[1], np.int64)
        least = now
    return _walked(n, ties)


def _walked(n: int, ties: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """`joined` where a chain of ties is long."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    rows = np.arange(n)
    ends = np.concatenate([n + tie for tie in ties])  # a row is tied to a node for each of its numbers
    size = int(ends.max(initial=n - 1)) + 1
    graph = csr_array((np.ones(len(ends), np.int8), (np.tile(rows, len(ties)), ends)), shape=(size, size))
    _, found = connected_components(graph, directed=False)
    groups: NDArray[np.int64] = np.unique(found[:n], return_inverse=True)[1].astype(np.int64)
    return groups


def least_keys(keys: NDArray[np.uint64], groups: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Of each row the least key of its group, so that the order of the rows decides nothing.

    Parameters
    ----------
    keys : uint64 (n, 2)
    groups : int64 (n,)
    """
    order = np.lexsort((keys[:, 1], keys[:, 0], groups))
    _, firsts = np.unique(groups[order], return_index=True)
    return np.asarray(keys[order[firsts]][np.unique(groups, return_inverse=True)[1]])
