"""N-grams hashed to columns, without a vocabulary."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral
from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike
from sklearn.feature_extraction import text as theirs

from textmill import _native
from textmill.config import FeaturesConfig, thread_count
from textmill.features.chars import char_path, scanned, weighed_chars
from textmill.features.csr import Csr
from textmill.features.estimators.core import WORDS, CoreWords, matrix_of
from textmill.features.weights import weighed
from textmill.text.buffers import TextBuffers, decode_types, encode_types, numbered_from
from textmill.text.path import TextPath

__all__ = ["HashingVectorizer"]


class HashingVectorizer(CoreWords, theirs.HashingVectorizer):  # type: ignore[misc]
    """Hashed n-grams of words or letters: scikit-learn's class, columns and signs, an order of magnitude sooner.

    It learns nothing, so `partial_fit` and `fit` only check the settings, and any corpus can go through in batches.

    Parameters
    ----------
    input, encoding, decode_error, strip_accents, lowercase, preprocessor, tokenizer, stop_words, token_pattern, \
ngram_range, analyzer, n_features, binary, norm, alternate_sign, dtype : as in scikit-learn
    clean : cleaners before a text is split: "html", "urls", "mentions"
    map : function of one word, or a tuple of them, each on what the one before made: "none", "porter", "lemma-en" ...
    n_jobs : threads; None for all processors. The result does not depend on it

    Examples
    --------
    >>> from textmill.features import HashingVectorizer
    >>> HashingVectorizer(n_features=8, norm=None).transform(["rain rain sun"]).toarray().tolist()
    [[0.0, 0.0, 0.0, 1.0, 2.0, 0.0, 0.0, 0.0]]
    """

    def __init__(
        self,
        *,
        input: Literal["content", "file", "filename"] = "content",
        encoding: str = "utf-8",
        decode_error: Literal["strict", "ignore", "replace"] = "strict",
        strip_accents: Any = None,
        lowercase: bool = True,
        preprocessor: Callable[[str], str] | None = None,
        tokenizer: Callable[[str], list[str]] | None = None,
        stop_words: Literal["english"] | list[str] | None = None,
        token_pattern: str | None = WORDS,
        ngram_range: tuple[int, int] = (1, 1),
        analyzer: Any = "word",
        n_features: int = 2**20,
        binary: bool = False,
        norm: Literal["l1", "l2"] | None = "l2",
        alternate_sign: bool = True,
        dtype: DTypeLike = np.float64,
        clean: tuple[str, ...] = (),
        map: str | tuple[str, ...] = "none",
        n_jobs: int | None = None,
    ) -> None:
        super().__init__(
            input=input,
            encoding=encoding,
            decode_error=decode_error,
            strip_accents=strip_accents,
            lowercase=lowercase,
            preprocessor=preprocessor,
            tokenizer=tokenizer,
            stop_words=stop_words,
            token_pattern=token_pattern,
            ngram_range=ngram_range,
            analyzer=analyzer,
            n_features=n_features,
            binary=binary,
            norm=norm,
            alternate_sign=alternate_sign,
            dtype=dtype,
        )
        self.clean = clean
        self.map = map
        self.n_jobs = n_jobs

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012 - scikit-learn's way
        **theirs.HashingVectorizer._parameter_constraints,
        "clean": [tuple, list],
        "map": [str, tuple],
        "n_jobs": [None, Integral],
    }

    def partial_fit(self, X: Any, y: Any = None) -> HashingVectorizer:
        """Check the settings; there is nothing to learn.

        Parameters
        ----------
        X, y : ignored

        Raises
        ------
        ValueError : in scikit-learn's words, or as DataError

        Examples
        --------
        >>> from textmill.features import HashingVectorizer
        >>> vectorizer = HashingVectorizer(n_features=8, norm=None)
        >>> for batch in (["rain rain"], ["sun"]):
        ...     vectorizer.partial_fit(batch).transform(batch).nnz
        1
        1
        """
        self._validate_params()
        self._core_counts()
        return self

    def transform(self, X: Any) -> Any:
        """The matrix of some documents, (n_texts, n_features).

        Parameters
        ----------
        X : documents as `input` says, or a column of strings of Arrow, pandas or polars

        Raises
        ------
        ValueError : in scikit-learn's words, or as DataError
        """
        if not self._core_counts():
            return super().transform(X)
        self._refuse_one_text(X)
        self._validate_ngram_range()
        self._validate_params()
        self.build_analyzer()  # for its warnings
        matrix = self._hashed(self._texts_once(X))
        if matrix.shape[0] == 0:
            raise ValueError("Cannot vectorize empty sequence.")
        return matrix

    def _by_core(self) -> bool:
        return bool(self._core_counts())

    def _batch(self, texts: TextBuffers) -> Any:
        return self._hashed(texts)

    def _hashed(self, texts: Any) -> Any:
        threads = thread_count(self.n_jobs)
        path = TextPath(self._text_settings())
        csr = self._words(path, texts, threads) if self.analyzer == "word" else self._chars(path, texts, threads)
        return matrix_of(csr._replace(data=csr.data.astype(self.dtype, copy=False)))

    def _words(self, path: TextPath, texts: Any, threads: int) -> Csr:
        types = _native.TypeTable()
        ids, rows, _ = path.scan(texts, types, threads=threads)
        terms, type_terms = types.arrays(), np.arange(len(types), dtype=np.int32)
        if not path.is_plain:
            spelled = path.terms(decode_types(*terms))
            type_terms[[term is None for term in spelled]] = -1
            terms = encode_types([term or "" for term in spelled])
        low, high = self.ngram_range
        with numbered_from(0):
            *counts, lengths = _native.hash_counts(
                ids, rows, type_terms, *terms, int(low), int(high), int(self.n_features), self.alternate_sign, threads
            )
        data, indices, indptr = counts
        config, n_columns = self._settings(), int(self.n_features)
        return weighed(
            (data, indices, indptr), lengths, None, config, n_columns, dtype=self._weights_dtype(), threads=threads
        )

    def _chars(self, path: TextPath, texts: Any, threads: int) -> Csr:
        config, n_columns = self._settings(), int(self.n_features)
        types, ids, rows = scanned(char_path(path, config), texts, threads)
        with numbered_from(0):
            counts = _native.hash_chars(
                *types, ids, rows, *config.ngrams, self.analyzer == "char_wb", n_columns, self.alternate_sign, threads
            )
        return weighed_chars(counts, None, config, n_columns, dtype=self._weights_dtype(), threads=threads)

    def _weights_dtype(self) -> type[np.floating[Any]]:
        return np.float32 if self.dtype == np.float32 else np.float64

    def _settings(self) -> FeaturesConfig:
        low, high = self.ngram_range
        return FeaturesConfig(
            analyzer=self.analyzer,
            ngrams=(int(low), int(high)),
            tf="binary" if self.binary else "raw",
            idf="none",
            norm=self.norm or "none",
        )
