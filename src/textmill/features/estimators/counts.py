"""Counts of n-grams, of words and of letters."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from numbers import Integral
from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike
from sklearn.feature_extraction import text as theirs

from textmill.config import FeaturesConfig, thread_count
from textmill.errors import DataError
from textmill.features.chars import CharFeatures
from textmill.features.csr import Csr
from textmill.features.estimators.core import WORDS, CoreWords, matrix_of
from textmill.features.learned import PlainFeatures
from textmill.features.stream import MEMORY, batches_of
from textmill.features.words import WordFeatures
from textmill.text.path import TextPath

__all__ = ["CountVectorizer"]


class CountVectorizer(CoreWords, theirs.CountVectorizer):  # type: ignore[misc]
    """Counts of n-grams of words or letters: scikit-learn's class, an order of magnitude sooner.

    Parameters
    ----------
    input, encoding, decode_error, strip_accents, lowercase, preprocessor, tokenizer, stop_words, token_pattern, \
ngram_range, analyzer, max_df, min_df, max_features, vocabulary, binary, dtype : as in scikit-learn
    clean : cleaners before a text is split: "html", "urls", "mentions"
    map : function of one word, or a tuple of them, each on what the one before made: "none", "porter", "lemma-en" ...
    n_jobs : threads; None for all processors. The result does not depend on it

    Attributes
    ----------
    features_ : WordFeatures or CharFeatures, the frozen vocabulary, where the core counted
    counted_by_ : "core" or "scikit-learn"
    vocabulary_ : dict of n-gram -> column, made when it is asked for

    Examples
    --------
    >>> from textmill.features import CountVectorizer
    >>> vectorizer = CountVectorizer()
    >>> vectorizer.fit_transform(["The athletes were playing", "Ronaldo was playing well"]).toarray().tolist()
    [[1, 1, 0, 1, 0, 0, 1], [0, 1, 1, 0, 1, 1, 0]]
    >>> vectorizer.get_feature_names_out().tolist()
    ['athletes', 'playing', 'ronaldo', 'the', 'was', 'well', 'were']
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
        max_df: float | int = 1.0,
        min_df: float | int = 1,
        max_features: int | None = None,
        vocabulary: Mapping[str, int] | Iterable[str] | None = None,
        binary: bool = False,
        dtype: DTypeLike = np.int64,
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
            max_df=max_df,
            min_df=min_df,
            max_features=max_features,
            vocabulary=vocabulary,
            binary=binary,
            dtype=dtype,
        )
        self.clean = clean
        self.map = map
        self.n_jobs = n_jobs

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012 - scikit-learn's way
        **theirs.CountVectorizer._parameter_constraints,
        "clean": [tuple, list],
        "map": [str, tuple],
        "n_jobs": [None, Integral],
    }

    def fit(self, raw_documents: Any, y: Any = None) -> CountVectorizer:
        """Learn the vocabulary.

        Parameters
        ----------
        raw_documents : documents as `input` says, or a column of strings of Arrow, pandas or polars
        y : ignored

        Raises
        ------
        ValueError : in scikit-learn's words, or as DataError and ConfigError
        """
        self.fit_transform(raw_documents)
        return self

    def fit_transform(self, raw_documents: Any, y: Any = None) -> Any:
        """Learn the vocabulary and give the matrix of the same documents, (n_texts, n_features), columns sorted.

        Parameters
        ----------
        raw_documents, y : as in `fit`
        """
        self._validate_params()
        self._forget()
        if not self._core_counts():
            self.counted_by_ = "scikit-learn"
            return super().fit_transform(raw_documents)
        self._refuse_one_text(raw_documents)
        self._check_for_core()
        if self.fixed_vocabulary_:
            return self._fit_given(raw_documents)
        features = self._settings()
        texts = self._texts_once(raw_documents)
        if hasattr(texts, "__len__"):
            _check_limits(features, len(texts))
        path, threads = TextPath(self._text_settings()), thread_count(self.n_jobs)
        with _their_sentences():
            learning = WordFeatures if features.analyzer == "word" else CharFeatures
            learned, csr = learning.fit(path, features, texts, dtype=self._dtype(), threads=threads)
        self.features_: PlainFeatures = learned
        self.counted_by_ = "core"
        return self._matrix(csr)

    def fit_batches(self, batches: Any, *, memory: int = MEMORY) -> CountVectorizer:
        """Learn the vocabulary from batches of documents, so that they need not fit into memory.

        The columns and weights are those of `fit` on all documents. They are gone through twice; see
        `textmill.features.stream`.

        Parameters
        ----------
        batches : a `Corpus`; a list or another object that gives its batches anew each time it is gone through, each
            of them what `fit` takes; or a function that gives a new iterator over them
        memory : bytes for what is counted

        Raises
        ------
        ValueError : in scikit-learn's words, or as DataError and ConfigError: also if the n-grams that may stay do not
            fit into `memory`, and if `batches` is an iterator, which can be gone through only once
        DataError : if the settings are not the core's

        Examples
        --------
        >>> from textmill.features import CountVectorizer
        >>> vectorizer = CountVectorizer(min_df=2).fit_batches([["red sun", "a red moon"], ["sun"]])
        >>> [matrix.toarray().tolist() for matrix in vectorizer.transform_batches(iter([["red red"], ["sun"]]))]
        [[[2, 0]], [[0, 1]]]
        """
        self._validate_params()
        self._forget()
        if not self._core_counts() or self.vocabulary is not None or self.analyzer != "word":
            raise DataError(
                "only the core learns from batches, and of words",
                hint="Leave analyzer, tokenizer, token_pattern, vocabulary and the like as they are.",
            )
        self._check_for_core()
        begin = batches_of(batches)

        def texts() -> Iterator[Any]:
            for batch in begin():
                self._refuse_one_text(batch)
                yield self._texts_once(batch)

        path, threads = TextPath(self._text_settings()), thread_count(self.n_jobs)
        with _their_sentences():
            self.features_ = WordFeatures.fit_batches(path, self._settings(), texts, memory=memory, threads=threads)
        self.counted_by_ = "core"
        return self

    def _forget(self) -> None:
        for learned in ("features_", "_vocabulary", "_given"):
            self.__dict__.pop(learned, None)

    def _check_for_core(self) -> None:
        self._validate_ngram_range()
        self._warn_for_unused_params()
        self._validate_vocabulary()
        self.build_analyzer()  # for its warnings

    def _fit_given(self, raw_documents: Any) -> Any:
        if self.lowercase and any(any(map(str.isupper, term)) for term in self.vocabulary):
            warnings.warn(
                "Upper case characters found in vocabulary while 'lowercase' is True. These entries will not be matched"
                " with any documents",
                stacklevel=3,
            )
        features = self._given_features()
        if features is None:
            self.counted_by_ = "scikit-learn"
            return super().transform(raw_documents)
        matrix = self._weigh_given(features, self._texts(raw_documents))
        self.features_ = features
        self.counted_by_ = "core"
        return matrix

    def _weigh_given(self, features: WordFeatures, texts: Any) -> Any:
        return self._rows(features, texts)

    def _given_features(self) -> WordFeatures | None:
        """Features of the vocabulary that was given, or None where only scikit-learn's loop can look it up."""
        columns = self.vocabulary_
        if sorted(columns.values()) != list(range(len(columns))):  # set by hand
            return None
        try:
            return WordFeatures.from_vocabulary(
                TextPath(self._text_settings()), self._settings(), sorted(columns, key=columns.__getitem__)
            )
        except DataError:  # what is no word in it, an empty text or half a surrogate pair
            return None

    def transform(self, raw_documents: Any) -> Any:
        """The matrix of some documents, (n_texts, n_features).

        Parameters
        ----------
        raw_documents : as in `fit`

        Raises
        ------
        sklearn.exceptions.NotFittedError : before `fit`
        """
        features: PlainFeatures | None = self.__dict__.get("features_") or self._features_unfitted(raw_documents)
        if features is None:
            return super().transform(raw_documents)
        self._refuse_one_text(raw_documents)
        return self._rows(features, self._texts(raw_documents))

    def _features_unfitted(self, raw_documents: Any) -> WordFeatures | None:
        """Where a vocabulary was given and `fit` not called: features of it, kept for as long as no setting changes."""
        if self.analyzer != "word" or not self._core_counts():
            return None
        self._refuse_one_text(raw_documents)
        self._check_vocabulary()
        columns, words = self.vocabulary_, self.stop_words
        words = words if words is None or isinstance(words, str) else tuple(words)
        settings = (self.ngram_range, self.lowercase, words, self.binary, tuple(self.clean), self.map)
        key = (id(columns), len(columns), settings)
        given: tuple[Any, WordFeatures | None] | None = self.__dict__.get("_given")
        if given is None or given[0] != key:
            self._given = given = (key, self._given_features())
        self.counted_by_ = "scikit-learn" if given[1] is None else "core"
        return given[1]

    def _rows(self, features: PlainFeatures, texts: Any) -> Any:
        if self.dtype is np.float32 or self.dtype is np.float64:
            return matrix_of(features.rows(texts, dtype=self.dtype, threads=self.n_jobs))
        csr = features.counts(texts, threads=self.n_jobs)
        return matrix_of(csr if self.dtype is np.int64 else csr._replace(data=csr.data.astype(self.dtype)))

    def _dtype(self) -> DTypeLike:
        return np.float32 if self.analyzer == "word" else np.int64

    def get_feature_names_out(self, input_features: Any = None) -> Any:
        """The n-gram of each column, in order.

        Parameters
        ----------
        input_features : ignored
        """
        features: PlainFeatures | None = self.__dict__.get("features_")
        return super().get_feature_names_out() if features is None else np.array(features.names, dtype=object)

    @property
    def vocabulary_(self) -> dict[str, int]:
        """The column of each n-gram."""
        if "_vocabulary" not in self.__dict__:
            features: PlainFeatures | None = self.__dict__.get("features_")
            if features is None:
                raise AttributeError("vocabulary_")
            self._vocabulary = {name: column for column, name in enumerate(features.names)}
        return self._vocabulary

    @vocabulary_.setter
    def vocabulary_(self, vocabulary: dict[str, int]) -> None:
        self.__dict__.pop("features_", None)  # whoever sets a vocabulary means that one
        self._vocabulary = vocabulary

    def _matrix(self, csr: Csr) -> Any:
        return matrix_of(csr._replace(data=csr.data.astype(self.dtype, copy=False)))

    def _settings(self) -> FeaturesConfig:
        low, high = self.ngram_range
        return FeaturesConfig(
            kind="counts",
            analyzer=self.analyzer,
            tf="binary" if self.binary else "raw",
            ngrams=(int(low), int(high)),
            min_df=int(self.min_df) if isinstance(self.min_df, Integral) else float(self.min_df),
            max_df=int(self.max_df) if isinstance(self.max_df, Integral) else float(self.max_df),
            max_features=None if self.max_features is None else int(self.max_features),
        )


def _check_limits(features: FeaturesConfig, n_texts: int) -> None:
    low, high = (
        limit if isinstance(limit, int) else limit * n_texts
        for limit in (features.min_df, features.max_df)
        if not isinstance(limit, str)
    )
    if n_texts and high < low:
        raise ValueError("max_df corresponds to < documents than min_df")


@contextmanager
def _their_sentences() -> Iterator[None]:
    """scikit-learn has sentences for what can go wrong with a vocabulary, and people match on them."""
    try:
        yield
    except DataError as error:
        if error.what.startswith(("no word is left", "no n-gram is left")):
            said = "After pruning, no terms remain. Try a lower min_df or a higher max_df."
        elif error.what.startswith(("no word", "no n-gram", "there is no text")):
            said = "empty vocabulary; perhaps the documents only contain stop words"
        elif error.what.startswith("max_df leaves fewer"):
            said = "max_df corresponds to < documents than min_df"
        else:
            raise
        raise ValueError(said) from error
