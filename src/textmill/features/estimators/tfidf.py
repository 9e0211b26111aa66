"""TF-IDF of n-grams, of words and of letters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike
from sklearn.feature_extraction import text as theirs

from textmill.config import FeaturesConfig
from textmill.features.csr import Csr
from textmill.features.estimators.core import WORDS, matrix_of
from textmill.features.estimators.counts import CountVectorizer
from textmill.features.estimators.weighing import TfidfTransformer, require_one_tf, textbook_constraints
from textmill.features.learned import PlainFeatures
from textmill.features.stream import MEMORY
from textmill.features.words import WordFeatures

__all__ = ["TfidfVectorizer"]


class TfidfVectorizer(theirs.TfidfVectorizer, CountVectorizer):  # type: ignore[misc]
    """TF-IDF of n-grams of words or letters: scikit-learn's class, an order of magnitude sooner.

    Parameters
    ----------
    input, encoding, decode_error, strip_accents, lowercase, preprocessor, tokenizer, analyzer, stop_words, \
token_pattern, ngram_range, max_df, min_df, max_features, vocabulary, binary, dtype, norm, use_idf, smooth_idf, \
sublinear_tf : as in scikit-learn
    clean, map, n_jobs : as in `CountVectorizer`
    relative_tf : divide each count by the number of n-grams of its text, those that were not learned too
    plain_idf, log_base : as in `TfidfTransformer`

    Examples
    --------
    >>> from textmill.features import TfidfVectorizer
    >>> TfidfVectorizer(norm=None, use_idf=False).fit_transform(["rain rain", "sun"]).toarray().tolist()
    [[2.0, 0.0], [0.0, 1.0]]
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
        analyzer: Any = "word",
        stop_words: Literal["english"] | list[str] | None = None,
        token_pattern: str | None = WORDS,
        ngram_range: tuple[int, int] = (1, 1),
        max_df: float | int = 1.0,
        min_df: float | int = 1,
        max_features: int | None = None,
        vocabulary: Mapping[str, int] | Iterable[str] | None = None,
        binary: bool = False,
        dtype: DTypeLike = np.float64,
        norm: Literal["l1", "l2"] | None = "l2",
        use_idf: bool = True,
        smooth_idf: bool = True,
        sublinear_tf: bool = False,
        clean: tuple[str, ...] = (),
        map: str | tuple[str, ...] = "none",
        n_jobs: int | None = None,
        relative_tf: bool = False,
        plain_idf: bool = False,
        log_base: float | None = None,
    ) -> None:
        theirs.TfidfVectorizer.__init__(
            self,
            input=input,
            encoding=encoding,
            decode_error=decode_error,
            strip_accents=strip_accents,
            lowercase=lowercase,
            preprocessor=preprocessor,
            tokenizer=tokenizer,
            analyzer=analyzer,
            stop_words=stop_words,
            token_pattern=token_pattern,
            ngram_range=ngram_range,
            max_df=max_df,
            min_df=min_df,
            max_features=max_features,
            vocabulary=vocabulary,
            binary=binary,
            dtype=dtype,
            norm=norm,
            use_idf=use_idf,
            smooth_idf=smooth_idf,
            sublinear_tf=sublinear_tf,
        )
        self.clean = clean
        self.map = map
        self.n_jobs = n_jobs
        self.relative_tf = relative_tf
        self.plain_idf = plain_idf
        self.log_base = log_base

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012 - scikit-learn's way
        **theirs.TfidfVectorizer._parameter_constraints,
        **CountVectorizer._parameter_constraints,
        **textbook_constraints,
    }

    def fit_transform(self, raw_documents: Any, y: Any = None) -> Any:
        """Learn the vocabulary and the weights and give the matrix of the same documents, (n_texts, n_features).

        Parameters
        ----------
        raw_documents, y : as in `CountVectorizer`
        """
        self._validate_params()
        self._begin_weights()
        matrix = CountVectorizer.fit_transform(self, raw_documents)
        if self.counted_by_ != "core":
            return self._tfidf.fit(matrix).transform(matrix, copy=False)
        self._keep_weights()
        return matrix

    def fit_batches(self, batches: Any, *, memory: int = MEMORY) -> TfidfVectorizer:
        """Learn the vocabulary and the weights from batches of documents, so that they need not fit into memory.

        Parameters
        ----------
        batches, memory : as in `CountVectorizer`

        Raises
        ------
        ValueError : as in `CountVectorizer`
        """
        self._validate_params()
        self._begin_weights()
        super().fit_batches(batches, memory=memory)
        self._keep_weights()
        return self

    def _begin_weights(self) -> None:
        self._check_params()
        require_one_tf(self)
        self._tfidf = self._weighing()

    def _keep_weights(self) -> None:
        if self.features_.idf is not None:
            self._learned_idf = self._tfidf.idf_ = self.features_.idf.astype(self._dtype())

    def _weighing(self) -> TfidfTransformer:
        return TfidfTransformer(
            norm=self.norm,
            use_idf=self.use_idf,
            smooth_idf=self.smooth_idf,
            sublinear_tf=self.sublinear_tf,
            relative_tf=self.relative_tf,
            plain_idf=self.plain_idf,
            log_base=self.log_base,
            n_jobs=self.n_jobs,
        )

    def fit(self, raw_documents: Any, y: Any = None) -> TfidfVectorizer:
        """Learn the vocabulary and the weights.

        Parameters
        ----------
        raw_documents, y : as in `CountVectorizer`
        """
        self.fit_transform(raw_documents)
        return self

    def transform(self, raw_documents: Any) -> Any:
        """The matrix of some documents, (n_texts, n_features).

        Parameters
        ----------
        raw_documents : as in `CountVectorizer`

        Raises
        ------
        sklearn.exceptions.NotFittedError : before `fit`
        """
        features: PlainFeatures | None = self.__dict__.get("features_")
        if features is None:
            return super().transform(raw_documents)
        if self.use_idf and self._tfidf.idf_ is not self._learned_idf:  # set by hand
            self._learned_idf = self._tfidf.idf_
            features.idf = np.ascontiguousarray(self._tfidf.idf_, np.float64)
        return CountVectorizer.transform(self, raw_documents)

    def _settings(self) -> FeaturesConfig:
        idf: Literal["smooth", "plain-plus-one", "plain", "none"] = "smooth" if self.smooth_idf else "plain-plus-one"
        if self.plain_idf:
            idf = "plain"
        tf: Literal["raw", "sublinear", "relative", "binary"] = "sublinear" if self.sublinear_tf else "raw"
        if self.binary:  # 1 + ln(1) = 1: binary counts are what they are, sublinear or not
            tf = "binary"
        return replace(
            super()._settings(),
            kind="tf-idf",
            tf="relative" if self.relative_tf else tf,
            idf=idf if self.use_idf else "none",
            log_base=0.0 if self.log_base is None else float(self.log_base),
            norm=self.norm or "none",
        )

    def _matrix(self, csr: Csr) -> Any:
        return matrix_of(csr)

    def _rows(self, features: PlainFeatures, texts: Any) -> Any:
        return matrix_of(features.rows(texts, dtype=self._dtype(), threads=self.n_jobs))

    def _features_unfitted(self, raw_documents: Any) -> WordFeatures | None:
        return None  # without `fit` there are counts to weigh at best

    def _weigh_given(self, features: WordFeatures, texts: Any) -> Any:
        return matrix_of(features.fit_idf(texts, dtype=self._dtype(), threads=self.n_jobs))

    def _dtype(self) -> DTypeLike:
        return np.float32 if self.dtype == np.float32 else np.float64
