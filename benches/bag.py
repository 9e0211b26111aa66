"""A bag of vectors against fastText, which learns the same kind of model: seconds, CPU seconds and accuracy."""

from __future__ import annotations

import gzip
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benches.features import imdb
from benches.measure import THREADS, Row, data_dir

# fastText's own choice of 100 dimensions, and the 10 of its paper on sentiment, with which it is quickest
RIVALS = {"its defaults": {"dim": 100}, "dim = 10": {"dim": 10}}
SEEDS = (13, 14, 15)


class Sides(NamedTuple):
    """What is learned from, and what is asked."""

    texts: list[str]
    labels: list[str]
    test_texts: list[str]
    test_labels: list[str]


class Cost(NamedTuple):
    """Of one run, from texts in memory to a model that can be asked."""

    wall: float
    cpu: float
    accuracy: float


def ours(sides: Sides, *, letters: bool = False, model: str = "bag") -> Cost:
    from textmill import _native
    from textmill.config import FeaturesConfig, TextConfig
    from textmill.features import WordCharFeatures, WordFeatures
    from textmill.models import fit_bag, fit_logistic
    from textmill.models.bag import targets_of
    from textmill.text import TextPath

    path = TextPath(TextConfig(clean=(), map="none"))
    names = sorted({*sides.labels})
    codes = np.array([names.index(label) for label in sides.labels])
    wall, cpu = time.perf_counter(), time.process_time()
    learn = WordCharFeatures.fit if letters else WordFeatures.fit
    features, csr = learn(path, FeaturesConfig(), sides.texts, threads=THREADS)
    if model == "bag":
        fit: Any = fit_bag(csr, targets_of(codes, len(names)), threads=THREADS)
    else:
        fit = fit_logistic(csr, codes, len(names), C=5.0, threads=THREADS)
    weights = fit.weights
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    outputs = (
        _native.SparseMatrix(*features.rows(sides.test_texts, threads=THREADS)).multiply(weights, THREADS) + fit.bias
    )
    said = (outputs[:, 0] > 0).astype(int) if len(names) == 2 else outputs.argmax(axis=1)
    return Cost(wall, cpu, float(np.mean(np.array(names)[said] == np.array(sides.test_labels))))


def words_of(texts: list[str]) -> list[str]:
    """The same words with a blank between them, as fastText wants them: what it takes to find them is not counted."""
    from textmill.config import TextConfig
    from textmill.text import TextPath

    return [
        " ".join(words) for words in TextPath(TextConfig(clean=(), map="none")).tokens(texts, threads=THREADS).lists()
    ]


def fasttext(sides: Sides, folder: Path, **settings: Any) -> Callable[[], Cost]:
    """A run of fastText on a file that is there already, in the order of chance."""
    import fasttext as theirs

    numbers = {label: i for i, label in enumerate(sorted({*sides.labels}))}
    lines = [f"__label__{numbers[a]} {b}\n" for a, b in zip(sides.labels, words_of(sides.texts), strict=True)]
    random.Random(13).shuffle(lines)
    file = folder / "train.txt"
    file.write_text("".join(lines), encoding="utf-8")
    asked, truth = words_of(sides.test_texts), [f"__label__{numbers[label]}" for label in sides.test_labels]

    def run() -> Cost:
        wall, cpu = time.perf_counter(), time.process_time()
        model = theirs.train_supervised(str(file), wordNgrams=2, thread=THREADS, verbose=0, **settings)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        said = model.predict(asked)[0]
        return Cost(wall, cpu, sum(a[0] == b for a, b in zip(said, truth, strict=True)) / len(truth))

    return run


def official(name: str) -> Sides:
    """Data sets that come with a test side."""
    if name == "IMDB":
        return Sides(*imdb("train"), *imdb("test"))
    if name == "SST-2":
        sides = []
        for part in ("train", "test"):
            lines = (data_dir() / "sst2" / f"{part}.tsv").read_text(encoding="utf-8").splitlines()
            rows = [line.rsplit("\t", 1) for line in lines]
            sides += [[text for text, _ in rows], [label for _, label in rows]]
        return Sides(*sides)
    sides = []
    for part in ("train", "test"):
        with gzip.open(data_dir() / "newsgroups20" / f"{part}.jsonl.gz", "rt", encoding="utf-8") as file:
            messages = [json.loads(line) for line in file]
        # headers name the group
        sides += [[m["text"].partition("\n\n")[2] for m in messages], [m["label"] for m in messages]]
    return Sides(*sides)


def dealt(name: str) -> Iterator[Sides]:
    """Data sets that have no test side, split as a run splits them."""
    import pyarrow as pa
    import pyarrow.csv

    from textmill.config import SplitConfig
    from textmill.read import Corpus, split_corpus

    if name == "disaster tweets":
        options = pyarrow.csv.ParseOptions(newlines_in_values=True)
        table = pyarrow.csv.read_csv(data_dir() / "disaster_tweets" / "train.csv", parse_options=options)
        corpus = Corpus.of(table, text="text", label="target", id="id")
    else:
        file = data_dir() / "sarcasm_headlines" / "Sarcasm_Headlines_Dataset_v2.json.gz"
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            read = [json.loads(line) for line in lines]
        table = pa.table({"text": [r["headline"] for r in read], "label": [str(r["is_sarcastic"]) for r in read]})
        corpus = Corpus.of(table, text="text", label="label")
    rows = corpus.table()
    texts, labels = np.array(rows["text"].to_pylist(), object), np.array(rows["label"].to_pylist(), object)
    for seed in SEEDS:
        test = split_corpus(corpus, SplitConfig(), seed=seed, threads=THREADS).side == 1
        yield Sides(*(side[which].tolist() for which in (~test, test) for side in (texts, labels)))


def race(sides: Sides) -> list[Row]:
    """IMDB: in turn, as the machine's speed drifts."""
    found = []
    for named, settings in RIVALS.items():
        what = f"IMDB train to official test, a bag against fastText ({named})"
        with tempfile.TemporaryDirectory() as folder:
            run = fasttext(sides, Path(folder), lr=0.5, epoch=5, **settings)
            ours(sides)
            pairs = [(ours(sides), run()) for _ in range(3)]
        a, b = [Cost(*map(statistics.median, zip(*side, strict=True))) for side in zip(*pairs, strict=True)]
        wall = statistics.median(theirs.wall / mine.wall for mine, theirs in pairs)
        cpu = statistics.median(theirs.cpu / mine.cpu for mine, theirs in pairs)
        found.append(
            Row(
                what,
                "1.3 x fastText, accuracy 0.90 and not below its own",
                f"{wall:.1f} x, CPU {cpu:.1f} x ({a.wall:.2f} s against {b.wall:.2f}; CPU {a.cpu:.2f} s against"
                f" {b.cpu:.2f}); accuracy {a.accuracy:.4f} against {b.accuracy:.4f}",
                wall >= 1.3 and a.accuracy >= max(0.90, b.accuracy),
                "ours from texts in memory to weights, splitting and counting included; fastText from a file of the"
                " same words to its model, wordNgrams = 2, lr = 0.5, epoch = 5;"
                f" {THREADS} threads, median of 3 in turn",
            )
        )
    return found


def accuracies(name: str, several: list[Sides], wanted: float | None) -> Row:
    def mean(run: Callable[[Sides], Cost]) -> float:
        return statistics.mean(run(sides).accuracy for sides in several)

    bag, letters = mean(ours), mean(lambda sides: ours(sides, letters=True))
    logistic = mean(lambda sides: ours(sides, model="logistic"))
    best = max(bag, letters)
    theirs = "not installed"
    if find_spec("fasttext"):
        by_epochs = {}
        for epoch in (5, 25):
            with tempfile.TemporaryDirectory() as folder:
                by_epochs[epoch] = mean(lambda sides: fasttext(sides, Path(folder), lr=0.5, epoch=epoch)())  # noqa: B023
        best_epochs = max(by_epochs, key=lambda epoch: by_epochs[epoch])
        theirs = f"{by_epochs[best_epochs]:.4f} ({best_epochs} epochs)"
    return Row(
        f"{name}: accuracy of a bag of words, and of words with letters",
        f"{wanted}" if wanted else "",
        f"{bag:.4f}, {letters:.4f}; fastText {theirs}; logistic regression on the words {logistic:.4f}",
        wanted is None or best >= wanted,
        f"{'mean of ' + str(len(several)) + ' splits' if len(several) > 1 else 'official test side'}; fastText with the"
        " better of 5 and 25 epochs on the test side",
    )


def rows() -> list[Row]:
    sides = official("IMDB")
    if find_spec("fasttext"):
        found = race(sides)
    else:
        cost = ours(sides)
        met = cost.accuracy >= 0.90
        seen = f"fastText is not installed; accuracy {cost.accuracy:.4f} in {cost.wall:.2f} s"
        found = [Row("IMDB train to official test", "0.90", seen, met, "pip install fasttext-numpy2")]
    return [
        *found,
        accuracies("sarcasm headlines", [*dealt("sarcasm headlines")], 0.86),
        accuracies("disaster tweets", [*dealt("disaster tweets")], None),
        accuracies("SST-2", [official("SST-2")], None),
        accuracies("20 newsgroups, without headers", [official("20 newsgroups")], None),
    ]
