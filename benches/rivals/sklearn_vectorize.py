"""TF-IDF of 1-2-grams from a file of JSON Lines in scikit-learn, a line at a time."""

import gzip
import json
import resource
import sys

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer


def main(source: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with gzip.open(source, "rt", encoding="utf-8") as lines:
        texts = (json.loads(line)["text"] for line in lines)
        matrix = TfidfVectorizer(ngram_range=(1, 2), dtype=np.float32).fit_transform(texts)
    print(json.dumps({"values": matrix.nnz, "total": float(matrix.data.sum(dtype=float)), "before": before}))


if __name__ == "__main__":
    main(*sys.argv[1:])
