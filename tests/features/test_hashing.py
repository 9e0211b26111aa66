"""Hashed n-grams against scikit-learn's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import csv
from sklearn.feature_extraction.text import HashingVectorizer as TheirVectorizer

from strategies import texts
from textmill.features import HashingVectorizer

settings = st.fixed_dictionaries(
    {
        "ngram_range": st.sampled_from([(1, 1), (1, 2), (2, 3), (1, 4)]),
        "n_features": st.sampled_from([1, 2, 16, 1000, 2**20, 2**31 - 2]),
        "binary": st.booleans(),
        "norm": st.sampled_from(["l1", "l2", None]),
        "alternate_sign": st.booleans(),
        "stop_words": st.sampled_from(["english", None]),
        "lowercase": st.booleans(),
    }
)


def same(ours: Any, theirs: Any) -> bool:
    return bool(
        np.array_equal(ours.indptr, theirs.indptr)
        and np.array_equal(ours.indices, theirs.indices)
        and np.allclose(ours.data, theirs.data, rtol=0, atol=1e-12)
    )


@given(st.lists(texts, min_size=1, max_size=6), settings, st.integers(1, 3))
def test_hashed_counts_are_those_of_scikit_learn(documents: list[str], options: dict[str, Any], threads: int) -> None:
    ours = HashingVectorizer(**options, n_jobs=threads).transform(documents)
    assert same(ours, TheirVectorizer(**options).transform(documents))


def test_hashed_tweets_are_those_of_scikit_learn_whatever_the_threads(data_dir: Path) -> None:
    table = csv.read_csv(
        data_dir / "disaster_tweets" / "train.csv", parse_options=csv.ParseOptions(newlines_in_values=True)
    )
    theirs = TheirVectorizer(ngram_range=(1, 2)).transform(table["text"].to_pylist())
    for threads in (1, 2, 5):
        assert same(HashingVectorizer(ngram_range=(1, 2), n_jobs=threads).transform(table["text"]), theirs)


def test_batches_give_the_rows_of_the_whole() -> None:
    documents = ["one storm", "two storms", "no storm at all", ""]
    whole = HashingVectorizer(ngram_range=(1, 2)).transform(documents).toarray()
    parts = [
        HashingVectorizer(ngram_range=(1, 2)).partial_fit(documents[i:]).transform([documents[i]]) for i in range(4)
    ]
    assert np.array_equal(np.vstack([part.toarray() for part in parts]), whole)


def test_stems_are_hashed_and_what_the_core_cannot_do_is_refused() -> None:
    stems = HashingVectorizer(map="porter", norm=None).transform(["storms storm"])
    assert stems.data.tolist() in ([2.0], [-2.0])
    with pytest.raises(ValueError, match="clean and map are the core's"):
        HashingVectorizer(map="porter", analyzer="char").transform(["storms"])
