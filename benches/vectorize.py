"""TF-IDF of 1-2-grams from a file of JSON Lines, as a process of its own: `python -m benches.vectorize FILE`."""

from __future__ import annotations

import gzip
import itertools
import json
import resource
import sys
from collections.abc import Iterator

from benches.measure import THREADS
from textmill.config import FeaturesConfig, TextConfig
from textmill.features import WordFeatures
from textmill.text import TextPath


def batches(source: str, size: int = 2000) -> Iterator[list[str]]:
    with gzip.open(source, "rt", encoding="utf-8") as lines:
        texts = (json.loads(line)["text"] for line in lines)
        while batch := list(itertools.islice(texts, size)):
            yield batch


def main(source: str) -> None:
    path = TextPath(TextConfig(clean=(), map="none"))
    config = FeaturesConfig(ngrams=(1, 2), min_df=1, tf="raw")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    _, csr = WordFeatures.fit(path, config, batches(source), threads=THREADS)
    print(json.dumps({"values": len(csr.data), "total": float(csr.data.sum(dtype=float)), "before": before}))


if __name__ == "__main__":
    main(*sys.argv[1:])
