"""scikit-learn's vectorisers, over our text path. A leaf: it needs scikit-learn, and nothing of textmill imports it."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike, NDArray

from textmill.config import FeaturesConfig, TextConfig, from_mapping
from textmill.errors import MissingExtra
from textmill.features.words import Csr, WordFeatures
from textmill.text.path import TextPath

try:
    from scipy.sparse import csr_array
    from sklearn.base import BaseEstimator, TransformerMixin
    from sklearn.utils.validation import check_is_fitted
except ImportError as error:
    raise MissingExtra("an estimator for scikit-learn", package="scikit-learn", extra="estimators") from error

__all__ = ["CountVectorizer", "TfidfVectorizer"]


class CountVectorizer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Counts of words and word n-grams, as scikit-learn's class of this name, an order of magnitude sooner.

    Parameters carry scikit-learn's names and defaults; the two it lacks are `clean` and `map`. What it can do and this
    cannot (an own analyzer, character n-grams, a fixed vocabulary) is not accepted rather than ignored.

    Parameters
    ----------
    lowercase : whether to take texts in lower case
    stop_words : "english" for scikit-learn's list, a list of words, or None
    ngram_range : shortest and longest n-gram
    max_df, min_df : most and fewest texts, as a share (float) or a number (int)
    max_features : keep only so many n-grams, the most frequent
    binary : 1 for every n-gram that occurs
    clean : cleaners before the text is split: "html", "urls", "mentions"
    map : function of one word: "none", "porter", "snowball-LANGUAGE"
    dtype : of the matrix
    n_jobs : threads; None for all processors. The result does not depend on it

    Attributes
    ----------
    features_ : WordFeatures, the frozen vocabulary
    vocabulary_ : dict of n-gram -> column

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
        lowercase: bool = True,
        stop_words: Literal["english"] | list[str] | None = None,
        ngram_range: tuple[int, int] = (1, 1),
        max_df: float | int = 1.0,
        min_df: float | int = 1,
        max_features: int | None = None,
        binary: bool = False,
        clean: tuple[str, ...] = (),
        map: str = "none",
        dtype: DTypeLike = np.int64,
        n_jobs: int | None = None,
    ) -> None:
        self.lowercase = lowercase
        self.stop_words = stop_words
        self.ngram_range = ngram_range
        self.max_df = max_df
        self.min_df = min_df
        self.max_features = max_features
        self.binary = binary
        self.clean = clean
        self.map = map
        self.dtype = dtype
        self.n_jobs = n_jobs

    def _feature_settings(self) -> dict[str, Any]:
        return {"tf": "binary" if self.binary else "raw", "idf": "none", "norm": "none"}

    def _fit(self, texts: Any) -> Csr:
        text = from_mapping(
            TextConfig,
            {
                "clean": list(self.clean),
                "case": "lower" if self.lowercase else "keep",
                "stop_words": "none" if self.stop_words is None else self.stop_words,
                "keep_negations": False,  # scikit-learn's lists are taken as they stand
                "map": self.map,
            },
        )
        features = from_mapping(
            FeaturesConfig,
            {
                "ngrams": list(self.ngram_range),
                "min_df": self.min_df,
                "max_df": self.max_df,
                **({} if self.max_features is None else {"max_features": self.max_features}),
                **self._feature_settings(),
            },
        )
        self.features_, csr = WordFeatures.fit(TextPath(text), features, texts, threads=self.n_jobs)
        return csr

    def fit(self, raw_documents: Any, y: Any = None) -> CountVectorizer:
        """Learn the vocabulary.

        Parameters
        ----------
        raw_documents : list of str or anything else `textmill.text.text_buffers` takes
        y : ignored

        Raises
        ------
        DataError : if a document is no text, or no word is left
        ConfigError : if a parameter is at fault
        """
        self._fit(raw_documents)
        return self

    def fit_transform(self, raw_documents: Any, y: Any = None) -> csr_array:
        """Learn the vocabulary and give the matrix of the same documents, (n_texts, n_features)."""
        return self._matrix(self._fit(raw_documents))

    def transform(self, raw_documents: Any) -> csr_array:
        """The matrix of some documents, (n_texts, n_features).

        Raises
        ------
        sklearn.exceptions.NotFittedError : before `fit`
        """
        return self._matrix(self._fitted().rows(raw_documents, threads=self.n_jobs))

    def _matrix(self, csr: Csr) -> csr_array:
        return csr.to_scipy().astype(self.dtype, copy=False)

    def _fitted(self) -> WordFeatures:
        check_is_fitted(self, "features_")
        return self.features_

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """The n-gram of each column, in order."""
        return np.array(self._fitted().names, dtype=object)

    @property
    def vocabulary_(self) -> dict[str, int]:
        """The column of each n-gram."""
        return {name: column for column, name in enumerate(self._fitted().names)}

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "features_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags


class TfidfVectorizer(CountVectorizer):
    """TF-IDF of words and word n-grams, as scikit-learn's class of this name, an order of magnitude sooner.

    Parameters
    ----------
    norm : "l2", "l1" or None
    use_idf : whether to weigh by idf
    smooth_idf : add one to the numbers of texts
    sublinear_tf : 1 + ln(tf) in place of tf
    dtype : of the matrix; weights are computed in float64 and kept as float32
    lowercase, stop_words, ngram_range, max_df, min_df, max_features, binary, clean, map, n_jobs : as `CountVectorizer`

    Attributes
    ----------
    features_ : WordFeatures, the frozen vocabulary
    idf_ : float64 (n_features,)

    Examples
    --------
    >>> from textmill.features import TfidfVectorizer
    >>> TfidfVectorizer(norm=None, use_idf=False).fit_transform(["rain rain", "sun"]).toarray().tolist()
    [[2.0, 0.0], [0.0, 1.0]]
    """

    def __init__(
        self,
        *,
        lowercase: bool = True,
        stop_words: Literal["english"] | list[str] | None = None,
        ngram_range: tuple[int, int] = (1, 1),
        max_df: float | int = 1.0,
        min_df: float | int = 1,
        max_features: int | None = None,
        binary: bool = False,
        norm: Literal["l1", "l2"] | None = "l2",
        use_idf: bool = True,
        smooth_idf: bool = True,
        sublinear_tf: bool = False,
        clean: tuple[str, ...] = (),
        map: str = "none",
        dtype: DTypeLike = np.float32,
        n_jobs: int | None = None,
    ) -> None:
        super().__init__(
            lowercase=lowercase,
            stop_words=stop_words,
            ngram_range=ngram_range,
            max_df=max_df,
            min_df=min_df,
            max_features=max_features,
            binary=binary,
            clean=clean,
            map=map,
            dtype=dtype,
            n_jobs=n_jobs,
        )
        self.norm = norm
        self.use_idf = use_idf
        self.smooth_idf = smooth_idf
        self.sublinear_tf = sublinear_tf

    def _feature_settings(self) -> dict[str, Any]:
        idf = "none"
        if self.use_idf:
            idf = "smooth" if self.smooth_idf else "plain-plus-one"
        tf = "binary" if self.binary else "sublinear" if self.sublinear_tf else "raw"
        return {"tf": tf, "idf": idf, "norm": self.norm or "none"}

    @property
    def idf_(self) -> NDArray[np.float64]:
        """Weight of each column; ones without `use_idf`."""
        features = self._fitted()
        return np.ones(features.n_features) if features.idf is None else features.idf
