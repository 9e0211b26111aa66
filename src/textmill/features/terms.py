"""Terms of the distinct words of some texts, and what is kept of them once it is known which n-grams stay."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textmill import _native
from textmill.text.buffers import TextBuffers, decode_types, encode_types
from textmill.text.path import TextPath

__all__ = ["DROPPED", "UNKNOWN", "Levels", "TermTable", "Vocabulary", "spelled", "term_table"]

DROPPED, UNKNOWN = -1, -2
Levels = list[tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]]


class Vocabulary(NamedTuple):
    """What `WordFeatures` is made of, beside its settings."""

    types: TextBuffers
    type_terms: NDArray[np.int32]
    terms: TextBuffers
    term_types: NDArray[np.int32]
    levels: Levels
    idf: NDArray[np.float64] | None


class TermTable(NamedTuple):
    """Distinct words as they were met, and the terms they become in the order of spelling."""

    types: TextBuffers
    type_terms: NDArray[np.int32]
    terms: TextBuffers

    def kept(
        self,
        kept_terms: NDArray[np.int32],
        levels: Levels,
        type_frequencies: NDArray[np.int64],
        idf: NDArray[np.float64] | None,
    ) -> Vocabulary:
        """What there is once only these terms stay, ascending, and are numbered anew; the levels have the new numbers.

        Parameters
        ----------
        type_frequencies : how often each type occurs
        """
        n_terms = self.terms.n_texts
        renumbered = np.full(n_terms + 1, UNKNOWN, np.int32)  # its last place serves the dropped, -1
        renumbered[kept_terms] = np.arange(len(kept_terms), dtype=np.int32)
        renumbered[-1] = DROPPED
        return Vocabulary(
            types=self.types,
            type_terms=renumbered[self.type_terms],
            terms=TextBuffers(*_native.take(*self.terms, kept_terms)),
            term_types=_commonest(self.type_terms, type_frequencies, n_terms)[kept_terms],
            levels=levels,
            idf=idf,
        )


def term_table(text_path: TextPath, table: _native.TypeTable) -> TermTable:
    """The terms of all types of a table."""
    types = TextBuffers(*table.arrays())
    spellings = types if text_path.is_plain else _spelled(text_path, types)
    type_terms, term_bytes, term_offsets = _native.number_by_spelling(*spellings)
    return TermTable(types, type_terms, TextBuffers(term_bytes, term_offsets))


def spelled(text_path: TextPath, types: _native.TypeTable, first: int = 0) -> TextBuffers:
    """The terms of the types from number `first` on; an empty one, which no term is, for each that is left out."""
    return _spelled(text_path, TextBuffers(*types.arrays(first)))


def _spelled(text_path: TextPath, types: TextBuffers) -> TextBuffers:
    return encode_types([term or "" for term in text_path.terms(decode_types(*types))])


def _commonest(type_terms: NDArray[np.int32], counts: NDArray[np.int64], n_terms: int) -> NDArray[np.int32]:
    """The most frequent type of each term, the first of equals: int32 (n_terms,)."""
    if len(type_terms) == n_terms and (type_terms >= 0).all():  # each term has one type
        return np.argsort(type_terms).astype(np.int32)
    order = np.argsort(-counts, kind="stable")
    terms, first = np.unique(type_terms[order], return_index=True)
    found = np.zeros(n_terms, np.int32)
    found[terms[terms >= 0]] = order[first[terms >= 0]]
    return found
