"""Corpora larger than memory: seconds a gigabyte and peak memory at 0.5, 1 and 5 GB of generated text.

The text is generated once, into a temporary file of 5 GB (see `benches.zipf`), of which each process reads its share
as often as it needs, two megabytes at a time; neither making nor reading it counts. Time is the processor's, summed
over the threads, as that does not depend on what else runs; the clock's is shown beside it.

    python -m benches stream
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benches.measure import THREADS, Row, process

SIZES = (500, 1_000, 5_000)  # megabytes
MIN_DF = 50
_MOST_MEMORY, _NOISE = 1e9, 1.15  # bytes; slowest over fastest


class _Reader:
    """The texts of a file, as often as asked for, and what reading them took."""

    def __init__(self, path: str, megabytes: float) -> None:
        self.path, self.megabytes = path, megabytes
        self.wall = self.cpu = 0.0
        self.n_texts = 0

    def __call__(self) -> Iterator[Any]:
        from benches.zipf import read

        self.n_texts, batches = 0, read(self.path, self.megabytes)
        while True:
            wall, cpu = time.perf_counter(), time.process_time()
            batch = next(batches, None)
            self.wall += time.perf_counter() - wall
            self.cpu += time.process_time() - cpu
            if batch is None:
                return
            self.n_texts += len(batch)
            yield batch


def _work(task: str, texts: _Reader) -> dict[str, float]:
    import numpy as np

    from textmill.features import HashingVectorizer, TfidfVectorizer

    options: dict[str, Any] = {"ngram_range": (1, 2), "n_jobs": THREADS, "dtype": np.float32}
    said: dict[str, float] = {}
    wall, cpu = time.perf_counter(), time.process_time()
    vectorizer: Any
    if task == "hashing":
        vectorizer = HashingVectorizer(**options)
    else:
        vectorizer = TfidfVectorizer(min_df=MIN_DF, **options).fit_batches(texts)
        said["features"] = vectorizer.features_.n_features
        said["fit"] = time.process_time() - cpu - texts.cpu
    counts = sum(matrix.nnz for matrix in vectorizer.transform_batches(texts()))
    said["wall"] = time.perf_counter() - wall - texts.wall
    said["cpu"] = time.process_time() - cpu - texts.cpu
    return said | {"texts": texts.n_texts, "counts": counts}


def _row(task: str, path: str) -> Row:
    told, rates, peaks = [], [], []
    for megabytes in SIZES:
        run = process([sys.executable, "-m", "benches.stream", task, path, str(megabytes)])
        gigabytes = megabytes / 1_000
        rates.append(run.said["cpu"] / gigabytes)
        peaks.append(run.peak * 2**20)
        told.append(
            f"{gigabytes:g} GB: {rates[-1]:.1f} CPU s/GB ({run.said['wall'] / gigabytes:.1f} by the clock), "
            f"{peaks[-1] / 1e6:.0f} MB" + (f", {run.said['features']:,.0f} columns" if "features" in run.said else "")
        )
    spread = max(rates) / min(rates)
    what = (
        "hashing 1-2-grams" if task == "hashing" else f"TF-IDF 1-2-grams, min_df {MIN_DF}, streaming fit and transform"
    )
    return Row(
        f"{what}: generated Zipfian text",
        "under 1 GB resident, time linear",
        f"{'; '.join(told)}; slowest / fastest {spread:.2f}",
        max(peaks) < _MOST_MEMORY and spread <= _NOISE,
        f"whole processes, {THREADS} threads, reading left out",
    )


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "zipf.arrow")
        process([sys.executable, "-m", "benches.zipf", str(SIZES[-1]), path])
        return [_row(task, path) for task in ("hashing", "tf-idf")]


if __name__ == "__main__":
    print(json.dumps(_work(sys.argv[1], _Reader(sys.argv[2], float(sys.argv[3])))))
