"""What it costs to share training among processes: against the number of shards, with one worker and with two.

Reviews of IMDB are read and split once; each row then trains anew on Dask's workers, which have been started and have
loaded what they need. CPU seconds are of all workers together; beside them the clock's, for the whole step and for the
tasks of each kind, which note them. A second row measures how counts grow with the text; from it `estimate` simulates
what more text would take, which docs/guide/large.md tells.

    python -m benches shards
    python -m benches.shards estimate        # prints a table
"""

from __future__ import annotations

import gzip
import json
import math
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from benches.flow import PROJECT
from benches.measure import Row, data_dir, process, program

SHARDS, WORKERS = (1, 4, 16), (1, 2)
MEGABYTES = (4, 8, 16, 32, 64)
_MOST = 2.0  # times the CPU seconds of one shard


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        return [cost(Path(name)), growth()]


def cost(folder: Path) -> Row:
    (folder / "mill.toml").write_text(PROJECT.format(source=data_dir() / "imdb" / "train.jsonl.gz"), encoding="utf-8")
    alone = process(program("shards", "train", str(folder), "0", "0")).said
    told = [f"alone with two threads {alone['wall']:.1f} s, of which counting and weighing {alone['features']:.1f} s"]
    work = {}
    for workers in WORKERS:
        for n in SHARDS:
            run = process(program("shards", "train", str(folder), str(workers), str(n))).said
            if run["model"] != alone["model"]:
                sys.exit(f"{n} shards gave another model")
            work[workers, n] = run["cpu"]
            told.append(
                f"{workers} worker{'s' * (workers > 1)}, {n} shard{'s' * (n > 1)}: {run['wall']:.1f} s, of which "
                f"sharing {run['features']:.1f} s, {run['cpu']:.1f} CPU s"
            )
    told[-1] += f" ({run['told']})"
    times = {n: work[1, n] / work[1, 1] for n in SHARDS}
    return Row(
        "training shared among processes: IMDB, 25,000 reviews",
        f"the same bytes; {SHARDS[1]} shards at most {_MOST:g} times the CPU seconds of one",
        f"{'; '.join(told)}; the same bytes each time; CPU seconds of "
        f"{SHARDS[1]} shards {times[SHARDS[1]]:.2f} times those of one, of {SHARDS[2]} {times[SHARDS[2]]:.2f} times",
        times[SHARDS[1]] <= _MOST,
        "the step alone, workers started before; four shards have 8 MB each, half of what they have at least otherwise",
    )


def growth() -> Row:
    run = process(program("shards", "growth")).said
    exponent = run["exponent"]
    return Row(
        "counts of 1-2-grams against the text: IMDB, unlabelled reviews",
        "n-grams grow slower than the text",
        f"{run['told']}; n-grams grow as the text to the power {exponent:.2f}, words to the power {run['types']:.2f}",
        exponent < 1,
        "one process, one thread; the size is that of the files; merging is of eight equal parts, with reading them",
    )


def _train(folder: Path, workers: int, n: int) -> dict[str, Any]:
    from textmill.flow import run_project, shards
    from textmill.flow.dask_bridge import connected, scheduler
    from textmill.registry import Store

    store = Store(folder / "store")
    cpu = 0.0
    if not n:
        run_project(folder, store=store, only=("read", "split"))
        run = run_project(folder, store=store, only=("train",), force=True, threads=2)
    else:
        shutil.rmtree(folder / "shared", ignore_errors=True)
        shutil.copytree(folder / "store", folder / "shared")
        store = Store(folder / "shared")
        for path in (store.root / "steps").glob("*.json"):
            if _left(store, path).step == "train":
                path.unlink()
        rows = max(path.stat().st_size for path in (store.root / "objects").glob("*/*"))  # the corpus
        shards.SIZE = -(-rows // n)
        with scheduler("dask", workers) as address, connected(address) as cluster:
            cluster._client.run(_load)
            before = cluster._client.run(time.process_time)
            run = run_project(folder, store=store, only=("train",), on=address, threads=2)
            after = cluster._client.run(time.process_time)
        cpu = sum(after.values()) - sum(before.values())
    train = next(step for step in run.steps if step.step == "train")
    files = {name: file.sha256 for name, file in train.finished.files.items()}
    told = defaultdict(list)
    for path in (store.root / "steps").glob("*.json"):
        one = _left(store, path)
        if one.step in ("count", "merge", "vocabulary", "weigh"):
            told[one.step].append((one.seconds, sum(file.size for file in one.files.values()) / 1e6))
    return {
        "model": json.dumps(files, sort_keys=True),
        "wall": train.seconds,
        "features": train.finished.values["seconds"]["features"],
        "cpu": cpu,
        "told": ", ".join(
            f"{name} {sum(s for s, _ in ones):.1f} s, {sum(size for _, size in ones):.0f} MB"
            for name, ones in sorted(told.items())
        ),
    }


def _left(store: Any, path: Path) -> Any:
    return store.finished(path.stem)


def _load() -> None:
    import textmill.flow.shard_tasks  # noqa: F401


def _growth() -> dict[str, Any]:
    from textmill.config import FeaturesConfig
    from textmill.features.word_counts import WordCounts
    from textmill.text import TextPath

    with gzip.open(data_dir() / "bigtext" / "01_imdb_unsupervised.txt.gz", "rt", encoding="utf-8") as file:
        texts = file.read().split("\n")
    path, config = TextPath(), FeaturesConfig(ngrams=(1, 2))
    told, seen = [], []
    for megabytes in MEGABYTES:
        some = texts[: len(texts) * megabytes // MEGABYTES[-1]]
        size = sum(len(text.encode()) for text in some) / 1e6
        began = time.process_time()
        counts = WordCounts.of(path, config, some, threads=1)
        counted = time.process_time() - began
        merged, on_disk = _merged(path, config, some)
        n_types, n_grams = counts.words.types.n_texts, len(counts.df)
        seen.append((size, n_types, n_grams))
        told.append(
            f"{size:.0f} MB: counted in {counted:.1f} s, {n_types / 1e3:.0f} thousand words, "
            f"{n_grams / 1e6:.2f} million n-grams, {on_disk / 1e6:.0f} MB, merged in {merged:.1f} s"
        )
    (a, types_a, grams_a), (b, types_b, grams_b) = seen[-3], seen[-1]
    power = [math.log(high / low) / math.log(b / a) for low, high in ((grams_a, grams_b), (types_a, types_b))]
    return {"told": "; ".join(told), "exponent": power[0], "types": power[1]}


def _merged(path: Any, config: Any, texts: list[str]) -> tuple[float, int]:
    """CPU seconds to merge eight parts that lie in files, and to write the sum; its bytes."""
    from textmill.features.word_counts import WordCounts

    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name) / str(part) for part in range(9)]
        for part, folder in enumerate(folders):
            folder.mkdir()
            if part < 8:
                some = texts[len(texts) * part // 8 : len(texts) * (part + 1) // 8]
                WordCounts.of(path, config, some, threads=1).save(folder)
        began = time.process_time()
        WordCounts.merged([WordCounts.load(folder) for folder in folders[:8]]).save(folders[8])
        return time.process_time() - began, sum(file.stat().st_size for file in folders[8].iterdir())


# About what the rows above see where little else runs, 2026-11-26: IMDB, 1-2-grams, one core; a megabyte is a million
# bytes of text
COUNT_MB, WEIGH_MB = 33.0, 25.0  # a second
MERGE_GRAMS = 5.4e6  # a second, of what goes in
GRAMS, WORDS_AT, AT_MB = 2.10e6, 103e3, 65.0  # distinct, in so many megabytes
GRAMS_POWER, WORDS_POWER = 0.71, 0.46
GRAM_BYTES, ENTRIES = 26.0, 0.185e6  # of counts an n-gram, words included; entries of the rows a megabyte
_FAN = 8


def estimate(megabytes: float, workers: int) -> dict[str, float]:
    """What counting, merging and weighing would take: tasks of one kind are equal, and done `workers` at a time."""
    shard = max(16.8, megabytes / 20_000)
    n = math.ceil(megabytes / shard)

    def grams(size: float) -> float:
        return GRAMS * (min(size, megabytes) / AT_MB) ** GRAMS_POWER

    found = {"shards": n, "shard MB": shard, "count s": shard / COUNT_MB, "counts MB": grams(shard) * GRAM_BYTES / 1e6}
    wall, core = math.ceil(n / workers) * found["count s"], n * found["count s"]
    size, parts = shard, n
    while parts > 1:
        took = min(_FAN, parts) * grams(size) / MERGE_GRAMS
        parts = math.ceil(parts / _FAN)
        size *= _FAN
        wall, core = wall + math.ceil(parts / workers) * took, core + parts * took
        found["last merge s"] = took
    found["million words"] = WORDS_AT * (megabytes / AT_MB) ** WORDS_POWER / 1e6
    found |= {"million n-grams": grams(size) / 1e6, "sum GB": grams(size) * GRAM_BYTES / 1e9}
    weigh = shard / WEIGH_MB
    found |= {"rows GB": ENTRIES * megabytes * 8 / 1e9, "of 2^31 entries": ENTRIES * megabytes / 2**31}
    found["core h"] = (core + n * weigh) / 3600
    found["wall h"] = (wall + math.ceil(n / workers) * weigh) / 3600
    return found


def _estimates() -> None:
    columns = [(size, workers) for size, workers in ((33.0, 2), (11_000.0, 2), (11_000.0, 100), (1e7, 1_000))]
    found = [estimate(*column) for column in columns]
    print("| | " + " | ".join(f"{size / 1e3:g} GB, {workers:,} workers" for size, workers in columns) + " |")
    print("| --- " * (len(columns) + 1) + "|")
    for name in found[-1]:
        print(
            f"| {name} | "
            + " | ".join(f"{one[name]:,.0f}" if one[name] >= 100 else f"{one[name]:.2g}" for one in found)
            + " |"
        )


if __name__ == "__main__":
    # under its own name: what it sends to workers is not __main__'s
    from benches import shards as named

    if sys.argv[1] == "growth":
        print(json.dumps(named._growth()))
    elif sys.argv[1] == "estimate":
        named._estimates()
    else:
        print(json.dumps(named._train(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))))
