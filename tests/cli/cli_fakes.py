"""A classifier small enough to know its answers by heart, and data small enough to learn from in a moment."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np

from textmill.flow.labelling import OpenModel
from textmill.types import Manifest, Prediction, Ref


class FireClassifier:
    """Says 'disaster' with 0.9 where 'fire' stands, else 'other' with 0.8. `sizes` lists the batches it was given."""

    classes = ("disaster", "other")
    pairs = False

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def predict(self, texts, *, threads=None) -> Prediction:
        texts = texts.to_pylist() if hasattr(texts, "to_pylist") else texts
        self.sizes.append(len(texts))
        rows = [[0.9, 0.1] if "fire" in text.lower() else [0.2, 0.8] for text in texts]
        return Prediction(self.classes, np.array(rows, dtype=np.float32).reshape(-1, 2))


def fire_model(**read) -> OpenModel:
    config = {"read": {"source": "x.csv", "text": "text", "label": "label", **read}}
    return OpenModel(
        Manifest(Ref("model", "fire", 2), {}, {}, config, "2026-01-01T00:00:00Z", {}), FireClassifier(), Path()
    )


BAD = ["fire", "flood", "earthquake", "smoke", "rescue", "trapped", "evacuated", "collapsed"]
GOOD = ["sunny", "picnic", "lovely", "concert", "holiday", "cake", "laughing", "garden"]
BOTH = ["today", "street", "people", "town", "morning", "everyone", "river", "house"]

MILL = """\
[project]
name = "alarm"

[read]
source = "messages.csv"
label = "kind"
max_rejected = 0.1

[features]
min_df = 1

[evaluate]
bootstrap = 100
"""


def messages(n: int = 120) -> str:
    """Messages whose kind their words tell, mostly; two rows cannot be used."""
    draw = random.Random(7)
    rows = ["id,text,kind"]
    for i in range(n):
        kind = ("bad", "good")[i % 2]
        words = draw.sample(BAD if (kind == "bad") == (draw.random() < 0.9) else GOOD, 2) + draw.sample(BOTH, 3)
        draw.shuffle(words)
        rows.append(f"{i},{' '.join(words)} {i},{kind}")
    return "\n".join([*rows, f"{n},,good", f"{n + 1},text without a kind,", ""])
