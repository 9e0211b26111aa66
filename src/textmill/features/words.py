"""Counts and TF-IDF of word n-grams: the vocabulary that was learned, frozen, and how a text is weighed by it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import DTypeLike, NDArray

from textmill import _native
from textmill.config import FeaturesConfig, from_mapping, thread_count
from textmill.errors import CorruptError
from textmill.features.arrays import read_array
from textmill.features.csr import Csr
from textmill.features.names import ColumnNames
from textmill.features.saved import HEAD, read_head, read_strings, reading, write_features
from textmill.features.skip_grams import learn_skip_grams, ways_from_a_place
from textmill.features.stream import MEMORY, batches_of, learn
from textmill.features.terms import DROPPED, UNKNOWN, Levels, term_table
from textmill.features.vocabulary import vocabulary_tables
from textmill.features.weights import (
    chosen,
    document_limits,
    has_idf,
    idf_weights,
    nothing_left,
    places_to_skip,
    weighed,
    weighting_numbers,
)
from textmill.read.sample import spread
from textmill.text.buffers import TextBuffers, decode_types, encode_types, in_place, numbered_from, text_buffers
from textmill.text.path import TextPath

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["WordFeatures"]

FORMAT = 1
_MET_AT_MOST, _MET_LETTERS = 200_000, 64
_MOST_WAYS = 256  # n-grams from one place; with more even a short text may take long, and Ctrl-C must stop it
_KINDS: dict[Any, Literal["f", "d"]] = {np.float32: "f", np.float64: "d"}


class WordFeatures:
    """A frozen vocabulary of word n-grams with their weights.

    Made by `fit` or `load`. Columns are in the order of spelling, as scikit-learn sorts them.

    Attributes
    ----------
    text_path : TextPath, the program that makes terms of texts
    config : FeaturesConfig
    idf : float64 (n_features,) or None
    n_features : number of columns

    Examples
    --------
    Worked example V4, the textbook's TF-IDF:

    >>> from textmill.config import TextConfig
    >>> path = TextPath(TextConfig(clean=(), map="none"))
    >>> config = FeaturesConfig(ngrams=(1, 1), min_df=1, tf="relative", idf="plain", log_base=10, norm="none")
    >>> docs = ["this this is is is about cars cars", "this is is about about kids kids kids kids"]
    >>> features, csr = WordFeatures.fit(path, config, docs)
    >>> features.names
    ['about', 'cars', 'is', 'kids', 'this']
    >>> csr.to_scipy().toarray().astype(float).round(4).tolist()
    [[0.0, 0.0753, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.1338, 0.0]]
    """

    def __init__(
        self,
        text_path: TextPath,
        config: FeaturesConfig,
        *,
        types: TextBuffers,
        type_terms: NDArray[np.int32],
        terms: TextBuffers,
        term_types: NDArray[np.int32],
        levels: Levels,
        idf: NDArray[np.float64] | None,
    ) -> None:
        self.text_path = text_path
        self.config = config
        self.idf = idf
        self.n_features = 1 + max((int(column.max(initial=-1)) for _, _, column in levels), default=-1)
        self._types = types
        self._type_terms = type_terms
        self._terms = terms
        self._term_types = term_types
        self._levels = levels
        self._met: dict[str, int] = {}  # terms of words that were not learned, as they were met

    @classmethod
    def fit(
        cls,
        text_path: TextPath,
        config: FeaturesConfig,
        texts: Any,
        *,
        dtype: DTypeLike = np.float32,
        threads: int | None = None,
    ) -> tuple[WordFeatures, Csr]:
        """Learn the vocabulary and the weights from texts, and weigh these texts.

        Parameters
        ----------
        texts : what `text_chunks` takes
        dtype : of the weights, float32 or float64
        threads : how many; the result does not depend on it

        Returns
        -------
        features, csr : the frozen features, and what their `rows` would give for `texts`

        Raises
        ------
        ConfigError : if a setting is out of its range
        DataError : if there is no text, or nothing is left of them under `min_df`, `max_df` and the stop words
        """
        threads = thread_count(threads)
        config = from_mapping(FeaturesConfig, asdict(config))
        if config.skip:
            learned, ids, ends = learn_skip_grams(text_path, config, texts, threads=threads)
            features = cls(text_path, config, **learned._asdict())
            *counts, lengths = features._counted(ids, ends, features._type_terms, threads)
            return features, features._weighed(counts, lengths, dtype, threads)
        table = _native.TypeTable()
        counter = _native.GramCounter()
        n_texts = text_path.count(counter, texts, table, threads=threads)
        min_df, max_df = document_limits(config, n_texts)
        words = term_table(text_path, table)
        low, high = config.ngrams
        with numbered_from(0):
            counter.count(words.type_terms, words.terms.n_texts, low, high, min(min_df, n_texts), threads)
        df = counter.document_frequencies()
        keep = chosen(counter, df, min_df, max_df, config)
        lengths = counter.lengths()
        if not keep.any():
            raise nothing_left(n_texts, bool((lengths >= low).any()))
        idf = idf_weights(config, df[keep], n_texts)
        learned = words.kept(*counter.vocabulary(keep), counter.type_frequencies(), idf)
        with numbered_from(0):
            counts = [*counter.matrix(keep, threads)]
        del counter, df, keep, words
        features = cls(text_path, config, **learned._asdict())
        return features, features._weighed(counts, lengths, dtype, threads)

    @classmethod
    def fit_batches(
        cls,
        text_path: TextPath,
        config: FeaturesConfig,
        batches: Any,
        *,
        memory: int = MEMORY,
        threads: int | None = None,
    ) -> WordFeatures:
        """Learn the vocabulary and the weights from texts that need not fit into memory.

        The columns, their order and weights are those of `fit` on all texts, to the bit. The texts are gone through
        twice (once if ``min_df`` is 1); see `textmill.features.stream` for how.

        Parameters
        ----------
        batches : a `Corpus`; a list or another object that gives its batches anew each time it is gone through, each
            of them what `text_buffers` takes; or a function that gives a new iterator over them
        memory : bytes for what is counted; a batch, and what is split of 8 MiB of it, come on top
        threads : how many; the result does not depend on it

        Returns
        -------
        the frozen features. Words that are in no column are not kept, so `n_types` counts only the others

        Raises
        ------
        ConfigError : if a setting is out of its range, or `skip` is not 0
        DataError : if what may stay does not fit into `memory`, if `batches` is an iterator, which can be gone through
            only once, or gives other texts the second time; else as `fit`

        Examples
        --------
        >>> config = FeaturesConfig(ngrams=(1, 2), min_df=2)
        >>> WordFeatures.fit_batches(TextPath(), config, [["red sun", "a red sun"], ["sun"]]).names
        ['red', 'red sun', 'sun']
        """
        threads = thread_count(threads)
        config = from_mapping(FeaturesConfig, asdict(config))
        return cls(text_path, config, **learn(text_path, config, batches, memory=memory, threads=threads)._asdict())

    @classmethod
    def from_vocabulary(cls, text_path: TextPath, config: FeaturesConfig, vocabulary: Sequence[str]) -> WordFeatures:
        """Features whose n-grams are given: column i is ``vocabulary[i]``.

        Where columns are weighed (see `has_idf`), `fit_idf` learns the weights; until then none is.

        Parameters
        ----------
        config : `min_df`, `max_df` and `max_features` are not looked at
        vocabulary : n-grams, the terms of each joined by a blank; some may be such that no text ever has them

        Raises
        ------
        ConfigError : if a setting is out of its range
        DataError : if the vocabulary is empty, or an n-gram in it is no text, empty, or there twice

        Examples
        --------
        >>> from textmill.config import TextConfig
        >>> features = WordFeatures.from_vocabulary(
        ...     TextPath(TextConfig(clean=(), map="none")), FeaturesConfig(kind="counts"), ["wild fire", "fire"]
        ... )
        >>> features.rows(["wild fire wild fire"]).to_scipy().toarray().astype(int).tolist()
        [[2, 2]]
        """
        config = from_mapping(FeaturesConfig, asdict(config))
        terms, types, levels = vocabulary_tables(text_path, config, vocabulary)
        number = {term: i for i, term in enumerate(terms)}
        type_terms = [DROPPED if term is None else number.get(term, UNKNOWN) for term in text_path.terms(types)]
        return cls(
            text_path,
            config,
            types=encode_types(types),
            type_terms=np.array(type_terms, np.int32),
            terms=encode_types(terms),
            term_types=np.arange(len(terms), dtype=np.int32),
            levels=levels,
            idf=None,
        )

    def fit_idf(self, texts: Any, *, dtype: DTypeLike = np.float32, threads: int | None = None) -> Csr:
        """Learn the weights of the columns, and weigh the texts.

        Parameters
        ----------
        texts : what `text_buffers` takes
        dtype, threads : as in `rows`

        Returns
        -------
        Csr (n_texts, n_features), what `rows` gives for `texts` from now on

        Raises
        ------
        DataError : if `texts` holds something that is no text
        """
        threads = thread_count(threads)
        *counts, lengths = self._counts(texts, threads)
        df = np.bincount(counts[1], minlength=self.n_features)
        self.idf = idf_weights(self.config, df, len(lengths))
        return self._weighed(counts, lengths, dtype, threads)

    def __getstate__(self) -> dict[str, Any]:
        # for those who send estimators to other processes: what the core made is made there anew
        return {name: value for name, value in self.__dict__.items() if name not in ("_table", "_grams", "_row_maker")}

    @cached_property
    def _table(self) -> _native.TypeTable:
        return _native.TypeTable.from_arrays(*self._types)

    @cached_property
    def _grams(self) -> _native.Grams:
        return _native.Grams(self._levels, self.config.ngrams[0], places_to_skip(self.config))

    @cached_property
    def _term_numbers(self) -> dict[str, int]:
        return {term: i for i, term in enumerate(decode_types(*self._terms))}

    def _all_type_terms(self, others: _native.TypeTable) -> NDArray[np.int32]:
        """Terms of the known types and, behind them, of types met for the first time."""
        if not len(others):
            return self._type_terms
        if self.text_path.is_plain:  # a word that was not learned cannot be a term
            new = np.full(len(others), UNKNOWN, np.int32)
        else:
            words = decode_types(*others.arrays())
            met = self._met if len(self._met) < _MET_AT_MOST else {}
            fresh = [word for word in words if word not in met]
            terms = {
                word: DROPPED if term is None else self._term_numbers.get(term, UNKNOWN)
                for word, term in zip(fresh, self.text_path.terms(fresh), strict=True)
            }
            new = np.array([met[word] if (term := terms.get(word)) is None else term for word in words], np.int32)
            # the next batch has mostly the same words; a word of a megabyte will not come again, and is not kept
            met.update((word, term) for word, term in terms.items() if len(word) <= _MET_LETTERS)
            self._met = met
        return np.concatenate([self._type_terms, new])

    def rows(self, texts: Any, *, dtype: DTypeLike = np.float32, threads: int | None = None) -> Csr:
        """Weigh texts.

        Parameters
        ----------
        texts : what `text_buffers` takes
        dtype : of the weights, float32 or float64
        threads : how many; the result does not depend on it

        Returns
        -------
        Csr (n_texts, n_features); a text without a known word is a row of zeros

        Raises
        ------
        DataError : if `texts` holds something that is no text
        """
        if threads is not None:
            threads = thread_count(threads)
        few = self._few_rows(texts, _KINDS.get(dtype) or np.dtype(dtype).char)
        if few is not None:
            return few
        threads = thread_count(threads)
        *counts, lengths = self._counts(texts, threads)
        return self._weighed(counts, lengths, dtype, threads)

    def counts(self, texts: Any, *, threads: int | None = None) -> Csr:
        """As `rows`, but whole numbers: how often a text has each n-gram, or 1 where the term frequency is "binary".

        Returns
        -------
        Csr (n_texts, n_features) of int64
        """
        if threads is not None:
            threads = thread_count(threads)
        few = self._few_rows(texts, "q")
        if few is not None:
            return few
        data, indices, indptr, _ = self._counts(texts, thread_count(threads))
        made: Any = np.ones(len(data), np.int64) if self.config.tf == "binary" else data.astype(np.int64)
        return Csr(made, indices, indptr, self.n_features)

    def _counts(
        self, texts: Any, threads: int
    ) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
        others = _native.TypeTable()
        ids, ends, _ = self.text_path.scan_frozen(in_place(texts), self._table, others, threads=threads)
        return self._counted(ids, ends, self._all_type_terms(others), threads)

    def _counted(
        self, ids: NDArray[np.int32], ends: NDArray[np.int64], type_terms: NDArray[np.int32], threads: int
    ) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
        with numbered_from(0):
            return _native.count(self._grams, ids, ends, type_terms, threads)

    def _weighed(
        self, counts: list[NDArray[np.int32]], lengths: NDArray[np.int32], dtype: DTypeLike, threads: int
    ) -> Csr:
        data, indices, indptr = counts
        return weighed(
            (data, indices, indptr), lengths, self.idf, self.config, self.n_features, dtype=dtype, threads=threads
        )

    def _few_rows(self, texts: Any, kind: Any) -> Csr | None:
        """The rows of a few short texts without the preparations for many; None where it has to be done as for many."""
        maker = self._row_maker
        if maker is None or type(texts) is not list:
            return None
        while True:
            made = maker.rows(texts, self.idf, kind)
            if made is None:
                return None
            if not isinstance(made, list):
                return Csr(*made, self.n_features)
            terms = self.text_path.terms(made)
            number = self._term_numbers
            maker.learn(
                made, np.array([DROPPED if term is None else number.get(term, UNKNOWN) for term in terms], np.int32)
            )

    @cached_property
    def _row_maker(self) -> _native.RowMaker | None:
        program = self.text_path.program
        if program is None or ways_from_a_place(self.config) > _MOST_WAYS:
            return None
        return _native.RowMaker(
            program,
            self._table,
            self._type_terms,
            self._grams,
            *weighting_numbers(self.config),
            self.text_path.is_plain,
        )

    def transform(self, texts: Any, *, threads: int | None = None) -> csr_array:
        """`rows` as a `scipy.sparse.csr_array`, float32 (n_texts, n_features)."""
        return self.rows(texts, threads=threads).to_scipy()

    def transform_batches(self, batches: Any, *, threads: int | None = None) -> Iterator[csr_array]:
        """`transform` of one batch after the other: a matrix a batch.

        Parameters
        ----------
        batches : as in `fit_batches`, or an iterator

        Raises
        ------
        DataError : if a batch holds something that is no text, which is named by its number among all of them

        Examples
        --------
        >>> features = WordFeatures.fit_batches(TextPath(), FeaturesConfig(min_df=1), [["rain"], ["sun"]])
        >>> [matrix.shape for matrix in features.transform_batches(iter([["rain", "sun"], ["rain"]]))]
        [(2, 2), (1, 2)]
        """
        first = 0
        for batch in batches if isinstance(batches, Iterator) else batches_of(batches)():
            texts = text_buffers(batch, first)
            first += texts.n_texts
            yield self.transform(texts, threads=threads)

    def places(self, text: str) -> list[tuple[int, tuple[tuple[int, int], ...]]]:
        """Where the n-grams of one text stand.

        Returns
        -------
        list of (column, spans), a pair for each occurrence; spans are half-open, in code points of the raw text, one a
        word
        """
        others = _native.TypeTable()
        ids, _, spans = self.text_path.scan_frozen(text_buffers([text]), self._table, others, spans=True, threads=1)
        assert spans is not None
        terms = self._all_type_terms(others)[ids] if len(ids) else ids
        kept = terms != DROPPED
        spans = spans[kept]
        return [
            (column, tuple((int(a), int(b)) for a, b in spans[[place for place in at if place >= 0]]))
            for column, *at in self._grams.find(np.ascontiguousarray(terms[kept])).tolist()
        ]

    @cached_property
    def names(self) -> list[str]:
        """The n-gram of each column, terms joined by a blank."""
        return list(ColumnNames(self._terms, self._levels, self.n_features))

    @cached_property
    def words(self) -> Sequence[str]:
        """`names` for people: in place of each term the word that became it most often, "people" for "peopl"."""
        words = TextBuffers(*_native.take(*self._types, self._term_types))
        return ColumnNames(words, self._levels, self.n_features)

    def some_words(self, most: int) -> list[str]:
        """Up to `most` single words that it knows, spread evenly, the first and the last among them.

        Examples
        --------
        >>> WordFeatures.fit(TextPath(), FeaturesConfig(min_df=1), ["fires and floods", "songs"])[0].some_words(2)
        ['and', 'songs']
        """
        types = decode_types(*self._types)
        return [types[i] for i in self._term_types[spread(len(self._term_types), most)].tolist()]

    @property
    def n_types(self) -> int:
        """How many distinct words were seen while learning."""
        return self._types.n_texts

    def save(self, folder: Path) -> None:
        """Write ``features.json``, one .npy a table and the files that the text path needs into a folder."""
        arrays: dict[str, NDArray[Any]] = {
            "types": self._types.bytes,
            "type_offsets": self._types.offsets,
            "type_terms": self._type_terms,
            "terms": self._terms.bytes,
            "term_offsets": self._terms.offsets,
            "term_types": self._term_types,
        }
        for n, (prefix, term, column) in enumerate(self._levels, 1):
            arrays[f"columns_{n}"] = column
            if n > 1:
                arrays |= {f"prefixes_{n}": prefix, f"last_terms_{n}": term}
        if self.idf is not None:
            arrays["idf"] = self.idf
        write_features(folder, FORMAT, self.text_path, self.config, arrays, {"n_features": self.n_features})

    @classmethod
    def load(cls, folder: Path) -> WordFeatures:
        """Read what `save` wrote.

        Raises
        ------
        FormatError : if a newer textmill wrote it, or if the text path would give other terms here than it did there
        CorruptError : if a file is missing or is not what it says
        """
        with reading(folder):
            text_path, config, head = read_head(folder, FORMAT)
            none = np.zeros(0, np.int32)
            features = cls(
                text_path,
                config,
                types=read_strings(folder, "types", "type_offsets"),
                type_terms=read_array(folder / "type_terms.npy", np.int32),
                terms=read_strings(folder, "terms", "term_offsets"),
                term_types=read_array(folder / "term_types.npy", np.int32),
                levels=[
                    (
                        read_array(folder / f"prefixes_{n}.npy", np.int32) if n > 1 else none,
                        read_array(folder / f"last_terms_{n}.npy", np.int32) if n > 1 else none,
                        read_array(folder / f"columns_{n}.npy", np.int32),
                    )
                    for n in range(1, config.ngrams[1] + 1)
                ],
                idf=read_array(folder / "idf.npy", np.float64) if has_idf(config) else None,
            )
            if features.n_features != head["n_features"] or not features._fits():
                raise CorruptError("the saved features do not fit together", where=str(folder / HEAD))
        return features

    def _fits(self) -> bool:
        """Whether the tables refer only to what is there; ValueError where the core finds that they do not."""
        n_terms = self._terms.n_texts
        columns = np.concatenate([column for _, _, column in self._levels])
        columns = columns[columns != -1]
        return (
            len(self._table) == len(self._type_terms)
            and len(self._levels[0][2]) == n_terms
            and len(self._term_types) == n_terms
            and bool((self._term_types >= 0).all() and (self._term_types < len(self._table)).all())
            and self._grams is not None
            and bool((self._type_terms >= UNKNOWN).all() and (self._type_terms < n_terms).all())
            and len(columns) == self.n_features
            and bool((columns >= 0).all() and (np.bincount(columns) == 1).all())
            and (self.idf is None or (len(self.idf) == self.n_features and bool(np.isfinite(self.idf).all())))
        )
