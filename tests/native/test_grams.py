"""N-grams counted by sorting: the counts, columns and order of a plain count, and of scikit-learn."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer

from oracle import words
from strategies import corpora, examples
from textmill import _native
from textmill.config import FeaturesConfig, TextConfig
from textmill.errors import DataError
from textmill.features.words import WordFeatures
from textmill.text import TextPath


def counted(
    ids: NDArray[np.int32],
    rows: NDArray[np.int64],
    type_terms: NDArray[np.int32],
    n_terms: int,
    ngrams: tuple[int, int],
    min_df: int = 1,
    threads: int = 1,
) -> _native.GramCounter:
    counter = _native.GramCounter()
    counter.add(ids, rows)
    counter.count(type_terms, n_terms, *ngrams, min_df, threads)
    return counter


def numbered(docs: Sequence[Sequence[str]]) -> tuple[NDArray[np.int32], NDArray[np.int64], list[str]]:
    """Ids, rows and terms; types are terms, in the order of spelling."""
    terms = sorted({word for doc in docs for word in doc})
    number = {term: i for i, term in enumerate(terms)}
    ids = np.array([number[word] for doc in docs for word in doc], np.int32)
    return ids, np.cumsum([0, *map(len, docs)]).astype(np.int64), terms


def spelled(terms: Sequence[str], counter: _native.GramCounter, keep: NDArray[np.bool_]) -> list[str]:
    kept, levels = counter.vocabulary(keep)
    before = names = [terms[i] for i in kept]
    found = {}
    for level, (prefix, last, column) in enumerate(levels):
        if level:
            before = [f"{before[p]} {names[t]}" for p, t in zip(prefix, last, strict=True)]
        found |= {c: name for c, name in zip(column.tolist(), before, strict=True) if c >= 0}
    assert sorted(found) == list(range(len(found)))
    return [found[c] for c in range(len(found))]


def dense(csr: tuple[Any, Any, Any], n_columns: int) -> list[list[int]]:
    data, indices, indptr = csr
    rows = np.zeros((len(indptr) - 1, n_columns), np.int64)
    for i in range(len(indptr) - 1):
        place = slice(indptr[i], indptr[i + 1])
        assert (np.diff(indices[place]) > 0).all()  # ascending, each once
        rows[i, indices[place]] = data[place]
    return rows.tolist()


docs_of_few_words = st.lists(
    st.lists(st.sampled_from(["a", "b", "c", "ab", "ab0", "é"]), max_size=12), min_size=1, max_size=8
)


@settings(max_examples=examples(120))
@given(docs_of_few_words, st.integers(1, 4), st.integers(0, 3), st.integers(1, 3), st.randoms(use_true_random=False))
def test_counts_and_order_are_those_of_a_plain_count(
    docs: list[list[str]], low: int, more: int, min_df: int, rng: Any
) -> None:
    high = min(low + more, 4)
    ids, rows, terms = numbered(docs)
    counter = counted(ids, rows, np.arange(len(terms), dtype=np.int32), len(terms), (low, high), min_df)
    columns, counts = words.count_matrix(docs, low, high, min_df)
    everything = np.ones(counter.n_columns, bool)
    assert spelled(terms, counter, everything) == columns
    assert counter.document_frequencies().tolist() == np.count_nonzero(counts, axis=0).tolist()
    assert counter.term_frequencies().tolist() == np.sum(counts, axis=0).tolist()
    assert counter.lengths().tolist() == [len(doc) for doc in docs]
    assert dense(counter.matrix(everything, 1), len(columns)) == counts

    keep = np.array([rng.random() < 0.5 for _ in columns], bool)
    kept = np.flatnonzero(keep)
    counter = counted(ids, rows, np.arange(len(terms), dtype=np.int32), len(terms), (low, high), min_df)
    assert spelled(terms, counter, keep) == [columns[c] for c in kept]
    kept_terms, levels = counter.vocabulary(keep)
    assert dense(counter.matrix(keep, 1), len(kept)) == [[row[c] for c in kept] for row in counts]

    # and what the frozen vocabulary finds in the same texts
    type_terms = np.full(len(terms), -2, np.int32)
    type_terms[kept_terms] = np.arange(len(kept_terms))
    *again, lengths = _native.count(_native.Grams(levels, low), ids, rows, type_terms, 1)
    assert dense(tuple(again), len(kept)) == [[row[c] for c in kept] for row in counts]
    assert lengths.tolist() == [len(doc) for doc in docs]


def test_a_dropped_type_lets_its_neighbours_touch_and_an_unknown_one_does_not() -> None:
    ids, rows = np.array([0, 1, 2], np.int32), np.array([0, 3], np.int64)
    counter = counted(ids, rows, np.array([0, -1, 1], np.int32), 2, (2, 2))
    _, levels = counter.vocabulary(np.ones(1, bool))
    grams = _native.Grams(levels, 2)
    for middle, n_found in ((-1, 1), (-2, 0)):
        data, _, _, lengths = _native.count(grams, ids, rows, np.array([0, middle, 1], np.int32), 1)
        assert (len(data), lengths.tolist()) == (n_found, [2] if middle == -1 else [3])


def zipfian(n_texts: int, n_types: int, seed: int = 0) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    ids = np.minimum(rng.zipf(1.3, n_texts * 12), n_types).astype(np.int32) - 1
    return ids, np.arange(0, n_texts * 12 + 1, 12, dtype=np.int64)


@pytest.mark.slow
@pytest.mark.parametrize("high", [1, 2, 4])
def test_threads_change_nothing(high: int) -> None:
    ids, rows = zipfian(50_000, 3000)  # enough tokens for five threads and for two parts
    type_terms = np.arange(3000, dtype=np.int32)
    type_terms[7] = -1
    results = []
    for threads in (1, 2, 5):
        counter = counted(ids, rows, type_terms, 3000, (1, high), 2, threads)
        keep = np.arange(counter.n_columns) % 3 > 0
        kept, levels = counter.vocabulary(keep)
        df = counter.document_frequencies()
        csr = counter.matrix(keep, threads)
        frozen = _native.count(_native.Grams(levels, 1), ids, rows, _renumbered(type_terms, kept), threads)
        for a, b in zip(csr, frozen, strict=False):
            np.testing.assert_array_equal(a, b)
        results.append([*csr, df, kept, *(a for level in levels for a in level)])
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


def _renumbered(type_terms: NDArray[np.int32], kept: NDArray[np.int32]) -> NDArray[np.int32]:
    new = np.full(len(type_terms) + 1, -2, np.int32)
    new[kept] = np.arange(len(kept))
    new[-1] = -1
    return new[type_terms]


@pytest.mark.slow
def test_keys_of_more_than_64_bits_sort_like_short_ones() -> None:
    # 2^23 terms and 2^19 texts: 23 + 23 + 20 bits; the same tokens with 1,000 terms need half of that
    ids, filled = zipfian(20_000, 1000)
    rows = np.concatenate([filled, np.full(2**19, filled[-1])])
    spread = (np.arange(1000, dtype=np.int32) * 8000) + 5
    many = np.full(2**23, -1, np.int32)
    many[: len(spread)] = spread
    for high in (2, 3):
        short = counted(ids, rows, np.arange(1000, dtype=np.int32), 1000, (1, high), 1, 2)
        long = counted(ids, rows, many, 2**23, (1, high), 1, 2)
        assert short.n_columns == long.n_columns
        keep = np.ones(short.n_columns, bool)
        for (_, a, _), (_, b, _) in zip(short.vocabulary(keep)[1], long.vocabulary(keep)[1], strict=True):
            np.testing.assert_array_equal(a, b)
        for a, b in zip(short.matrix(keep, 2), long.matrix(keep, 2), strict=True):
            np.testing.assert_array_equal(a, b)


def agrees_with_sklearn(texts: list[str], settings: dict[str, Any], *, threads: int = 1) -> None:
    theirs = CountVectorizer(**settings)
    stop_words = settings.get("stop_words") or ()
    stop_words = stop_words if isinstance(stop_words, str) else tuple(stop_words)
    features = FeaturesConfig(
        ngrams=settings.get("ngram_range", (1, 1)),
        min_df=settings.get("min_df", 1),
        max_df=settings.get("max_df", 1.0),
        max_features=settings.get("max_features"),
        tf="binary" if settings.get("binary") else "raw",
        idf="none",
        norm="none",
    )
    text = TextConfig(clean=(), stop_words=stop_words, keep_negations=False, map="none")
    try:
        wanted = theirs.fit_transform(texts)
        wanted.sort_indices()
    except ValueError:  # nothing left, or max_df below min_df
        with pytest.raises(DataError):
            WordFeatures.fit(TextPath(text), features, texts, threads=threads)
        return
    ours, csr = WordFeatures.fit(TextPath(text), features, texts, threads=threads)
    assert ours.names == theirs.get_feature_names_out().tolist()
    np.testing.assert_array_equal(csr.indptr, wanted.indptr)
    np.testing.assert_array_equal(csr.indices, wanted.indices)
    np.testing.assert_array_equal(csr.data, wanted.data)
    assert (csr.to_scipy() != ours.rows(texts, threads=threads).to_scipy()).nnz == 0


sklearn_settings = st.fixed_dictionaries(
    {
        "ngram_range": st.sampled_from([(1, 1), (1, 2), (2, 2), (2, 3), (1, 4), (3, 3)]),
        "min_df": st.sampled_from([1, 1, 2, 3, 0.0, 0.3, 0.5]),
        "max_df": st.sampled_from([1.0, 1.0, 0.7, 0.5, 3, 1]),
        "max_features": st.sampled_from([None, None, 1, 3, 7]),
        "stop_words": st.sampled_from([None, "english", ["fire", "não"]]),
        "binary": st.booleans(),
    }
)


@pytest.mark.filterwarnings("ignore:Your stop_words may be inconsistent")
@settings(max_examples=examples(150))
@given(corpora, sklearn_settings)
def test_hypothesis_texts_are_counted_as_scikit_learn_counts_them(texts: list[str], settings: dict[str, Any]) -> None:
    agrees_with_sklearn(texts, settings)


def tweets(data_dir: Path) -> list[str]:
    with (data_dir / "disaster_tweets" / "train.csv").open(encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file)]


def reviews(data_dir: Path, n: int) -> list[str]:
    with gzip.open(data_dir / "imdb" / "train.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in islice(lines, n)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {"ngram_range": (1, 2), "min_df": 2, "max_df": 0.5, "stop_words": "english"},
        {"ngram_range": (1, 3), "max_features": 500},
        {"ngram_range": (1, 2), "max_features": 500, "binary": True},
    ],
    ids=str,
)
def test_tweets_are_counted_as_scikit_learn_counts_them(data_dir: Path, settings: dict[str, Any]) -> None:
    agrees_with_sklearn(tweets(data_dir), settings, threads=2)


@pytest.mark.slow
def test_reviews_are_counted_as_scikit_learn_counts_them(data_dir: Path) -> None:
    agrees_with_sklearn(reviews(data_dir, 4000), {"ngram_range": (1, 4), "min_df": 2}, threads=2)
