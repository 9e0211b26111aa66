"""Near-duplicates: all of a million short texts, and MinHash with LSH (datasketch) on some of them."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np

from benches.measure import THREADS, Row, process, program

MILLION, SOME = 1_000_000, 20_000
SIMILARITY = 0.8


def tweets(n: int, seed: int = 13) -> list[str]:
    """Texts of 5 to 24 words by Zipf's law; one in five is another one with a word in place of one of its own."""
    from benches.zipf import _ranks, words

    draw = np.random.Generator(np.random.SFC64(seed))
    lengths = draw.integers(5, 25, n)
    spelled = np.array([word.strip() for word in words().slice(0, 400_000).to_pylist()], object)
    drawn = spelled[_ranks(draw.random(int(lengths.sum()))) % len(spelled)]
    ends = np.cumsum(lengths)
    found = [drawn[end - length : end].tolist() for end, length in zip(ends.tolist(), lengths.tolist(), strict=True)]
    for copy in draw.choice(n, n // 5, replace=False).tolist():
        found[copy] = list(found[int(draw.integers(n))])
        found[copy][int(draw.integers(len(found[copy])))] = str(spelled[int(draw.integers(len(spelled)))])
    return [" ".join(text) for text in found]


def _alone(n: int) -> dict[str, float]:
    import pyarrow as pa

    from textmill.read import Corpus
    from textmill.read.similar import similar_groups

    corpus = Corpus.of(pa.table({"text": tweets(n)}), label=None)
    wall, cpu = time.perf_counter(), time.process_time()
    first = similar_groups([corpus], similarity=SIMILARITY, threads=THREADS)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"wall": wall, "cpu": cpu, "grouped": float((first != np.arange(n)).sum())}


def _made(n: int) -> dict[str, float]:
    import pyarrow as pa

    from textmill.read import Corpus

    return {"rows": float(Corpus.of(pa.table({"text": tweets(n)}), label=None).n_rows)}


def rows() -> list[Row]:
    run, before = (process(program("similar", task, str(MILLION))) for task in ("alone", "made"))
    found = [
        Row(
            f"near-duplicates of {MILLION:,} made-up tweets, Jaccard {SIMILARITY}, texts to groups",
            "60 s",
            f"{run.said['wall']:.1f} s ({run.said['cpu']:.1f} CPU s); peak {run.peak:.0f} MiB, {before.peak:.0f} of it"
            " to make the texts",
            run.said["wall"] < 60,
            f"all pairs, exactly; {run.said['grouped']:,.0f} texts are like an earlier one; {THREADS} threads",
        )
    ]
    try:
        import datasketch
    except ImportError:
        return [*found, Row("the same with MinHash and LSH", "", "not installed", True, "pip install datasketch")]
    return [*found, _beside(datasketch)]


def _beside(datasketch: Any) -> Row:
    import pyarrow as pa

    from textmill.read import Corpus
    from textmill.read.similar import similar_groups

    texts = tweets(SOME)
    corpus = Corpus.of(pa.table({"text": texts}), label=None)
    began = time.perf_counter()
    first = similar_groups([corpus], similarity=SIMILARITY, threads=THREADS)
    mine = time.perf_counter() - began
    sets = [set(text.split()) for text in texts]
    began = time.perf_counter()
    index = datasketch.MinHashLSH(threshold=SIMILARITY, num_perm=128)
    pairs = set()
    for i, words in enumerate(sets):
        sketch = datasketch.MinHash(num_perm=128)
        sketch.update_batch([word.encode() for word in words])
        pairs |= {(other, i) for other in index.query(sketch)}
        index.insert(i, sketch)
    theirs = time.perf_counter() - began
    alike = {(a, b) for a, b in pairs if len(sets[a] & sets[b]) / len(sets[a] | sets[b]) >= SIMILARITY}
    assert all(first[a] == first[b] for a, b in alike)
    n_mine, n_theirs = int((first != np.arange(SOME)).sum()), len({b for _, b in alike})
    return Row(
        f"the same of {SOME:,} against datasketch {datasketch.__version__}, MinHashLSH of 128 permutations",
        "",
        f"{theirs / mine:.0f} x ({mine:.2f} s against {theirs:.1f} s)",
        True,
        f"each pair of it that is one is in a group of ours; it finds {n_theirs:,} texts that are like an earlier one,"
        f" ours {n_mine:,}",
    )


if __name__ == "__main__":
    print(json.dumps({"alone": _alone, "made": _made}[sys.argv[1]](int(sys.argv[2]))))
