"""One text at a time against scikit-learn: what a service asks for."""

from __future__ import annotations

import statistics
from collections.abc import Callable

import numpy as np
from pyarrow import csv

from benches.features import imdb
from benches.measure import THREADS, Row, data_dir, seconds

CALLS = 300


def rows() -> list[Row]:
    from sklearn.feature_extraction import text as theirs

    from textmill import features as ours

    texts, _ = imdb("train")
    table = csv.read_csv(
        data_dir() / "disaster_tweets" / "train.csv", parse_options=csv.ParseOptions(newlines_in_values=True)
    )
    tweets = sorted(table["text"].to_pylist(), key=len)
    one_of = {"tweet": tweets[len(tweets) // 2], "review": sorted(texts, key=len)[len(texts) // 2]}
    found = []
    for name in ("CountVectorizer", "TfidfVectorizer"):
        fitted = getattr(ours, name)(ngram_range=(1, 2), n_jobs=THREADS).fit(texts)
        rival = getattr(theirs, name)(ngram_range=(1, 2)).fit(texts)
        for what, text in one_of.items():
            got, wanted = fitted.transform([text]), rival.transform([text])
            wanted.sort_indices()
            assert np.array_equal(got.indices, wanted.indices)
            assert np.allclose(got.data, wanted.data, rtol=0, atol=1e-6)
            a, b = one_by_one(lambda: fitted.transform([text]), lambda: rival.transform([text]))  # noqa: B023
            found.append(
                Row(
                    f"{name}.transform of one {what} of {len(text)} characters",
                    "10 x scikit-learn",
                    f"{b / a:.0f} x ({a * 1e6:.0f} microseconds against {b * 1e6:.0f})",
                    b / a >= 10,
                    f"same columns and values; 1-2-grams of IMDB train; medians of {CALLS} calls in turn",
                )
            )
    return found


def one_by_one(ours: Callable[[], object], rival: Callable[[], object]) -> tuple[float, float]:
    """Median seconds of either, call by call."""
    pairs = [(seconds(ours), seconds(rival)) for _ in range(CALLS)]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)
