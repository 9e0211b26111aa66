"""TF-IDF of character n-grams against scikit-learn's."""

from __future__ import annotations

import statistics

import numpy as np

from benches.features import difference, imdb
from benches.limits import from_the_limit
from benches.measure import THREADS, Row, seconds


def rows() -> list[Row]:
    from sklearn.feature_extraction import text as theirs

    from textmill import features as ours

    texts, _ = imdb("train")
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    found = []
    for analyzer, ngrams, at_least, share in (("char_wb", (2, 5), 60, 1), ("char", (1, 3), None, 5)):
        some = texts[::share]
        size = megabytes / share
        settings = {"analyzer": analyzer, "ngram_range": ngrams, "dtype": np.float32}
        a, b = ours.TfidfVectorizer(**settings, n_jobs=THREADS), theirs.TfidfVectorizer(**settings)
        kept = []
        before = seconds(lambda: kept.append(a.fit_transform(some)))  # noqa: B023
        rivals = seconds(lambda: kept.append(b.fit_transform(some)))  # noqa: B023
        mine = statistics.median([before, *(seconds(lambda: a.fit_transform(some)) for _ in range(2))])  # noqa: B023
        made, wanted = kept
        worst = difference(made, wanted)
        assert (a.get_feature_names_out() == b.get_feature_names_out()).all()
        result = made.data.nbytes + made.indices.nbytes + made.indptr.nbytes
        found.append(
            Row(
                f"TF-IDF, {analyzer} {ngrams[0]}-{ngrams[1]}, fit_transform of IMDB train ({size:.0f} MB)",
                f"{at_least} x scikit-learn" if at_least else "",
                f"{rivals / mine:.1f} x ({mine:.2f} s against {rivals:.1f} s; {size / mine:.1f} MB/s against"
                f" {size / rivals:.2f})",
                at_least is None or rivals / mine >= at_least,
                f"{made.nnz:,} values, same columns and order, equal to {worst:.0e}; {THREADS} threads, median of 3"
                f" against one run of the rival between them; {from_the_limit(mine, size * 1e6, result)}",
            )
        )
    return found
