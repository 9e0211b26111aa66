"""Vectorisers against scikit-learn's: fitting, hashing, one text."""

from __future__ import annotations

import gzip
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benches.limits import from_the_limit
from benches.measure import THREADS, Row, data_dir, in_turn


def imdb(part: str) -> tuple[list[str], list[str]]:
    with gzip.open(data_dir() / "imdb" / f"{part}.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [row["text"] for row in rows], [str(row["label"]) for row in rows]


def difference(made: Any, wanted: Any) -> float:
    """The largest difference of two sparse matrices, which have to hold the same places in the same order."""
    wanted.sort_indices()
    assert (made.indptr == wanted.indptr).all()
    assert (made.indices == wanted.indices).all()
    assert made.indices.dtype == np.int32
    worst = float(np.abs(made.data - wanted.data).max())
    assert worst <= 1e-6, worst
    return worst


def fitting(texts: list[str]) -> list[Row]:
    from sklearn.feature_extraction import text as theirs

    from textmill import features as ours

    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    found = []
    for what, at_least, cls, settings in (
        ("count, 1-grams", 18, "CountVectorizer", {}),
        ("TF-IDF, 1-grams", None, "TfidfVectorizer", {"dtype": np.float32}),
        ("TF-IDF, 1-2-grams", 22, "TfidfVectorizer", {"ngram_range": (1, 2), "dtype": np.float32}),
        ("hashing, 1-2-grams", 20, "HashingVectorizer", {"ngram_range": (1, 2), "dtype": np.float32}),
    ):
        a, b = getattr(ours, cls)(**settings, n_jobs=THREADS), getattr(theirs, cls)(**settings)
        made, wanted = a.fit_transform(texts), b.fit_transform(texts)
        worst = difference(made, wanted)
        if hasattr(b, "vocabulary_"):
            assert (a.get_feature_names_out() == b.get_feature_names_out()).all()
        size = made.data.nbytes + made.indices.nbytes + made.indptr.nbytes
        del made, wanted
        mine, rivals, ratio = in_turn(lambda: a.fit_transform(texts), lambda: b.fit_transform(texts), 3)  # noqa: B023
        found.append(
            Row(
                f"{what}, fit_transform of IMDB train ({megabytes:.0f} MB)",
                f"{at_least} x scikit-learn" if at_least else "",
                f"{ratio:.1f} x ({mine:.2f} s against {rivals:.2f} s; {megabytes / mine:.0f} MB/s against"
                f" {megabytes / rivals:.1f})",
                at_least is None or ratio >= at_least,
                f"same columns and order, values equal to {worst:.0e}; {THREADS} threads, median of 3 in turn;"
                f" {from_the_limit(mine, megabytes * 1e6, size)}",
            )
        )
    return found


def microseconds(work: Callable[[], object], calls: int) -> float:
    """The median of single calls."""
    took = []
    for _ in range(calls):
        started = time.perf_counter()
        work()
        took.append(time.perf_counter() - started)
    return 1e6 * statistics.median(took)


def one_text(texts: list[str]) -> list[Row]:
    from sklearn.feature_extraction import text as theirs

    from textmill import features as ours

    found = []
    settings: dict[str, Any] = {"ngram_range": (1, 2), "min_df": 2, "dtype": np.float32}
    tweet = "Forest fire near La Ronge Sask. Canada, 13,000 people receive evacuation orders"
    review = sorted(texts, key=len)[len(texts) // 2]
    for kind, cls in (("counts", "CountVectorizer"), ("TF-IDF", "TfidfVectorizer")):
        a = getattr(ours, cls)(**settings, n_jobs=THREADS).fit(texts)
        b = getattr(theirs, cls)(**settings).fit(texts)
        for what, text in (("a tweet", tweet), ("a review of median length", review)):
            worst = difference(a.transform([text]), b.transform([text]))
            for work in (a, b):  # a warm-up of either
                microseconds(lambda: work.transform([text]), 20)  # noqa: B023
            pairs = [
                (microseconds(lambda: a.transform([text]), 200), microseconds(lambda: b.transform([text]), 200))  # noqa: B023
                for _ in range(5)
            ]
            mine, rivals = (statistics.median(side) for side in zip(*pairs, strict=True))
            ratio = statistics.median(theirs_took / took for took, theirs_took in pairs)
            found.append(
                Row(
                    f"transform one text, {what} ({len(text)} characters), {kind} of 1-2-grams",
                    "10 x scikit-learn",
                    f"{ratio:.1f} x ({mine:.0f} microseconds against {rivals:.0f})",
                    ratio >= 10,
                    f"values equal to {worst:.0e}; median of 5 x 200 calls in turn",
                )
            )
    return found


def rows() -> list[Row]:
    texts, _ = imdb("train")
    return [*fitting(texts), *one_text(texts)]
