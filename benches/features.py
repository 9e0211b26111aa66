"""TF-IDF against scikit-learn's vectoriser."""

from __future__ import annotations

import gzip
import json

import numpy as np

from benches.measure import THREADS, Row, data_dir, in_turn


def imdb(part: str) -> tuple[list[str], list[str]]:
    with gzip.open(data_dir() / "imdb" / f"{part}.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [row["text"] for row in rows], [str(row["label"]) for row in rows]


def rows() -> list[Row]:
    from sklearn.feature_extraction.text import TfidfVectorizer as TheirVectorizer

    from textmill.features import TfidfVectorizer

    texts, _ = imdb("train")
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    found = []
    for ngrams, wanted in (((1, 1), None), ((1, 2), 15)):
        ours, theirs = (
            TfidfVectorizer(ngram_range=ngrams, n_jobs=THREADS),
            TheirVectorizer(ngram_range=ngrams, dtype=np.float32),
        )
        made, wanted_matrix = ours.fit_transform(texts), theirs.fit_transform(texts)
        wanted_matrix.sort_indices()
        assert (ours.get_feature_names_out() == theirs.get_feature_names_out()).all()
        assert (made.indptr == wanted_matrix.indptr).all()
        assert (made.indices == wanted_matrix.indices).all()
        worst = float(np.abs(made.data - wanted_matrix.data).max())
        assert worst <= 1e-6, worst
        a, b, ratio = in_turn(lambda: ours.fit_transform(texts), lambda: theirs.fit_transform(texts), 3)  # noqa: B023
        found.append(
            Row(
                f"TF-IDF {ngrams[0]}-{ngrams[1]}-grams, fit on IMDB train ({megabytes:.0f} MB)",
                f"{wanted} x scikit-learn" if wanted else "",
                f"{ratio:.1f} x ({a:.2f} s against {b:.2f} s; {megabytes / a:.0f} MB/s against {megabytes / b:.1f})",
                wanted is None or ratio >= wanted,
                f"same columns, same order, weights equal to {worst:.0e}; {THREADS} threads, median of 3 in turn",
            )
        )
    return found
