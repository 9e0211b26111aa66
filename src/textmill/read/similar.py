"""Texts that share most of their words, and those that are equal but for case, links and punctuation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from textmill import _native
from textmill.read.corpus import Corpus
from textmill.read.layout import string_layout

__all__ = ["similar_groups"]


def similar_groups(parts: Sequence[Corpus], *, similarity: float, threads: int = 1) -> NDArray[np.int64]:
    """Put texts that share most of their words into one group.

    The words of a text are those of UAX #29 in lower case, each once, its links left out. Two texts are in one group
    where their words have `similarity` of their union in common (Jaccard's index), or where both are similar to a
    third. They are found exactly, by the prefix filter, not by hashes that may miss one [1]_; only of more than 64
    texts of one group that share a rare word, a further text that has it is compared with 64. A text without a word is
    alone. The words are the same whatever ``[text]`` says: what a model makes of a text must not move it to the other
    side of the split.

    Parameters
    ----------
    parts : one corpus, or several, whose rows are numbered one after the other
    similarity : above 0, at most 1
    threads : how many; the result does not depend on it

    Returns
    -------
    int64 (n_rows,) : of each row the first row of its group

    References
    ----------
    .. [1] Xiao, Wang, Lin, Yu: Efficient similarity joins for near duplicate detection. WWW 2008.

    Examples
    --------
    >>> texts = ["A fire in the old town hall", "A fire in the OLD town hall!", "A fire in the old town", "Sun"]
    >>> corpus = Corpus.of([{"text": text} for text in texts], label=None)
    >>> similar_groups([corpus], similarity=0.8).tolist()
    [0, 0, 0, 3]
    """
    program = _native.Program(["urls"], True, 1, "unicode")
    types = _native.TypeTable()
    ids, counts = [np.empty(0, np.int32)], [np.zeros(1, np.int64)]
    for part in parts:
        for batch in part.batches():
            some, rows, _ = _native.scan(program, string_layout(batch.column("text")), types, False, threads)
            ids.append(some)
            counts.append(np.diff(rows))
    ends = np.cumsum(np.concatenate(counts))
    first, _ = _native.similar_texts(np.concatenate(ids), ends, len(types), similarity, threads)
    return first.astype(np.int64)
