"""From counts to weights: which n-grams stay, what they weigh, how long a row is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from textmill import _native
from textmill.config import FeaturesConfig
from textmill.errors import DataError
from textmill.features.csr import Csr

if TYPE_CHECKING:
    from textmill.features.word_counts import WordCounts

__all__ = [
    "chosen",
    "document_limits",
    "has_idf",
    "idf_weights",
    "nothing_left",
    "places_to_skip",
    "weighed",
    "weighting_numbers",
]

# From here on words of a single text are left out by default: IMDB's model is a third as large and as good; of 6,000
# tweets they are worth 0.3 points of F1.
_MANY_TEXTS = 10_000
_TF = {"raw": 0, "sublinear": 1, "relative": 2, "binary": 3}
_NORM = {"none": 0, "l1": 1, "l2": 2}


def document_limits(config: FeaturesConfig, n_texts: int) -> tuple[int, int]:
    """`min_df` and `max_df` as numbers of texts, rounded as scikit-learn compares them.

    Raises
    ------
    DataError : if no number lies between them, or there is no text

    Examples
    --------
    >>> document_limits(FeaturesConfig(min_df=0.1, max_df=0.5), 25)
    (3, 12)
    """
    if n_texts == 0:
        raise DataError("there is no text to learn a vocabulary from")
    if config.min_df == "auto":
        low = 2 if n_texts >= _MANY_TEXTS else 1
    else:
        low = config.min_df if isinstance(config.min_df, int) else int(np.ceil(config.min_df * n_texts))
    high = config.max_df if isinstance(config.max_df, int) else int(np.floor(config.max_df * n_texts))
    if low > n_texts:
        raise DataError(
            f"min_df asks for words that are in {low:,} texts or more, and there are {n_texts:,} texts",
            where="features",
            hint="Lower min_df, or take more texts.",
        )
    if high < low:
        raise DataError(f"max_df leaves fewer texts than min_df asks for: {high} < {low}", where="features")
    return max(1, low), high


def nothing_left(n_texts: int, there: bool) -> DataError:
    """The error of a vocabulary without a word; `there`: the texts hold some."""
    return DataError(
        f"no word is left of {n_texts:,} texts" if there else f"no word is in {n_texts:,} texts",
        hint="Check min_df, max_df, stop_words and whether the texts hold words of two letters or more.",
    )


def chosen(
    counter: _native.GramCounter
    | _native.SkipGramCounter
    | _native.StreamCounter
    | _native.CharGramCounter
    | WordCounts,
    df: NDArray[np.int64],
    low: int,
    high: int,
    config: FeaturesConfig,
) -> NDArray[np.bool_]:
    """Which n-grams stay: those in `low` to `high` texts, of these the most frequent; bool (n_columns,)."""
    keep = (df >= low) & (df <= high)
    most = config.max_features
    if most is not None and keep.sum() > most:
        # the very call of scikit-learn, so that ties among equally frequent n-grams fall alike; it too has already
        # made ones of the counts where they are binary
        frequencies = df if config.tf == "binary" else counter.term_frequencies()
        best = (-frequencies[keep]).argsort()[:most]
        places = np.flatnonzero(keep)[best]
        keep = np.zeros(len(keep), bool)
        keep[places] = True
    return keep


def has_idf(config: FeaturesConfig) -> bool:
    """Whether columns are weighed at all."""
    return config.kind != "counts" and config.idf != "none"


def idf_weights(config: FeaturesConfig, df: NDArray[np.int64], n_texts: int) -> NDArray[np.float64] | None:
    """Weights of the columns, float64 (n_features,), or None.

    Examples
    --------
    >>> idf_weights(FeaturesConfig(idf="plain", log_base=10), np.array([1, 2]), 2).round(3).tolist()
    [0.301, 0.0]
    """
    if not has_idf(config):
        return None
    logs = np.log((1 + n_texts) / (1 + df)) if config.idf == "smooth" else np.log(n_texts / df)
    if config.log_base:
        logs /= np.log(config.log_base)
    return np.asarray(logs + (config.idf != "plain"), np.float64)


def weighting_numbers(config: FeaturesConfig) -> tuple[int, int]:
    """What the core calls the term frequency and the norm."""
    if config.kind == "counts":  # as they are, or ones
        return _TF[config.tf] if config.tf == "binary" else 0, 0
    return _TF[config.tf], _NORM[config.norm]


def places_to_skip(config: FeaturesConfig) -> int:
    """`skip` as the core takes it; no text has more places than 31 bits count."""
    return min(config.skip, 2**31 - 1)


def weighed(
    counts: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]],
    lengths: NDArray[np.int32],
    idf: NDArray[np.float64] | None,
    config: FeaturesConfig,
    n_columns: int,
    *,
    dtype: DTypeLike = np.float32,
    threads: int,
) -> Csr:
    """Counts as weights; the counts' own memory is taken for float32, so they are gone afterwards.

    Parameters
    ----------
    counts : data, indices, indptr, int32 each
    lengths : int32 (n_texts,), terms of each text
    dtype : float32, or float64
    """
    data, indices, indptr = counts
    tf, norm = weighting_numbers(config)
    out = np.empty(len(data), np.float64) if np.dtype(dtype) == np.float64 else None
    _native.weigh(data, indices, indptr, lengths, idf, tf, norm, *config.ngrams, threads, out, places_to_skip(config))
    made: Any = data.view(np.float32) if out is None else out
    return Csr(made, indices, indptr, n_columns)
