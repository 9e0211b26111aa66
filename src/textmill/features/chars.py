"""Counts and TF-IDF of character n-grams: those inside words, paid per distinct word, and those of the running text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from textmill import _native
from textmill.config import FeaturesConfig, from_mapping, thread_count
from textmill.errors import ConfigError, CorruptError, DataError
from textmill.features.arrays import read_array
from textmill.features.csr import Csr
from textmill.features.saved import HEAD, read_head, read_strings, reading, write_features
from textmill.features.weights import chosen, document_limits, has_idf, idf_weights, weighed
from textmill.read.sample import spread
from textmill.text.buffers import TextBuffers, decode_types, encode_types, numbered_from, text_buffers
from textmill.text.path import TextPath

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["CharFeatures", "char_path", "check_single", "scanned", "weighed_chars"]

FORMAT = 2  # the first was words alone

_Ints: TypeAlias = NDArray[np.int32]
_Counts: TypeAlias = tuple[_Ints, _Ints, _Ints, _Ints]  # data, indices, indptr; n-grams of each text


class CharFeatures:
    """A frozen vocabulary of character n-grams with their weights.

    Made by `fit` or `load`. With ``analyzer = "char_wb"`` the n-grams are those inside the terms of the text path, a
    blank on either side; over ``tokens = "whitespace"`` and ``map = "none"`` that is scikit-learn's analyzer of this
    name. With ``analyzer = "char"`` they are those of the text after cleaning and case, its runs of white space one
    blank each. Columns are in the order of spelling.

    Attributes
    ----------
    text_path : TextPath
    config : FeaturesConfig
    idf : float64 (n_features,) or None
    n_types : how many distinct words, or windows of letters, were seen while learning

    Examples
    --------
    >>> from textmill.config import TextConfig
    >>> path = TextPath(TextConfig(clean=(), tokens="whitespace", map="none"))
    >>> config = FeaturesConfig(kind="counts", analyzer="char_wb", ngrams=(3, 3), min_df=1)
    >>> features, csr = CharFeatures.fit(path, config, ["Go go", "gone"])
    >>> features.names
    [' go', 'go ', 'gon', 'ne ', 'one']
    >>> csr.to_scipy().toarray().tolist()
    [[2.0, 2.0, 0.0, 0.0, 0.0], [1.0, 0.0, 1.0, 1.0, 1.0]]
    """

    def __init__(
        self,
        text_path: TextPath,
        config: FeaturesConfig,
        *,
        grams: TextBuffers,
        idf: NDArray[np.float64] | None,
        n_types: int,
    ) -> None:
        self.text_path = text_path
        self.config = config
        self.idf = idf
        self.n_types = n_types
        self._names = grams

    @classmethod
    def fit(
        cls,
        text_path: TextPath,
        config: FeaturesConfig,
        texts: Any,
        *,
        dtype: DTypeLike = np.float32,
        threads: int | None = None,
    ) -> tuple[CharFeatures, Csr]:
        """Learn the vocabulary and the weights from texts, and weigh these texts.

        Parameters
        ----------
        texts : what `text_chunks` takes
        dtype : of the weights, float32 or float64; int64 for counts
        threads : how many; the result does not depend on it

        Returns
        -------
        features, csr : the frozen features, and what their `rows` would give for `texts`

        Raises
        ------
        ConfigError : if a setting is out of its range, or `char` is asked of a text path that maps words
        DataError : if there is no text, nothing is left of them under `min_df` and `max_df`, or there are 2^31 n-grams
            or counts, or more
        """
        threads = thread_count(threads)
        config = from_mapping(FeaturesConfig, asdict(config))
        types, ids, rows = scanned(char_path(text_path, config), texts, threads)
        n_texts = len(rows) - 1
        if n_texts == 0:
            raise DataError("there is no text to learn a vocabulary from")
        min_df, max_df = document_limits(config, n_texts)
        with numbered_from(0):
            counter = _native.CharGramCounter(*types, *config.ngrams, config.analyzer == "char_wb", threads)
            counter.count(ids, rows, threads)
        del ids, rows
        df = counter.document_frequencies()
        keep = chosen(counter, df, min_df, max_df, config)
        if not keep.any():
            raise DataError(
                f"no n-gram is {'left of' if len(df) else 'in'} {n_texts:,} texts",
                hint="Check min_df, max_df, ngrams and whether the texts hold anything but blanks.",
            )
        grams = TextBuffers(*counter.names(keep))
        idf = idf_weights(config, df[keep], n_texts)
        n_types = types.n_texts
        del df, types
        with numbered_from(0):
            counts = counter.matrix(keep, threads)
        del counter, keep
        features = cls(text_path, config, grams=grams, idf=idf, n_types=n_types)
        return features, features._weighed(counts, dtype, threads)

    def __getstate__(self) -> dict[str, Any]:
        # for those who send estimators to other processes: what the core made is made there anew
        return {name: value for name, value in self.__dict__.items() if name not in ("_grams", "_path")}

    @property
    def n_features(self) -> int:
        """Number of columns."""
        return self._names.n_texts

    @cached_property
    def _grams(self) -> _native.CharGrams:
        return _native.CharGrams(*self._names, *self.config.ngrams, self.config.analyzer == "char_wb")

    @cached_property
    def _path(self) -> TextPath:
        return char_path(self.text_path, self.config)

    def rows(self, texts: Any, *, dtype: DTypeLike = np.float32, threads: int | None = None) -> Csr:
        """Weigh texts.

        Parameters
        ----------
        texts : what `text_buffers` takes
        dtype : of the weights, float32 or float64; int64 for counts
        threads : how many; the result does not depend on it

        Returns
        -------
        Csr (n_texts, n_features); a text without a known n-gram is a row of zeros

        Raises
        ------
        DataError : if `texts` holds something that is no text, or there are 2^31 counts or more
        """
        threads = thread_count(threads)
        return self._weighed(self._counts(texts, threads), dtype, threads)

    def counts(self, texts: Any, *, threads: int | None = None) -> Csr:
        """As `rows`, but whole numbers: how often a text has each n-gram, or 1 where the term frequency is "binary".

        Returns
        -------
        Csr (n_texts, n_features) of int64
        """
        return self._whole(self._counts(texts, thread_count(threads)))

    def _counts(self, texts: Any, threads: int) -> _Counts:
        types, ids, rows = scanned(self._path, text_buffers(texts), threads)
        with numbered_from(0):
            return self._grams.count(*types, ids, rows, threads)

    def _weighed(self, counts: _Counts, dtype: DTypeLike, threads: int) -> Csr:
        if np.dtype(dtype) == np.int64:
            return self._whole(counts)
        return weighed_chars(counts, self.idf, self.config, self.n_features, dtype=dtype, threads=threads)

    def _whole(self, counts: _Counts) -> Csr:
        data, indices, indptr, _ = counts
        made: Any = np.ones(len(data), np.int64) if self.config.tf == "binary" else data.astype(np.int64)
        return Csr(made, indices, indptr, self.n_features)

    def transform(self, texts: Any, *, threads: int | None = None) -> csr_array:
        """`rows` as a `scipy.sparse.csr_array`, float32 (n_texts, n_features)."""
        return self.rows(texts, threads=threads).to_scipy()

    def places(self, text: str) -> list[tuple[int, tuple[tuple[int, int], ...]]]:
        """Where the n-grams of one text stand.

        Returns
        -------
        list of (column, spans), a pair for each occurrence; one span, half-open, in code points of the raw text. The
        blanks around a word have no place of their own, and letters of a word that the text path spelled anew have
        that of the whole word.
        """
        if self.config.analyzer == "char":
            return self._places_in_text(text)
        table = _native.TypeTable()
        ids, _, spans = self.text_path.scan([text], table, spans=True, threads=1)
        assert spans is not None
        words = decode_types(*table.arrays())
        terms = self.text_path.terms(words)
        found: list[tuple[int, tuple[tuple[int, int], ...]]] = []
        for i, (begin, end) in zip(ids.tolist(), spans.tolist(), strict=True):
            term = terms[i]
            as_it_stands = term is not None and term == words[i] and len(term) == end - begin
            for column, first, last in self._places_in(term or ""):
                a, b = max(begin, begin + first), min(end, begin + last)
                if a >= b:  # a blank alone
                    a, b = (begin, begin + 1) if first < 0 else (end - 1, end)
                found.append((column, ((a, b) if as_it_stands else (begin, end),)))
        return found

    def _places_in_text(self, text: str) -> list[tuple[int, tuple[tuple[int, int], ...]]]:
        table = _native.TypeTable()
        ids, _, spans = self.text_path.windows(1).scan([text], table, spans=True, threads=1)
        assert spans is not None
        letters = decode_types(*table.arrays())
        now = "".join(letters[i] for i in ids.tolist())
        return [
            (column, ((int(spans[i, 0]), int(spans[i + n - 1, 1])),))
            for i in range(len(now))
            for column, _, n in self._places_in(now[i : i + self.config.ngrams[1]])
        ]

    def _places_in(self, unit: str) -> list[list[int]]:
        found: list[list[int]] = self._grams.places(np.frombuffer(unit.encode(), np.uint8)).tolist()
        return found

    @cached_property
    def names(self) -> list[str]:
        """The n-gram of each column."""
        return decode_types(*self._names)

    @property
    def words(self) -> Sequence[str]:
        """`names`: letters are what they are."""
        return self.names

    def some_words(self, most: int) -> list[str]:
        """Up to `most` n-grams that it knows, spread evenly, the first and the last among them.

        Examples
        --------
        >>> from textmill.config import TextConfig
        >>> config = FeaturesConfig(analyzer="char", ngrams=(2, 2), min_df=1)
        >>> CharFeatures.fit(TextPath(TextConfig(map="none")), config, ["fire"])[0].some_words(2)
        ['fi', 're']
        """
        data, offsets = bytes(self._names.bytes), self._names.offsets
        chosen = spread(self.n_features, most)
        return [data[a:b].decode() for a, b in zip(offsets[chosen].tolist(), offsets[chosen + 1].tolist(), strict=True)]

    def save(self, folder: Path) -> None:
        """Write ``features.json`` and one .npy a table into a folder."""
        arrays: dict[str, NDArray[Any]] = {"grams": self._names.bytes, "gram_offsets": self._names.offsets}
        if self.idf is not None:
            arrays["idf"] = self.idf
        facts = {"n_features": self.n_features, "n_types": self.n_types}
        write_features(folder, FORMAT, self.text_path, self.config, arrays, facts)

    @classmethod
    def load(cls, folder: Path) -> CharFeatures:
        """Read what `save` wrote.

        Raises
        ------
        FormatError : if a newer textmill wrote it, or if the text path would give other terms here than it did there
        CorruptError : if a file is missing or is not what it says
        """
        with reading(folder):
            text_path, config, head = read_head(folder, FORMAT)
            features = cls(
                text_path,
                config,
                grams=read_strings(folder, "grams", "gram_offsets"),
                idf=read_array(folder / "idf.npy", np.float64) if has_idf(config) else None,
                n_types=int(head["n_types"]),
            )
            idf = features.idf
            fits = (
                features.n_features == head["n_features"]
                and features._grams is not None  # ValueError where its names do not ascend
                and features._path is not None
                and (idf is None or (len(idf) == features.n_features and bool(np.isfinite(idf).all())))
            )
            if not fits:
                raise CorruptError("the saved features do not fit together", where=str(folder / HEAD))
        return features


def char_path(text_path: TextPath, config: FeaturesConfig) -> TextPath:
    """The text path that gives the strings of which n-grams are taken: the words, or windows of the text.

    Raises
    ------
    ConfigError : if words are to be mapped or left out, and there are none; if texts are pairs
    """
    check_single(text_path, config.analyzer)
    if config.analyzer == "char_wb":
        return text_path
    if not text_path.is_plain:
        raise ConfigError(
            ["analyzer: 'char' reads the text as it runs on; it wants text.map = 'none' and text.stop_words = 'none'"],
            where="features",
        )
    return text_path.windows(config.ngrams[1])


def check_single(text_path: TextPath, analyzer: str) -> None:
    """Check that texts are no pairs, whose letters are not compared.

    Raises
    ------
    ConfigError : if they are
    """
    if text_path.config.pairs:
        wanted = "'word', by which pairs are compared"
        raise ConfigError([f"analyzer: wanted {wanted}, got {analyzer!r}"], where="features")


def scanned(path: TextPath, texts: Any, threads: int) -> tuple[TextBuffers, NDArray[np.int32], NDArray[np.int64]]:
    """The distinct terms of texts by first appearance, one empty where it is left out; ids of each text; its rows."""
    table = _native.TypeTable()
    ids, rows, _ = path.scan(texts, table, threads=threads)
    types = TextBuffers(*table.arrays())
    if not path.is_plain:
        types = encode_types([term or "" for term in path.terms(decode_types(*types))])
    return types, ids, rows


def weighed_chars(
    counts: _Counts,
    idf: NDArray[np.float64] | None,
    config: FeaturesConfig,
    n_columns: int,
    *,
    dtype: DTypeLike,
    threads: int,
) -> Csr:
    """As `weighed`, of counts that come with the n-grams of each text, not with its words."""
    data, indices, indptr, n_grams = counts
    config = replace(config, ngrams=(1, 1))
    return weighed((data, indices, indptr), n_grams, idf, config, n_columns, dtype=dtype, threads=threads)
