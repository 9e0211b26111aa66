"""What a part of a corpus holds, as something to add: the counts of all parts give the vocabulary that the whole gives.

Words are numbered by first appearance and terms by spelling, and neither knows of the parts: adding the counts of
neighbours, in the order of the data, numbers the words that the later one brings behind those of the earlier one, and
puts the n-grams of both in the order of spelling again. So parts may be added two at a time, many at a time, or as a
tree; what comes out is the same to the bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textmill import _native
from textmill.config import FeaturesConfig
from textmill.features.arrays import read_array, write_array
from textmill.features.saved import read_strings
from textmill.features.terms import DROPPED, Levels, TermTable, Vocabulary, term_table
from textmill.features.weights import chosen, document_limits, idf_weights, nothing_left
from textmill.text.buffers import TextBuffers, numbered_from
from textmill.text.path import TextPath

__all__ = ["WordCounts"]


@dataclass(frozen=True, slots=True, eq=False)
class WordCounts:
    """The words and n-grams of some texts, none left out, with how often they occur.

    Made by `of`, `merged` or `load`.

    Attributes
    ----------
    words : the distinct words in the order of first appearance, and the terms they become in the order of spelling
    type_frequencies : int64 (n_types,), how often each word occurs
    grams : int32 (n_grams, longest), the terms of each n-gram, -1 behind its last; in the order of spelling
    df, tf : int64 (n_grams,), in how many texts, and how often, each n-gram stands
    n_texts : how many texts there are
    longest : of the texts, in terms

    Examples
    --------
    >>> path, config = TextPath(), FeaturesConfig(ngrams=(1, 2), min_df=2)
    >>> parts = [WordCounts.of(path, config, texts) for texts in (["red sun", "sun"], ["a red sun"])]
    >>> whole = WordCounts.merged(parts)
    >>> whole.n_texts, whole.df.tolist()
    (3, [2, 2, 3])
    >>> from textmill.text.buffers import decode_types
    >>> decode_types(*whole.vocabulary(config).terms)
    ['red', 'sun']
    """

    words: TermTable
    type_frequencies: NDArray[np.int64]
    grams: NDArray[np.int32]
    df: NDArray[np.int64]
    tf: NDArray[np.int64]
    n_texts: int
    longest: int

    @classmethod
    def of(cls, text_path: TextPath, config: FeaturesConfig, texts: Any, *, threads: int | None = None) -> WordCounts:
        """Count texts.

        Parameters
        ----------
        config : only its `ngrams` counts here
        texts : what `textmill.text.buffers.text_chunks` takes; there may be none
        threads : the result does not depend on it

        Raises
        ------
        DataError : if `texts` holds something that is no text
        """
        table, counter = _native.TypeTable(), _native.GramCounter()
        n_texts = text_path.count(counter, texts, table, threads=threads)
        words = term_table(text_path, table)
        low, high = config.ngrams
        with numbered_from(0):
            counter.count(words.type_terms, words.terms.n_texts, low, high, 1, threads or 1)
        terms, levels = counter.vocabulary(np.ones(counter.n_columns, bool))
        grams = np.full((counter.n_columns, high), DROPPED, np.int32)
        parts = terms[:, None]  # the terms of each n-gram of a level
        for length, (prefix, term, column) in enumerate(levels, 1):
            if length > 1:
                parts = np.concatenate([parts[prefix], terms[term, None]], axis=1)
            counts = column >= 0
            grams[column[counts], :length] = parts[counts]
        return cls(
            words,
            counter.type_frequencies(),
            grams,
            counter.document_frequencies(),
            counter.term_frequencies(),
            n_texts,
            int(counter.lengths().max(initial=0)),
        )

    @classmethod
    def merged(cls, parts: Sequence[WordCounts]) -> WordCounts:
        """The counts of all the texts of some parts, one or more, which are in the order of the data."""
        table = _native.TypeTable()
        types = [table.intern(*part.words.types) for part in parts]
        spelled = _joined([part.words.terms for part in parts])
        numbers, term_bytes, term_offsets = _native.number_by_spelling(*spelled)
        terms = TextBuffers(term_bytes, term_offsets)
        ends = np.cumsum([part.words.terms.n_texts for part in parts])[:-1]
        renumbered = [np.append(each, np.int32(DROPPED)) for each in np.split(numbers, ends)]  # -1 stays -1

        type_terms = np.empty(len(table), np.int32)
        type_frequencies = np.zeros(len(table), np.int64)
        for part, ids, new in zip(parts, types, renumbered, strict=True):
            type_terms[ids] = new[part.words.type_terms]
            type_frequencies[ids] += part.type_frequencies

        grams = np.concatenate([new[part.grams] for part, new in zip(parts, renumbered, strict=True)])
        order = _by_spelling(grams, terms.n_texts)
        grams = grams[order]
        first = np.flatnonzero(_differs(grams))
        df, tf = (
            np.add.reduceat(np.concatenate(counts)[order], first) if len(first) else np.zeros(0, np.int64)
            for counts in ([part.df for part in parts], [part.tf for part in parts])
        )
        return cls(
            TermTable(TextBuffers(*table.arrays()), type_terms, terms),
            type_frequencies,
            grams[first],
            df,
            tf,
            sum(part.n_texts for part in parts),
            max(part.longest for part in parts),
        )

    def term_frequencies(self) -> NDArray[np.int64]:
        """How often each n-gram occurs."""
        return self.tf

    def vocabulary(self, config: FeaturesConfig) -> Vocabulary:
        """What stays under `min_df`, `max_df` and `max_features`, with its weights.

        Raises
        ------
        DataError : if there is no text, or nothing is left
        """
        min_df, max_df = document_limits(config, self.n_texts)
        keep = chosen(self, self.df, min_df, max_df, config)
        if not keep.any():
            raise nothing_left(self.n_texts, self.longest >= config.ngrams[0])
        idf = idf_weights(config, self.df[keep], self.n_texts)
        return self.words.kept(*_levels(self.grams[keep]), self.type_frequencies, idf)

    def save(self, folder: Path) -> None:
        """Write one .npy an array; the same counts give the same bytes."""
        for name, array in self._arrays().items():
            write_array(folder / f"{name}.npy", array)

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {
            "types": self.words.types.bytes,
            "type_offsets": self.words.types.offsets,
            "type_terms": self.words.type_terms,
            "type_frequencies": self.type_frequencies,
            "terms": self.words.terms.bytes,
            "term_offsets": self.words.terms.offsets,
            "grams": self.grams,
            "df": self.df,
            "tf": self.tf,
            "extent": np.array([self.n_texts, self.longest], np.int64),
        }

    @classmethod
    def load(cls, folder: Path) -> WordCounts:
        """Read what `save` wrote.

        Raises
        ------
        CorruptError : if a file is missing or is not what it says
        """
        n_texts, longest = read_array(folder / "extent.npy", np.int64).tolist()
        return cls(
            TermTable(
                read_strings(folder, "types", "type_offsets"),
                read_array(folder / "type_terms.npy", np.int32),
                read_strings(folder, "terms", "term_offsets"),
            ),
            read_array(folder / "type_frequencies.npy", np.int64),
            read_array(folder / "grams.npy", np.int32, 2),
            read_array(folder / "df.npy", np.int64),
            read_array(folder / "tf.npy", np.int64),
            n_texts,
            longest,
        )


def _joined(parts: Sequence[TextBuffers]) -> TextBuffers:
    """Strings of several tables, one table behind the other."""
    starts = np.cumsum([0, *(len(part.bytes) for part in parts)])
    offsets = [part.offsets[1:] + start for part, start in zip(parts, starts, strict=False)]
    return TextBuffers(
        np.concatenate([part.bytes for part in parts]), np.concatenate([np.zeros(1, np.int64), *offsets])
    )


def _by_spelling(grams: NDArray[np.int32], n_terms: int) -> NDArray[np.int64]:
    """Where n-grams stand in the order of spelling, each before all that it begins: int64 (n_grams,)."""
    length = grams.shape[1]
    if (n_terms + 1) ** length >= 2**63:
        return np.lexsort(grams.T[::-1])
    keys = np.zeros(len(grams), np.int64)
    for k in range(length):
        keys = keys * (n_terms + 1) + (grams[:, k] + 1)
    return np.argsort(keys, kind="stable")  # each part comes in order, so this only merges


def _differs(rows: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Whether each row is another one than the row before it."""
    differs = np.ones(len(rows), bool)
    differs[1:] = (rows[1:] != rows[:-1]).any(axis=1)
    return differs


def _levels(grams: NDArray[np.int32]) -> tuple[NDArray[np.int32], Levels]:
    """The terms that n-grams need, ascending, and the n-grams as a tree over these; n-gram i is column i.

    Parameters
    ----------
    grams : int32 (n_grams, longest), in the order of spelling
    """
    terms = np.unique(grams[grams >= 0])
    grams = np.where(grams >= 0, np.searchsorted(terms, grams), -1).astype(np.int32)
    lengths = (grams >= 0).sum(axis=1)
    none = np.zeros(0, np.int32)
    node = grams[:, 0].copy()  # of each n-gram: what it is a part of, or is, in the level at hand
    column = np.full(len(terms), -1, np.int32)
    single = np.flatnonzero(lengths == 1)
    column[node[single]] = single
    levels: Levels = [(none, none, column)]
    for k in range(1, grams.shape[1]):
        longer = np.flatnonzero(lengths > k)
        fresh = _differs(grams[longer, : k + 1])
        place = np.cumsum(fresh, dtype=np.int32) - 1
        first = longer[fresh]
        column = np.full(len(first), -1, np.int32)
        whole = lengths[longer] == k + 1
        column[place[whole]] = longer[whole]
        levels.append((node[first], grams[first, k], column))
        node[longer] = place
    return terms, levels
