"""Vocabularies of word n-grams that may leave out words between theirs: skip-grams.

Guthrie, Allison, Liu, Guthrie and Wilks 2006, "A Closer Look at Skip-gram Modelling": the k-skip-n-grams of a text are
its runs of n words in order with at most k words in all left out between the first and the last.
"""

from __future__ import annotations

from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textmill import _native
from textmill.config import FeaturesConfig
from textmill.features.terms import Vocabulary, term_table
from textmill.features.weights import chosen, document_limits, idf_weights, nothing_left, places_to_skip
from textmill.text.buffers import numbered_from
from textmill.text.path import TextPath

__all__ = ["learn_skip_grams", "ways_from_a_place"]


def ways_from_a_place(config: FeaturesConfig) -> int:
    """How many n-grams begin at a word that has enough words behind it.

    Examples
    --------
    >>> ways_from_a_place(FeaturesConfig(ngrams=(1, 2), skip=2))
    4
    """
    return sum(comb(n - 1 + config.skip, n - 1) for n in range(1, config.ngrams[1] + 1))


def learn_skip_grams(
    text_path: TextPath, config: FeaturesConfig, texts: Any, *, threads: int
) -> tuple[Vocabulary, NDArray[np.int32], NDArray[np.int64]]:
    """Learn a vocabulary and its weights.

    Parameters
    ----------
    texts : what `text_chunks` takes

    Returns
    -------
    vocabulary, ids, rows : the last two are the texts as numbers of its types, as `TextPath.scan` gives them

    Raises
    ------
    DataError : if there is no text, or nothing is left of them under `min_df`, `max_df` and the stop words, or
        their n-grams are too many to count

    Examples
    --------
    >>> from textmill.text.buffers import decode_types
    >>> config = FeaturesConfig(ngrams=(2, 2), skip=1, min_df=2)
    >>> found, _, _ = learn_skip_grams(TextPath(), config, ["red hot sun", "red sun"], threads=1)
    >>> decode_types(*found.terms)
    ['red', 'sun']
    """
    table = _native.TypeTable()
    ids, rows, _ = text_path.scan(texts, table, threads=threads)
    n_texts = len(rows) - 1
    min_df, max_df = document_limits(config, n_texts)
    words = term_table(text_path, table)
    low, high = config.ngrams
    with numbered_from(0):
        counter = _native.SkipGramCounter(
            ids, rows, words.type_terms, words.terms.n_texts, low, high, places_to_skip(config), min(min_df, n_texts)
        )
    df = counter.document_frequencies()
    keep = chosen(counter, df, min_df, max_df, config)
    if not keep.any():
        raise nothing_left(n_texts, counter.longest_text >= low)
    type_frequencies = np.bincount(ids, minlength=len(table))
    idf = idf_weights(config, df[keep], n_texts)
    return words.kept(*counter.vocabulary(keep), type_frequencies, idf), ids, rows
